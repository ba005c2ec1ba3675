#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::wire {

// How bodies are written. Answers, errors included, use the request's.
enum class Encoding : std::uint8_t { json, cbor };

constexpr std::string_view content_type(Encoding encoding) {
  return encoding == Encoding::json ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
}

}  // namespace millrace::wire
