#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::bench {

enum class Encoding { json, cbor };

std::string_view content_type(Encoding encoding);
std::string base64(std::string_view bytes);

struct Entry {
  std::string data;           // the bytes of the record, not encoded
  std::string partition_key;  // plain ASCII, as is every string here
  std::string explicit_hash_key = {};
};

// Bodies of requests, with the members in the order in which SDKs send them: the data first, the stream's name last.
// CBOR as the Java SDK writes it: maps and lists of indefinite length.
std::string put_record_body(Encoding encoding, std::string_view stream, const Entry& entry);
std::string put_records_body(Encoding encoding, std::string_view stream, const std::vector<Entry>& entries);
std::string get_records_body(Encoding encoding, std::string_view iterator, std::uint64_t limit);

// What answers say. These search for a member by its name instead of parsing, for speed: they hold for answers of this
// protocol, where no payload can contain the quoted name of a member.
std::optional<std::string_view> text_member(Encoding encoding, std::string_view body, std::string_view name);
std::optional<std::uint64_t> number_member(Encoding encoding, std::string_view body, std::string_view name);

// How often a member of the name occurs.
std::uint64_t count_members(Encoding encoding, std::string_view body, std::string_view name);

// The next "Data" at or after `at`, decoded; `at` moves behind it. Nothing once there is none.
std::optional<std::string> next_data(Encoding encoding, std::string_view body, std::size_t& at);

}  // namespace millrace::bench
