#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/head.h"
#include "http/server.h"

namespace millrace::http {

// Parses the head of one request after another. Stricter than the standard asks of a
// recipient: both lengths at once, folded lines and codings other than "chunked" are refused, since proxies disagree on
// where such a request ends.
class HeadParser {
 public:
  enum class Outcome : std::uint8_t {
    need_more,  // feed again when more bytes have arrived
    done,       // the head is complete
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

  // The status to answer a refused head with: 400, 413 or 431.
  std::uint16_t refusal() const { return refusal_; }

 private:
  class Parser;

  const Limits& limits_;
  std::unique_ptr<Parser> parser_;
  std::uint16_t refusal_ = 0;
};

}  // namespace millrace::http
