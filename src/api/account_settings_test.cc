#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class AccountSettings : public testing::Api {
 protected:
  static wire::Value commitment(const wire::Value& answer) {
    return *answer.find("MinimumThroughputBillingCommitment");
  }
  wire::Value now() { return commitment(ok("DescribeAccountSettings", "{}")); }
  wire::Value set(std::string_view status) {
    return commitment(ok("UpdateAccountSettings",
                         fmt::format(R"({{"MinimumThroughputBillingCommitment":{{"Status":"{}"}}}})", status)));
  }
};

TEST_F(AccountSettings, ACommitmentIsForADayAtLeast) {
  EXPECT_EQ(now().view("Status"), "DISABLED");
  EXPECT_FALSE(now().timestamp("StartedAt"));
  const std::int64_t start_ms = sim::SimClock::start_ms;
  wire::Value value = set("ENABLED");
  EXPECT_EQ(value, now());
  EXPECT_EQ(value.view("Status"), "ENABLED");
  EXPECT_EQ(value.timestamp("StartedAt")->ms, start_ms);
  EXPECT_EQ(value.timestamp("EarliestAllowedEndAt")->ms, start_ms + 86'400'000);
  EXPECT_FALSE(value.timestamp("EndedAt"));

  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(set("DISABLED").view("Status"), "ENABLED_UNTIL_EARLIEST_ALLOWED_END");
  // Wanting it after all takes the end back.
  EXPECT_EQ(set("ENABLED").view("Status"), "ENABLED");
  EXPECT_EQ(now().timestamp("StartedAt")->ms, start_ms);
  set("DISABLED");
  clock_.advance(std::chrono::hours(23));
  EXPECT_EQ(now().view("Status"), "DISABLED");
  EXPECT_EQ(now().timestamp("EndedAt")->ms, start_ms + 86'400'000);
}

TEST_F(AccountSettings, AfterADayItEndsAtOnce) {
  set("ENABLED");
  clock_.advance(std::chrono::hours(30));
  const wire::Value value = set("DISABLED");
  EXPECT_EQ(value.view("Status"), "DISABLED");
  EXPECT_EQ(value.timestamp("EndedAt")->ms, sim::SimClock::start_ms + 30 * 3'600'000);
  EXPECT_FALSE(value.timestamp("EarliestAllowedEndAt"));
}

TEST_F(AccountSettings, AreOfOneAccountInOneRegion) {
  set("ENABLED");
  identity_.region = "eu-central-1";
  EXPECT_EQ(now().view("Status"), "DISABLED");
  identity_ = {.region = "us-east-1", .account = "000000000001"};
  EXPECT_EQ(now().view("Status"), "DISABLED");
  identity_ = {};
  EXPECT_EQ(now().view("Status"), "ENABLED");
}

}  // namespace
}  // namespace millrace::api
