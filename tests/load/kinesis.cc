#include "kinesis.h"

#include <array>
#include <cstring>
#include <utility>

#include "json.h"

namespace millrace::load {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t mark_bytes = 24;  // a multiple of three, so its base64 has no padding
constexpr std::size_t mark_characters = mark_bytes / 3 * 4;

using MarkBytes = std::array<unsigned char, mark_bytes>;

std::uint64_t checksum(const Mark& mark) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a over the three numbers, word by word
  for (const std::uint64_t word : {std::uint64_t{mark.writer}, std::uint64_t{mark.key}, mark.count}) {
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
  }
  return hash;
}

MarkBytes to_bytes(const Mark& mark) {
  MarkBytes bytes;
  const std::uint64_t check = checksum(mark);
  std::memcpy(bytes.data(), &mark.writer, 4);
  std::memcpy(bytes.data() + 4, &mark.key, 4);
  std::memcpy(bytes.data() + 8, &mark.count, 8);
  std::memcpy(bytes.data() + 16, &check, 8);
  return bytes;
}

consteval std::array<signed char, 256> decoding_table() {
  std::array<signed char, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<signed char>(i);
  }
  return table;
}

std::unexpected<std::string> unreadable(std::string_view operation, std::string_view body) {
  return std::unexpected(std::string(operation) +
                         " answered what is not understood: " + std::string(body.substr(0, 300)));
}

void append_entry(std::string& body, const Mark& mark) {
  body.append(R"({"Data":")").append(encode(mark)).append(R"(","PartitionKey":")");
  body.append(mark.partition_key()).append(R"("})");
}

}  // namespace

std::string Mark::partition_key() const {
  return "w" + std::to_string(writer) + "-k" + std::to_string(key);
}

std::string encode(const Mark& mark) {
  const MarkBytes bytes = to_bytes(mark);
  std::string text;
  text.reserve(mark_characters);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = unsigned{bytes[i]} << 16 | unsigned{bytes[i + 1]} << 8 | unsigned{bytes[i + 2]};
    for (const unsigned shift : {18U, 12U, 6U, 0U}) {
      text.push_back(alphabet[group >> shift & 63U]);
    }
  }
  return text;
}

std::optional<Mark> decode(std::string_view base64) {
  static constexpr std::array<signed char, 256> values = decoding_table();
  if (base64.size() != mark_characters) {
    return std::nullopt;
  }
  MarkBytes bytes;
  for (std::size_t i = 0; i < mark_bytes / 3; ++i) {
    unsigned group = 0;
    for (const char character : base64.substr(i * 4, 4)) {
      const signed char value = values[static_cast<unsigned char>(character)];
      if (value < 0) {
        return std::nullopt;
      }
      group = group << 6 | static_cast<unsigned>(value);
    }
    for (std::size_t j = 0; j < 3; ++j) {
      bytes[i * 3 + j] = static_cast<unsigned char>(group >> (16 - 8 * j) & 255U);
    }
  }
  Mark mark;
  std::memcpy(&mark.writer, bytes.data(), 4);
  std::memcpy(&mark.key, bytes.data() + 4, 4);
  std::memcpy(&mark.count, bytes.data() + 8, 8);
  // The checksum stands in the bytes; equal bytes mean that it holds.
  return to_bytes(mark) == bytes ? std::optional(mark) : std::nullopt;
}

Result<Client> Client::open(const Endpoint& endpoint) {
  auto connection = Connection::open(endpoint);
  if (!connection) {
    return std::unexpected(connection.error());
  }
  return Client(std::move(*connection));
}

Result<std::string_view> Client::call(std::string_view operation) {
  const auto answer = connection_.call(operation, body_);
  if (!answer) {
    return std::unexpected(answer.error());
  }
  if (answer->status != 200) {
    return std::unexpected(std::string(operation) + " answered " + std::to_string(answer->status) + " " +
                           std::string(answer->body.substr(0, 300)));
  }
  return answer->body;
}

Result<void> Client::create_stream(std::string_view stream, int shards) {
  body_ = R"({"StreamName":")" + std::string(stream) + R"(","ShardCount":)" + std::to_string(shards) + "}";
  const auto answer = call("CreateStream");
  return answer ? Result<void>{} : std::unexpected(answer.error());
}

Result<void> Client::delete_stream(std::string_view stream) {
  body_ = R"({"StreamName":")" + std::string(stream) + R"("})";
  const auto answer = call("DeleteStream");
  return answer ? Result<void>{} : std::unexpected(answer.error());
}

Result<std::vector<std::string>> Client::list_shards(std::string_view stream) {
  body_ = R"({"StreamName":")" + std::string(stream) + R"("})";
  const auto answer = call("ListShards");
  if (!answer) {
    return std::unexpected(answer.error());
  }
  std::vector<std::string> shards;
  JsonCursor json(*answer);
  const auto shard_member = [&](std::string_view name) {
    if (name == "ShardId") {
      shards.emplace_back(json.string());
    } else {
      json.skip();
    }
  };
  json.object([&](std::string_view name) {
    if (name == "Shards") {
      json.array([&] { json.object(shard_member); });
    } else {
      json.skip();
    }
  });
  return json.failed() ? Result<std::vector<std::string>>(unreadable("ListShards", *answer)) : std::move(shards);
}

Result<void> Client::put_record(std::string_view stream, const Mark& mark,
                                const std::function<void(const Acknowledgement&)>& acknowledged) {
  body_ = R"({"StreamName":")" + std::string(stream) + R"(",)";
  std::string entry;
  append_entry(entry, mark);
  body_.append(entry, 1);
  const auto answer = call("PutRecord");
  if (!answer) {
    return std::unexpected(answer.error());
  }
  Acknowledgement result;
  JsonCursor json(*answer);
  json.object([&](std::string_view name) {
    if (name == "ShardId") {
      result.shard = json.string();
    } else if (name == "SequenceNumber") {
      result.sequence_number = json.string();
    } else {
      json.skip();
    }
  });
  if (json.failed() || result.shard.empty() || result.sequence_number.empty()) {
    return unreadable("PutRecord", *answer);
  }
  acknowledged(result);
  return {};
}

Result<void> Client::put_records(std::string_view stream, const std::vector<Mark>& marks,
                                 const std::function<void(const Acknowledgement&)>& acknowledged) {
  body_ = R"({"Records":[)";
  for (const Mark& mark : marks) {
    append_entry(body_, mark);
    body_.push_back(',');
  }
  body_.back() = ']';
  body_.append(R"(,"StreamName":")").append(stream).append(R"("})");
  const auto answer = call("PutRecords");
  if (!answer) {
    return std::unexpected(answer.error());
  }
  std::int64_t failed = -1;
  std::vector<Acknowledgement> results;
  JsonCursor json(*answer);
  const auto entry_member = [&](std::string_view name) {
    if (name == "ShardId") {
      results.back().shard = json.string();
    } else if (name == "SequenceNumber") {
      results.back().sequence_number = json.string();
    } else {
      json.skip();
    }
  };
  json.object([&](std::string_view name) {
    if (name == "FailedRecordCount") {
      failed = json.integer();
    } else if (name == "Records") {
      json.array([&] {
        results.emplace_back();
        json.object(entry_member);
      });
    } else {
      json.skip();
    }
  });
  if (json.failed() || failed != 0 || results.size() != marks.size()) {
    return unreadable("PutRecords", *answer);
  }
  for (const Acknowledgement& result : results) {
    if (result.shard.empty() || result.sequence_number.empty()) {
      return unreadable("PutRecords", *answer);
    }
    acknowledged(result);
  }
  return {};
}

Result<std::string> Client::iterator(std::string_view stream, std::string_view shard, std::string_view type) {
  body_ = R"({"StreamName":")" + std::string(stream) + R"(","ShardId":")" + std::string(shard) +
          R"(","ShardIteratorType":")" + std::string(type) + R"("})";
  const auto answer = call("GetShardIterator");
  if (!answer) {
    return std::unexpected(answer.error());
  }
  std::string iterator;
  JsonCursor json(*answer);
  json.object([&](std::string_view) { iterator = json.string(); });
  return json.failed() || iterator.empty() ? Result<std::string>(unreadable("GetShardIterator", *answer)) : iterator;
}

Result<Page> Client::get_records(std::string_view iterator, const std::function<void(const Record&)>& record) {
  body_ = R"({"ShardIterator":")" + std::string(iterator) + R"("})";
  const auto answer = call("GetRecords");
  if (!answer) {
    return std::unexpected(answer.error());
  }
  Page page;
  JsonCursor json(*answer);
  Record current;
  const auto record_member = [&](std::string_view name) {
    if (name == "SequenceNumber") {
      current.sequence_number = json.string();
    } else if (name == "PartitionKey") {
      current.partition_key = json.string();
    } else if (name == "Data") {
      current.data = json.string();
    } else {
      json.skip();
    }
  };
  json.object([&](std::string_view name) {
    if (name == "Records") {
      json.array([&] {
        current = {};
        json.object(record_member);
        ++page.records;
        record(current);
      });
    } else if (name == "NextShardIterator") {
      page.next_iterator = json.string();
    } else if (name == "MillisBehindLatest") {
      page.millis_behind_latest = json.integer();
    } else {
      json.skip();
    }
  });
  const bool complete = !json.failed() && !page.next_iterator.empty() && page.millis_behind_latest >= 0;
  return complete ? Result<Page>(std::move(page)) : unreadable("GetRecords", *answer);
}

}  // namespace millrace::load
