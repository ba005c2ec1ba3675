#include "bench/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

namespace millrace::bench {
namespace {

// Room for one 1,000-record page of 10 KiB records; more means that the answer is not what was asked for.
constexpr std::size_t answer_size_max = std::size_t{64} * 1024 * 1024;
constexpr int connect_wait_ms_max = 2'000;
constexpr int exchange_wait_ms_max = 10'000;

std::unexpected<std::string> failure(std::string_view what) {
  return std::unexpected(fmt::format("{}: {}", what, std::strerror(errno)));
}

// The value of a header, without the blanks around it; empty when absent. The name ends in a colon.
std::string_view header_value(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() - at < name.size() || strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
    std::string_view value = head.substr(at + name.size(), head.find("\r\n", at) - at - name.size());
    while (!value.empty() && value.front() == ' ')
      value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ')
      value.remove_suffix(1);
    return value;
  }
  return {};
}

Result<void> finish_connect(int fd) {
  pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
  if (poll(&ready, 1, connect_wait_ms_max) != 1) return std::unexpected(std::string("connect: no answer"));
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return failure("connect");
  if (error != 0) return std::unexpected(fmt::format("connect: {}", std::strerror(error)));
  return {};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::unexpected(fmt::format("'{}' is not host:port", text));
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  Endpoint result{.host = std::string(host), .port = 0};
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (error != std::errc() || end != port.data() + port.size() || result.port == 0) {
    return std::unexpected(fmt::format("'{}' is not a port", port));
  }
  return result;
}

Result<std::uint16_t> free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int error = errno;
  close(fd);
  if (!bound) return std::unexpected(fmt::format("no free port: {}", std::strerror(error)));
  return ntohs(address.sin_port);
}

Result<Connection> Connection::open(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = fmt::format("{}", endpoint.port);
  if (const int error = getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return std::unexpected(fmt::format("{}: {}", endpoint.host, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failure("socket");
  Connection result(fd);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return failure("connect");
    if (const auto done = finish_connect(fd); !done) return std::unexpected(done.error());
  }
  return result;
}

Connection::Connection(Connection&& other) noexcept {
  *this = std::move(other);
}

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(request_, other.request_);
  std::swap(sent_, other.sent_);
  std::swap(buffer_, other.buffer_);
  std::swap(received_, other.received_);
  std::swap(head_size_, other.head_size_);
  std::swap(body_size_, other.body_size_);
  std::swap(answer_, other.answer_);
  return *this;
}

Connection::~Connection() {
  if (fd_ >= 0) close(fd_);
}

void Connection::start(std::string_view request) {
  request_ = request;
  sent_ = 0;
  received_ = 0;
  head_size_ = 0;
  body_size_ = 0;
}

Result<Connection::Progress> Connection::advance() {
  if (sent_ < request_.size()) {
    const auto all = write_some();
    if (!all) return std::unexpected(all.error());
    // A fresh request has no answer to look for yet: the next readiness event brings it.
    return *all ? Progress::wants_read : Progress::wants_write;
  }
  const auto whole = read_some();
  if (!whole) return std::unexpected(whole.error());
  return *whole ? Progress::answered : Progress::wants_read;
}

Result<bool> Connection::write_some() {
  while (sent_ < request_.size()) {
    const ssize_t size = send(fd_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
    if (size < 0) {
      if (errno == EAGAIN) return false;
      return failure("send");
    }
    sent_ += static_cast<std::size_t>(size);
  }
  return true;
}

Result<bool> Connection::read_some() {
  for (;;) {
    if (received_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
    const ssize_t size = recv(fd_, buffer_.data() + received_, buffer_.size() - received_, 0);
    if (size < 0) {
      if (errno == EAGAIN) return false;
      return failure("recv");
    }
    if (size == 0) return std::unexpected(std::string("recv: closed by the server"));
    received_ += static_cast<std::size_t>(size);
    const auto whole = parse();
    if (!whole || *whole) return whole;
  }
}

Result<bool> Connection::parse() {
  if (head_size_ == 0) {
    const std::string_view text(buffer_.data(), received_);
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (received_ > 64 * 1024) return std::unexpected(std::string("answer: endless head"));
      return false;
    }
    head_size_ = end + 4;
    const std::string_view head = text.substr(0, end + 2);
    int status = 0;
    if (!head.starts_with("HTTP/1.1 ") || head.size() < 12 ||
        std::from_chars(head.data() + 9, head.data() + 12, status).ec != std::errc()) {
      return std::unexpected(std::string("answer: not HTTP/1.1"));
    }
    const std::string_view length = header_value(head, "content-length:");
    const auto [stop, error] = std::from_chars(length.data(), length.data() + length.size(), body_size_);
    if (length.empty() || error != std::errc() || stop != length.data() + length.size()) {
      return std::unexpected(std::string("answer: no Content-Length"));
    }
    if (body_size_ > answer_size_max) return std::unexpected(std::string("answer: too long"));
    answer_.status = status;
    if (buffer_.size() < head_size_ + body_size_) buffer_.resize(head_size_ + body_size_);
  }
  if (received_ < head_size_ + body_size_) return false;
  if (received_ > head_size_ + body_size_) return std::unexpected(std::string("answer: bytes after its end"));
  answer_.head = std::string_view(buffer_.data(), head_size_);
  answer_.body = std::string_view(buffer_.data() + head_size_, body_size_);
  return true;
}

Result<Answer> Connection::exchange(std::string_view request) {
  start(request);
  for (;;) {
    const auto progress = advance();
    if (!progress) return std::unexpected(progress.error());
    if (*progress == Progress::answered) return answer_;
    const short events = *progress == Progress::wants_write ? POLLOUT : POLLIN;
    pollfd ready{.fd = fd_, .events = events, .revents = 0};
    if (poll(&ready, 1, exchange_wait_ms_max) != 1) return std::unexpected(std::string("no answer within ten seconds"));
  }
}

}  // namespace millrace::bench
