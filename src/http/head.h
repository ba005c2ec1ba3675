#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace millrace::http {

// Where a piece of a request's head stands, counted from the request's first byte: the buffer below it may move while
// the head is still arriving.
struct Slice {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;

  std::string_view in(const char* request) const { return {request + offset, size}; }
};

// The head of a request, parsed: what it says, and what it says about the body that follows.
struct Head {
  struct Header {
    Slice name;
    Slice value;  // trimmed
  };

  Slice method;
  Slice target;
  std::vector<Header> headers;  // in the order sent
  std::size_t size = 0;         // bytes up to and with the empty line
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = false;
  bool http_1_0 = false;
  bool expects_continue = false;

  // Ready for the next request; keeps the memory of the headers.
  void clear();
  // The first header of that name, which is given in lower case; nothing where absent.
  std::optional<std::string_view> find(const char* request, std::string_view lower_case_name) const;
};

}  // namespace millrace::http
