#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class Addresses : public testing::Api {
 protected:
  Addresses() { create("s"); }
  Error by_arn(std::string_view text) {
    return refused("DescribeStreamSummary", fmt::format(R"({{"StreamARN":"{}"}})", text));
  }
};

TEST_F(Addresses, ByNameByArnOrByBoth) {
  for (const std::string& request :
       {std::string(R"({"StreamName":"s"})"), fmt::format(R"({{"StreamARN":"{}"}})", arn("s")),
        fmt::format(R"({{"StreamName":"s","StreamARN":"{}"}})", arn("s")),
        // A StreamId beside another address says nothing.
        std::string(R"({"StreamName":"s","StreamId":"abcdefghij0123456789-a0z"})")}) {
    ok("DescribeStreamSummary", request);
  }
  EXPECT_EQ(refused("DescribeStreamSummary", "{}").code, Errc::invalid_argument);
  EXPECT_EQ(refused("DescribeStreamSummary", R"({"StreamId":"abcdefghij0123456789-a0z"})").code,
            Errc::invalid_argument);
  EXPECT_EQ(refused("DescribeStreamSummary", fmt::format(R"({{"StreamName":"t","StreamARN":"{}"}})", arn("s"))).code,
            Errc::invalid_argument);
}

TEST_F(Addresses, ArnsAreComparedWhole) {
  EXPECT_EQ(by_arn("arn:aws:kinesis:us-east-1:000000000001:stream/s"),
            Error(Errc::resource_not_found, "Stream s under account 000000000001 not found."));
  EXPECT_EQ(by_arn("arn:aws:kinesis:us-east-2:000000000000:stream/s"),
            Error(Errc::resource_not_found, "Stream s under account 000000000000 not found."));
  EXPECT_EQ(by_arn("arn:aws-cn:kinesis:us-east-1:000000000000:stream/s").code, Errc::resource_not_found);
  // The pattern accepts more than there can be.
  EXPECT_EQ(by_arn("arn:aws:kinesis:us-east-1:000000000000:stream/s/t"),
            Error(Errc::resource_not_found, "Stream s/t under account 000000000000 not found."));
  // Data operations take the same addresses.
  EXPECT_EQ(refused("PutRecord",
                    R"({"StreamARN":"arn:aws:kinesis:us-east-2:000000000000:stream/s","PartitionKey":"k","Data":""})"),
            Error(Errc::resource_not_found, "Stream s under account 000000000000 not found."));
  EXPECT_EQ(refused("ListShards", R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000001:stream/s"})"),
            Error(Errc::resource_not_found, "Stream s under account 000000000001 not found."));
  EXPECT_EQ(
      refused(
          "GetShardIterator",
          R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000001:stream/s","ShardId":"0","ShardIteratorType":"LATEST"})"),
      Error(Errc::resource_not_found,
            "Shard shardId-000000000000 in stream s under account 000000000001 does not exist"));
  EXPECT_EQ(
      refused("GetRecords",
              fmt::format(R"({{"StreamARN":"arn:aws:kinesis:us-east-1:000000000001:stream/s","ShardIterator":"{}"}})",
                          iterator("s", "LATEST")))
          .code,
      Errc::invalid_argument);
}

TEST_F(Addresses, LenientArnsMeanTheNameAlone) {
  const std::string consumer = register_consumer("s", "c");
  context_->lenient_arns = true;
  for (const char* text :
       {"arn:aws:kinesis:us-east-2:123456789012:stream/s", "arn:aws-cn:kinesis::000000000000:stream/s"}) {
    const wire::Value answer =
        ok("DescribeStreamSummary", fmt::format(R"({{"StreamName":"s","StreamARN":"{}"}})", text));
    EXPECT_EQ(answer.find("StreamDescriptionSummary")->view("StreamARN"), arn("s"));
  }
  const std::string foreign = "arn:aws:kinesis:x:123456789012:stream/s" + consumer.substr(arn("s").size());
  ok("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", foreign));
  ok("TagResource", fmt::format(R"({{"ResourceARN":"{}","Tags":{{"a":"b"}}}})", foreign));
  EXPECT_EQ(by_arn("arn:aws:kinesis:us-east-2:123456789012:stream/t"),
            Error(Errc::resource_not_found, "Stream t under account 000000000000 not found."));
}

TEST_F(Addresses, AccountsAndRegionsKeepTheirStreamsApart) {
  const std::string ours = arn("s");
  const std::string our_iterator = iterator("s", "TRIM_HORIZON");
  const std::string our_consumer = register_consumer("s", "c");
  put("s", "k", "ours");
  for (const model::Identity& other : {model::Identity{.region = "eu-central-1", .account = "000000000000"},
                                       model::Identity{.region = "us-east-1", .account = "123456789012"}}) {
    identity_ = other;
    EXPECT_EQ(refused("DescribeStreamSummary", R"({"StreamName":"s"})"),
              Error(Errc::resource_not_found, fmt::format("Stream s under account {} not found.", other.account)));
    EXPECT_TRUE(ok("ListStreams", "{}").list("StreamNames")->empty());
    EXPECT_EQ(ok("DescribeLimits", "{}").integer("OpenShardCount"), 0);
    create("s", 2);
    EXPECT_EQ(ok("DescribeLimits", "{}").integer("OpenShardCount"), 2);
    EXPECT_EQ(ok("ListStreams", "{}").list("StreamSummaries")->front().view("StreamARN"), arn("s"));
    // Neither an ARN nor an iterator leads across.
    EXPECT_EQ(by_arn(ours).code, Errc::resource_not_found);
    EXPECT_EQ(refused("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", our_iterator)).code,
              Errc::resource_not_found);
    EXPECT_EQ(refused("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", our_consumer)).code,
              Errc::resource_not_found);
    EXPECT_EQ(
        data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON")))).size(),
        0U);
    ok("DeleteStream", R"({"StreamName":"s"})");
  }
  identity_ = {};
  EXPECT_EQ(data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", our_iterator))),
            std::vector<std::string>{"ours"});
}

// A token of a listing means nothing to another account.
TEST_F(Addresses, NextTokensStayInTheirAccount) {
  create("t");
  register_consumer("s", "a");
  register_consumer("s", "b");
  const wire::Value consumers =
      ok("ListStreamConsumers", fmt::format(R"({{"StreamARN":"{}","MaxResults":1}})", arn("s")));
  identity_.account = "123456789012";
  create("s");
  EXPECT_EQ(refused("ListStreamConsumers",
                    fmt::format(R"({{"StreamARN":"{}","NextToken":"{}"}})", arn("s"), consumers.view("NextToken")))
                .code,
            Errc::invalid_argument);
}

}  // namespace
}  // namespace millrace::api
