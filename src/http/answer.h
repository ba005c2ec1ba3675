#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/service.h"
#include "io/clock.h"

namespace millrace::http {

// How the end of an answer's body is told.
enum class Framing : std::uint8_t {
  length,   // Content-Length
  chunks,   // Transfer-Encoding: chunked
  closing,  // the end of the connection, for HTTP/1.0
};

// "Tue, 24 Nov 2026 22:36:34 GMT", as the Date header has it.
std::string http_date(std::int64_t unix_seconds);

// The line with the Date header, made anew when the second changes. Clients compute the skew of their clock from it, so
// it is the broker's time of day, frozen where that is. One a thread.
class DateLine {
 public:
  explicit DateLine(const io::WallClock& clock) : clock_(clock) {}
  // Valid until the next call.
  std::string_view now();

 private:
  const io::WallClock& clock_;
  std::int64_t second_ = INT64_MIN;
  std::string line_;
};

// Appends status line and headers, with the empty line, of `response`.
void append_head(std::string& out, const Response& response, std::string_view date_line, Framing framing, bool close);

// Appends the line that opens a chunk of `size` bytes.
void append_chunk_size(std::string& out, std::size_t size);

}  // namespace millrace::http
