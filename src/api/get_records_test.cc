#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "api/testing/api_fixture.h"
#include "base/base64.h"
#include "model/sequence_number.h"

namespace millrace::api {
namespace {

using base::Errc;

class GetRecords : public testing::Api {
 protected:
  GetRecords() { create("s", 2); }

  wire::Value read(std::string_view iterator, std::string_view more = "") {
    return ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"{}}})", iterator, more));
  }
  using Texts = std::vector<std::string>;
};

TEST_F(GetRecords, ReadsOnFromPageToPageWithoutRepeatOrGap) {
  for (int i = 0; i < 25; ++i)
    put("s", "a", std::to_string(i));
  Texts all;
  std::string next = iterator("s", "TRIM_HORIZON");
  for (int page = 0; page < 4; ++page) {
    const wire::Value answer = read(next, R"(,"Limit":10)");
    const Texts texts = data_of(answer);
    EXPECT_EQ(texts.size(), page < 2 ? 10U : page == 2 ? 5U : 0U);
    all.insert(all.end(), texts.begin(), texts.end());
    EXPECT_NE(answer.view("NextShardIterator"), next);
    next = answer.view("NextShardIterator");
  }
  ASSERT_EQ(all.size(), 25U);
  for (int i = 0; i < 25; ++i)
    EXPECT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(GetRecords, GivesEachRecordAsItWasPut) {
  const std::string number = put("s", "a", std::string("\0\xff", 2));
  const wire::Value page = read(iterator("s", "TRIM_HORIZON"));
  const wire::Value& record = page.list("Records")->front();
  EXPECT_EQ(record.view("SequenceNumber"), number);
  EXPECT_EQ(record.view("PartitionKey"), "a");
  EXPECT_EQ(record.blob("Data")->bytes, std::string("\0\xff", 2));
  EXPECT_EQ(record.timestamp("ApproximateArrivalTimestamp")->ms, sim::SimClock::start_ms);
  EXPECT_EQ(record.find("EncryptionType"), nullptr);
}

TEST_F(GetRecords, MillisBehindLatestIsTheAgeOfWhatComesNext) {
  put("s", "a", "1");
  clock_.advance(std::chrono::milliseconds(700));
  put("s", "a", "2");
  clock_.advance(std::chrono::milliseconds(300));
  const wire::Value page = read(iterator("s", "TRIM_HORIZON"), R"(,"Limit":1)");
  EXPECT_EQ(page.integer("MillisBehindLatest"), 300);
  EXPECT_EQ(read(page.view("NextShardIterator")).integer("MillisBehindLatest"), 0);
}

TEST_F(GetRecords, MillisBehindLatestIsNeverZeroWhileSomethingIsLeft) {
  put("s", "a", "1");
  put("s", "a", "2");
  EXPECT_EQ(read(iterator("s", "TRIM_HORIZON"), R"(,"Limit":1)").integer("MillisBehindLatest"), 1);
}

TEST_F(GetRecords, AnIteratorLivesFiveMinutesUsedOrNot) {
  const std::string old = iterator("s", "TRIM_HORIZON");
  clock_.advance(std::chrono::milliseconds(300'000));
  read(old);
  clock_.advance(std::chrono::milliseconds(1));
  const base::Error error = refused("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", old));
  EXPECT_EQ(error.code, Errc::expired_iterator);
  EXPECT_EQ(
      error.message,
      "Iterator expired. The iterator was created at time Thu Jan 15 09:30:00 UTC 2026 while right now it is Thu Jan "
      "15 09:35:00 UTC 2026 which is further in the future than the tolerated delay of 300000 milliseconds.");
}

TEST_F(GetRecords, AForgedIteratorIsToldFromOneOfAnotherInstallation) {
  std::string forged = iterator("s", "TRIM_HORIZON");
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {forged, std::string("x"), std::string("AAAAAAAAAAEAAAA=")}) {
    EXPECT_EQ(refused("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", bad)),
              base::Error(Errc::invalid_argument, "Invalid ShardIterator."));
  }
  model::TokenSealer::Key key{};
  std::array<std::byte, model::TokenSealer::salt_bytes> salt{};
  const model::TokenSealer other(key, salt);
  const std::string foreign = model::seal(
      other, model::ShardIterator{.stream_uid = 1, .stream_name = "s", .issued_ms = sim::SimClock::start_ms});
  EXPECT_EQ(refused("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", foreign)).code, Errc::expired_iterator);
}

TEST_F(GetRecords, RetentionHidesWhatIsTooOld) {
  put("s", "a", "old");
  clock_.advance(std::chrono::hours(12));
  put("s", "a", "young");
  clock_.advance(std::chrono::hours(12));
  EXPECT_EQ(data_of(read(iterator("s", "TRIM_HORIZON"))), (Texts{"old", "young"}));
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(data_of(read(iterator("s", "TRIM_HORIZON"))), Texts{"young"});
  // Raising it does not bring back what is gone once it was trimmed, and keeps what is left for longer.
  ok("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":48})");
  put("s", "a", "new");
  clock_.advance(std::chrono::hours(30));
  EXPECT_EQ(data_of(read(iterator("s", "TRIM_HORIZON"))), (Texts{"young", "new"}));
  ok("DecreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":36})");
  EXPECT_EQ(data_of(read(iterator("s", "TRIM_HORIZON"))), Texts{"new"});
}

TEST_F(GetRecords, APositionThatExpiredGoesOnAtTheHorizon) {
  const std::string old = put("s", "a", "old");
  clock_.advance(std::chrono::hours(25));
  put("s", "a", "young");
  const wire::Value answer = ok(
      "GetShardIterator",
      fmt::format(
          R"({{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"{}"}})",
          old));
  EXPECT_EQ(data_of(read(answer.view("ShardIterator"))), Texts{"young"});
}

TEST_F(GetRecords, APageHasTenMebibytesAtMost) {
  const std::string data = base::base64_encode(std::string(900 * 1024, 'x'));
  for (int i = 0; i < 15; ++i)
    ok("PutRecord", fmt::format(R"({{"StreamName":"s","PartitionKey":"a","Data":"{}"}})", data));
  const wire::Value page = read(iterator("s", "TRIM_HORIZON"));
  EXPECT_EQ(page.list("Records")->size(), 11U);
  EXPECT_EQ(read(page.view("NextShardIterator")).list("Records")->size(), 4U);
}

TEST_F(GetRecords, AnArnMustNameTheIteratorsStream) {
  const std::string it = iterator("s", "TRIM_HORIZON");
  read(it, R"(,"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s")");
  EXPECT_EQ(
      refused(
          "GetRecords",
          fmt::format(R"({{"ShardIterator":"{}","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/t"}})", it))
          .code,
      Errc::invalid_argument);
}

TEST_F(GetRecords, DryRunReadsNothing) {
  EXPECT_EQ(
      refused("GetRecords", fmt::format(R"({{"ShardIterator":"{}","DryRun":true}})", iterator("s", "TRIM_HORIZON")))
          .code,
      Errc::dry_run);
}

TEST_F(GetRecords, IsThrottledWhileTheAnswersFillTheirShare) {
  const std::string it = iterator("s", "TRIM_HORIZON");
  base::MemoryHold hold(budget_, base::MemoryShare::answers);
  ASSERT_TRUE(hold.try_grow(budget_.max(base::MemoryShare::answers)));
  EXPECT_EQ(refused("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", it)),
            base::Error(Errc::throughput_exceeded,
                        "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."));
  hold.release();
  read(it);
}

TEST_F(GetRecords, IsThrottledWhereTheAnswerTurnsOutLargerThanWhatIsFree) {
  std::string records;
  for (int i = 0; i < 500; ++i)
    records += R"({"PartitionKey":"k","ExplicitHashKey":"0","Data":"eA=="},)";
  records.pop_back();
  for (int i = 0; i < 10; ++i)
    ok("PutRecords", fmt::format(R"({{"StreamName":"s","Records":[{}]}})", records));
  const std::string it = iterator("s", "TRIM_HORIZON");
  base::MemoryHold hold(budget_, base::MemoryShare::answers);
  // Enough for a page of the smallest size, but not for what is written about each of these records.
  ASSERT_TRUE(hold.try_grow(budget_.max(base::MemoryShare::answers) - 600 * 1024));
  EXPECT_EQ(refused("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", it)).code, Errc::throughput_exceeded);
  ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}","Limit":1000}})", it));
}

}  // namespace
}  // namespace millrace::api
