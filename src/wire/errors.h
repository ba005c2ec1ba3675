#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "wire/encoding.h"

namespace millrace::wire {

// How a code looks from outside. One table, in the order of Errc, serves all three renderings below; the codes of
// engines and of the system look like an internal failure and never show their own sentence.
struct WireError {
  base::Errc code;
  std::string_view type;  // the bare name that clients match on
  std::uint16_t http_status;
};
const WireError& wire_error(base::Errc code);

// The sentence a client may see: the error's own, or that of an internal failure.
std::string_view client_message(const base::Error& error);

// 1. The body of an error answer: __type and message (Message for SerializationException; none where there is none).
std::string render_error(Encoding encoding, const base::Error& error);

// 2. ErrorCode and ErrorMessage of an entry of a PutRecords answer.
struct EntryError {
  std::string_view code;
  std::string_view message;
};
EntryError entry_error(const base::Error& error);

// 3. The exception frame inside an event stream.
std::string exception_frame(Encoding encoding, const base::Error& error);

}  // namespace millrace::wire
