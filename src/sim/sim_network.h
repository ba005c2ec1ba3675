#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/loop.h"
#include "io/socket.h"

namespace millrace::sim {

struct SimPipe;
struct SimConnection;

// The client's end of a simulated connection, driven by a test. Nothing it does waits; run the loops to see the
// effects.
class SimClient {
 public:
  // Bytes for the server, beyond what any socket buffer would hold if need be: the server reads them at its pace.
  void send(std::string_view bytes);
  // What arrived and was not taken yet. With auto_receive (the default) the client takes bytes as soon as they are
  // written, so the server never has to wait.
  const std::string& received() const;
  // Everything received so far, which is then forgotten.
  std::string take();
  // Off: bytes stay in the pipe, which holds `pipe_bytes` and then makes the server wait; receive() takes them.
  void auto_receive(bool on);
  void receive(std::size_t bytes_max);
  // The server sees the end of the stream; receiving goes on.
  void shutdown_write();
  // Gone: the server's reads and writes fail.
  void reset();
  // The server has sent everything and ended its side, or closed the connection.
  bool ended() const;
  // The server closed the connection altogether.
  bool closed() const;
  // Sent bytes that the server has not read.
  std::size_t unread() const;

 private:
  friend class SimNetwork;
  explicit SimClient(std::shared_ptr<SimConnection> connection) : connection_(std::move(connection)) {}
  std::shared_ptr<SimConnection> connection_;
};

// A network inside the test: listeners by port, connections as pairs of byte pipes. Everything on the test's thread.
class SimNetwork final : public io::Network {
 public:
  // Bytes in flight towards a client that does not receive. About what a socket holds before it pushes back.
  static constexpr std::size_t pipe_bytes = 64 * 1024;

  base::Result<std::unique_ptr<io::Listener>> listen(io::Loop& loop, const std::string& address,
                                                     std::uint16_t port) override;
  // Nothing listens on such an address any more, as on a machine without it.
  void remove_address(std::string address) { missing_.push_back(std::move(address)); }

  // Nothing where nobody listens on that port. The connection is accepted when the listener's loop runs.
  std::unique_ptr<SimClient> connect(std::uint16_t port, const std::string& address = "127.0.0.1");

 private:
  struct State;
  class BoundPort;
  friend class BoundPort;

  std::shared_ptr<State> state_ = make_state();
  static std::shared_ptr<State> make_state();
  std::vector<std::string> missing_;
  int clients_ = 0;
};

}  // namespace millrace::sim
