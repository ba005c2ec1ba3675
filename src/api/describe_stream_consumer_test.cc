#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class DescribeStreamConsumer : public testing::Api {
 protected:
  DescribeStreamConsumer() {
    create("s");
    consumer_ = register_consumer("s", "c");
  }
  std::string consumer_;
};

TEST_F(DescribeStreamConsumer, ByArnByNameOrByBoth) {
  for (const std::string& request :
       {fmt::format(R"({{"ConsumerARN":"{}"}})", consumer_),
        fmt::format(R"({{"StreamARN":"{}","ConsumerName":"c"}})", arn("s")),
        fmt::format(R"({{"ConsumerARN":"{}","StreamARN":"{}","ConsumerName":"c"}})", consumer_, arn("s"))}) {
    const wire::Value answer = ok("DescribeStreamConsumer", request);
    const wire::Value& description = *answer.find("ConsumerDescription");
    EXPECT_EQ(description.view("ConsumerARN"), consumer_) << request;
    EXPECT_EQ(description.view("ConsumerName"), "c");
    EXPECT_EQ(description.view("ConsumerStatus"), "ACTIVE");
    EXPECT_EQ(description.view("StreamARN"), arn("s"));
    EXPECT_EQ(description.timestamp("ConsumerCreationTimestamp")->ms, sim::SimClock::start_ms / 1000 * 1000);
  }
}

TEST_F(DescribeStreamConsumer, NotEnoughOrTooMuchIsRefused) {
  const Error too_little(Errc::invalid_argument, "Either ConsumerARN, or StreamARN and ConsumerName must be provided.");
  EXPECT_EQ(refused("DescribeStreamConsumer", "{}"), too_little);
  EXPECT_EQ(refused("DescribeStreamConsumer", R"({"ConsumerName":"c"})"), too_little);
  EXPECT_EQ(refused("DescribeStreamConsumer", fmt::format(R"({{"StreamARN":"{}"}})", arn("s"))), too_little);
  const Error disagree(Errc::invalid_argument,
                       "ConsumerARN, StreamARN and ConsumerName do not name the same consumer.");
  EXPECT_EQ(refused("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}","ConsumerName":"d"}})", consumer_)),
            disagree);
  EXPECT_EQ(
      refused("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}","StreamARN":"{}"}})", consumer_, arn("t"))),
      disagree);
}

TEST_F(DescribeStreamConsumer, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(refused("DescribeStreamConsumer", fmt::format(R"({{"StreamARN":"{}","ConsumerName":"d"}})", arn("s"))),
            Error(Errc::resource_not_found, "Consumer d, account 000000000000 not found."));
  EXPECT_EQ(refused("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}0"}})", consumer_)),
            Error(Errc::resource_not_found, "Consumer c, account 000000000000 not found."));
  EXPECT_EQ(refused("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}/consumer/c:1"}})", arn("t"))),
            Error(Errc::resource_not_found, "Stream t under account 000000000000 not found."));
  // The pattern lets more pass than can be an ARN of ours.
  EXPECT_EQ(refused("DescribeStreamConsumer",
                    R"({"ConsumerARN":"arn:aws:kinesis:us-east-1:000000000000:x-stream/s/consumer/c:1"})")
                .code,
            Errc::resource_not_found);
}

TEST_F(DescribeStreamConsumer, ANameRegisteredAgainIsAnother) {
  ok("DeregisterStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", consumer_));
  const std::string again = register_consumer("s", "c");
  EXPECT_NE(again, consumer_);
  EXPECT_EQ(refused("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", consumer_)).code,
            Errc::resource_not_found);
  ok("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", again));
}

}  // namespace
}  // namespace millrace::api
