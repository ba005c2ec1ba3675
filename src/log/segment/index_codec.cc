#include "log/segment/index_codec.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <tuple>

#include "base/crc32c.h"

namespace millrace::log::segment {
namespace {

constexpr char log_prefix = 'l';
constexpr char row_prefix = 'r';
constexpr char usage_prefix = 'u';
constexpr char value_prefix = 'v';
constexpr char watermark_name = 'w';
constexpr std::uint8_t version = 1;
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t varint_bytes_max = 10;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

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

void put_signed(std::string& to, std::int64_t value) {
  put(to, static_cast<std::uint64_t>(value));
}

// Seven bits a byte, the lowest first; the high bit says that more follow.
void put_varint(std::string& to, std::uint64_t value) {
  std::array<char, varint_bytes_max> bytes{};
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7)
    bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  to.append(bytes.data(), size);
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
  std::uint64_t take_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = take<std::uint8_t>();
      const std::uint64_t bits = byte & 0x7fU;
      if (bits << shift >> shift != bits) break;
      value |= bits << shift;
      if (byte < 0x80) return value;
    }
    bytes_ = {};
    good_ = false;
    return 0;
  }
  template <std::unsigned_integral T>
  T take_varint_as() {
    const std::uint64_t value = take_varint();
    if (value > std::numeric_limits<T>::max()) good_ = false;
    return static_cast<T>(value);
  }
  std::string_view rest() { return front(bytes_.size()); }
  // Everything asked for was there, and nothing else is.
  bool complete() const { return good_ && bytes_.empty(); }

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

std::uint32_t checksum_of(std::string_view key, std::string_view value) {
  return base::crc32c(base::crc32c(bytes_of(key)), bytes_of(value));
}

std::string sealed(std::string_view key, std::string value) {
  put(value, checksum_of(key, value));
  return value;
}

// What stands between version and checksum. Nothing where either is wrong.
std::optional<std::string_view> opened(std::string_view key, std::string_view value) {
  if (value.size() < 1 + checksum_bytes || static_cast<std::uint8_t>(value.front()) != version) return {};
  const std::string_view covered = value.substr(0, value.size() - checksum_bytes);
  Reader tail(value.substr(covered.size()));
  if (tail.take<std::uint32_t>() != checksum_of(key, covered)) return {};
  return covered.substr(1);
}

std::string versioned() {
  return std::string(1, static_cast<char>(version));
}

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

// `row` can stand behind `before` in one entry: every difference is a number that is not negative.
bool is_neighbour(const IndexRow& before, const IndexRow& row) {
  return row.log == before.log && row.segment == before.segment && row.generation == before.generation &&
         row.first >= before.first && row.first - before.first >= before.count && row.offset >= before.offset &&
         row.offset - before.offset >= before.size && row.arrival_ms >= before.arrival_ms;
}

IndexEntry pack_entry(std::span<const IndexRow> rows) {
  const IndexRow& head = rows.front();
  std::string value = versioned();
  put_varint(value, head.segment);
  put_varint(value, head.generation);
  put_varint(value, rows.size());
  // The head is told from a place at its own position, at the start of the segment and of time.
  Position position = head.first;
  std::uint64_t offset = 0;
  std::uint64_t arrival = 0;
  for (const IndexRow& row : rows) {
    put_varint(value, row.count);
    put_varint(value, row.first - position);
    put_varint(value, row.offset - offset);
    put_varint(value, row.size);
    put_varint(value, static_cast<std::uint64_t>(row.arrival_ms) - arrival);
    position = row.first + row.count;
    offset = row.offset + row.size;
    arrival = static_cast<std::uint64_t>(row.arrival_ms);
  }
  std::string key = row_key(head.log, head.first);
  value = sealed(key, std::move(value));
  return {std::move(key), std::move(value)};
}

std::vector<IndexEntry> pack_sorted(std::span<const IndexRow> rows) {
  std::vector<IndexEntry> entries;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin + 1;
    std::uint64_t bytes = rows[begin].size;
    while (end < rows.size() && end - begin < entry_rows_max && is_neighbour(rows[end - 1], rows[end]) &&
           bytes + rows[end].size <= entry_block_bytes_max) {
      bytes += rows[end].size;
      ++end;
    }
    entries.push_back(pack_entry(rows.subspan(begin, end - begin)));
    begin = end;
  }
  return entries;
}

}  // namespace

std::vector<IndexEntry> pack(std::span<const IndexRow> rows) {
  const auto by_place = [](const IndexRow& row) { return std::tuple(row.log, row.first); };
  if (std::ranges::is_sorted(rows, {}, by_place)) return pack_sorted(rows);
  std::vector<IndexRow> sorted(rows.begin(), rows.end());
  std::ranges::sort(sorted, {}, by_place);
  return pack_sorted(sorted);
}

std::optional<std::vector<IndexRow>> unpack(std::string_view key, std::string_view value) {
  if (!key.starts_with(row_prefix)) return {};
  const auto content = opened(key, value);
  if (!content) return {};
  Reader from_key(key.substr(1));
  Reader from(*content);
  IndexRow row;
  row.log = take_log(from_key);
  row.first = from_key.take_big<std::uint64_t>();
  row.segment = from.take_varint();
  row.generation = from.take_varint();
  const std::uint64_t rows_in_all = from.take_varint();
  if (!from_key.complete() || rows_in_all == 0 || rows_in_all > entry_rows_max) return {};
  std::vector<IndexRow> rows;
  rows.reserve(rows_in_all);
  Position position = row.first;
  std::uint64_t offset = 0;
  std::uint64_t arrival = 0;
  while (rows.size() < rows_in_all) {
    row.count = from.take_varint_as<std::uint32_t>();
    row.first = position + from.take_varint();
    row.offset = offset + from.take_varint();
    row.size = from.take_varint_as<std::uint32_t>();
    arrival += from.take_varint();
    row.arrival_ms = static_cast<std::int64_t>(arrival);
    rows.push_back(row);
    position = row.first + row.count;
    offset = row.offset + row.size;
  }
  if (!from.complete()) return {};
  return rows;
}

std::string rows_prefix(LogId log) {
  return key_of(row_prefix, log);
}

std::string row_key(LogId log, Position first) {
  std::string key = key_of(row_prefix, log);
  put_big(key, first);
  return key;
}

std::string rows_end_key(LogId log) {
  // One byte longer than any key of an entry.
  return row_key(log, ~Position{0}) + '\0';
}

std::string_view logs_prefix() {
  return {&log_prefix, 1};
}

std::string_view usages_prefix() {
  return {&usage_prefix, 1};
}

std::string log_key(LogId log) {
  return key_of(log_prefix, log);
}

std::string usage_key(std::uint64_t segment) {
  std::string key(1, usage_prefix);
  put_big(key, segment);
  return key;
}

std::string watermark_key() {
  return std::string(1, watermark_name);
}

std::string value_key(std::string_view name) {
  return std::string(1, value_prefix).append(name);
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
  return sealed(log_key(row.log), std::move(to));
}

std::string encode(const SegmentUsage& usage) {
  std::string to = versioned();
  put(to, usage.generation);
  put(to, usage.indexed_end);
  put(to, usage.live_bytes);
  return sealed(usage_key(usage.segment), std::move(to));
}

std::string encode(const Watermark& watermark) {
  std::string to = versioned();
  put(to, watermark.run);
  return sealed(watermark_key(), std::move(to));
}

std::string encode_value(std::string_view name, std::string_view value) {
  return sealed(value_key(name), versioned().append(value));
}

std::optional<LogRow> decode_log(std::string_view key, std::string_view value) {
  if (!key.starts_with(log_prefix)) return {};
  const auto content = opened(key, value);
  if (!content) return {};
  Reader from_key(key.substr(1));
  Reader from(*content);
  LogRow row;
  row.log = take_log(from_key);
  row.config.retention = std::chrono::milliseconds(from.take_signed());
  row.config.record_bytes_max = from.take<std::uint64_t>();
  row.epoch = from.take<std::uint64_t>();
  row.closed = from.take<std::uint8_t>() != 0;
  row.tail = from.take<std::uint64_t>();
  row.last_arrival_ms = from.take_signed();
  row.first = from.take<std::uint64_t>();
  if (!from.complete() || !from_key.complete()) return {};
  return row;
}

std::optional<SegmentUsage> decode_usage(std::string_view key, std::string_view value) {
  if (!key.starts_with(usage_prefix)) return {};
  const auto content = opened(key, value);
  if (!content) return {};
  Reader from_key(key.substr(1));
  Reader from(*content);
  SegmentUsage usage;
  usage.segment = from_key.take_big<std::uint64_t>();
  usage.generation = from.take<std::uint64_t>();
  usage.indexed_end = from.take<std::uint64_t>();
  usage.live_bytes = from.take<std::uint64_t>();
  if (!from.complete() || !from_key.complete()) return {};
  return usage;
}

std::optional<Watermark> decode_watermark(std::string_view value) {
  const auto content = opened(watermark_key(), value);
  if (!content) return {};
  Reader from(*content);
  const Watermark watermark{.run = from.take<std::uint64_t>()};
  if (!from.complete()) return {};
  return watermark;
}

std::optional<std::string> decode_value(std::string_view name, std::string_view value) {
  const auto content = opened(value_key(name), value);
  if (!content) return {};
  return std::string(*content);
}

}  // namespace millrace::log::segment
