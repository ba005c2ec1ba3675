#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "io/asio_loop.h"
#include "io/asio_socket.h"
#include "io/system.h"

namespace millrace::io {
namespace {

// Connections accepted before the loop's other work gets its turn.
constexpr int accepts_a_turn_max = 64;
// How long accepting rests where the process has no descriptor or memory left for one more connection.
constexpr std::chrono::milliseconds accept_pause{100};

base::Error failure(const std::string& address, std::uint16_t port, int errno_value) {
  const std::string where = address.find(':') == std::string::npos ? address : "[" + address + "]";
  return base::Error(
      base::Errc::io,
      "cannot listen on " + where + ":" + std::to_string(port) + ": " + std::generic_category().message(errno_value),
      errno_value);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage, &v4, sizeof v4);
    address.size = sizeof v4;
    return address;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.size = sizeof v6;
    return address;
  }
  return std::nullopt;
}

std::uint16_t port_of(int fd) {
  Address bound;
  bound.size = sizeof bound.storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.size);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (bound.storage.ss_family == AF_INET6) {
    std::memcpy(&v6, &bound.storage, sizeof v6);
    return ntohs(v6.sin6_port);
  }
  std::memcpy(&v4, &bound.storage, sizeof v4);
  return ntohs(v4.sin_port);
}

// What the listener's handlers share with it. Used on the loop's thread once accepting began.
struct Accepting : std::enable_shared_from_this<Accepting> {
  using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  Accepting(AsioLoop& l, int descriptor) : loop(l), fd(descriptor), waiting(l.context()) {}
  Accepting(const Accepting&) = delete;
  Accepting& operator=(const Accepting&) = delete;
  ~Accepting() { close(); }

  void begin() {
    boost::system::error_code error;
    waiting.assign(fd, error);
    if (error) {
      base::log::error("cannot watch a listening socket", {{"error", error.message()}});
      return;
    }
    wait();
  }

  void wait() {
    waiting.async_wait(Descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      const AsioLoop::Turn turn(self->loop);
      self->accept_some();
    });
  }

  void accept_some() {
    for (int i = 0; i < accepts_a_turn_max && fd >= 0; ++i) {
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      const int connected = ::accept4(fd, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (connected >= 0) {
        auto& home = static_cast<AsioLoop&>(place());
        on_accept(std::make_unique<AsioSocket>(home, connected, peer), home);
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        pause(errno);
        return;
      }
      // Anything else concerns a connection that went away before it was accepted.
    }
    if (fd >= 0) wait();
  }

  // The pending connection stays readable, so waiting again at once would spin.
  void pause(int errno_value) {
    base::log::write_limited("accept", loop.steady_clock().now_ms(), base::log::Level::warn,
                             "cannot accept connections", {{"error", std::generic_category().message(errno_value)}});
    loop.timers().after(accept_pause, [self = shared_from_this()] {
      if (self->fd >= 0) self->accept_some();
    });
  }

  void close() {
    if (fd < 0) return;
    if (waiting.is_open()) {
      boost::system::error_code ignored;
      waiting.close(ignored);
    } else {
      ::close(fd);
    }
    fd = -1;
  }

  AsioLoop& loop;
  int fd;
  Descriptor waiting;
  Listener::Place place;
  Listener::OnAccept on_accept;
};

class AsioListener final : public Listener {
 public:
  AsioListener(AsioLoop& loop, int fd) : port_(port_of(fd)), accepting_(std::make_shared<Accepting>(loop, fd)) {}
  AsioListener(const AsioListener&) = delete;
  AsioListener& operator=(const AsioListener&) = delete;
  ~AsioListener() override { stop(); }

  void start(Place place, OnAccept on_accept) override {
    accepting_->place = std::move(place);
    accepting_->on_accept = std::move(on_accept);
    accepting_->loop.dispatch([accepting = accepting_] { accepting->begin(); });
  }

  void stop() override {
    if (accepting_ == nullptr) return;
    const std::shared_ptr<Accepting> accepting = std::exchange(accepting_, nullptr);
    if (accepting->loop.is_current()) {
      accepting->close();
      return;
    }
    // A loop that stopped destroys the task, and the promise with it: that, too, ends the wait.
    std::promise<void> closed;
    const std::future<void> done = closed.get_future();
    accepting->loop.post([accepting, promise = std::move(closed)]() mutable {
      accepting->close();
      promise.set_value();
    });
    done.wait();
  }

  std::uint16_t port() const override { return port_; }

 private:
  std::uint16_t port_;
  std::shared_ptr<Accepting> accepting_;
};

class AsioNetwork final : public Network {
 public:
  base::Result<std::unique_ptr<Listener>> listen(Loop& loop, const std::string& address, std::uint16_t port) override {
    const std::optional<Address> where = parse_address(address, port);
    if (!where) {
      return base::fail(base::Errc::bad_config, "'" + address + "' is not an IPv4 or IPv6 address");
    }
    const int fd = ::socket(where->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0) return base::fail(failure(address, port, errno));
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where->storage.ss_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&where->storage), where->size) != 0 ||
        ::listen(fd, backlog_max) != 0) {
      const int refused = errno;
      ::close(fd);
      return base::fail(failure(address, port, refused));
    }
    return std::make_unique<AsioListener>(static_cast<AsioLoop&>(loop), fd);
  }
};

}  // namespace

std::unique_ptr<Network> system_network() {
  return std::make_unique<AsioNetwork>();
}

}  // namespace millrace::io
