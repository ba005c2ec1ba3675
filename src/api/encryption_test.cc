#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class Encryption : public testing::Api {
 protected:
  Encryption() { create("s"); }
  static std::string request(std::string_view key, std::string_view type = "KMS") {
    return fmt::format(R"({{"StreamName":"s","EncryptionType":"{}","KeyId":"{}"}})", type, key);
  }
  wire::Value summary() {
    return *ok("DescribeStreamSummary", R"({"StreamName":"s"})").find("StreamDescriptionSummary");
  }
};

TEST_F(Encryption, DescriptionsShowTypeAndKeyAsGiven) {
  EXPECT_EQ(summary().view("EncryptionType"), "NONE");
  EXPECT_EQ(summary().find("KeyId"), nullptr);
  for (const char* key : {"alias/aws/kinesis", "arn:aws:kms:us-east-1:000000000000:key/x"}) {
    ok("StartStreamEncryption", request(key));
    EXPECT_EQ(summary().view("EncryptionType"), "KMS");
    EXPECT_EQ(summary().view("KeyId"), key);
    EXPECT_EQ(summary().view("StreamStatus"), "ACTIVE");
  }
  const wire::Value answer = ok("DescribeStream", R"({"StreamName":"s"})");
  EXPECT_EQ(answer.find("StreamDescription")->view("EncryptionType"), "KMS");
  // Which key a stop names does not matter.
  ok("StopStreamEncryption", request("another"));
  EXPECT_EQ(summary().view("EncryptionType"), "NONE");
  EXPECT_EQ(summary().find("KeyId"), nullptr);
}

// What was written before the change stays as it was, and is shown so.
TEST_F(Encryption, PutsAndRecordsSayWhetherTheyAre) {
  const std::string_view record = R"({"StreamName":"s","PartitionKey":"k","Data":"eA=="})";
  const std::string_view records = R"({"StreamName":"s","Records":[{"PartitionKey":"k","Data":"eA=="}]})";
  EXPECT_EQ(ok("PutRecord", record).find("EncryptionType"), nullptr);
  EXPECT_EQ(ok("PutRecords", records).find("EncryptionType"), nullptr);
  ok("StartStreamEncryption", request("k"));
  EXPECT_EQ(ok("PutRecord", record).view("EncryptionType"), "KMS");
  EXPECT_EQ(ok("PutRecords", records).view("EncryptionType"), "KMS");
  ok("StopStreamEncryption", request("k"));
  EXPECT_EQ(ok("PutRecord", record).find("EncryptionType"), nullptr);

  const wire::Value page = ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON")));
  std::string types;
  for (const wire::Value& got : *page.list("Records"))
    types += got.view("EncryptionType") == "KMS" ? 'K' : '-';
  EXPECT_EQ(types, "--KK-");
}

TEST_F(Encryption, OnlyKmsOnlyWhenActiveOnlyWhatIsThere) {
  for (const char* operation : {"StartStreamEncryption", "StopStreamEncryption"}) {
    EXPECT_EQ(refused(operation, request("k", "NONE")),
              Error(Errc::invalid_argument, "The EncryptionType must be KMS."));
    EXPECT_EQ(refused(operation, R"({"StreamName":"t","EncryptionType":"KMS","KeyId":"k"})").code,
              Errc::resource_not_found);
    EXPECT_EQ(refused(operation, R"({"EncryptionType":"KMS","KeyId":"k"})").code, Errc::invalid_argument);
  }
  const catalog::Stream& s = stream("s");
  apply(catalog::SetRecordSize{.stream = s.key(), .uid = s.uid, .record_kib_max = 2048, .hold = true});
  for (const char* operation : {"StartStreamEncryption", "StopStreamEncryption"}) {
    EXPECT_EQ(
        refused(operation, request("k")),
        Error(Errc::resource_in_use, "Stream s under account 000000000000 not ACTIVE, instead in state UPDATING"));
  }
  EXPECT_EQ(stream("s").key_id, "");
}

class LimitedEncryption : public testing::Api {
 protected:
  LimitedEncryption() : Api({.encryption_changes_per_day_max = 2}) { create("s"); }
};

TEST_F(LimitedEncryption, StartsAndStopsAreCountedForADay) {
  const std::string_view request = R"({"StreamName":"s","EncryptionType":"KMS","KeyId":"k"})";
  for (int i = 0; i < 2; ++i) {
    ok("StartStreamEncryption", request);
    ok("StopStreamEncryption", request);
  }
  EXPECT_EQ(
      refused("StartStreamEncryption", request),
      Error(Errc::limit_exceeded,
            "Encryption of stream s under account 000000000000 can be started and stopped 2 times each in 24 hours."));
  EXPECT_EQ(refused("StopStreamEncryption", request).code, Errc::limit_exceeded);
  clock_.advance(std::chrono::hours(24));
  ok("StartStreamEncryption", request);
}

}  // namespace
}  // namespace millrace::api
