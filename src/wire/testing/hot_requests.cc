#include "wire/testing/hot_requests.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <regex>

#include "base/base64.h"

namespace millrace::wire::hot::testing {
namespace {

using Json = nlohmann::json;

const std::regex name_pattern("[a-zA-Z0-9_.-]+");
const std::regex arn_pattern(R"(arn:aws.*:kinesis:.*:\d{12}:stream/\S+)");
const std::regex hash_key_pattern(R"(0|([1-9]\d{0,38}))");
const std::regex sequence_number_pattern(R"(0|([1-9]\d{0,128}))");

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// Thrown where a body is no request of the plain form.
struct NoRequest {};

std::string take_text(const Json& json, std::size_t characters_max, const std::regex* pattern = nullptr) {
  if (!json.is_string()) throw NoRequest();
  std::string text = json.get<std::string>();
  if (text.empty() || characters_of(text) > characters_max) throw NoRequest();
  if (pattern != nullptr && !std::regex_match(text, *pattern)) throw NoRequest();
  return text;
}

std::string take_blob(Encoding encoding, const Json& json) {
  if (encoding == Encoding::json) {
    if (!json.is_string()) throw NoRequest();
    return json.get<std::string>();
  }
  if (!json.is_binary()) throw NoRequest();
  return {json.get_binary().begin(), json.get_binary().end()};
}

bool take_boolean(const Json& json) {
  if (!json.is_boolean()) throw NoRequest();
  return json.get<bool>();
}

bool read_record_member(Encoding encoding, const std::string& name, const Json& value, Record& record) {
  if (name == "Data") {
    record.data = take_blob(encoding, value);
  } else if (name == "PartitionKey") {
    record.partition_key = take_text(value, 256);
  } else if (name == "ExplicitHashKey") {
    record.explicit_hash_key = take_text(value, 39, &hash_key_pattern);
  } else {
    return false;
  }
  return true;
}

Put read_put(Encoding encoding, Operation operation, const Json& json) {
  Put put;
  const bool single = operation == Operation::put_record;
  if (!json.is_object() || !json.contains(single ? "Data" : "Records")) throw NoRequest();
  if (single) put.records.emplace_back();
  for (const auto& [name, value] : json.items()) {
    if (single && read_record_member(encoding, name, value, put.records.front())) continue;
    if (name == "StreamName") {
      put.stream_name = take_text(value, 128, &name_pattern);
    } else if (name == "StreamARN") {
      put.stream_arn = take_text(value, 2048, &arn_pattern);
    } else if (name == "DryRun") {
      put.dry_run = take_boolean(value);
    } else if (single && name == "SequenceNumberForOrdering") {
      put.ordering = take_text(value, 129, &sequence_number_pattern);
    } else if (!single && name == "Records") {
      if (!value.is_array() || value.empty() || value.size() > 500) throw NoRequest();
      for (const Json& entry : value) {
        Record& record = put.records.emplace_back();
        if (!entry.is_object() || !entry.contains("Data")) throw NoRequest();
        for (const auto& [member, content] : entry.items()) {
          if (!read_record_member(encoding, member, content, record)) throw NoRequest();
        }
      }
    } else {
      throw NoRequest();
    }
  }
  return put;
}

Get read_get(const Json& json) {
  Get get;
  if (!json.is_object() || !json.contains("ShardIterator")) throw NoRequest();
  for (const auto& [name, value] : json.items()) {
    if (name == "ShardIterator") {
      get.shard_iterator = take_text(value, 512);
    } else if (name == "StreamARN") {
      get.stream_arn = take_text(value, 2048, &arn_pattern);
    } else if (name == "DryRun") {
      get.dry_run = take_boolean(value);
    } else if (name == "Limit") {
      if (!value.is_number_integer()) throw NoRequest();
      get.limit = value.get<std::int64_t>();
      if (*get.limit < 1 || *get.limit > 10'000) throw NoRequest();
    } else {
      throw NoRequest();
    }
  }
  return get;
}

Json parsed(Encoding encoding, std::string_view body) {
  Json json = encoding == Encoding::json ? Json::parse(body) : Json::from_cbor(body);
  // from_cbor does not look at UTF-8, dump does. Binary values are nothing that it can show, so they are taken out.
  Json shown = json;
  const auto strip = [](auto&& self, Json& value) -> void {
    if (value.is_binary()) value = nullptr;
    for (Json& inner : value) {
      if (inner.is_structured() || inner.is_binary()) self(self, inner);
    }
  };
  strip(strip, shown);
  shown.dump();
  return json;
}

template <class Read>
auto opinion(Encoding encoding, std::string_view body, Read read) -> std::optional<decltype(read(Json()))> {
  try {
    return read(parsed(encoding, body));
  } catch (const NoRequest&) {
    return std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

Put copy_of(const PutRequest& request) {
  Put put{.stream_name = std::string(request.stream_name),
          .stream_arn = std::string(request.stream_arn),
          .ordering = std::string(request.sequence_number_for_ordering),
          .dry_run = request.dry_run,
          .records = {}};
  for (const RecordView& record : request.records) {
    put.records.push_back(
        {std::string(record.data), std::string(record.partition_key), std::string(record.explicit_hash_key)});
  }
  return put;
}

Get copy_of(const GetRequest& request) {
  return {std::string(request.shard_iterator), std::string(request.stream_arn), request.limit, request.dry_run};
}

std::optional<Put> second_opinion_on_put(Encoding encoding, Operation operation, std::string_view body) {
  return opinion(encoding, body, [&](const Json& json) { return read_put(encoding, operation, json); });
}

std::optional<Get> second_opinion_on_get(Encoding encoding, std::string_view body) {
  return opinion(encoding, body, [](const Json& json) { return read_get(json); });
}

std::uint64_t seed_of_run() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("MILLRACE_SEED");
    const std::uint64_t chosen = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("MILLRACE_SEED=%llu\n", static_cast<unsigned long long>(chosen));
    return chosen;
  }();
  return seed;
}

std::string Generator::bytes(std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text)
    c = static_cast<char>(random_());
  return text;
}

std::string Generator::unicode_text(std::size_t characters) {
  // The first and last characters of one to four bytes, around the surrogates, and a few of the usual ones.
  static const std::vector<std::string> alphabet = {"a",      "B",      "0",      "-",          " ",
                                                    "\x7f",   "\u0080", "\u07ff", "\u0800",     "\ud7ff",
                                                    "\ue000", "\uffff", "日",     "\U00010000", "\U0010ffff"};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i)
    text += alphabet[below(alphabet.size())];
  return text;
}

std::string Generator::digits(std::size_t count_max) {
  if (one_in(10)) return "0";
  std::string text(1 + below(count_max), '0');
  for (char& c : text)
    c = static_cast<char>('0' + below(10));
  if (text.front() == '0') text.front() = '1';
  return text;
}

std::string Generator::name() {
  constexpr std::string_view alphabet = "abcXYZ0189_.-";
  std::string text(1 + below(128), 'a');
  for (char& c : text)
    c = alphabet[below(alphabet.size())];
  return text;
}

std::string Generator::arn() {
  static const std::vector<std::string> partitions = {"aws", "aws-cn", "aws-us-gov", "awsx:y"};
  return "arn:" + partitions[below(partitions.size())] + ":kinesis:us-east-1:" + "123456789012" + ":stream/" + name();
}

Put Generator::put(Encoding encoding, Operation operation) {
  Put put;
  if (!one_in(4)) put.stream_name = name();
  if (one_in(3)) put.stream_arn = arn();
  put.dry_run = one_in(5);
  if (operation == Operation::put_record && one_in(3)) put.ordering = digits(129);
  const std::size_t count = operation == Operation::put_record ? 1 : one_in(50) ? 500 : 1 + below(8);
  for (std::size_t i = 0; i < count; ++i) {
    Record record;
    const std::string data = bytes(one_in(6) ? 0 : below(one_in(20) ? 5'000 : 150));
    record.data = encoding == Encoding::json ? base::base64_encode(data) : data;
    if (!one_in(10)) record.partition_key = one_in(2) ? name() : unicode_text(1 + below(256));
    if (one_in(4)) record.explicit_hash_key = digits(39);
    put.records.push_back(std::move(record));
  }
  return put;
}

Get Generator::get() {
  Get get;
  get.shard_iterator = one_in(2) ? base::base64_encode(bytes(1 + below(384))) : unicode_text(1 + below(512));
  if (one_in(3)) get.stream_arn = arn();
  if (one_in(2)) get.limit = 1 + static_cast<std::int64_t>(below(10'000));
  get.dry_run = one_in(5);
  return get;
}

std::string Generator::space() {
  std::string text;
  while (one_in(3))
    text += " \n\r\t"[below(4)];
  return text;
}

std::string Generator::cbor_head(unsigned major, std::uint64_t number) {
  unsigned low = number < 24 ? 0 : number <= 0xff ? 24 : number <= 0xffff ? 25 : 26;
  // Longer forms than needed are legal.
  if (one_in(5)) low = std::max(low, 24U + static_cast<unsigned>(below(4)));
  std::string head;
  if (low == 0) {
    head += static_cast<char>(major << 5 | number);
    return head;
  }
  head += static_cast<char>(major << 5 | low);
  for (int shift = (8 << (low - 24)) - 8; shift >= 0; shift -= 8)
    head += static_cast<char>(number >> shift);
  return head;
}

std::string Generator::text(Encoding encoding, std::string_view value) {
  if (encoding == Encoding::json) return '"' + std::string(value) + '"';
  return cbor_head(3, value.size()) + std::string(value);
}

std::string Generator::blob(Encoding encoding, std::string_view value) {
  if (encoding == Encoding::json) return '"' + std::string(value) + '"';
  return cbor_head(2, value.size()) + std::string(value);
}

std::string Generator::boolean(Encoding encoding, bool value) {
  if (encoding == Encoding::json) return value ? "true" : "false";
  return value ? "\xf5" : "\xf4";
}

std::string Generator::number(Encoding encoding, std::int64_t value) {
  if (encoding == Encoding::json) return std::to_string(value);
  return cbor_head(0, static_cast<std::uint64_t>(value));
}

std::string Generator::map(Encoding encoding, std::vector<Member> members) {
  std::ranges::shuffle(members, random_);
  if (encoding == Encoding::json) {
    std::string out = space() + "{" + space();
    for (const Member& member : members) {
      if (&member != &members.front()) out += "," + space();
      out += '"' + member.name + '"' + space() + ":" + space() + member.value + space();
    }
    return out + "}" + space();
  }
  const bool indefinite = one_in(2);
  std::string out = indefinite ? "\xbf" : cbor_head(5, members.size());
  for (const Member& member : members)
    out += text(encoding, member.name) + member.value;
  if (indefinite) out += '\xff';
  return out;
}

std::string Generator::list(Encoding encoding, const std::vector<std::string>& items) {
  if (encoding == Encoding::json) {
    std::string out = "[" + space();
    for (const std::string& item : items) {
      if (&item != &items.front()) out += "," + space();
      out += item + space();
    }
    return out + "]";
  }
  const bool indefinite = one_in(2);
  std::string out = indefinite ? "\x9f" : cbor_head(4, items.size());
  for (const std::string& item : items)
    out += item;
  if (indefinite) out += '\xff';
  return out;
}

void Generator::add_record_members(Encoding encoding, const Record& record, std::vector<Member>& members) {
  members.push_back({"Data", blob(encoding, record.data)});
  if (!record.partition_key.empty()) members.push_back({"PartitionKey", text(encoding, record.partition_key)});
  if (!record.explicit_hash_key.empty())
    members.push_back({"ExplicitHashKey", text(encoding, record.explicit_hash_key)});
}

std::string Generator::body(Encoding encoding, Operation operation, const Put& put) {
  std::vector<Member> members;
  if (!put.stream_name.empty()) members.push_back({"StreamName", text(encoding, put.stream_name)});
  if (!put.stream_arn.empty()) members.push_back({"StreamARN", text(encoding, put.stream_arn)});
  if (!put.ordering.empty()) members.push_back({"SequenceNumberForOrdering", text(encoding, put.ordering)});
  if (put.dry_run || one_in(3)) members.push_back({"DryRun", boolean(encoding, put.dry_run)});
  if (operation == Operation::put_record) {
    add_record_members(encoding, put.records.front(), members);
  } else {
    std::vector<std::string> entries;
    for (const Record& record : put.records) {
      std::vector<Member> entry;
      add_record_members(encoding, record, entry);
      entries.push_back(map(encoding, std::move(entry)));
    }
    members.push_back({"Records", list(encoding, entries)});
  }
  return map(encoding, std::move(members));
}

std::string Generator::body(Encoding encoding, const Get& get) {
  std::vector<Member> members = {{"ShardIterator", text(encoding, get.shard_iterator)}};
  if (!get.stream_arn.empty()) members.push_back({"StreamARN", text(encoding, get.stream_arn)});
  if (get.limit) members.push_back({"Limit", number(encoding, *get.limit)});
  if (get.dry_run || one_in(3)) members.push_back({"DryRun", boolean(encoding, get.dry_run)});
  return map(encoding, std::move(members));
}

std::string Generator::mutated(std::string body) {
  constexpr std::string_view telling = "\"\\{}[]:,0123456789tfn \n\xbf\x9f\xff\x60\x78\xc1\xf6\x80\xed";
  for (std::uint64_t left = 1 + below(3); left != 0 && !body.empty(); --left) {
    const std::size_t at = below(body.size());
    const char c = one_in(3) ? static_cast<char>(random_()) : telling[below(telling.size())];
    switch (below(6)) {
      case 0:
      case 1:
        body[at] = c;
        break;
      case 2:
        body.insert(at, 1, c);
        break;
      case 3:
        body.erase(at, 1 + below(4));
        break;
      case 4:
        body.resize(at);
        break;
      default:
        body.insert(at, body.substr(below(body.size()), 1 + below(40)));
        break;
    }
  }
  return body;
}

}  // namespace millrace::wire::hot::testing
