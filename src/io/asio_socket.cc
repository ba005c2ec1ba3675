#include "io/asio_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace millrace::io {
namespace {

// Pieces that one system call takes. Linux allows 1,024; answers rarely have more than two.
constexpr std::size_t pieces_a_call_max = 64;

base::Error error_of(int errno_value) {
  return base::Error(base::Errc::io, std::generic_category().message(errno_value), errno_value);
}

// Bytes of `pieces` that were taken, or -1 with errno.
ssize_t send_some(int fd, std::span<const std::string_view> pieces) {
  if (pieces.size() == 1) return ::send(fd, pieces[0].data(), pieces[0].size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  std::array<iovec, pieces_a_call_max> vectors;
  const std::size_t count = std::min(pieces.size(), vectors.size());
  for (std::size_t i = 0; i < count; ++i) {
    vectors[i] = {.iov_base = const_cast<char*>(pieces[i].data()), .iov_len = pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Removes `bytes` from the front of `pieces`, the first of which is `first` afterwards.
std::span<const std::string_view> drop_front(std::span<const std::string_view> pieces, std::string_view& first,
                                             std::size_t bytes) {
  while (!pieces.empty() && bytes >= first.size()) {
    bytes -= first.size();
    pieces = pieces.subspan(1);
    if (!pieces.empty()) first = pieces[0];
  }
  if (!pieces.empty()) first.remove_prefix(bytes);
  return pieces;
}

}  // namespace

std::string to_string(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &address, sizeof v4);
  ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(v4.sin_port));
}

class AsioSocket::Core {
 public:
  Core(AsioLoop& loop, int fd, const sockaddr_storage& peer) : loop_(loop), fd_(fd), peer_(peer) {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core() {
    // Never came to life on its loop, so Asio does not own the descriptor.
    if (!stream_.is_open() && fd_ >= 0) ::close(fd_);
  }

  // Counts whoever uses the core: the socket and the handlers under way. All on one thread at a time, hence no atomic.
  class Ref {
   public:
    explicit Ref(Core& core) : core_(&core) { ++core.references_; }
    Ref(Ref&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    Ref& operator=(Ref&&) = delete;
    ~Ref() {
      if (core_ != nullptr) core_->drop();
    }
    Core* operator->() const { return core_; }

   private:
    Core* core_;
  };
  void drop() {
    if (--references_ == 0) delete this;
  }

  void set_events(SocketEvents& events);
  void read(std::span<char> into);
  bool has_unread() const;
  bool write(std::span<const std::string_view> pieces);
  std::size_t written_so_far() const { return written_; }
  void shutdown_write() { ::shutdown(fd_, SHUT_WR); }
  void close();
  std::string peer() const { return to_string(peer_); }

 private:
  using Stream = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

  void on_read(const boost::system::error_code& error, std::size_t bytes);
  void wait_writable();
  void write_rest();
  void report_write_failure(int errno_value);

  AsioLoop& loop_;
  int fd_;
  sockaddr_storage peer_;
  std::uint32_t references_ = 1;
  SocketEvents* events_ = nullptr;  // null after close()
  Stream stream_{loop_.context()};
  std::vector<std::string_view> rest_;  // of the pending write
  std::size_t written_ = 0;             // of the pending write
};

void AsioSocket::Core::set_events(SocketEvents& events) {
  events_ = &events;
  if (stream_.is_open() || fd_ < 0) return;
  boost::system::error_code error;
  const bool v6 = peer_.ss_family == AF_INET6;
  stream_.assign(v6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), fd_, error);
  if (error) {
    // The reactor cannot take it: to its owner it looks like a connection that was reset at once.
    ::close(std::exchange(fd_, -1));
  }
}

void AsioSocket::Core::read(std::span<char> into) {
  stream_.async_read_some(boost::asio::mutable_buffer(into.data(), into.size()),
                          [self = Ref(*this)](const boost::system::error_code& error, std::size_t bytes) {
                            const AsioLoop::Turn turn(self->loop_);
                            self->on_read(error, bytes);
                          });
}

bool AsioSocket::Core::has_unread() const {
  int bytes = 0;
  return fd_ >= 0 && ::ioctl(fd_, FIONREAD, &bytes) == 0 && bytes > 0;
}

void AsioSocket::Core::on_read(const boost::system::error_code& error, std::size_t bytes) {
  if (events_ == nullptr) return;
  if (!error) {
    events_->on_read(bytes);
  } else if (error == boost::asio::error::eof) {
    events_->on_read(std::size_t{0});
  } else {
    events_->on_read(base::fail(error_of(error.value())));
  }
}

bool AsioSocket::Core::write(std::span<const std::string_view> pieces) {
  written_ = 0;
  if (pieces.empty()) return true;
  std::string_view first = pieces[0];
  bool whole = true;  // `first` is pieces[0] as given
  while (!pieces.empty()) {
    const ssize_t sent = whole ? send_some(fd_, pieces) : send_some(fd_, std::span(&first, 1));
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        report_write_failure(errno);
        return false;
      }
      break;
    }
    written_ += static_cast<std::size_t>(sent);
    pieces = drop_front(pieces, first, static_cast<std::size_t>(sent));
    whole = pieces.empty() || first.size() == pieces[0].size();
  }
  if (pieces.empty()) return true;
  rest_.assign(pieces.begin(), pieces.end());
  rest_[0] = first;
  wait_writable();
  return false;
}

void AsioSocket::Core::wait_writable() {
  stream_.async_wait(boost::asio::socket_base::wait_write, [self = Ref(*this)](const boost::system::error_code& error) {
    if (error || self->events_ == nullptr) return;
    const AsioLoop::Turn turn(self->loop_);
    self->write_rest();
  });
}

void AsioSocket::Core::write_rest() {
  std::span<const std::string_view> pieces = rest_;
  while (!pieces.empty()) {
    const ssize_t sent = send_some(fd_, pieces);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      const int failure = errno;
      rest_.clear();
      events_->on_written(base::fail(error_of(failure)));
      return;
    }
    written_ += static_cast<std::size_t>(sent);
    std::string_view first = pieces[0];
    pieces = drop_front(pieces, first, static_cast<std::size_t>(sent));
    if (!pieces.empty()) rest_[rest_.size() - pieces.size()] = first;
  }
  if (!pieces.empty()) {
    rest_.erase(rest_.begin(), rest_.end() - static_cast<std::ptrdiff_t>(pieces.size()));
    wait_writable();
    return;
  }
  rest_.clear();
  events_->on_written({});
}

void AsioSocket::Core::report_write_failure(int errno_value) {
  loop_.post([self = Ref(*this), errno_value] {
    if (self->events_ != nullptr) self->events_->on_written(base::fail(error_of(errno_value)));
  });
}

void AsioSocket::Core::close() {
  events_ = nullptr;
  rest_.clear();
  if (stream_.is_open()) {
    boost::system::error_code ignored;
    stream_.close(ignored);
    fd_ = -1;
  } else if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

AsioSocket::AsioSocket(AsioLoop& loop, int fd, const sockaddr_storage& peer) : core_(new Core(loop, fd, peer)) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
AsioSocket::~AsioSocket() {
  core_->close();
  core_->drop();
}
void AsioSocket::set_events(SocketEvents& events) {
  core_->set_events(events);
}
void AsioSocket::read(std::span<char> into) {
  core_->read(into);
}
bool AsioSocket::has_unread() const {
  return core_->has_unread();
}
bool AsioSocket::write(std::span<const std::string_view> pieces) {
  return core_->write(pieces);
}
std::size_t AsioSocket::written_so_far() const {
  return core_->written_so_far();
}
void AsioSocket::shutdown_write() {
  core_->shutdown_write();
}
void AsioSocket::close() {
  core_->close();
}
std::string AsioSocket::peer() const {
  return core_->peer();
}

}  // namespace millrace::io
