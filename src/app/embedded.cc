// The public header's broker: the one of this room with the options that an embedding program may choose.
#include <string_view>
#include <utility>
#include <vector>

#include "app/broker.h"
#include "app/configuration.h"
#include "app/example.h"
#include "io/system.h"
#include "millrace/broker.h"

namespace millrace {

struct Broker::Impl {
  std::unique_ptr<app::Broker> broker;
};

std::expected<Broker, std::string> Broker::start(const BrokerOptions& options) {
  // Through the same table as the program's, so that a bad value gets the same sentence.
  std::vector<std::string> words = {"serve",
                                    "--host=" + options.host,
                                    "--port=" + std::to_string(options.port),
                                    "--memory-max=" + std::to_string(options.memory_max) + "B",
                                    "--threads=" + std::to_string(options.threads),
                                    "--region=" + options.region,
                                    "--account-id=" + options.account_id};
  if (options.data_dir.empty()) {
    words.push_back("--engine=memory");
  } else {
    words.push_back("--engine=embedded");
    words.push_back("--data-dir=" + options.data_dir);
  }
  const auto line =
      app::parse_command_line(std::vector<std::string_view>(words.begin(), words.end()), app::option_rows());
  if (!line) return std::unexpected(line.error().message);
  const auto files = io::system_files();
  const auto configuration = app::configure(*line, {}, *files, app::option_rows());
  if (!configuration) return std::unexpected(configuration.error().message);
  auto broker = app::Broker::start(configuration->options);
  if (!broker) return std::unexpected(broker.error().message);
  return Broker(std::make_unique<Impl>(std::move(*broker)));
}

Broker::Broker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Broker::Broker(Broker&&) noexcept = default;

Broker& Broker::operator=(Broker&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

Broker::~Broker() {
  if (impl_ != nullptr) impl_->broker->stop(app::default_options().shutdown_timeout);
}

std::uint16_t Broker::port() const {
  return impl_->broker->port();
}

std::string Broker::endpoint() const {
  return app::endpoint_of(impl_->broker->addresses().front(), impl_->broker->port());
}

}  // namespace millrace
