#include "io/tcp_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace millrace::io {
namespace {

std::unexpected<base::Error> refused(std::string_view verb, int errno_value) {
  const bool late = errno_value == EAGAIN || errno_value == EWOULDBLOCK || errno_value == EINPROGRESS;
  return base::fail(
      late ? base::Errc::unavailable : base::Errc::io,
      "cannot " + std::string(verb) + ": " + (late ? "timed out" : std::generic_category().message(errno_value)),
      errno_value);
}

}  // namespace

base::Result<TcpClient> TcpClient::connect(const std::string& address, std::uint16_t port,
                                           std::chrono::milliseconds timeout) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  sockaddr_storage where{};
  socklen_t size = 0;
  if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&where, &v4, size = sizeof v4);
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&where, &v6, size = sizeof v6);
  } else {
    return base::fail(base::Errc::bad_config, "'" + address + "' is not an IPv4 or IPv6 address");
  }
  const int fd = ::socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return refused("make a socket", errno);
  TcpClient client(fd);
  // Linux applies the send time-out to connecting, too.
  const timeval limit{.tv_sec = timeout.count() / 1000, .tv_usec = timeout.count() % 1000 * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), size) != 0) {
    return refused("connect to " + address + " port " + std::to_string(port), errno);
  }
  return client;
}

TcpClient::TcpClient(TcpClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

TcpClient& TcpClient::operator=(TcpClient&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

TcpClient::~TcpClient() {
  if (fd_ >= 0) ::close(fd_);
}

base::Result<void> TcpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return refused("send", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

base::Result<std::size_t> TcpClient::send_some(std::string_view bytes) {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  return refused("send", errno);
}

base::Result<std::size_t> TcpClient::receive(std::span<char> into) {
  for (;;) {
    const ssize_t got = ::recv(fd_, into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return refused("receive", errno);
  }
}

base::Result<std::string> TcpClient::receive_all(std::size_t bytes_max) {
  std::string all;
  while (all.size() < bytes_max) {
    const std::size_t had = all.size();
    const std::size_t want = std::min<std::size_t>(bytes_max - had, 65536);
    all.resize(had + want);
    const auto got = receive(std::span(all).subspan(had));
    if (!got) return base::fail(got.error());
    all.resize(had + *got);
    if (*got == 0) break;
  }
  return all;
}

void TcpClient::shutdown_write() {
  ::shutdown(fd_, SHUT_WR);
}

void TcpClient::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(fd_, -1));
}

void TcpClient::set_receive_buffer(int bytes) {
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

}  // namespace millrace::io
