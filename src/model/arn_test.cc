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
    const auto parsed = parse_stream_arn(arn);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->name, "a.b_c-9");
    EXPECT_EQ(parsed->account, identity.account);
    EXPECT_TRUE(parsed->is_of(identity));
  }
}

TEST(Arn, WhatIsNoStreamHasNoName) {
  for (const std::string_view text :
       {"", "orders", "arn:aws:kinesis:us-east-1:000000000000:stream/", "arn:aws:kinesis:us-east-1:000000000000:stream",
        "arn:aws:kinesis:us-east-1:00000000000:stream/x", "arn:aws:kinesis:us-east-1:00000000000a:stream/x",
        "arn:aws:sqs:us-east-1:000000000000:stream/x", "arn:other:kinesis:us-east-1:000000000000:stream/x",
        "urn:aws:kinesis:us-east-1:000000000000:stream/x", "arn:aws:kinesis:us-east-1:000000000000:channel/x",
        "arn:aws:kinesis:us-east-1:000000000000:stream/x/consumer/c:1", "arn:aws:kinesis:us-east-1"}) {
    EXPECT_FALSE(parse_stream_arn(text)) << text;
  }
}

TEST(Arn, IsOfOneAccountRegionAndPartition) {
  const Identity here;
  for (const std::string_view text :
       {"arn:aws:kinesis:us-east-1:000000000001:stream/x", "arn:aws:kinesis:us-east-2:000000000000:stream/x",
        "arn:aws-cn:kinesis:us-east-1:000000000000:stream/x", "arn:aws:kinesis::000000000000:stream/x"}) {
    const auto parsed = parse_stream_arn(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_FALSE(parsed->is_of(here)) << text;
  }
}

TEST(Arn, PartsOfAConsumersComeBack) {
  const Identity here;
  const std::string arn = consumer_arn(here, "orders", "a.b_c-9", 1'768'469'398);
  EXPECT_EQ(arn, "arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/a.b_c-9:1768469398");
  const auto parsed = parse_consumer_arn(arn);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->stream.is_of(here));
  EXPECT_EQ(parsed->stream.name, "orders");
  EXPECT_EQ(parsed->stream_arn, stream_arn(here, "orders"));
  EXPECT_EQ(parsed->name, "a.b_c-9");
  EXPECT_EQ(parsed->created_s, 1'768'469'398);
  // A stream may be called like the word that stands before a consumer.
  EXPECT_EQ(parse_consumer_arn(consumer_arn(here, "consumer", "consumer", 0))->stream.name, "consumer");
}

TEST(Arn, WhatIsNoConsumerHasNoParts) {
  const std::string stream = "arn:aws:kinesis:us-east-1:000000000000:stream/x";
  for (const std::string& tail : std::vector<std::string>{
           "", "/consumer/", "/consumer/c", "/consumer/c:", "/consumer/:1", "/consumer/c:01", "/consumer/c:-1",
           "/consumer/c:1x", "/consumer/c:9223372036854775808", "/queue/c:1", "/y/consumer/c:1"}) {
    EXPECT_FALSE(parse_consumer_arn(stream + tail)) << tail;
  }
}

}  // namespace
}  // namespace millrace::model
