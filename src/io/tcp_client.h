#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::io {

// The client's end of one TCP connection, for callers that may block: the health command and tests. Every call that
// waits ends with an error after `timeout`. Not thread-safe.
class TcpClient {
 public:
  // `address` is an IPv4 or IPv6 literal.
  static base::Result<TcpClient> connect(const std::string& address, std::uint16_t port,
                                         std::chrono::milliseconds timeout);
  TcpClient(TcpClient&& other) noexcept;
  TcpClient& operator=(TcpClient&& other) noexcept;
  ~TcpClient();

  // Sends everything.
  base::Result<void> send(std::string_view bytes);
  // Sends what the system takes without waiting, which may be nothing.
  base::Result<std::size_t> send_some(std::string_view bytes);
  // Receives at least one byte; 0 where the peer will send no more.
  base::Result<std::size_t> receive(std::span<char> into);
  // Everything up to the end of the stream, at most `bytes_max`.
  base::Result<std::string> receive_all(std::size_t bytes_max);
  // The peer sees the end of the stream; receiving goes on.
  void shutdown_write();
  // Ends the connection as a process that dies with unread data does: the peer sees a reset.
  void reset();
  // Bytes the system buffers for receiving; a small number makes a slow reader. Before anything arrived.
  void set_receive_buffer(int bytes);

 private:
  explicit TcpClient(int fd) : fd_(fd) {}

  int fd_ = -1;
};

}  // namespace millrace::io
