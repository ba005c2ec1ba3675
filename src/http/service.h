#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/loop.h"

namespace millrace::http {

// One request, as its connection holds it: the views live until the Reply or the StreamWriter that came with it is
// through. Nothing of HTTP's framing is left in it; the same for every version of the protocol.
class Request {
 public:
  virtual std::string_view method() const = 0;
  // Path and query as sent.
  virtual std::string_view target() const = 0;
  // The first header of that name (give it in lower case), trimmed; empty where absent.
  virtual std::string_view header(std::string_view lower_case_name) const = 0;
  virtual bool has_header(std::string_view lower_case_name) const = 0;
  // All headers in the order sent, names as sent.
  virtual std::vector<std::pair<std::string_view, std::string_view>> headers() const = 0;
  virtual std::string_view body() const = 0;
  // "127.0.0.1:53422".
  virtual std::string peer() const = 0;
  // The loop its connection lives on.
  virtual io::Loop& loop() const = 0;

 protected:
  ~Request() = default;
};

// An answer. The connection adds framing: Content-Length or its version's like, and Connection where it closes.
struct Response {
  std::uint16_t status = 200;
  std::string_view content_type{};  // static text; empty: no such header
  std::string headers{};            // further ones as "name: value\r\n" lines
  std::string body{};
  bool close = false;  // the connection ends after this answer
};

// Answers one request, once, from any thread. Dropping it unsent answers 500, so that a lost answer is seen and no
// client waits for ever. Move-only.
class Reply {
 public:
  // What a connection implements; `complete` is called once, on any thread.
  class Target {
   public:
    virtual void complete(Response response) = 0;

   protected:
    ~Target() = default;
  };

  Reply() = default;
  explicit Reply(std::shared_ptr<Target> target) : target_(std::move(target)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&& other) noexcept {
    Reply old(std::move(*this));
    target_ = std::move(other.target_);
    return *this;
  }
  ~Reply() {
    if (target_ != nullptr) std::exchange(target_, nullptr)->complete(Response{.status = 500, .body = {}});
  }

  void send(Response response) {
    if (target_ != nullptr) std::exchange(target_, nullptr)->complete(std::move(response));
  }
  explicit operator bool() const { return target_ != nullptr; }

 private:
  std::shared_ptr<Target> target_;
};

// Bytes of a streamed answer that wait for a slow reader; from here on the writer is told to hold.
inline constexpr std::size_t stream_buffered_max = 256 * 1024;

// Writes an answer of many parts. Any thread; shared by the connection and whoever writes.
class StreamWriter {
 public:
  enum class Pace : std::uint8_t {
    go,      // write on
    hold,    // stream_buffered_max or more is waiting: write again after on_ready
    closed,  // the reader is gone or the server stops: nothing more will be sent
  };

  // Sends the head of a 200 of unknown length; the body of `head` is ignored. Once, before the first write. Or `reply`.
  virtual void start(Response head) = 0;
  // An ordinary answer instead of a stream: an error found before it began. Ends the stream.
  virtual void reply(Response response) = 0;
  // Takes the part whole; never waits.
  virtual Pace write(std::string part) = 0;
  // Ends the answer in the regular way.
  virtual void finish() = 0;
  // Called on the connection's loop: `on_ready` when the buffered bytes fell below half of stream_buffered_max after a
  // hold, `on_closed` once when the reader is gone or the server stops (not after finish). Set before start.
  virtual void on_ready(base::Task task) = 0;
  virtual void on_closed(base::Task task) = 0;
  virtual ~StreamWriter() = default;
};

// What answers requests. The network rooms know nothing else of the broker.
class Service {
 public:
  // Whether this request (head and body are there) is answered by `stream`.
  virtual bool streams(const Request& request) = 0;
  // One answer. Called on the connection's loop; must not block.
  virtual void handle(const Request& request, Reply reply) = 0;
  // Many parts. Called on the connection's loop; must not block.
  virtual void stream(const Request& request, std::shared_ptr<StreamWriter> writer) = 0;
  // The answer to what never becomes a request: `status` is 400 (malformed), 408 (too slow), 413 (body over the limit),
  // 431 (head over the limit) or 503 (too many connections).
  virtual Response refuse(std::uint16_t status) = 0;
  virtual ~Service() = default;
};

}  // namespace millrace::http
