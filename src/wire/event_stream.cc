#include "wire/event_stream.h"

#include <libdeflate.h>

#include <cassert>
#include <cstdint>

namespace millrace::wire {
namespace {

constexpr std::size_t prelude_size = 12;  // both lengths and their CRC
constexpr std::size_t crc_size = 4;
constexpr std::uint8_t text_header = 7;

void append_big_endian(std::uint64_t number, unsigned bytes, std::string& to) {
  for (unsigned left = bytes; left != 0; --left)
    to += static_cast<char>((number >> (8 * (left - 1))) & 0xff);
}

void append_crc(std::string& to) {
  append_big_endian(libdeflate_crc32(0, to.data(), to.size()), crc_size, to);
}

std::size_t size_of(const EventHeader& header) {
  return 1 + header.name.size() + 1 + 2 + header.value.size();
}

}  // namespace

std::string event_frame(std::initializer_list<EventHeader> headers, std::string_view payload) {
  std::size_t headers_size = 0;
  for (const EventHeader& header : headers) {
    assert(!header.name.empty() && header.name.size() <= 0xff && header.value.size() <= 0xffff);
    headers_size += size_of(header);
  }
  assert(headers_size <= event_headers_max && payload.size() <= event_payload_max);

  const std::size_t total = prelude_size + headers_size + payload.size() + crc_size;
  std::string frame;
  frame.reserve(total);
  append_big_endian(total, 4, frame);
  append_big_endian(headers_size, 4, frame);
  append_crc(frame);
  for (const EventHeader& header : headers) {
    append_big_endian(header.name.size(), 1, frame);
    frame += header.name;
    append_big_endian(text_header, 1, frame);
    append_big_endian(header.value.size(), 2, frame);
    frame += header.value;
  }
  frame += payload;
  append_crc(frame);
  return frame;
}

}  // namespace millrace::wire
