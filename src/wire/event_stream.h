#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace millrace::wire {

// One header of a frame. The service uses text alone (type 7).
struct EventHeader {
  std::string_view name;   // 1 to 255 bytes
  std::string_view value;  // at most 65,535 bytes
};

// What the decoders of the SDKs take.
inline constexpr std::size_t event_payload_max = 24 * 1024 * 1024;
inline constexpr std::size_t event_headers_max = 128 * 1024;

inline constexpr std::string_view event_stream_content_type = "application/vnd.amazon.eventstream";

// One frame of application/vnd.amazon.eventstream: lengths, headers in the given order, payload, and the two CRC-32.
// What is beyond a maximum is a bug of the caller.
std::string event_frame(std::initializer_list<EventHeader> headers, std::string_view payload);

}  // namespace millrace::wire
