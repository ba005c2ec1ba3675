#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class RegisterStreamConsumer : public testing::Api {
 protected:
  RegisterStreamConsumer() { create("s"); }
  std::string request(std::string_view name, std::string_view more = "") const {
    return fmt::format(R"({{"StreamARN":"{}","ConsumerName":"{}"{}}})", arn("s"), name, more);
  }
};

TEST_F(RegisterStreamConsumer, AnswersTheConsumerAsItBegins) {
  const wire::Value answer = ok("RegisterStreamConsumer", request("c", R"(,"Tags":{"a":"b"})"));
  const wire::Value& consumer = *answer.find("Consumer");
  const std::int64_t second = sim::SimClock::start_ms / 1000;
  EXPECT_EQ(consumer.view("ConsumerName"), "c");
  EXPECT_EQ(consumer.view("ConsumerARN"), fmt::format("{}/consumer/c:{}", arn("s"), second));
  EXPECT_EQ(consumer.view("ConsumerStatus"), "CREATING");
  EXPECT_EQ(consumer.timestamp("ConsumerCreationTimestamp")->ms, second * 1000);
  EXPECT_EQ(consumer.find("StreamARN"), nullptr);
  EXPECT_EQ(stream("s").consumers.at("c").tags.at("a"), "b");
  const wire::Value summary = ok("DescribeStreamSummary", R"({"StreamName":"s"})");
  EXPECT_EQ(summary.find("StreamDescriptionSummary")->integer("ConsumerCount"), 1);
}

TEST_F(RegisterStreamConsumer, ANameIsTakenOnce) {
  ok("RegisterStreamConsumer", request("c"));
  EXPECT_EQ(refused("RegisterStreamConsumer", request("c")),
            Error(Errc::resource_in_use, "Consumer c under stream s under account 000000000000 already exists."));
  // Names are of one stream only.
  create("t");
  register_consumer("t", "c");
}

TEST_F(RegisterStreamConsumer, TwentyOfAStreamAndFiftyWithACommitment) {
  for (int i = 0; i < 20; ++i)
    ok("RegisterStreamConsumer", request(fmt::format("c{}", i)));
  EXPECT_EQ(refused("RegisterStreamConsumer", request("c20")).code, Errc::limit_exceeded);
  EXPECT_EQ(stream("s").consumers.size(), 20U);
  ok("UpdateAccountSettings", R"({"MinimumThroughputBillingCommitment":{"Status":"ENABLED"}})");
  for (int i = 20; i < 50; ++i)
    ok("RegisterStreamConsumer", request(fmt::format("c{}", i)));
  const Error error = refused("RegisterStreamConsumer", request("c50"));
  EXPECT_EQ(error,
            Error(Errc::limit_exceeded, "Stream s under account 000000000000 has 50 consumers, which is the limit."));
}

TEST_F(RegisterStreamConsumer, TheStreamMustBeThereAndUsable) {
  EXPECT_EQ(refused("RegisterStreamConsumer", fmt::format(R"({{"StreamARN":"{}","ConsumerName":"c"}})", arn("t"))),
            Error(Errc::resource_not_found, "Stream t under account 000000000000 not found."));
  apply(catalog::MarkDeleting{.stream = stream("s").key(), .uid = stream("s").uid});
  EXPECT_EQ(refused("RegisterStreamConsumer", request("c")),
            Error(Errc::resource_in_use, "Stream s under account 000000000000 not ACTIVE, instead in state DELETING"));
}

TEST_F(RegisterStreamConsumer, RefusesTagsThatTagResourceWouldRefuse) {
  EXPECT_EQ(refused("RegisterStreamConsumer", request("c", R"(,"Tags":{"a!":"b"})")).code, Errc::invalid_argument);
  EXPECT_EQ(refused("RegisterStreamConsumer", request("c", R"(,"Tags":{"aws:a":"b"})")).code, Errc::invalid_argument);
  EXPECT_TRUE(stream("s").consumers.empty());
}

TEST_F(RegisterStreamConsumer, AStreamWithConsumersIsDeletedOnlyByForce) {
  register_consumer("s", "c");
  EXPECT_EQ(
      refused("DeleteStream", R"({"StreamName":"s"})"),
      Error(Errc::resource_in_use,
            "DeleteStream can't delete arn:aws:kinesis:us-east-1:000000000000:stream/s because there are consumers "
            "associated with this data stream. To delete s anyway, set the EnforceConsumerDeletion parameter to "
            "true to force the deletion of all the consumers that are associated with it."));
  EXPECT_EQ(refused("DeleteStream", R"({"StreamName":"s","EnforceConsumerDeletion":false})").code,
            Errc::resource_in_use);
  ok("DeleteStream", R"({"StreamName":"s","EnforceConsumerDeletion":true})");
  EXPECT_EQ(refused("DescribeStreamSummary", R"({"StreamName":"s"})").code, Errc::resource_not_found);
}

class CreatingConsumers : public testing::Api {
 protected:
  CreatingConsumers() : Api({.creating_consumers_max = 2}) { create("s"); }
};

TEST_F(CreatingConsumers, AreLimited) {
  for (const char* name : {"a", "b"})
    apply(catalog::RegisterConsumer{.stream = stream("s").key(), .uid = stream("s").uid, .name = name, .tags = {}});
  EXPECT_EQ(refused("RegisterStreamConsumer", fmt::format(R"({{"StreamARN":"{}","ConsumerName":"c"}})", arn("s"))),
            Error(Errc::limit_exceeded,
                  "At most 2 consumers of stream s under account 000000000000 may be in state CREATING at a time."));
}

}  // namespace
}  // namespace millrace::api
