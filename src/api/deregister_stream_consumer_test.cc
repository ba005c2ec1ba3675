#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class DeregisterStreamConsumer : public testing::Api {
 protected:
  DeregisterStreamConsumer() {
    create("s");
    consumer_ = register_consumer("s", "c");
  }
  std::string consumer_;
};

TEST_F(DeregisterStreamConsumer, TakesItAway) {
  ok("DeregisterStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", consumer_));
  EXPECT_TRUE(stream("s").consumers.empty());
  EXPECT_EQ(refused("DeregisterStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", consumer_)),
            Error(Errc::resource_not_found, "Consumer c, account 000000000000 not found."));
}

TEST_F(DeregisterStreamConsumer, ByTheStreamAndItsName) {
  ok("DeregisterStreamConsumer", fmt::format(R"({{"StreamARN":"{}","ConsumerName":"c"}})", arn("s")));
  EXPECT_TRUE(stream("s").consumers.empty());
}

TEST_F(DeregisterStreamConsumer, OnceIsEnough) {
  const catalog::Stream& s = stream("s");
  apply(catalog::MarkConsumerDeleting{
      .stream = s.key(), .uid = s.uid, .consumer = {.name = "c", .created_s = s.consumers.at("c").created_s}});
  EXPECT_EQ(refused("DeregisterStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", consumer_)),
            Error(Errc::resource_in_use,
                  fmt::format("Consumer c with creation timestamp {} under stream: s , account 000000000000 is not in "
                              "ACTIVE status.",
                              sim::SimClock::start_ms / 1000)));
  const wire::Value answer = ok("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", consumer_));
  EXPECT_EQ(answer.find("ConsumerDescription")->view("ConsumerStatus"), "DELETING");
}

}  // namespace
}  // namespace millrace::api
