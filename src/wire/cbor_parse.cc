#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wire/codec.h"
#include "wire/parsers.h"
#include "wire/utf8.h"

// A pull parser of CBOR (RFC 8949). Every length is held against what is left of the body before anything is allocated
// for it.
namespace millrace::wire {
namespace {

enum Major : std::uint8_t { unsigned_integer, negative_integer, byte_string, text_string, array, map, tag, simple };

// The start of an item: its kind, and the number, length or count that goes with it.
struct Head {
  std::uint8_t major = 0;
  std::uint8_t info = 0;  // the low five bits; 31 is "indefinite", or a break
  std::uint64_t argument = 0;

  bool is_indefinite() const { return info == 31; }
  bool is_break() const { return major == simple && info == 31; }
};

double half_to_double(std::uint64_t bits) {
  const int exponent = static_cast<int>((bits >> 10) & 0x1f);
  const auto fraction = static_cast<double>(bits & 0x3ff);
  double number = 0;
  if (exponent == 0) {
    number = std::ldexp(fraction, -24);
  } else if (exponent != 31) {
    number = std::ldexp(fraction + 1024, exponent - 25);
  } else {
    number = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  return (bits & 0x8000) != 0 ? -number : number;
}

class CborParser {
 public:
  CborParser(std::string_view body, TreeBuilder& builder) : left_(body), builder_(&builder) {}

  bool parse() {
    do {
      if (!step()) return false;
    } while (!open_.empty());
    return left_.empty();
  }

 private:
  // A list or map that is being read.
  struct Open {
    bool is_map = false;
    bool is_indefinite = false;
    bool awaits_value = false;  // map: a key was read
    std::uint64_t items = 0;    // definite: how many are still to come, a key and its value being one
  };

  std::optional<Head> head();
  // Reads one item, or the start or the end of one.
  bool step();
  bool key(const Head& head);
  bool value(const Head& head);
  bool open_container(const Head& head);
  bool simple_value(const Head& head);
  bool text(const Head& head, std::string_view& text);
  bool bytes(const Head& head, std::string_view& bytes);
  // Counts one finished value towards what is open, and closes what is complete thereby.
  void finished();
  void close();

  std::string_view left_;
  TreeBuilder* builder_;
  std::vector<Open> open_;      // at most depth_max
  std::string joined_;          // a text or bytes that came in chunks
  bool is_big_number_ = false;  // the item of this step stands under tag 2 or 3
};

std::optional<Head> CborParser::head() {
  if (left_.empty()) return std::nullopt;
  const auto first = static_cast<std::uint8_t>(left_.front());
  left_.remove_prefix(1);
  Head head{static_cast<std::uint8_t>(first >> 5), static_cast<std::uint8_t>(first & 0x1f), 0};
  if (head.info < 24) {
    head.argument = head.info;
  } else if (head.info < 28) {
    const std::size_t length = std::size_t{1} << (head.info - 24);
    if (left_.size() < length) return std::nullopt;
    for (std::size_t i = 0; i < length; ++i) {
      head.argument = (head.argument << 8) | static_cast<std::uint8_t>(left_[i]);
    }
    left_.remove_prefix(length);
  } else if (head.info != 31) {
    return std::nullopt;
  } else if (head.major < byte_string || head.major == tag) {
    return std::nullopt;
  }
  return head;
}

bool CborParser::step() {
  std::optional<Head> item = head();
  bool is_tagged = false;
  is_big_number_ = false;
  while (item && item->major == tag) {
    // Tag 1 says that a number is a time, which the shape says as well. The others say nothing to us, save that bytes
    // are one large number.
    is_tagged = true;
    if (item->argument == 2 || item->argument == 3) is_big_number_ = true;
    item = head();
  }
  if (!item) return false;
  if (item->is_break()) {
    if (is_tagged || open_.empty() || !open_.back().is_indefinite || open_.back().awaits_value) return false;
    close();
    return true;
  }
  if (!open_.empty() && open_.back().is_map && !open_.back().awaits_value) return key(*item);
  return value(*item);
}

bool CborParser::key(const Head& item) {
  std::string_view name;
  if (item.major != text_string || is_big_number_ || !text(item, name)) return false;
  builder_->key(name);
  open_.back().awaits_value = true;
  return true;
}

bool CborParser::value(const Head& item) {
  if (is_big_number_ && item.major != byte_string) return false;
  switch (item.major) {
    case unsigned_integer:
    case negative_integer: {
      constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      const auto number = static_cast<std::int64_t>(std::min(item.argument, largest));
      builder_->integer(item.major == unsigned_integer ? number : -1 - number);
      break;
    }
    case byte_string: {
      std::string_view content;
      if (!bytes(item, content)) return false;
      if (is_big_number_) {
        builder_->big_number();
      } else {
        builder_->bytes(content);
      }
      break;
    }
    case text_string: {
      std::string_view content;
      if (!text(item, content)) return false;
      builder_->text(content);
      break;
    }
    case array:
    case map:
      return open_container(item);
    default:
      if (!simple_value(item)) return false;
  }
  finished();
  return true;
}

bool CborParser::open_container(const Head& item) {
  if (open_.size() == depth_max) return false;
  // An item takes a byte at least, and an entry of a map two.
  const std::size_t items_max = item.major == map ? left_.size() / 2 : left_.size();
  if (!item.is_indefinite() && item.argument > items_max) return false;
  if (item.major == map) {
    builder_->begin_map();
  } else {
    builder_->begin_list();
  }
  open_.push_back(Open{item.major == map, item.is_indefinite(), false, item.argument});
  if (!item.is_indefinite() && item.argument == 0) close();
  return true;
}

void CborParser::close() {
  if (open_.back().is_map) {
    builder_->end_map();
  } else {
    builder_->end_list();
  }
  open_.pop_back();
  finished();
}

void CborParser::finished() {
  // close() and this call each other once for each level that is complete, at most depth_max deep.
  if (open_.empty()) return;
  Open& open = open_.back();
  open.awaits_value = false;
  if (open.is_indefinite) return;
  if (--open.items == 0) close();
}

bool CborParser::simple_value(const Head& item) {
  switch (item.info) {
    case 20:
    case 21:
      builder_->boolean(item.info == 21);
      return true;
    case 22:  // null
    case 23:  // undefined
      builder_->null();
      return true;
    case 25:
      builder_->fraction(half_to_double(item.argument));
      return true;
    case 26:
      builder_->fraction(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(item.argument))));
      return true;
    case 27:
      builder_->fraction(std::bit_cast<double>(item.argument));
      return true;
    default:
      return false;
  }
}

bool CborParser::bytes(const Head& item, std::string_view& content) {
  if (!item.is_indefinite()) {
    if (item.argument > left_.size()) return false;
    content = left_.substr(0, static_cast<std::size_t>(item.argument));
    left_.remove_prefix(content.size());
    return true;
  }
  joined_.clear();
  while (true) {
    const std::optional<Head> chunk = head();
    if (!chunk) return false;
    if (chunk->is_break()) break;
    if (chunk->major != item.major || chunk->is_indefinite() || chunk->argument > left_.size()) return false;
    const auto length = static_cast<std::size_t>(chunk->argument);
    joined_.append(left_.substr(0, length));
    left_.remove_prefix(length);
  }
  content = joined_;
  return true;
}

bool CborParser::text(const Head& item, std::string_view& content) {
  return bytes(item, content) && is_utf8(content);
}

}  // namespace

bool parse_cbor(std::string_view body, TreeBuilder& builder) {
  return CborParser(body, builder).parse();
}

}  // namespace millrace::wire
