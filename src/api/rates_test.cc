#include "api/rates.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "api/testing/api_fixture.h"
#include "base/base64.h"
#include "limits/table.h"

namespace millrace::api {
namespace {

using base::Errc;
using std::chrono::milliseconds;

coordinator::AccountLimits limits_by(limits::Profile profile) {
  coordinator::AccountLimits limits;
  limits.take_from(profile);
  return limits;
}

class Rates : public testing::Api {
 protected:
  explicit Rates(limits::Profile profile) : Api(limits_by(profile)) {
    context_->limits = profile;
    context_->calls = &calls_;
  }

  static std::string put_of(std::string_view stream, std::size_t bytes) {
    return fmt::format(R"({{"StreamName":"{}","PartitionKey":"k","Data":"{}"}})", stream,
                       base::base64_encode(std::string(bytes, 'x')));
  }
  // PutRecords of small records, into the lowest shard but for the last record, which goes to the highest.
  static std::string puts_of(std::string_view stream, int count) {
    std::string records;
    for (int i = 0; i < count; ++i) {
      records += fmt::format(R"({}{{"PartitionKey":"k","ExplicitHashKey":"{}","Data":"eA=="}})", i == 0 ? "" : ",",
                             i + 1 < count ? "0" : "340282366920938463463374607431768211455");
    }
    return fmt::format(R"({{"StreamName":"{}","Records":[{}]}})", stream, records);
  }
  static std::string named(std::string_view stream) { return fmt::format(R"({{"StreamName":"{}"}})", stream); }

  // How many of these calls go through at this moment.
  int calls_through(std::string_view operation, std::string_view json, int tries) {
    int through = 0;
    for (int i = 0; i < tries; ++i)
      through += call(operation, json) ? 1 : 0;
    return through;
  }
  void wait(milliseconds time) { clock_.advance(time); }

  limits::AccountCalls calls_;
};

class StrictRates : public Rates {
 protected:
  StrictRates() : Rates(limits::Profile::strict) { create("s", 2); }
};
class RelaxedRates : public Rates {
 protected:
  RelaxedRates() : Rates(limits::Profile::relaxed) { create("s", 2); }
};

const base::Error shard_is_over(Errc::throughput_exceeded,
                                "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.");
const base::Error stream_is_over(Errc::limit_exceeded, "Rate exceeded for stream s under account 000000000000.");
const base::Error account_is_over(Errc::limit_exceeded, "Rate exceeded.");

TEST_F(StrictRates, APutTakesNoMoreThanTheShardsBytes) {
  create("one");
  const std::string mib = put_of("one", (1 << 20) - 1);
  EXPECT_EQ(calls_through("PutRecord", mib, 12), 10);
  EXPECT_EQ(refused("PutRecord", mib),
            base::Error(Errc::throughput_exceeded,
                        "Rate exceeded for shard shardId-000000000000 in stream one under account 000000000000."));
  wait(milliseconds(1'999));
  EXPECT_EQ(calls_through("PutRecord", mib, 3), 1);
  EXPECT_EQ(
      data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("one", "TRIM_HORIZON")))).size(),
      10U)
      << "a page of 10 MiB; nothing of what was refused is there";
}

TEST_F(StrictRates, PutRecordsRefusesEachRecordThatIsTooMany) {
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(ok("PutRecords", puts_of("s", 500)).integer("FailedRecordCount"), 0) << i;
  // Of the lower shard's thousand a second, 998 are gone.
  const wire::Value answer = ok("PutRecords", puts_of("s", 10));
  EXPECT_EQ(answer.integer("FailedRecordCount"), 7);
  const wire::List& records = *answer.list("Records");
  ASSERT_EQ(records.size(), 10U);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bool fits = i < 2 || i == 9;
    EXPECT_EQ(records[i].text("SequenceNumber") != nullptr, fits) << i;
    EXPECT_EQ(records[i].view("ErrorCode"), fits ? "" : "ProvisionedThroughputExceededException") << i;
    EXPECT_EQ(records[i].view("ErrorMessage"), fits ? "" : shard_is_over.message) << i;
  }
  wait(milliseconds(5));
  EXPECT_EQ(ok("PutRecords", puts_of("s", 10)).integer("FailedRecordCount"), 4);
  EXPECT_EQ(ok("PutRecords", puts_of("s", 1)).integer("FailedRecordCount"), 0) << "the higher shard has plenty";
}

TEST_F(StrictRates, RecordsStayInOrderAroundThoseThatAreTooMany) {
  create("one");
  for (int i = 0; i < 2; ++i)
    ok("PutRecords", puts_of("one", i == 0 ? 500 : 497));
  const wire::Value answer =
      ok("PutRecords",
         R"({"StreamName":"one","Records":[{"PartitionKey":"a","Data":"YQ=="},{"PartitionKey":"b","Data":"Yg=="},
          {"PartitionKey":"c","Data":"Yw=="},{"PartitionKey":"d","Data":"ZA=="}]})");
  EXPECT_EQ(answer.integer("FailedRecordCount"), 1);
  const std::string after = fmt::format(R"({{"StreamName":"one","ShardId":"0","ShardIteratorType":"AT_SEQUENCE_NUMBER",
                       "StartingSequenceNumber":"{}"}})",
                                        (*answer.list("Records"))[0].view("SequenceNumber"));
  const std::string at(ok("GetShardIterator", after).view("ShardIterator"));
  EXPECT_EQ(data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", at))),
            (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(StrictRates, WhatIsNoPutTakesNothing) {
  create("one");
  for (int i = 0; i < 1'100; ++i)
    EXPECT_EQ(refused("PutRecord", R"({"StreamName":"one","PartitionKey":"k","Data":"@@@@"})").code,
              Errc::serialization);
  EXPECT_EQ(calls_through("PutRecord", put_of("one", 1), 1'100), 1'000);
}

TEST_F(StrictRates, FiveReadsASecond) {
  put("s", "k", "x");
  const std::string read = fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON"));
  EXPECT_EQ(calls_through("GetRecords", read, 10), 5);
  EXPECT_EQ(refused("GetRecords", read), shard_is_over);
  wait(milliseconds(400));
  EXPECT_EQ(calls_through("GetRecords", read, 10), 2);
}

TEST_F(StrictRates, TenMiBReadPauseAShardForFiveSeconds) {
  create("one");
  for (int i = 0; i < 10; ++i)
    ok("PutRecord", put_of("one", (1 << 20) - 1));
  const std::string read = fmt::format(R"({{"ShardIterator":"{}"}})", iterator("one", "TRIM_HORIZON"));
  EXPECT_EQ(data_of(ok("GetRecords", read)).size(), 10U);
  wait(milliseconds(5'000));
  EXPECT_EQ(refused("GetRecords", read).code, Errc::throughput_exceeded);
  wait(milliseconds(1));
  ok("GetRecords", read);
}

TEST_F(StrictRates, FiveIteratorsASecond) {
  const std::string ask = R"({"StreamName":"s","ShardId":"0","ShardIteratorType":"LATEST"})";
  EXPECT_EQ(calls_through("GetShardIterator", ask, 10), 5);
  EXPECT_EQ(refused("GetShardIterator", ask), shard_is_over);
  EXPECT_EQ(calls_through("GetShardIterator", R"({"StreamName":"s","ShardId":"1","ShardIteratorType":"LATEST"})", 10),
            5);
  wait(milliseconds(200));
  EXPECT_EQ(calls_through("GetShardIterator", ask, 10), 1);
}

TEST_F(StrictRates, OneDryRunASecondOverAllOperations) {
  const std::string dry_put = R"({"StreamName":"s","PartitionKey":"k","Data":"eA==","DryRun":true})";
  EXPECT_EQ(refused("PutRecord", dry_put).code, Errc::dry_run);
  EXPECT_EQ(refused("PutRecord", dry_put),
            base::Error(Errc::throttling, "Rate exceeded for dry runs on stream s under account 000000000000."));
  EXPECT_EQ(
      refused("PutRecords", R"({"StreamName":"s","DryRun":true,"Records":[{"PartitionKey":"k","Data":"eA=="}]})").code,
      Errc::throttling);
  const std::string ask = R"({"StreamName":"s","ShardId":"0","ShardIteratorType":"LATEST","DryRun":true})";
  EXPECT_EQ(refused("GetShardIterator", ask).code, Errc::throttling);
  wait(milliseconds(1'000));
  EXPECT_EQ(refused("GetShardIterator", ask).code, Errc::dry_run);
}

TEST_F(StrictRates, OneSubscriptionASecondOfAConsumerAndAShard) {
  const std::string consumer = register_consumer("s", "c");
  const auto ask = [&](std::string_view shard) {
    return refused("SubscribeToShard",
                   fmt::format(R"({{"ConsumerARN":"{}","ShardId":"{}","StartingPosition":{{"Type":"LATEST"}}}})",
                               consumer, shard));
  };
  EXPECT_EQ(ask("shardId-000000000000").code, Errc::unknown_operation);
  EXPECT_EQ(ask("shardId-000000000000"), stream_is_over);
  EXPECT_EQ(ask("shardId-000000000001").code, Errc::unknown_operation);
  wait(milliseconds(1'000));
  EXPECT_EQ(ask("shardId-000000000000").code, Errc::unknown_operation);
}

TEST_F(StrictRates, CallsOfAStreamAreCountedByStream) {
  create("t");
  const auto keep = [](std::string_view stream) {
    return fmt::format(R"({{"StreamName":"{}","RetentionPeriodHours":48}})", stream);
  };
  EXPECT_EQ(calls_through("IncreaseStreamRetentionPeriod", keep("s"), 10), 5);
  EXPECT_EQ(refused("IncreaseStreamRetentionPeriod", keep("s")), stream_is_over);
  EXPECT_EQ(calls_through("IncreaseStreamRetentionPeriod", keep("t"), 10), 5);
  wait(milliseconds(200));
  EXPECT_EQ(calls_through("IncreaseStreamRetentionPeriod", keep("s"), 10), 1);
}

TEST_F(StrictRates, CallsOfTheAccountAreCountedTogether) {
  create("t");
  EXPECT_EQ(calls_through("DescribeStream", named("s"), 6), 6);
  EXPECT_EQ(calls_through("DescribeStream", R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/t"})", 6),
            4);
  EXPECT_EQ(refused("DescribeStream", named("s")), account_is_over);
  EXPECT_EQ(refused("DescribeStream", named("none")), account_is_over);
  EXPECT_EQ(calls_through("DescribeStreamSummary", named("s"), 30), 20) << "every operation by itself";
  EXPECT_EQ(calls_through("DescribeLimits", "{}", 3), 1);
  EXPECT_EQ(refused("DescribeLimits", "{}"), account_is_over);
}

TEST_F(StrictRates, CallsAboutStreamsThatThereAreNoneOfAreCounted) {
  const std::string keep = R"({"StreamName":"none","RetentionPeriodHours":48})";
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(refused("IncreaseStreamRetentionPeriod", keep).code, Errc::resource_not_found);
  EXPECT_EQ(refused("IncreaseStreamRetentionPeriod", keep),
            base::Error(Errc::limit_exceeded, "Rate exceeded for stream none under account 000000000000."));
}

TEST_F(StrictRates, AChangeOfTheStreamFillsNoBucket) {
  put("s", "k", "x");
  const std::string read = fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON"));
  EXPECT_EQ(calls_through("GetRecords", read, 5), 5);
  ok("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":48})");
  ok("AddTagsToStream", R"({"StreamName":"s","Tags":{"a":"b"}})");
  EXPECT_EQ(refused("GetRecords", read), shard_is_over);
  EXPECT_EQ(calls_through("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":48})", 10), 4);
}

TEST_F(StrictRates, ATagLiftsThemForOneStream) {
  ok("AddTagsToStream", R"({"StreamName":"s","Tags":{"millrace:limits":"relaxed"}})");
  EXPECT_EQ(calls_through("PutRecord", put_of("s", 1), 1'100), 1'100);
  EXPECT_EQ(calls_through("DescribeStream", named("s"), 30), 30);
  ok("RemoveTagsFromStream", R"({"StreamName":"s","TagKeys":["millrace:limits"]})");
  EXPECT_EQ(calls_through("DescribeStream", named("s"), 30), 10);
}

TEST_F(StrictRates, FiveStreamsAreCreatedAtATime) {
  for (int i = 0; i < 5; ++i) {
    apply(catalog::CreateStream{.stream = {{identity_.account, identity_.region}, fmt::format("c{}", i)},
                                .warm_throughput_mibps = {},
                                .tags = {},
                                .shards_max = 100,
                                .on_demand_streams_max = 100});
  }
  EXPECT_EQ(refused("CreateStream", R"({"StreamName":"d","ShardCount":1})"),
            base::Error(Errc::limit_exceeded, "At most 5 streams may be in state CREATING at a time."));
  ok("CreateStream", R"({"StreamName":"d","ShardCount":1,"Tags":{"millrace:limits":"relaxed"}})");
}

TEST_F(StrictRates, TwoSwitchesOfTheModeADay) {
  const auto mode = [](std::string_view to) {
    return fmt::format(R"({{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s",
                            "StreamModeDetails":{{"StreamMode":"{}"}}}})",
                       to);
  };
  ok("UpdateStreamMode", mode("ON_DEMAND"));
  ok("UpdateStreamMode", mode("PROVISIONED"));
  wait(std::chrono::hours(24) - milliseconds(1));
  EXPECT_EQ(refused("UpdateStreamMode", mode("ON_DEMAND")).code, Errc::limit_exceeded);
  wait(milliseconds(1));
  ok("UpdateStreamMode", mode("ON_DEMAND"));
}

TEST_F(StrictRates, TwentyFiveStartsOfTheEncryptionADay) {
  for (int i = 0; i < 25; ++i) {
    ok("StartStreamEncryption", fmt::format(R"({{"StreamName":"s","EncryptionType":"KMS","KeyId":"alias/{}"}})", i));
    wait(milliseconds(200));
  }
  const base::Error error =
      refused("StartStreamEncryption", R"({"StreamName":"s","EncryptionType":"KMS","KeyId":"alias/more"})");
  EXPECT_EQ(error, base::Error(Errc::limit_exceeded,
                               "Encryption of stream s under account 000000000000 can be started and stopped 25 times "
                               "each in 24 hours."));
}

TEST_F(RelaxedRates, NothingIsCounted) {
  EXPECT_EQ(calls_through("PutRecord", put_of("s", 1), 1'100), 1'100);
  EXPECT_EQ(calls_through("DescribeLimits", "{}", 20), 20);
  const std::string read = fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON"));
  EXPECT_EQ(calls_through("GetRecords", read, 20), 20);
  EXPECT_EQ(calls_through("DescribeStream", named("s"), 20), 20);
}

TEST_F(RelaxedRates, ATagBringsThemToOneStream) {
  ok("CreateStream", R"({"StreamName":"t","ShardCount":1,"Tags":{"millrace:limits":"strict"}})");
  EXPECT_EQ(calls_through("PutRecord", put_of("t", 1), 1'100), 1'000);
  EXPECT_EQ(calls_through("DescribeStream", named("t"), 20), 10);
  EXPECT_EQ(calls_through("DescribeStream", named("s"), 20), 20);
  EXPECT_EQ(calls_through("PutRecord", put_of("s", 1), 1'100), 1'100);
}

TEST_F(RelaxedRates, ATagThatNamesNoProfileIsRefused) {
  const base::Error wrong(Errc::invalid_argument, "The tag millrace:limits is either strict or relaxed, not harsh.");
  EXPECT_EQ(refused("AddTagsToStream", R"({"StreamName":"s","Tags":{"millrace:limits":"harsh"}})"), wrong);
  EXPECT_EQ(refused("CreateStream", R"({"StreamName":"n","ShardCount":1,"Tags":{"millrace:limits":"harsh"}})"), wrong);
}

// A row that names no operation would never count anything.
TEST(RateTable, TheOperationsOfTheRowsAreThere) {
  for (const limits::Row& row : limits::table()) {
    if (!row.operation.empty()) EXPECT_NE(find_operation(row.operation), nullptr) << row.operation;
  }
}

}  // namespace
}  // namespace millrace::api
