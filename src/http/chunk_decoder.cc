#include "http/chunk_decoder.h"

#include <algorithm>

namespace millrace::http {
namespace {

// Digits of a size; more would overflow 64 bits.
constexpr std::size_t digits_max = 16;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What may stand in the value of a header or an extension: anything but control characters, tabs excepted.
bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// A character of a header's name.
bool is_token(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(c) != std::string_view::npos;
}

}  // namespace

void ChunkDecoder::reset() {
  state_ = State::size;
  size_ = total_ = 0;
  line_bytes_ = digits_ = trailers_ = 0;
  refusal_ = 0;
}

ChunkDecoder::Outcome ChunkDecoder::feed(std::string_view bytes, std::size_t& consumed, ChunkSink& sink) {
  while (state_ != State::done) {
    if (consumed == bytes.size()) return Outcome::need_more;
    if (state_ != State::data) {
      if (!step(bytes[consumed])) return Outcome::refused;
      ++consumed;
      continue;
    }
    const std::size_t n = std::min<std::size_t>(size_, bytes.size() - consumed);
    const std::size_t taken = sink.take(bytes.substr(consumed, n));
    consumed += taken;
    size_ -= taken;
    if (taken < n) return Outcome::no_memory;
    if (size_ == 0) state_ = State::data_return;
  }
  return Outcome::done;
}

bool ChunkDecoder::refuse(std::uint16_t status) {
  refusal_ = status;
  return false;
}

bool ChunkDecoder::step(char c) {
  switch (state_) {
    case State::size:
    case State::size_end:
    case State::extension:
    case State::size_newline:
      return step_size(c);
    case State::data_return:
      state_ = State::data_newline;
      return c == '\r' || refuse(400);
    case State::data_newline:
      state_ = State::size;
      size_ = digits_ = line_bytes_ = 0;
      return c == '\n' || refuse(400);
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_newline:
    case State::last_newline:
      return step_trailer(c);
    case State::data:
    case State::done:
      break;
  }
  return refuse(400);
}

bool ChunkDecoder::step_size(char c) {
  if (++line_bytes_ > chunk_line_bytes_max) return refuse(431);
  if (state_ == State::size_newline) return c == '\n' ? end_of_size() : refuse(400);
  if (state_ == State::size) {
    if (const int digit = hex_value(c); digit >= 0) {
      if (++digits_ > digits_max) return refuse(400);
      size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
      return true;
    }
    if (digits_ == 0) return refuse(400);
    state_ = State::size_end;
  }
  if (c == '\r') {
    state_ = State::size_newline;
    return true;
  }
  if (state_ == State::size_end) {
    if (c == ';') state_ = State::extension;
    return c == ';' || c == ' ' || c == '\t' || refuse(400);
  }
  return is_text(c) || refuse(400);
}

bool ChunkDecoder::end_of_size() {
  if (size_ > limits_.body_bytes_max - total_) return refuse(413);
  total_ += size_;
  state_ = size_ == 0 ? State::trailer_start : State::data;
  line_bytes_ = 0;
  return true;
}

bool ChunkDecoder::step_trailer(char c) {
  if (++line_bytes_ > limits_.head_bytes_max) return refuse(431);
  switch (state_) {
    case State::trailer_start:
      if (c == '\r') {
        state_ = State::last_newline;
        return true;
      }
      if (++trailers_ > limits_.headers_max) return refuse(431);
      state_ = State::trailer_name;
      return is_token(c) || refuse(400);
    case State::trailer_name:
      if (c == ':') state_ = State::trailer_value;
      return c == ':' || is_token(c) || refuse(400);
    case State::trailer_value:
      if (c == '\r') state_ = State::trailer_newline;
      return c == '\r' || is_text(c) || refuse(400);
    case State::trailer_newline:
      state_ = State::trailer_start;
      return c == '\n' || refuse(400);
    default:
      state_ = State::done;
      return c == '\n' || refuse(400);
  }
}

}  // namespace millrace::http
