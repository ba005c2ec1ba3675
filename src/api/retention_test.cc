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

class Retention : public testing::Api {
 protected:
  Retention() { create("s"); }
  base::Error refused_by(std::string_view operation, int hours) {
    return refused(operation, fmt::format(R"({{"StreamName":"s","RetentionPeriodHours":{}}})", hours));
  }
  std::int64_t hours() {
    return *ok("DescribeStream", R"({"StreamName":"s"})").find("StreamDescription")->integer("RetentionPeriodHours");
  }
};

TEST_F(Retention, EachGoesItsWayAndTakesAnEqualValue) {
  ok("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":24})");
  ok("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":8760})");
  EXPECT_EQ(hours(), 8760);
  ok("DecreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":8760})");
  ok("DecreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":25})");
  EXPECT_EQ(hours(), 25);
}

TEST_F(Retention, TheWrongWayNamesTheOtherOperation) {
  ok("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":48})");
  EXPECT_EQ(refused_by("IncreaseStreamRetentionPeriod", 47).message,
            "Requested retention period (47 hours) for stream s can not be shorter than existing retention period (48 "
            "hours). Use DecreaseRetentionPeriod API.");
  EXPECT_EQ(refused_by("DecreaseStreamRetentionPeriod", 49).message,
            "Requested retention period (49 hours) for stream s can not be longer than existing retention period (48 "
            "hours). Use IncreaseRetentionPeriod API.");
}

TEST_F(Retention, HasBounds) {
  EXPECT_EQ(refused_by("DecreaseStreamRetentionPeriod", 23).message,
            "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.");
  EXPECT_EQ(refused_by("IncreaseStreamRetentionPeriod", 8761).message,
            "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.");
  EXPECT_EQ(refused("IncreaseStreamRetentionPeriod", R"({"StreamName":"t","RetentionPeriodHours":1})").code,
            Errc::resource_not_found);
}

}  // namespace
}  // namespace millrace::api
