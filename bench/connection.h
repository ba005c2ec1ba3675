#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/result.h"

namespace millrace::bench {

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 4567;
};

// "host:port" or "[v6]:port".
Result<Endpoint> parse_endpoint(std::string_view text);

// A TCP port of 127.0.0.1 that was free a moment ago, for a server that is about to start.
Result<std::uint16_t> free_port();

struct Answer {
  int status = 0;
  std::string_view head;
  std::string_view body;
};

// One kept-open HTTP/1.1 connection with one request at a time on its way. It never blocks: advance() does what the
// socket allows, and says what to wait for. Understands answers with Content-Length only, which is what keeps it cheap.
class Connection {
 public:
  enum class Progress { wants_read, wants_write, answered };

  // Connects within two seconds.
  static Result<Connection> open(const Endpoint& endpoint);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  int fd() const { return fd_; }

  // The bytes must live and stay as they are until the answer is there.
  void start(std::string_view request);
  Result<Progress> advance();
  // After Progress::answered and until the next start().
  const Answer& answer() const { return answer_; }

  // start() and advance() to the end, waiting for the socket for at most ten seconds at a time.
  Result<Answer> exchange(std::string_view request);

 private:
  explicit Connection(int fd) : fd_(fd) {}

  Result<bool> write_some();
  Result<bool> read_some();
  Result<bool> parse();

  int fd_ = -1;
  std::string_view request_;
  std::size_t sent_ = 0;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{64} * 1024);
  std::size_t received_ = 0;
  std::size_t head_size_ = 0;  // 0 until the whole head is there
  std::size_t body_size_ = 0;
  Answer answer_;
};

}  // namespace millrace::bench
