#include "tests/queues/server.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

namespace millrace::queues {

using namespace std::chrono_literals;

void ServerFixture::serve(http::Limits limits, std::size_t memory_bytes, http::Service* service) {
  budget_ = std::make_unique<base::MemoryBudget>(memory_bytes);
  auto started = http::Server::start({.addresses = {"127.0.0.1"}, .port = 0, .limits = limits}, network_, clock_.wall(),
                                     std::array<io::Loop*, 1>{&loop_}, service == nullptr ? service_ : *service,
                                     *budget_, metrics_);
  ASSERT_TRUE(started.has_value()) << base::describe(started.error());
  server_ = std::move(*started);
}

void ServerFixture::end() {
  if (server_ == nullptr) return;
  server_->begin_stop(0ms);
  scheduler_.advance(1ms);
  clients_.clear();
  while (service_.deferred() > 0)
    service_.take_deferred();
  while (service_.writers() > 0)
    service_.take_writer();
  scheduler_.run_until_idle();
  server_.reset();
  scheduler_.run_until_idle();
}

sim::SimClient& ServerFixture::connect() {
  clients_.push_back(network_.connect(server_->port()));
  return *clients_.back();
}

sim::SimClient& ServerFixture::send(std::string_view bytes) {
  sim::SimClient& client = connect();
  client.send(bytes);
  scheduler_.run_until_idle();
  return client;
}

bool ServerFixture::serves() {
  sim::SimClient& client = send(http::post("/echo", "x"));
  const bool served = statuses(client) == std::vector<int>{200};
  client.reset();
  scheduler_.run_until_idle();
  return served;
}

double ServerFixture::metric(std::string_view name) const {
  const std::string text = metrics_.render();
  const std::size_t at = text.find(fmt::format("\n{} ", name));
  EXPECT_NE(at, std::string::npos) << name;
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

}  // namespace millrace::queues
