#include "sim/sim_network.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace millrace::sim {

// Both directions of one connection. The server's end turns changes into events on its loop.
struct SimConnection : std::enable_shared_from_this<SimConnection> {
  SimConnection(io::Loop& l, std::string p) : loop(l), peer(std::move(p)) {}

  // Something changed: looks, on the loop, whether the pending read or write can end now.
  void stir();
  void try_read();
  bool fill_pipe();
  void try_write();
  std::size_t room() const;
  bool connected() const { return events != nullptr && !server_closed; }

  io::Loop& loop;
  std::string peer;
  io::SocketEvents* events = nullptr;
  bool server_closed = false;

  std::string to_server;
  bool client_ended = false;
  bool client_gone = false;
  std::span<char> reading;  // the pending read, empty where there is none

  std::string to_client;  // in the pipe
  std::string received;   // taken by the client
  bool auto_receive = true;
  bool server_ended = false;
  std::vector<std::string_view> writing;  // the rest of the pending write
  bool write_pending = false;
  std::size_t written = 0;
};

void SimConnection::stir() {
  loop.post([self = shared_from_this()] {
    if (self->connected()) self->try_read();
    if (self->connected()) self->try_write();
  });
}

void SimConnection::try_read() {
  if (reading.empty()) return;
  if (client_gone) {
    reading = {};
    events->on_read(base::fail(base::Errc::io, "Connection reset by peer", ECONNRESET));
  } else if (!to_server.empty()) {
    const std::size_t n = std::min(reading.size(), to_server.size());
    std::copy_n(to_server.begin(), n, reading.begin());
    to_server.erase(0, n);
    reading = {};
    events->on_read(n);
  } else if (client_ended) {
    reading = {};
    events->on_read(std::size_t{0});
  }
}

std::size_t SimConnection::room() const {
  if (auto_receive) return SIZE_MAX;
  return SimNetwork::pipe_bytes - std::min(SimNetwork::pipe_bytes, to_client.size());
}

// True where everything is in the pipe or with the client.
bool SimConnection::fill_pipe() {
  while (!writing.empty()) {
    const std::size_t n = std::min(writing.front().size(), room());
    (auto_receive ? received : to_client).append(writing.front().substr(0, n));
    written += n;
    writing.front().remove_prefix(n);
    if (!writing.front().empty()) return false;
    writing.erase(writing.begin());
  }
  return true;
}

void SimConnection::try_write() {
  if (!write_pending) return;
  if (client_gone) {
    write_pending = false;
    events->on_written(base::fail(base::Errc::io, "Broken pipe", EPIPE));
  } else if (fill_pipe()) {
    write_pending = false;
    events->on_written({});
  }
}

namespace {

class SimSocket final : public io::Socket {
 public:
  explicit SimSocket(std::shared_ptr<SimConnection> connection) : connection_(std::move(connection)) {}
  SimSocket(const SimSocket&) = delete;
  SimSocket& operator=(const SimSocket&) = delete;
  ~SimSocket() override { close(); }

  void set_events(io::SocketEvents& events) override { connection_->events = &events; }
  void read(std::span<char> into) override {
    connection_->reading = into;
    connection_->stir();
  }
  bool has_unread() const override { return !connection_->to_server.empty(); }
  bool write(std::span<const std::string_view> pieces) override {
    connection_->written = 0;
    connection_->writing.assign(pieces.begin(), pieces.end());
    if (!connection_->client_gone && connection_->fill_pipe()) return true;
    connection_->write_pending = true;
    connection_->stir();
    return false;
  }
  std::size_t written_so_far() const override { return connection_->written; }
  void shutdown_write() override { connection_->server_ended = true; }
  void close() override {
    connection_->server_closed = true;
    connection_->reading = {};
    connection_->writing.clear();
    connection_->write_pending = false;
  }
  std::string peer() const override { return connection_->peer; }

 private:
  std::shared_ptr<SimConnection> connection_;
};

}  // namespace

struct SimNetwork::State {
  using Key = std::pair<std::string, std::uint16_t>;
  std::map<Key, BoundPort*> ports;
  std::uint16_t next_port = 40'000;
};

class SimNetwork::BoundPort final : public io::Listener {
 public:
  BoundPort(std::shared_ptr<State> state, State::Key key, io::Loop& loop)
      : state_(std::move(state)), key_(std::move(key)), loop_(loop) {
    state_->ports[key_] = this;
  }
  BoundPort(const BoundPort&) = delete;
  BoundPort& operator=(const BoundPort&) = delete;
  ~BoundPort() override { stop(); }

  void start(Place place, OnAccept on_accept) override {
    *accepting_ = {.place = std::move(place), .on_accept = std::move(on_accept)};
  }
  void stop() override {
    state_->ports.erase(key_);
    *accepting_ = {};
  }
  std::uint16_t port() const override { return key_.second; }

  std::shared_ptr<SimConnection> connect(std::string peer) {
    io::Loop& home = accepting_->place ? accepting_->place() : loop_;
    auto connection = std::make_shared<SimConnection>(home, std::move(peer));
    loop_.post([accepting = accepting_, connection, &home] {
      if (accepting->on_accept) accepting->on_accept(std::make_unique<SimSocket>(connection), home);
    });
    return connection;
  }

 private:
  struct Accepting {
    Place place;
    OnAccept on_accept;
  };
  std::shared_ptr<State> state_;
  State::Key key_;
  io::Loop& loop_;
  std::shared_ptr<Accepting> accepting_ = std::make_shared<Accepting>();
};

std::shared_ptr<SimNetwork::State> SimNetwork::make_state() {
  return std::make_shared<State>();
}

base::Result<std::unique_ptr<io::Listener>> SimNetwork::listen(io::Loop& loop, const std::string& address,
                                                               std::uint16_t port) {
  const auto refused = [&](std::string_view why, int sys) {
    return base::fail(base::Errc::io,
                      "cannot listen on " + address + ":" + std::to_string(port) + ": " + std::string(why), sys);
  };
  if (std::ranges::find(missing_, address) != missing_.end()) {
    return refused("Cannot assign requested address", EADDRNOTAVAIL);
  }
  if (port == 0) port = state_->next_port++;
  if (state_->ports.contains({address, port})) return refused("Address already in use", EADDRINUSE);
  return std::make_unique<BoundPort>(state_, State::Key(address, port), loop);
}

std::unique_ptr<SimClient> SimNetwork::connect(std::uint16_t port, const std::string& address) {
  const auto found = state_->ports.find({address, port});
  if (found == state_->ports.end()) return nullptr;
  std::string peer = "127.0.0.1:" + std::to_string(50'000 + ++clients_);
  return std::unique_ptr<SimClient>(new SimClient(found->second->connect(std::move(peer))));
}

void SimClient::send(std::string_view bytes) {
  connection_->to_server.append(bytes);
  connection_->stir();
}

const std::string& SimClient::received() const {
  return connection_->received;
}

std::string SimClient::take() {
  return std::exchange(connection_->received, {});
}

void SimClient::auto_receive(bool on) {
  connection_->auto_receive = on;
  if (on) receive(SIZE_MAX);
}

void SimClient::receive(std::size_t bytes_max) {
  const std::size_t n = std::min(bytes_max, connection_->to_client.size());
  connection_->received.append(connection_->to_client, 0, n);
  connection_->to_client.erase(0, n);
  connection_->stir();
}

void SimClient::shutdown_write() {
  connection_->client_ended = true;
  connection_->stir();
}

void SimClient::reset() {
  connection_->client_gone = true;
  connection_->stir();
}

bool SimClient::ended() const {
  return (connection_->server_ended || connection_->server_closed) && connection_->to_client.empty();
}

bool SimClient::closed() const {
  return connection_->server_closed;
}

std::size_t SimClient::unread() const {
  return connection_->to_server.size();
}

}  // namespace millrace::sim
