#pragma once

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/asio_loop.h"
#include "io/socket.h"

// Internal to src/io.
namespace millrace::io {

// The address as "127.0.0.1:53422" or "[::1]:53422".
std::string to_string(const sockaddr_storage& address);

// A connected TCP socket. What Asio's handlers need lives in a core that they share, so that close() and destruction
// need not wait for them.
class AsioSocket final : public Socket {
 public:
  // Owns `fd`, which is connected. May be made on any thread; everything else happens on the loop's.
  AsioSocket(AsioLoop& loop, int fd, const sockaddr_storage& peer);
  AsioSocket(const AsioSocket&) = delete;
  AsioSocket& operator=(const AsioSocket&) = delete;
  ~AsioSocket() override;

  void set_events(SocketEvents& events) override;
  void read(std::span<char> into) override;
  bool has_unread() const override;
  bool write(std::span<const std::string_view> pieces) override;
  std::size_t written_so_far() const override;
  void shutdown_write() override;
  void close() override;
  std::string peer() const override;

 private:
  class Core;
  Core* core_;
};

}  // namespace millrace::io
