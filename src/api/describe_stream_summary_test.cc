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

class DescribeStreamSummary : public testing::Api {};

TEST_F(DescribeStreamSummary, ShowsWhatTheDescriptionLacks) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":2,"MaxRecordSizeInKiB":2048})");
  const wire::Value answer = ok("DescribeStreamSummary", R"({"StreamName":"s"})");
  const wire::Value& summary = *answer.find("StreamDescriptionSummary");
  EXPECT_EQ(summary.view("StreamARN"), "arn:aws:kinesis:us-east-1:000000000000:stream/s");
  EXPECT_EQ(summary.integer("OpenShardCount"), 2);
  EXPECT_EQ(summary.integer("ConsumerCount"), 0);
  EXPECT_EQ(summary.integer("MaxRecordSizeInKiB"), 2048);
  EXPECT_EQ(summary.timestamp("StreamCreationTimestamp")->ms, sim::SimClock::start_ms);
  EXPECT_EQ(summary.list("EnhancedMonitoring")->size(), 1U);
  EXPECT_EQ(summary.find("WarmThroughput"), nullptr);
  // Every SDK would send the next request to another host if it were given one.
  EXPECT_EQ(summary.find("StreamId"), nullptr);
}

}  // namespace
}  // namespace millrace::api
