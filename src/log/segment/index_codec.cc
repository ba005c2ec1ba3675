#include "log/segment/index_codec.h"

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace millrace::log::segment {
namespace {

constexpr char row_prefix = 'r';
constexpr char log_prefix = 'l';
constexpr char value_prefix = 'v';
constexpr char watermark_name = 'w';
constexpr std::uint8_t version = 1;

template <std::unsigned_integral T>
void put_big(std::string& to, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;)
    to.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

template <std::unsigned_integral T>
void put(std::string& to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

// Takes numbers off the front; what is not there makes it bad, and every number of it 0.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  T take() {
    const std::string_view bytes = front(sizeof(T));
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
      value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return static_cast<T>(value);
  }
  template <std::unsigned_integral T>
  T take_big() {
    std::uint64_t value = 0;
    for (const char c : front(sizeof(T)))
      value = value << 8 | static_cast<std::uint8_t>(c);
    return static_cast<T>(value);
  }
  std::int64_t take_signed() { return static_cast<std::int64_t>(take<std::uint64_t>()); }
  // Everything asked for was there, and nothing else is.
  bool complete() const { return good_ && bytes_.empty(); }
  bool good() const { return good_; }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::string_view front(std::size_t size) {
    if (bytes_.size() < size) {
      good_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
  bool good_ = true;
};

std::string key_of(char prefix, LogId log) {
  std::string key(1, prefix);
  put_big(key, log.stream_uid);
  put_big(key, log.shard_no);
  return key;
}

LogId take_log(Reader& key) {
  const auto stream_uid = key.take_big<std::uint64_t>();
  return {.stream_uid = stream_uid, .shard_no = key.take_big<std::uint32_t>()};
}

std::string versioned() {
  return std::string(1, static_cast<char>(version));
}

void put_signed(std::string& to, std::int64_t value) {
  put(to, static_cast<std::uint64_t>(value));
}

}  // namespace

std::string row_key(LogId log, Position first) {
  std::string key = key_of(row_prefix, log);
  put_big(key, first);
  return key;
}

std::string rows_end_key(LogId log) {
  // One byte longer than any key of a row.
  return row_key(log, ~Position{0}) + '\0';
}

std::string log_key(LogId log) {
  return key_of(log_prefix, log);
}

std::string watermark_key() {
  return std::string(1, watermark_name);
}

std::string value_key(std::string_view name) {
  return std::string(1, value_prefix) + std::string(name);
}

std::string_view name_of_value_key(std::string_view key) {
  return key.substr(1);
}

std::string encode(const IndexRow& row) {
  std::string to = versioned();
  put(to, row.count);
  put_signed(to, row.arrival_ms);
  put(to, row.segment);
  put(to, row.generation);
  put(to, row.offset);
  put(to, row.size);
  put_signed(to, row.expires_ms);
  return to;
}

std::string encode(const LogRow& row) {
  std::string to = versioned();
  put_signed(to, row.config.retention.count());
  put(to, static_cast<std::uint64_t>(row.config.record_bytes_max));
  put(to, row.epoch);
  put(to, static_cast<std::uint8_t>(row.closed ? 1 : 0));
  put(to, row.tail);
  put_signed(to, row.last_arrival_ms);
  put(to, row.first);
  return to;
}

std::string encode(const Watermark& watermark) {
  std::string to = versioned();
  put(to, watermark.run);
  return to;
}

std::string encode(const SegmentUsage& usage) {
  std::string to = versioned();
  put(to, usage.segment);
  put(to, usage.generation);
  for (const LogShare& share : usage.logs) {
    put(to, share.log.stream_uid);
    put(to, share.log.shard_no);
    put(to, share.live_bytes);
    put_signed(to, share.expires_ms);
  }
  return to;
}

std::optional<IndexRow> decode_row(std::string_view key, std::string_view value) {
  if (!key.starts_with(row_prefix)) return {};
  Reader from_key(key.substr(1));
  Reader from(value);
  const bool known = from.take<std::uint8_t>() == version;
  IndexRow row;
  row.log = take_log(from_key);
  row.first = from_key.take_big<std::uint64_t>();
  row.count = from.take<std::uint32_t>();
  row.arrival_ms = from.take_signed();
  row.segment = from.take<std::uint64_t>();
  row.generation = from.take<std::uint64_t>();
  row.offset = from.take<std::uint64_t>();
  row.size = from.take<std::uint32_t>();
  row.expires_ms = from.take_signed();
  if (!known || !from.complete() || !from_key.complete()) return {};
  return row;
}

std::optional<LogRow> decode_log(std::string_view key, std::string_view value) {
  if (!key.starts_with(log_prefix)) return {};
  Reader from_key(key.substr(1));
  Reader from(value);
  const bool known = from.take<std::uint8_t>() == version;
  LogRow row;
  row.log = take_log(from_key);
  row.config.retention = std::chrono::milliseconds(from.take_signed());
  row.config.record_bytes_max = from.take<std::uint64_t>();
  row.epoch = from.take<std::uint64_t>();
  row.closed = from.take<std::uint8_t>() != 0;
  row.tail = from.take<std::uint64_t>();
  row.last_arrival_ms = from.take_signed();
  row.first = from.take<std::uint64_t>();
  if (!known || !from.complete() || !from_key.complete()) return {};
  return row;
}

std::optional<Watermark> decode_watermark(std::string_view value) {
  Reader from(value);
  const bool known = from.take<std::uint8_t>() == version;
  const Watermark watermark{.run = from.take<std::uint64_t>()};
  if (!known || !from.complete()) return {};
  return watermark;
}

std::optional<SegmentUsage> decode_usage(std::string_view value) {
  Reader from(value);
  const bool known = from.take<std::uint8_t>() == version;
  SegmentUsage usage;
  usage.segment = from.take<std::uint64_t>();
  usage.generation = from.take<std::uint64_t>();
  while (known && from.good() && from.left() != 0) {
    LogShare share;
    share.log.stream_uid = from.take<std::uint64_t>();
    share.log.shard_no = from.take<std::uint32_t>();
    share.live_bytes = from.take<std::uint64_t>();
    share.expires_ms = from.take_signed();
    usage.logs.push_back(share);
  }
  if (!known || !from.complete()) return {};
  return usage;
}

}  // namespace millrace::log::segment
