#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/head.h"
#include "http/server.h"

namespace millrace::http {

// Takes the decoded bytes of a chunked body.
class ChunkSink {
 public:
  // Takes as many as there is memory for now; fewer than given stops the parser with Outcome::no_memory.
  virtual std::size_t take(std::string_view bytes) = 0;

 protected:
  ~ChunkSink() = default;
};

// Parses the head of one request after another, and the framing of chunked bodies. Stricter than the standard asks of a
// recipient: both lengths at once, folded lines and codings other than "chunked" are refused, since proxies disagree on
// where such a request ends.
class HeadParser {
 public:
  enum class Outcome : std::uint8_t {
    need_more,  // feed again when more bytes have arrived
    done,       // the head, or the chunked body, is complete
    no_memory,  // the sink took less than it was given: feed again when it can take more
    refused,    // see refusal()
  };

  explicit HeadParser(const Limits& limits);
  HeadParser(HeadParser&&) = delete;
  ~HeadParser();

  // Before each request.
  void reset();

  // `request` is all that has arrived of it, from its first byte; `parsed` tells how many of them need not be looked at
  // again, and is moved on. The head's slices are relative to the first byte of `request`.
  Outcome parse_head(std::string_view request, std::size_t& parsed, Head& head);

  // After a head that says chunked: `bytes` follow what was consumed before.
  Outcome parse_chunks(std::string_view bytes, std::size_t& consumed, ChunkSink& sink);

  // The status to answer a refused request with: 400, 413 or 431.
  std::uint16_t refusal() const { return refusal_; }

 private:
  class Parser;
  Outcome conclude(bool needs_more);

  const Limits& limits_;
  std::unique_ptr<Parser> parser_;
  std::uint16_t refusal_ = 0;
};

}  // namespace millrace::http
