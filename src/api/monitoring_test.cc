#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class Monitoring : public testing::Api {
 protected:
  Monitoring() { create("s"); }
  wire::Value change(std::string_view operation, std::string_view metrics) {
    return ok(operation, fmt::format(R"({{"StreamName":"s","ShardLevelMetrics":[{}]}})", metrics));
  }
  wire::List shown() {
    const wire::Value answer = ok("DescribeStreamSummary", R"({"StreamName":"s"})");
    const wire::List& monitoring = *answer.find("StreamDescriptionSummary")->list("EnhancedMonitoring");
    EXPECT_EQ(monitoring.size(), 1U);
    return *monitoring.front().list("ShardLevelMetrics");
  }
};

TEST_F(Monitoring, AnswersWhatWasAndWhatIs) {
  EXPECT_EQ(shown(), wire::List());
  wire::Value answer = change("EnableEnhancedMonitoring", R"("OutgoingBytes","IncomingBytes")");
  EXPECT_EQ(answer.view("StreamName"), "s");
  EXPECT_EQ(answer.view("StreamARN"), arn("s"));
  EXPECT_EQ(*answer.list("CurrentShardLevelMetrics"), wire::List());
  EXPECT_EQ(*answer.list("DesiredShardLevelMetrics"), (wire::List{"IncomingBytes", "OutgoingBytes"}));
  EXPECT_EQ(shown(), (wire::List{"IncomingBytes", "OutgoingBytes"}));

  answer = change("DisableEnhancedMonitoring", R"("IncomingBytes","IncomingRecords")");
  EXPECT_EQ(*answer.list("CurrentShardLevelMetrics"), (wire::List{"IncomingBytes", "OutgoingBytes"}));
  EXPECT_EQ(*answer.list("DesiredShardLevelMetrics"), (wire::List{"OutgoingBytes"}));
  EXPECT_EQ(shown(), (wire::List{"OutgoingBytes"}));
}

TEST_F(Monitoring, AllIsAllSeven) {
  change("EnableEnhancedMonitoring", R"("ALL")");
  EXPECT_EQ(shown().size(), 7U);
  EXPECT_EQ(*change("DisableEnhancedMonitoring", R"("ALL")").list("DesiredShardLevelMetrics"), wire::List());
  EXPECT_EQ(shown(), wire::List());
}

TEST_F(Monitoring, OnlyOfAnActiveStream) {
  const std::string_view request = R"({"StreamName":"s","ShardLevelMetrics":["ALL"]})";
  const catalog::Stream& s = stream("s");
  apply(catalog::SetRecordSize{.stream = s.key(), .uid = s.uid, .record_kib_max = 2048, .hold = true});
  for (const char* operation : {"EnableEnhancedMonitoring", "DisableEnhancedMonitoring"}) {
    EXPECT_EQ(
        refused(operation, request),
        Error(Errc::resource_in_use, "Stream s under account 000000000000 not ACTIVE, instead in state UPDATING"));
    EXPECT_EQ(refused(operation, R"({"StreamName":"t","ShardLevelMetrics":["ALL"]})").code, Errc::resource_not_found);
  }
}

}  // namespace
}  // namespace millrace::api
