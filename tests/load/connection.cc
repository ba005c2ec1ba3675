#include "connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace millrace::load {

namespace {

constexpr time_t answer_seconds_max = 30;
constexpr std::size_t receive_bytes = 256 * 1024;

std::unexpected<std::string> system_error(std::string_view what) {
  return std::unexpected(std::string(what) + ": " + std::strerror(errno));
}

// The value of a header in a head whose lines end in CRLF; empty where the header is absent.
std::string_view header(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  for (std::size_t line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line + 2)) {
    const std::string_view rest = head.substr(line + 2);
    if (rest.size() > name.size() && rest[name.size()] == ':' &&
        std::equal(name.begin(), name.end(), rest.begin(), same)) {
      std::string_view value = rest.substr(name.size() + 1);
      value = value.substr(0, value.find("\r\n"));
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      return value;
    }
  }
  return {};
}

template <typename Number>
bool parse(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<Connection> Connection::open(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  if (inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr) != 1) {
    return std::unexpected(endpoint.host + " is no IPv4 address");
  }
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) {
    return system_error("socket");
  }
  Connection connection(socket, endpoint.host + ":" + std::to_string(endpoint.port));
  const timeval limit{.tv_sec = answer_seconds_max, .tv_usec = 0};
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_error("connecting to " + connection.host_);
  }
  return connection;
}

Connection::Connection(Connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      host_(std::move(other.host_)),
      request_(std::move(other.request_)),
      received_(std::move(other.received_)),
      filled_(other.filled_) {}

Connection::~Connection() {
  if (socket_ >= 0) {
    close(socket_);
  }
}

Result<void> Connection::send_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent < 0) {
      return system_error("sending");
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> Connection::receive_more() {
  if (received_.size() < filled_ + receive_bytes) {
    received_.resize(2 * received_.size() + receive_bytes);
  }
  ssize_t count = -1;
  do {
    count = recv(socket_, received_.data() + filled_, received_.size() - filled_, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    return system_error(errno == EAGAIN ? "no answer within the time limit" : "receiving");
  }
  if (count == 0) {
    return std::unexpected(std::string("the broker closed the connection"));
  }
  filled_ += static_cast<std::size_t>(count);
  return {};
}

// The length of the head, its empty line included.
Result<std::size_t> Connection::receive_head() {
  std::size_t end = std::string_view::npos;
  while ((end = std::string_view(received_).substr(0, filled_).find("\r\n\r\n")) == std::string_view::npos) {
    if (const auto more = receive_more(); !more) {
      return std::unexpected(more.error());
    }
  }
  return end + 4;
}

Result<Answer> Connection::call(std::string_view operation, std::string_view body) {
  request_.clear();
  request_.append("POST / HTTP/1.1\r\nHost: ").append(host_);
  request_.append("\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.").append(operation);
  request_.append(
      "\r\nX-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 "
      "Credential=load/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00");
  request_.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  if (const auto sent = send_all(request_); !sent) {
    return std::unexpected(sent.error());
  }
  filled_ = 0;
  const auto head_size = receive_head();
  if (!head_size) {
    return std::unexpected(std::string(operation) + ": " + head_size.error());
  }
  // Copied, since receiving the body may move the buffer.
  const std::string head = received_.substr(0, *head_size);
  Answer answer;
  std::size_t length = 0;
  if (head.size() < 12 || !parse(std::string_view(head).substr(9, 3), answer.status) ||
      !parse(header(head, "Content-Length"), length)) {
    return std::unexpected("no HTTP answer with a length: " + head);
  }
  while (filled_ < head.size() + length) {
    if (const auto more = receive_more(); !more) {
      return std::unexpected(std::string(operation) + ": " + more.error());
    }
  }
  answer.body = std::string_view(received_).substr(head.size(), length);
  return answer;
}

}  // namespace millrace::load
