#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// How fields stand inside a token: fixed widths, lowest byte first, the text last.
namespace millrace::model::token_fields {

template <class Unsigned>
void put(std::string& out, Unsigned value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    out.push_back(static_cast<char>(value >> (8 * i)));
}

// Takes fields off the front of a token's plain bytes. A token that is too short leaves it failed, and what it gave
// since is 0.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class Unsigned>
  Unsigned take() {
    if (rest_.size() < sizeof(Unsigned)) {
      failed_ = true;
      return 0;
    }
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) {
      value = static_cast<Unsigned>(value | static_cast<Unsigned>(static_cast<unsigned char>(rest_[i])) << (8 * i));
    }
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view rest() const { return rest_; }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

// The first byte of every token: shard iterators have 0, listings their TokenKind.
inline constexpr std::uint8_t iterator_kind = 0;

}  // namespace millrace::model::token_fields
