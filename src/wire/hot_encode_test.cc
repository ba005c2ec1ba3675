#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/base64.h"
#include "model/sequence_number.h"
#include "wire/errors.h"
#include "wire/hot.h"
#include "wire/testing/hot_requests.h"

namespace millrace::wire::hot {
namespace {

using Json = nlohmann::json;
using testing::Generator;

constexpr Encoding encodings[] = {Encoding::json, Encoding::cbor};
constexpr std::int64_t created_s = 1'768'469'398;

// nlohmann's parser knows no tag 1, so it is taken from before the times, where it has to be.
Json parsed(Encoding encoding, std::string body) {
  if (encoding == Encoding::json) return Json::parse(body);
  constexpr std::string_view name =
      "\x78\x1b"
      "ApproximateArrivalTimestamp";
  for (std::size_t at = body.find(name); at != std::string::npos; at = body.find(name, at + 1)) {
    EXPECT_EQ(body.at(at + name.size()), '\xc1');
    body.erase(at + name.size(), 1);
  }
  return Json::from_cbor(body);
}

std::string shard_text(model::ShardNo shard) {
  return model::shard_id(shard);
}

TEST(HotEncode, PutRecordOfTheReference) {
  const model::SequenceNumber number{.created_s = created_s, .shard = 0, .position = 1, .time_s = created_s + 33};
  EXPECT_EQ(
      encode_put_record(Encoding::json, number, false),
      R"({"SequenceNumber":"49670868274687592932933929516637151686958241415914586114","ShardId":"shardId-000000000000"})");
  EXPECT_EQ(encode_put_record(Encoding::cbor, number, false),
            "\xbf\x6eSequenceNumber\x78\x38"
            "49670868274687592932933929516637151686958241415914586114\x67ShardId\x74shardId-000000000000\xff");
}

TEST(HotEncode, PutRecordsWithAndWithoutErrors) {
  const base::Error throttled(base::Errc::throughput_exceeded,
                              "Rate exceeded for shard shardId-000000000001 in stream \"x\\\x01 under account 1.");
  const base::Error failed(base::Errc::io, "an inner sentence");
  const model::SequenceNumber number{.created_s = created_s, .shard = 7, .position = 9, .time_s = created_s};
  const std::vector<PutOutcome> outcomes = {
      {.number = number, .error = nullptr}, {.number = {}, .error = &throttled}, {.number = {}, .error = &failed}};
  const std::string text = model::to_text(number);
  EXPECT_EQ(
      encode_put_records(Encoding::json, outcomes, false),
      R"({"FailedRecordCount":2,"Records":[{"SequenceNumber":")" + text +
          R"(","ShardId":"shardId-000000000007"},{"ErrorCode":"ProvisionedThroughputExceededException",)"
          R"("ErrorMessage":"Rate exceeded for shard shardId-000000000001 in stream \"x\\\u0001 under account 1."},)"
          R"({"ErrorCode":"InternalFailure","ErrorMessage":")" +
          std::string(entry_error(failed).message) + R"("}]})");
  EXPECT_EQ(parsed(Encoding::cbor, encode_put_records(Encoding::cbor, outcomes, false)),
            parsed(Encoding::json, encode_put_records(Encoding::json, outcomes, false)));
  EXPECT_EQ(encode_put_records(Encoding::json, {}, false), R"({"FailedRecordCount":0,"Records":[]})");
}

TEST(HotEncode, GetRecordsOfTheReference) {
  const std::vector<PageRecord> records = {
      {.partition_key = "user-1", .data = "hello", .position = 1, .arrival_ms = 1'768'469'400'123}};
  const PageTail tail{.next_shard_iterator = "AAAA", .millis_behind_latest = 0, .children = {}};
  const std::string number =
      model::to_text({.created_s = created_s, .shard = 0, .position = 1, .time_s = 1'768'469'400});
  EXPECT_EQ(encode_get_records(Encoding::json, created_s, 0, records, tail),
            R"({"Records":[{"SequenceNumber":")" + number +
                R"(","ApproximateArrivalTimestamp":1768469400.123,"Data":"aGVsbG8=","PartitionKey":"user-1"}],)"
                R"("NextShardIterator":"AAAA","MillisBehindLatest":0})");
  std::string cbor = "\xbf\x67Records\x9f\xbf\x6eSequenceNumber\x78\x38" + number;
  cbor +=
      "\x78\x1b"
      "ApproximateArrivalTimestamp";
  cbor += std::string("\xc1\x1b\x00\x00\x01\x9b\xc0\xfd\x8a\x3b", 10);
  cbor +=
      "\x64"
      "Data\x45hello\x6cPartitionKey\x66user-1\xff\xff";
  cbor +=
      "\x71NextShardIterator\x64"
      "AAAA\x72MillisBehindLatest";
  cbor += std::string("\x00\xff", 2);
  EXPECT_EQ(encode_get_records(Encoding::cbor, created_s, 0, records, tail), cbor);
}

TEST(HotEncode, EncryptedStreamsSaySo) {
  const model::SequenceNumber number{.created_s = created_s, .shard = 0, .position = 1, .time_s = created_s};
  const std::string entry = R"("SequenceNumber":")" + model::to_text(number) + R"(","ShardId":"shardId-000000000000")";
  EXPECT_EQ(encode_put_record(Encoding::json, number, true), "{" + entry + R"(,"EncryptionType":"KMS"})");
  EXPECT_EQ(parsed(Encoding::cbor, encode_put_record(Encoding::cbor, number, true)),
            parsed(Encoding::json, encode_put_record(Encoding::json, number, true)));
  EXPECT_EQ(encode_put_records(Encoding::json, {{.number = number, .error = nullptr}}, true),
            R"({"FailedRecordCount":0,"Records":[{)" + entry + R"(}],"EncryptionType":"KMS"})");
}

TEST(HotEncode, TheEndOfAShard) {
  const PageTail tail{.next_shard_iterator = {},
                      .millis_behind_latest = 0,
                      .children = {{.shard = 2,
                                    .parents = {0, 1},
                                    .starting_hash_key = "0",
                                    .ending_hash_key = "340282366920938463463374607431768211455"},
                                   {.shard = 3, .parents = {0}, .starting_hash_key = "5", .ending_hash_key = "6"}}};
  const std::string json = encode_get_records(Encoding::json, created_s, 0, {}, tail);
  EXPECT_EQ(json,
            R"({"Records":[],"MillisBehindLatest":0,"ChildShards":[)"
            R"({"ShardId":"shardId-000000000002","ParentShards":["shardId-000000000000","shardId-000000000001"],)"
            R"("HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"}},)"
            R"({"ShardId":"shardId-000000000003","ParentShards":["shardId-000000000000"],)"
            R"("HashKeyRange":{"StartingHashKey":"5","EndingHashKey":"6"}}]})");
  EXPECT_EQ(parsed(Encoding::cbor, encode_get_records(Encoding::cbor, created_s, 0, {}, tail)), Json::parse(json));
}

TEST(HotEncode, TimesHaveThreeDecimalsInJsonAndAreWholeInCbor) {
  const std::vector<std::pair<std::int64_t, std::string>> times = {
      {0, "0.000"},
      {5, "0.005"},
      {999, "0.999"},
      {1'000, "1.000"},
      {1'768'469'400'120, "1768469400.120"},
      {-1, "-0.001"},
      {-1'500, "-1.500"},
      {std::numeric_limits<std::int64_t>::max(), "9223372036854775.807"},
      {std::numeric_limits<std::int64_t>::min(), "-9223372036854775.808"}};
  for (const auto& [ms, text] : times) {
    const std::vector<PageRecord> records = {{.partition_key = "k", .data = "", .position = 1, .arrival_ms = ms}};
    const std::string json = encode_get_records(Encoding::json, created_s, 0, records, {});
    EXPECT_NE(json.find("\"ApproximateArrivalTimestamp\":" + text + ",\"Data\":\"\""), std::string::npos) << json;
    const Json cbor = parsed(Encoding::cbor, encode_get_records(Encoding::cbor, created_s, 0, records, {}));
    EXPECT_EQ(cbor["Records"][0]["ApproximateArrivalTimestamp"], ms);
  }
}

TEST(HotEncode, CborIntegersAreShortest) {
  const std::vector<std::pair<std::int64_t, std::string>> numbers = {
      {0, std::string(1, '\0')},
      {23, "\x17"},
      {24, "\x18\x18"},
      {255, "\x18\xff"},
      {256, std::string("\x19\x01\x00", 3)},
      {65'535, "\x19\xff\xff"},
      {65'536, std::string("\x1a\x00\x01\x00\x00", 5)},
      {4'294'967'295, "\x1a\xff\xff\xff\xff"},
      {4'294'967'296, std::string("\x1b\x00\x00\x00\x01\x00\x00\x00\x00", 9)}};
  for (const auto& [number, bytes] : numbers) {
    const std::string body = encode_get_records(
        Encoding::cbor, created_s, 0, {}, {.next_shard_iterator = {}, .millis_behind_latest = number, .children = {}});
    EXPECT_EQ(body, "\xbf\x67Records\x9f\xff\x72MillisBehindLatest" + bytes + "\xff") << number;
  }
}

TEST(HotEncode, EveryCharacterOfAKeyComesBack) {
  std::vector<std::string> keys;
  for (int c = 0; c < 128; ++c) {
    keys.push_back(std::string(1, static_cast<char>(c)));
    keys.push_back("0123456789abcdef" + std::string(3, static_cast<char>(c)) + "tail");
  }
  keys.push_back("日本\U0010ffff\u0080");
  std::vector<PageRecord> records;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    records.push_back({.partition_key = keys[i], .data = "", .position = i + 1, .arrival_ms = 1});
  }
  for (const Encoding encoding : encodings) {
    const std::string body = encode_get_records(encoding, created_s, 0, records, {});
    const Json page = parsed(encoding, body);
    for (std::size_t i = 0; i < keys.size(); ++i)
      EXPECT_EQ(page["Records"][i]["PartitionKey"], keys[i]);
    if (encoding == Encoding::json) EXPECT_NE(body.find("日本"), std::string::npos) << "as UTF-8, not escaped";
  }
}

// Runs of up to 40 shards, interleaved, with gaps: more shards than there are runs kept.
TEST(HotEncodeRandom, PutAnswersParseBack) {
  Generator generator(testing::seed_of_run());
  const base::Error error(base::Errc::internal_failure);
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t shards = 1 + generator.below(40);
    std::vector<model::SequenceNumber> next(shards);
    for (std::uint64_t s = 0; s < shards; ++s) {
      next[s] = {.created_s = created_s + static_cast<std::int64_t>(s),
                 .shard = static_cast<model::ShardNo>(s),
                 .position = generator.below(std::uint64_t{1} << (1 + generator.below(60))),
                 .time_s = created_s + 100};
    }
    std::vector<PutOutcome> outcomes(generator.below(300));
    for (PutOutcome& outcome : outcomes) {
      if (generator.one_in(10)) {
        outcome.error = &error;
        continue;
      }
      model::SequenceNumber& number = next[generator.below(shards)];
      number.position += generator.one_in(10) ? generator.below(1'000) : 1;
      if (generator.one_in(20)) ++number.time_s;
      outcome.number = number;
    }
    const bool is_encrypted = generator.one_in(2);
    for (const Encoding encoding : encodings) {
      const Json answer = parsed(encoding, encode_put_records(encoding, outcomes, is_encrypted));
      ASSERT_EQ(answer["Records"].size(), outcomes.size());
      int failed = 0;
      for (std::size_t k = 0; k < outcomes.size(); ++k) {
        const Json& entry = answer["Records"][k];
        if (outcomes[k].error == nullptr) {
          ASSERT_EQ(entry, (Json{{"SequenceNumber", model::to_text(outcomes[k].number)},
                                 {"ShardId", shard_text(outcomes[k].number.shard)}}));
        } else {
          ++failed;
          ASSERT_EQ(entry,
                    (Json{{"ErrorCode", entry_error(error).code}, {"ErrorMessage", entry_error(error).message}}));
        }
      }
      ASSERT_EQ(answer["FailedRecordCount"], failed);
      ASSERT_EQ(answer.value("EncryptionType", "none"), is_encrypted ? "KMS" : "none");
    }
  }
}

TEST(HotEncodeRandom, PagesParseBack) {
  Generator generator(testing::seed_of_run());
  for (int i = 0; i < 300; ++i) {
    struct Kept {
      std::string key, data;
    };
    std::vector<Kept> kept(generator.below(40));
    std::vector<PageRecord> records;
    model::Position position = generator.below(std::uint64_t{1} << 40);
    std::int64_t arrival_ms = 1'768'469'400'000 + static_cast<std::int64_t>(generator.below(1'000'000));
    const auto shard = static_cast<model::ShardNo>(generator.below(1'000));
    for (Kept& record : kept) {
      record.key = generator.unicode_text(generator.below(60));
      if (generator.one_in(3)) record.key += "\"\\\n\x01/";
      record.data = generator.bytes(generator.below(300));
      position += generator.one_in(5) ? 1 + generator.below(100) : 1;
      arrival_ms += static_cast<std::int64_t>(generator.one_in(3) ? generator.below(2'000) : 0);
      records.push_back({.partition_key = record.key,
                         .data = record.data,
                         .position = position,
                         .arrival_ms = arrival_ms,
                         .has_partition_key = !generator.one_in(6),
                         .is_encrypted = generator.one_in(3)});
    }
    const PageTail tail{.next_shard_iterator = "iterator", .millis_behind_latest = arrival_ms, .children = {}};
    for (const Encoding encoding : encodings) {
      const Json page = parsed(encoding, encode_get_records(encoding, created_s, shard, records, tail));
      ASSERT_EQ(page["NextShardIterator"], "iterator");
      ASSERT_EQ(page["MillisBehindLatest"], arrival_ms);
      ASSERT_EQ(page["Records"].size(), records.size());
      for (std::size_t k = 0; k < records.size(); ++k) {
        const PageRecord& record = records[k];
        Json entry = page["Records"][k];
        const Json time = entry["ApproximateArrivalTimestamp"];
        ASSERT_EQ(encoding == Encoding::json ? std::llround(time.get<double>() * 1'000) : time.get<std::int64_t>(),
                  record.arrival_ms);
        entry.erase("ApproximateArrivalTimestamp");
        Json expected{{"SequenceNumber", model::to_text({.created_s = created_s,
                                                         .shard = shard,
                                                         .position = record.position,
                                                         .time_s = record.arrival_ms / 1'000})}};
        if (encoding == Encoding::json) {
          expected["Data"] = base::base64_encode(record.data);
        } else {
          expected["Data"] = Json::binary({record.data.begin(), record.data.end()});
        }
        if (record.has_partition_key) expected["PartitionKey"] = record.partition_key;
        if (record.is_encrypted) expected["EncryptionType"] = "KMS";
        ASSERT_EQ(entry, expected);
      }
    }
  }
}

}  // namespace
}  // namespace millrace::wire::hot
