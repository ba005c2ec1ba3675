#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/service.h"

// For tests only.
namespace millrace::http {

// A service whose target says what it does:
//   /defer   keeps the reply for the test to send
//   /drop    loses the reply
//   /big     answers `big_bytes` bytes
//   /close   echoes, and asks for the connection to end
//   /stream  keeps the writer of a streamed answer for the test
//   else     echoes the body
// It keeps what it saw of each request. Thread-safe.
class FakeService final : public Service {
 public:
  struct Seen {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string peer;
  };

  bool streams(const Request& request) override { return request.target() == "/stream"; }

  void handle(const Request& request, Reply reply) override {
    see(request);
    const std::string_view target = request.target();
    if (target == "/defer") {
      const std::lock_guard lock(mutex_);
      deferred_.push_back({std::move(reply), &request});
      return;
    }
    if (target == "/drop") return;
    reply.send(Response{.status = 200,
                        .content_type = "text/plain",
                        .headers = "x-answer: yes\r\n",
                        .body = target == "/big" ? std::string(big_bytes, 'b') : std::string(request.body()),
                        .close = target == "/close"});
  }

  void stream(const Request& request, std::shared_ptr<StreamWriter> writer) override {
    see(request);
    const std::lock_guard lock(mutex_);
    writers_.push_back(std::move(writer));
  }

  Response refuse(std::uint16_t status) override {
    return {.status = status, .content_type = "text/plain", .headers = {}, .body = "refused"};
  }

  std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::vector<Seen> take_seen() {
    const std::lock_guard lock(mutex_);
    return std::exchange(seen_, {});
  }
  std::size_t deferred() {
    const std::lock_guard lock(mutex_);
    return deferred_.size();
  }
  // The oldest reply that was kept, and the body of its request as it is now.
  std::pair<Reply, std::string> take_deferred() {
    const std::lock_guard lock(mutex_);
    auto [reply, request] = std::move(deferred_.front());
    deferred_.erase(deferred_.begin());
    std::string body(request->body());
    return {std::move(reply), std::move(body)};
  }
  std::size_t writers() {
    const std::lock_guard lock(mutex_);
    return writers_.size();
  }
  std::shared_ptr<StreamWriter> take_writer() {
    const std::lock_guard lock(mutex_);
    auto writer = std::move(writers_.front());
    writers_.erase(writers_.begin());
    return writer;
  }

  std::size_t big_bytes = 0;

 private:
  void see(const Request& request) {
    Seen seen{.method = std::string(request.method()),
              .target = std::string(request.target()),
              .headers = {},
              .body = std::string(request.body()),
              .peer = request.peer()};
    for (const auto& [name, value] : request.headers())
      seen.headers.emplace_back(name, value);
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(seen));
  }

  std::mutex mutex_;
  std::vector<Seen> seen_;
  std::vector<std::pair<Reply, const Request*>> deferred_;
  std::vector<std::shared_ptr<StreamWriter>> writers_;
};

// One answer, as a client reads it.
struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // with chunks put together
};

// Cuts the first whole answer off the front of `bytes`; nothing, and `bytes` is left alone, where it is not whole yet.
// `ended`: the peer will send no more, which ends a body of unknown length.
inline std::optional<Answer> take_answer(std::string& bytes, bool ended = false) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos || !bytes.starts_with("HTTP/1.1 ")) return std::nullopt;
  Answer answer{.status = std::stoi(bytes.substr(9, 3)), .headers = {}, .body = {}};
  for (std::size_t line = bytes.find("\r\n") + 2; line < head_end + 2; line = bytes.find("\r\n", line) + 2) {
    const std::size_t colon = bytes.find(':', line);
    std::string name = bytes.substr(line, colon - line);
    for (char& c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    answer.headers[name] = bytes.substr(colon + 2, bytes.find("\r\n", line) - colon - 2);
  }
  std::size_t at = head_end + 4;
  if (const auto length = answer.headers.find("content-length"); length != answer.headers.end()) {
    const std::size_t n = std::stoul(length->second);
    if (bytes.size() < at + n) return std::nullopt;
    answer.body = bytes.substr(at, n);
    at += n;
  } else if (answer.headers.contains("transfer-encoding")) {
    for (;;) {
      const std::size_t line_end = bytes.find("\r\n", at);
      if (line_end == std::string::npos) return std::nullopt;
      const std::size_t n = std::stoul(bytes.substr(at, line_end - at), nullptr, 16);
      if (bytes.size() < line_end + 2 + n + 2) return std::nullopt;
      answer.body += bytes.substr(line_end + 2, n);
      at = line_end + 2 + n + 2;
      if (n == 0) break;
    }
  } else if (answer.status >= 200) {
    if (!ended) return std::nullopt;
    answer.body = bytes.substr(at);
    at = bytes.size();
  }
  bytes.erase(0, at);
  return answer;
}

// The statuses of all whole answers in `bytes`, in order.
inline std::vector<int> statuses(std::string bytes, bool ended = false) {
  std::vector<int> all;
  while (const auto answer = take_answer(bytes, ended))
    all.push_back(answer->status);
  return all;
}

inline std::string post(std::string_view target, std::string_view body, std::string_view further_headers = {}) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(further_headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace millrace::http
