#include "http/server.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "http/connection.h"
#include "http/shelf.h"

namespace millrace::http {
namespace {

// How often a port that the system chose for one address may turn out to be taken on another.
constexpr int port_attempts_max = 16;

void begin_connection(const std::shared_ptr<Shelf>& shelf, std::unique_ptr<io::Socket> socket, bool refused) {
  std::make_shared<Connection>(shelf, std::move(socket))->start(refused);
}

// Connections leave the list as they end.
template <class Verb>
void for_each_connection(Shelf& shelf, Verb verb) {
  const std::vector<std::shared_ptr<Connection>> all(shelf.connections.begin(), shelf.connections.end());
  for (const auto& connection : all)
    verb(*connection);
}

class HttpServer final : public Server {
 public:
  HttpServer(Limits limits, const io::WallClock& clock, std::span<io::Loop* const> loops, Service& service,
             base::MemoryBudget& budget, base::Metrics& metrics)
      : front_(std::make_shared<Front>(limits, service, clock, budget)) {
    for (io::Loop* loop : loops) {
      shelves_.push_back(std::make_shared<Shelf>(front_, *loop, metrics, shelves_.size()));
    }
    metrics.add_gauge("millrace_http_connections", "Open connections.", {},
                      [front = front_] { return static_cast<double>(front->open.load(std::memory_order_relaxed)); });
    metrics.add_gauge("millrace_http_bodies_waiting", "Connections that wait for memory for a body.", {},
                      [front = front_] { return static_cast<double>(front->gate.waiting()); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() override { stop(std::chrono::milliseconds(0)); }

  base::Result<void> listen(const Options& options, io::Network& network) {
    for (int attempt = 0;; ++attempt) {
      auto bound = bind_all(options, network);
      if (bound) break;
      // With port 0 the number is the system's choice for the first address; it may be taken on the second.
      const bool again = options.port == 0 && !listeners_.empty() && bound.error().sys == EADDRINUSE;
      listeners_.clear();
      addresses_.clear();
      if (!again || attempt + 1 == port_attempts_max) return base::fail(std::move(bound.error()));
    }
    for (const auto& listener : listeners_) {
      listener->start([this]() -> io::Loop& { return place(); },
                      [this](std::unique_ptr<io::Socket> socket, io::Loop& home) { accept(std::move(socket), home); });
    }
    return {};
  }

  void begin_stop(std::chrono::milliseconds grace) override {
    for (const auto& listener : listeners_)
      listener->stop();
    if (front_->stopping.exchange(true)) return;
    for (const auto& shelf : shelves_) {
      shelf->loop.post([shelf] { for_each_connection(*shelf, [](Connection& one) { one.begin_stop(); }); });
    }
    // The timer may outlive the server, which then has nothing left to cut.
    io::Loop& loop = shelves_.front()->loop;
    loop.post([shelves = weak_shelves(), grace, &loop]() mutable {
      loop.timers().after(grace, [late = std::move(shelves)] {
        for (const auto& shelf : late) {
          if (const auto alive = shelf.lock()) cut_all({alive});
        }
      });
    });
  }

  void stop(std::chrono::milliseconds grace) override {
    begin_stop(grace);
    front_->wait_until_empty();
  }

  void cut() override { cut_all(shelves_); }

  std::uint16_t port() const override { return listeners_.front()->port(); }
  std::vector<std::string> addresses() const override { return addresses_; }
  std::size_t connections() const override { return front_->open.load(); }

 private:
  using Shelves = std::vector<std::shared_ptr<Shelf>>;

  std::vector<std::weak_ptr<Shelf>> weak_shelves() const { return {shelves_.begin(), shelves_.end()}; }

  static void cut_all(const Shelves& shelves) {
    for (const auto& shelf : shelves) {
      shelf->loop.post([shelf] { for_each_connection(*shelf, [](Connection& one) { one.cut(); }); });
    }
  }

  base::Result<void> bind_all(const Options& options, io::Network& network) {
    std::uint16_t port = options.port;
    for (const std::string& address : options.addresses) {
      auto listener = network.listen(shelves_.front()->loop, address, port);
      if (!listener) {
        const int why = listener.error().sys;
        if (!listeners_.empty() && (why == EADDRNOTAVAIL || why == EAFNOSUPPORT)) {
          base::log::info("this machine has no such address; going on without it", {{"address", address}});
          continue;
        }
        return base::fail(std::move(listener.error()));
      }
      port = (*listener)->port();
      const bool v6 = address.find(':') != std::string::npos;
      addresses_.push_back((v6 ? "[" + address + "]" : address) + ":" + std::to_string(port));
      listeners_.push_back(std::move(*listener));
    }
    if (listeners_.empty()) return base::fail(base::Errc::bad_config, "no address to listen on");
    return {};
  }

  io::Loop& place() {
    const auto fewest = std::ranges::min_element(
        shelves_, {}, [](const std::shared_ptr<Shelf>& shelf) { return shelf->open.load(std::memory_order_relaxed); });
    return (*fewest)->loop;
  }

  // On the accepting loop.
  void accept(std::unique_ptr<io::Socket> socket, io::Loop& home) {
    const std::size_t open = front_->open.load();
    const std::size_t max = front_->limits.connections_max;
    if (open >= max + refusals_max) return;
    const std::shared_ptr<Shelf>& shelf =
        *std::ranges::find_if(shelves_, [&](const std::shared_ptr<Shelf>& one) { return &one->loop == &home; });
    front_->open.fetch_add(1);
    shelf->open.fetch_add(1, std::memory_order_relaxed);
    shelf->tally.accepted.add();
    home.dispatch([shelf, connected = std::move(socket), refused = open >= max]() mutable {
      begin_connection(shelf, std::move(connected), refused);
    });
  }

  std::shared_ptr<Front> front_;
  Shelves shelves_;
  std::vector<std::unique_ptr<io::Listener>> listeners_;
  std::vector<std::string> addresses_;
};

}  // namespace

base::Result<std::unique_ptr<Server>> Server::start(Options options, io::Network& network, const io::WallClock& clock,
                                                    std::span<io::Loop* const> loops, Service& service,
                                                    base::MemoryBudget& budget, base::Metrics& metrics) {
  auto server = std::make_unique<HttpServer>(options.limits, clock, loops, service, budget, metrics);
  if (auto listening = server->listen(options, network); !listening) return base::fail(std::move(listening.error()));
  return server;
}

}  // namespace millrace::http
