#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/server.h"

namespace millrace::http {

// Takes the decoded bytes of a chunked body.
class ChunkSink {
 public:
  // Takes as many as there is memory for now; fewer than given stops the decoder with Outcome::no_memory.
  virtual std::size_t take(std::string_view bytes) = 0;

 protected:
  ~ChunkSink() = default;
};

// The line that begins a chunk, its extensions included.
inline constexpr std::size_t chunk_line_bytes_max = 4 * 1024;

// Takes the chunks of a body apart, as they arrive and without keeping any of their framing. Extensions and trailers
// are checked for their form and dropped: nothing there may change the request.
class ChunkDecoder {
 public:
  enum class Outcome : std::uint8_t {
    need_more,  // everything was consumed
    done,       // the body is complete
    no_memory,  // the sink took less than it was given: feed the rest again when it can take more
    refused,    // see refusal()
  };

  explicit ChunkDecoder(const Limits& limits) : limits_(limits) {}

  // Before each body.
  void reset();
  // `consumed` tells how many of `bytes` need not be fed again.
  Outcome feed(std::string_view bytes, std::size_t& consumed, ChunkSink& sink);
  // The status to answer a refused body with: 400, 413 or 431.
  std::uint16_t refusal() const { return refusal_; }

 private:
  enum class State : std::uint8_t {
    size,             // in the digits
    size_end,         // white space between the digits and an extension
    extension,        // anything up to the end of the line
    size_newline,     // the \n of the chunk's first line
    data,             //
    data_return,      // the \r after the data
    data_newline,     //
    trailer_start,    // the first byte of a trailer, or the \r of the empty line
    trailer_name,     //
    trailer_value,    //
    trailer_newline,  //
    last_newline,     //
    done,
  };

  // One byte of framing. False where it is refused.
  bool step(char c);
  bool step_size(char c);
  bool step_trailer(char c);
  bool end_of_size();
  bool refuse(std::uint16_t status);

  const Limits& limits_;
  State state_ = State::size;
  std::uint64_t size_ = 0;      // of the chunk, what is left of its data
  std::uint64_t total_ = 0;     // of all chunks so far
  std::size_t line_bytes_ = 0;  // of the chunk's first line, or of all trailers
  std::size_t digits_ = 0;
  std::size_t trailers_ = 0;
  std::uint16_t refusal_ = 0;
};

}  // namespace millrace::http
