#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace millrace::load {

// What went wrong, as a sentence.
template <typename T>
using Result = std::expected<T, std::string>;

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

struct Answer {
  int status = 0;
  std::string_view body;  // until the next call on the connection
};

// One keep-alive HTTP/1.1 connection with blocking calls, for one thread. A call that gets no answer within the time
// limit is an error, so a broker that hangs ends the test.
class Connection {
 public:
  static Result<Connection> open(const Endpoint& endpoint);

  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // POSTs the JSON body to the operation, in a well-formed request whose signature is nobody's.
  Result<Answer> call(std::string_view operation, std::string_view body);

 private:
  Connection(int socket, std::string host) : socket_(socket), host_(std::move(host)) {}

  Result<void> send_all(std::string_view bytes) const;
  Result<void> receive_more();
  Result<std::size_t> receive_head();

  int socket_;
  std::string host_;
  std::string request_;
  std::string received_;    // as large as the largest answer so far
  std::size_t filled_ = 0;  // bytes of `received_` that came from the broker for this call
};

}  // namespace millrace::load
