#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "wire/hot.h"

// For the tests of the hot codecs: requests as plain values, random ones and their bodies, and a second opinion on a
// body by nlohmann's parser.
namespace millrace::wire::hot::testing {

// One record; `data` is base64 text of a JSON request and bytes of a CBOR one.
struct Record {
  std::string data;
  std::string partition_key;
  std::string explicit_hash_key;
  friend bool operator==(const Record&, const Record&) = default;
};

struct Put {
  std::string stream_name;
  std::string stream_arn;
  std::string ordering;
  bool dry_run = false;
  std::vector<Record> records;
  friend bool operator==(const Put&, const Put&) = default;
};

struct Get {
  std::string shard_iterator;
  std::string stream_arn;
  std::optional<std::int64_t> limit;
  bool dry_run = false;
  friend bool operator==(const Get&, const Get&) = default;
};

Put copy_of(const PutRequest& request);
Get copy_of(const GetRequest& request);

enum class Operation : std::uint8_t { put_record, put_records, get_records };

// What a body says by nlohmann's parser, the patterns held by std::regex. Nothing where it is no request that satisfies
// the shape; members that are unknown or null count as such, since the hot decoders refuse them.
std::optional<Put> second_opinion_on_put(Encoding encoding, Operation operation, std::string_view body);
std::optional<Get> second_opinion_on_get(Encoding encoding, std::string_view body);

// The seed of this run, shown once: MILLRACE_SEED where it is set, to repeat a run.
std::uint64_t seed_of_run();

// Makes random requests and bodies.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  Put put(Encoding encoding, Operation operation);
  Get get();
  // In random order of members, with random space in JSON and random forms of lengths in CBOR.
  std::string body(Encoding encoding, Operation operation, const Put& put);
  std::string body(Encoding encoding, const Get& get);
  // The body with a few bytes changed, moved, left out or added.
  std::string mutated(std::string body);
  std::string bytes(std::size_t size);
  std::string unicode_text(std::size_t characters);

 private:
  // A member's value as it stands in a body.
  struct Member {
    std::string name;
    std::string value;
  };
  std::string text(Encoding encoding, std::string_view value);
  std::string blob(Encoding encoding, std::string_view value);
  std::string boolean(Encoding encoding, bool value);
  std::string number(Encoding encoding, std::int64_t value);
  std::string map(Encoding encoding, std::vector<Member> members);
  std::string list(Encoding encoding, const std::vector<std::string>& items);
  std::string space();
  std::string cbor_head(unsigned major, std::uint64_t number);
  void add_record_members(Encoding encoding, const Record& record, std::vector<Member>& members);
  std::string digits(std::size_t count_max);
  std::string arn();
  std::string name();

  std::mt19937_64 random_;
};

}  // namespace millrace::wire::hot::testing
