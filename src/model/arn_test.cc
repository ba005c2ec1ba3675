#include "model/arn.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace millrace::model {
namespace {

TEST(Arn, PartitionFollowsTheRegion) {
  const std::vector<std::pair<std::string, std::string_view>> regions = {{"us-east-1", "aws"},
                                                                         {"eu-central-1", "aws"},
                                                                         {"us-west-2", "aws"},
                                                                         {"cn-north-1", "aws-cn"},
                                                                         {"us-gov-west-1", "aws-us-gov"},
                                                                         {"us-iso-east-1", "aws-iso"},
                                                                         {"us-isob-east-1", "aws-iso-b"},
                                                                         {"eu-isoe-west-1", "aws-iso-e"},
                                                                         {"us-isof-south-1", "aws-iso-f"},
                                                                         {"eusc-de-east-1", "aws-eusc"},
                                                                         {"eu-south-1", "aws"},
                                                                         {"local", "aws"}};
  for (const auto& [region, partition] : regions) {
    EXPECT_EQ((Identity{.region = region}).partition(), partition) << region;
  }
}

TEST(Arn, NameOfAStreamComesBack) {
  const Identity here;
  EXPECT_EQ(stream_arn(here, "orders"), "arn:aws:kinesis:us-east-1:000000000000:stream/orders");
  const Identity china{.region = "cn-north-1", .account = "123456789012"};
  EXPECT_EQ(stream_arn(china, "a.b_c-9"), "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/a.b_c-9");
  for (const Identity& identity : {here, china}) {
    const std::string arn = stream_arn(identity, "a.b_c-9");
    EXPECT_EQ(stream_name_of(arn), "a.b_c-9");
  }
}

TEST(Arn, WhatIsNoStreamHasNoName) {
  for (const std::string_view text :
       {"", "orders", "arn:aws:kinesis:us-east-1:000000000000:stream/", "arn:aws:kinesis:us-east-1:000000000000:stream",
        "arn:aws:kinesis:us-east-1:00000000000:stream/x", "arn:aws:kinesis:us-east-1:00000000000a:stream/x",
        "arn:aws:sqs:us-east-1:000000000000:stream/x", "arn:other:kinesis:us-east-1:000000000000:stream/x",
        "urn:aws:kinesis:us-east-1:000000000000:stream/x", "arn:aws:kinesis:us-east-1:000000000000:channel/x",
        "arn:aws:kinesis:us-east-1:000000000000:stream/x/consumer/c:1", "arn:aws:kinesis:us-east-1"}) {
    EXPECT_FALSE(stream_name_of(text)) << text;
  }
}

}  // namespace
}  // namespace millrace::model
