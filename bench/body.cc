#include "bench/body.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <charconv>

namespace millrace::bench {
namespace {

// The major types of RFC 8949 that the protocol uses, in the upper three bits of an item's first byte.
enum class Major : unsigned char { number = 0x00, bytes = 0x40, text = 0x60 };
constexpr char map_begin = '\xbf';
constexpr char list_begin = '\x9f';
constexpr char end = '\xff';

void append_head(std::string& out, Major major, std::uint64_t value) {
  const auto first = static_cast<unsigned char>(major);
  const auto append = [&](unsigned mark, unsigned bytes) {
    out += static_cast<char>(first | mark);
    for (unsigned i = bytes; i-- > 0;)
      out += static_cast<char>(value >> (8 * i));
  };
  if (value < 24) {
    out += static_cast<char>(first | value);
  } else if (value <= 0xff) {
    append(24, 1);
  } else if (value <= 0xffff) {
    append(25, 2);
  } else {
    append(26, 4);
  }
}

void append_item(std::string& out, Major major, std::string_view content) {
  append_head(out, major, content.size());
  out += content;
}

void append_member(std::string& out, std::string_view name, Major major, std::string_view content) {
  append_item(out, Major::text, name);
  append_item(out, major, content);
}

// Reads the head of an item of the wanted kind at `at`, which moves behind it: the value of a number, the length else.
std::optional<std::uint64_t> read_head(std::string_view body, std::size_t& at, Major major) {
  if (at >= body.size()) return std::nullopt;
  const auto first = static_cast<unsigned char>(body[at]);
  if ((first & 0xe0) != static_cast<unsigned char>(major)) return std::nullopt;
  const unsigned mark = first & 0x1f;
  ++at;
  if (mark < 24) return mark;
  if (mark > 27) return std::nullopt;
  const std::size_t size = std::size_t{1} << (mark - 24);
  if (body.size() - at < size) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(body[at++]);
  return value;
}

std::string name_mark(Encoding encoding, std::string_view name) {
  if (encoding == Encoding::json) return fmt::format("\"{}\":", name);
  std::string result;
  append_item(result, Major::text, name);
  return result;
}

void append_entry(std::string& out, Encoding encoding, const Entry& entry) {
  if (encoding == Encoding::json) {
    out += fmt::format("\"Data\":\"{}\",", base64(entry.data));
    if (!entry.explicit_hash_key.empty()) out += fmt::format("\"ExplicitHashKey\":\"{}\",", entry.explicit_hash_key);
    out += fmt::format("\"PartitionKey\":\"{}\"", entry.partition_key);
    return;
  }
  append_member(out, "Data", Major::bytes, entry.data);
  if (!entry.explicit_hash_key.empty()) append_member(out, "ExplicitHashKey", Major::text, entry.explicit_hash_key);
  append_member(out, "PartitionKey", Major::text, entry.partition_key);
}

}  // namespace

std::string_view content_type(Encoding encoding) {
  return encoding == Encoding::json ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
}

std::string base64(std::string_view bytes) {
  std::string result((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends its text with a zero byte
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  result.resize(static_cast<std::size_t>(size));
  return result;
}

std::string put_record_body(Encoding encoding, std::string_view stream, const Entry& entry) {
  std::string out(1, encoding == Encoding::json ? '{' : map_begin);
  append_entry(out, encoding, entry);
  if (encoding == Encoding::json) return out + fmt::format(",\"StreamName\":\"{}\"}}", stream);
  append_member(out, "StreamName", Major::text, stream);
  return out + end;
}

std::string put_records_body(Encoding encoding, std::string_view stream, const std::vector<Entry>& entries) {
  std::string out;
  if (encoding == Encoding::json) {
    out = "{\"Records\":[";
    for (const Entry& entry : entries) {
      if (out.back() == '}') out += ',';
      out += '{';
      append_entry(out, encoding, entry);
      out += '}';
    }
    return out + fmt::format("],\"StreamName\":\"{}\"}}", stream);
  }
  out += map_begin;
  append_item(out, Major::text, "Records");
  out += list_begin;
  for (const Entry& entry : entries) {
    out += map_begin;
    append_entry(out, encoding, entry);
    out += end;
  }
  out += end;
  append_member(out, "StreamName", Major::text, stream);
  return out + end;
}

std::string get_records_body(Encoding encoding, std::string_view iterator, std::uint64_t limit) {
  if (encoding == Encoding::json) return fmt::format("{{\"Limit\":{},\"ShardIterator\":\"{}\"}}", limit, iterator);
  std::string out(1, map_begin);
  append_item(out, Major::text, "Limit");
  append_head(out, Major::number, limit);
  append_member(out, "ShardIterator", Major::text, iterator);
  return out + end;
}

std::optional<std::string_view> text_member(Encoding encoding, std::string_view body, std::string_view name) {
  const std::string mark = name_mark(encoding, name);
  std::size_t at = body.rfind(mark);
  if (at == std::string_view::npos) return std::nullopt;
  at += mark.size();
  if (encoding == Encoding::json) {
    if (at >= body.size() || body[at] != '"') return std::nullopt;
    const std::size_t stop = body.find('"', at + 1);
    if (stop == std::string_view::npos) return std::nullopt;
    return body.substr(at + 1, stop - at - 1);
  }
  const auto size = read_head(body, at, Major::text);
  if (!size || body.size() - at < *size) return std::nullopt;
  return body.substr(at, *size);
}

std::optional<std::uint64_t> number_member(Encoding encoding, std::string_view body, std::string_view name) {
  const std::string mark = name_mark(encoding, name);
  std::size_t at = body.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  at += mark.size();
  if (encoding == Encoding::cbor) return read_head(body, at, Major::number);
  std::uint64_t value = 0;
  if (std::from_chars(body.data() + at, body.data() + body.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

std::uint64_t count_members(Encoding encoding, std::string_view body, std::string_view name) {
  const std::string mark = name_mark(encoding, name);
  std::uint64_t count = 0;
  for (std::size_t at = body.find(mark); at != std::string_view::npos; at = body.find(mark, at + mark.size()))
    ++count;
  return count;
}

std::optional<std::string> next_data(Encoding encoding, std::string_view body, std::size_t& at) {
  static const std::string json_mark = name_mark(Encoding::json, "Data") + "\"";
  static const std::string cbor_mark = name_mark(Encoding::cbor, "Data");
  const std::string& mark = encoding == Encoding::json ? json_mark : cbor_mark;
  at = body.find(mark, at);
  if (at == std::string_view::npos) return std::nullopt;
  at += mark.size();
  if (encoding == Encoding::cbor) {
    const auto size = read_head(body, at, Major::bytes);
    if (!size || body.size() - at < *size) return std::nullopt;
    const std::size_t start = at;
    at += *size;
    return std::string(body.substr(start, *size));
  }
  const std::size_t stop = body.find('"', at);
  if (stop == std::string_view::npos || (stop - at) % 4 != 0) return std::nullopt;
  const std::string_view encoded = body.substr(at, stop - at);
  at = stop + 1;
  std::string result(encoded.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                      reinterpret_cast<const unsigned char*>(encoded.data()), static_cast<int>(encoded.size())) < 0) {
    return std::nullopt;
  }
  // EVP_DecodeBlock counts the padding as bytes.
  for (std::size_t i = 0; i < 2 && encoded.size() > i && encoded[encoded.size() - 1 - i] == '='; ++i)
    result.pop_back();
  return result;
}

}  // namespace millrace::bench
