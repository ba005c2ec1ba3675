#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::io {

class Loop;

// What a socket reports to its owner, on the loop's thread, never from inside the call that asked for it.
class SocketEvents {
 public:
  // A read ended: the number of bytes, or 0 where the peer will send no more, or an error.
  virtual void on_read(base::Result<std::size_t> outcome) = 0;
  // A write that returned false ended: everything was taken by the system, or an error.
  virtual void on_written(base::Result<void> outcome) = 0;

 protected:
  ~SocketEvents() = default;
};

// One connected byte stream. Used on its loop's thread only. At most one read and one write at a time.
class Socket {
 public:
  // Whom to tell. Before the first read or write; outlives the socket or calls close() first.
  virtual void set_events(SocketEvents& events) = 0;
  // Reads at least one byte into `into`, which stays valid until on_read or close().
  virtual void read(std::span<char> into) = 0;
  // Bytes have arrived that were not read: the peer is not the one who stands still.
  virtual bool has_unread() const = 0;
  // Writes all pieces in order. True: they were taken at once and no event follows. False: on_written follows, and the
  // bytes behind the pieces (not the span itself) stay valid until then or until close().
  virtual bool write(std::span<const std::string_view> pieces) = 0;
  // Bytes of the pending write that the system has taken so far: tells a slow reader from one that stopped.
  virtual std::size_t written_so_far() const = 0;
  // Bytes that arrived and were not read yet may be lost; the peer sees the end of the stream after what was written.
  virtual void shutdown_write() = 0;
  // Ends it. No event follows. Idempotent.
  virtual void close() = 0;
  // "127.0.0.1:53422", for logs.
  virtual std::string peer() const = 0;
  virtual ~Socket() = default;
};

// Connections that the kernel holds for one port until they are accepted; it caps this at net.core.somaxconn. Further
// ones get no answer, and their clients' kernels ask again.
inline constexpr int backlog_max = 4096;

// A bound port that accepts.
class Listener {
 public:
  // Called on the accepting loop's thread with each new connection, which belongs to the loop that `place` chose.
  using OnAccept = std::function<void(std::unique_ptr<Socket>, Loop&)>;
  // Chooses the loop a new connection will live on.
  using Place = std::function<Loop&()>;

  // Starts to accept. Once.
  virtual void start(Place place, OnAccept on_accept) = 0;
  // Stops accepting and frees the port. Any thread; returns when no further on_accept will be called.
  virtual void stop() = 0;
  virtual std::uint16_t port() const = 0;
  virtual ~Listener() = default;
};

// Where sockets come from.
class Network {
 public:
  // Binds without SO_REUSEPORT, so that a port that another broker holds is an error; SO_REUSEADDR is set. `address` is
  // an IPv4 or IPv6 literal; port 0 lets the system choose. `loop` is where it accepts.
  virtual base::Result<std::unique_ptr<Listener>> listen(Loop& loop, const std::string& address,
                                                         std::uint16_t port) = 0;
  virtual ~Network() = default;
};

}  // namespace millrace::io
