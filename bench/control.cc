#include "bench/control.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "bench/signed_request.h"

namespace millrace::bench {
namespace {

// The service's own limits of a PutRecords request: 500 records and 10 MiB; half of the latter leaves room for keys.
constexpr std::uint32_t put_records_max = 500;
constexpr std::uint32_t put_bytes_max = 5 * 1024 * 1024;

std::mt19937_64& generator() {
  static thread_local std::mt19937_64 engine(20131202);
  return engine;
}

Result<nlohmann::json> parse(std::string_view body) {
  nlohmann::json result = nlohmann::json::parse(body, nullptr, false);
  if (!result.is_object()) return std::unexpected(fmt::format("not a JSON object: {}", body.substr(0, 200)));
  return result;
}

}  // namespace

std::string random_bytes(std::uint32_t size) {
  std::string result(size, '\0');
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (i % 8 == 0) word = generator()();
    result[i] = static_cast<char>(word >> (8 * (i % 8)));
  }
  return result;
}

std::string random_key() {
  return fmt::format("{:016x}", generator()());
}

Result<Control> Control::open(const Endpoint& endpoint) {
  auto connection = Connection::open(endpoint);
  if (!connection) return std::unexpected(connection.error());
  return Control(endpoint, std::move(*connection));
}

Result<std::string_view> Control::call(std::string_view operation, Encoding encoding, std::string_view body) {
  const SignedRequest request(endpoint_, {operation, content_type(encoding), body});
  const auto answer = connection_.exchange(request.bytes());
  if (!answer) return std::unexpected(fmt::format("{}: {}", operation, answer.error()));
  if (answer->status != 200) {
    return std::unexpected(fmt::format("{}: {} {}", operation, answer->status, answer->body.substr(0, 500)));
  }
  return answer->body;
}

Result<std::unique_ptr<TemporaryStream>> TemporaryStream::create(const Endpoint& endpoint, std::string_view purpose,
                                                                 std::uint32_t shards) {
  auto control = Control::open(endpoint);
  if (!control) return std::unexpected(control.error());
  // A number of its own for each: with some servers a name stays taken for a while after the stream's deletion.
  static std::atomic<unsigned> created{0};
  const std::string name = fmt::format("bench-{}-{}-{}", purpose, getpid(), ++created);
  const auto answer = control->call("CreateStream", Encoding::json,
                                    fmt::format(R"({{"ShardCount":{},"StreamName":"{}"}})", shards, name));
  if (!answer) return std::unexpected(answer.error());
  std::unique_ptr<TemporaryStream> stream(new TemporaryStream(endpoint, std::move(*control), name));
  if (const auto active = stream->wait_until_active(shards); !active) return std::unexpected(active.error());
  return stream;
}

TemporaryStream::~TemporaryStream() {
  if (!removed_) static_cast<void>(remove());
}

Result<void> TemporaryStream::wait_until_active(std::uint32_t shards) {
  using namespace std::chrono_literals;
  const auto limit = std::chrono::steady_clock::now() + 30s;
  for (;;) {
    const auto body = control_.call("DescribeStream", Encoding::json, fmt::format(R"({{"StreamName":"{}"}})", name_));
    if (!body) return std::unexpected(body.error());
    const auto answer = parse(*body);
    if (!answer) return std::unexpected(answer.error());
    const nlohmann::json description = answer->value("StreamDescription", nlohmann::json::object());
    if (description.value("StreamStatus", "") == "ACTIVE") {
      for (const nlohmann::json& shard : description.value("Shards", nlohmann::json::array())) {
        shard_ids_.push_back(shard.value("ShardId", ""));
        first_hash_keys_.push_back(shard.value("HashKeyRange", nlohmann::json::object()).value("StartingHashKey", ""));
      }
      // DescribeStream shows 100 shards at most, which is plenty for a measurement.
      if (shard_ids_.size() == std::min(shards, 100U)) return {};
      return std::unexpected(fmt::format("{} shards shown of {}", shard_ids_.size(), shards));
    }
    if (std::chrono::steady_clock::now() > limit) {
      return std::unexpected(fmt::format("stream {} is not ACTIVE after 30 s", name_));
    }
    std::this_thread::sleep_for(2ms);
  }
}

Result<std::string> TemporaryStream::iterator(std::uint32_t shard, std::string_view type) {
  const auto body = control_.call("GetShardIterator", Encoding::json,
                                  fmt::format(R"({{"ShardId":"{}","ShardIteratorType":"{}","StreamName":"{}"}})",
                                              shard_ids_.at(shard), type, name_));
  if (!body) return std::unexpected(body.error());
  const auto iterator = text_member(Encoding::json, *body, "ShardIterator");
  if (!iterator) return std::unexpected(fmt::format("no iterator in {}", *body));
  return std::string(*iterator);
}

Result<void> TemporaryStream::fill(std::uint32_t records, std::uint32_t bytes) {
  const std::uint32_t at_once = std::clamp(put_bytes_max / std::max(bytes, 1U), 1U, put_records_max);
  for (const std::string& hash_key : first_hash_keys_) {
    for (std::uint32_t done = 0; done < records;) {
      std::vector<Entry> entries(std::min(at_once, records - done));
      for (Entry& entry : entries)
        entry = {random_bytes(bytes), random_key(), hash_key};
      const auto body = control_.call("PutRecords", Encoding::json, put_records_body(Encoding::json, name_, entries));
      if (!body) return std::unexpected(body.error());
      if (number_member(Encoding::json, *body, "FailedRecordCount") != 0U) {
        return std::unexpected(fmt::format("the fill failed: {}", body->substr(0, 300)));
      }
      done += static_cast<std::uint32_t>(entries.size());
    }
  }
  return {};
}

Result<void> TemporaryStream::remove() {
  removed_ = true;
  // Of its own connection: servers close idle ones, and this one idles while the others are measured.
  auto control = Control::open(endpoint_);
  if (!control) return std::unexpected(control.error());
  const auto answer = control->call("DeleteStream", Encoding::json, fmt::format(R"({{"StreamName":"{}"}})", name_));
  if (!answer) return std::unexpected(answer.error());
  return {};
}

}  // namespace millrace::bench
