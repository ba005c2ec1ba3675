#include <fmt/format.h>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;

class UpdateStreamModeTest : public testing::Api {
 protected:
  static std::string arn(std::string_view name) {
    return fmt::format("arn:aws:kinesis:us-east-1:000000000000:stream/{}", name);
  }
  static std::string mode(std::string_view name, std::string_view to, std::string_view more = "") {
    return fmt::format(R"({{"StreamARN":"{}","StreamModeDetails":{{"StreamMode":"{}"}}{}}})", arn(name), to, more);
  }
  static std::string warm(std::string_view name, int mibps) {
    return fmt::format(R"({{"StreamName":"{}","WarmThroughputMiBps":{}}})", name, mibps);
  }
  wire::Value summary(std::string_view name) {
    return *ok("DescribeStreamSummary", fmt::format(R"({{"StreamName":"{}"}})", name)).find("StreamDescriptionSummary");
  }
  std::string mode_of(std::string_view name) {
    return std::string(summary(name).find("StreamModeDetails")->view("StreamMode"));
  }
  void commit() { ok("UpdateAccountSettings", R"({"MinimumThroughputBillingCommitment":{"Status":"ENABLED"}})"); }
};

TEST_F(UpdateStreamModeTest, SwitchesBothWaysWithTheShardsAsTheyAre) {
  create("orders", 2);
  ok("UpdateStreamMode", mode("orders", "ON_DEMAND"));
  EXPECT_EQ(mode_of("orders"), "ON_DEMAND");
  EXPECT_EQ(ok("DescribeLimits", "{}").integer("OnDemandStreamCount"), 1);
  ok("UpdateStreamMode", mode("orders", "ON_DEMAND"));
  ok("UpdateStreamMode", mode("orders", "PROVISIONED"));
  EXPECT_EQ(mode_of("orders"), "PROVISIONED");
  EXPECT_EQ(summary("orders").integer("OpenShardCount"), 2);
  EXPECT_EQ(ok("DescribeLimits", "{}").integer("OnDemandStreamCount"), 0);
}

TEST_F(UpdateStreamModeTest, AStreamThatPlacesItsRecordsItselfStaysOnDemand) {
  ok("CreateStream", R"({"StreamName":"orders","RecordDistributionStrategy":"AUTO"})");
  const base::Error error = refused("UpdateStreamMode", mode("orders", "PROVISIONED"));
  EXPECT_EQ(error.code, Errc::invalid_argument);
  EXPECT_EQ(mode_of("orders"), "ON_DEMAND");
}

TEST_F(UpdateStreamModeTest, ThroughputNeedsOnDemandModeAndACommitment) {
  create("orders", 1);
  EXPECT_EQ(refused("UpdateStreamMode", mode("orders", "PROVISIONED", R"(,"WarmThroughputMiBps":5)")).code,
            Errc::validation);
  EXPECT_EQ(refused("UpdateStreamMode", mode("orders", "ON_DEMAND", R"(,"WarmThroughputMiBps":5)")).code,
            Errc::validation);
  EXPECT_EQ(refused("UpdateStreamWarmThroughput", warm("orders", 5)).code, Errc::validation);
  EXPECT_EQ(mode_of("orders"), "PROVISIONED");
  commit();
  EXPECT_EQ(refused("UpdateStreamWarmThroughput", warm("orders", 5)).code, Errc::validation) << "still provisioned";
  EXPECT_EQ(refused("UpdateStreamMode", mode("orders", "ON_DEMAND", R"(,"WarmThroughputMiBps":10241)")).code,
            Errc::validation);
  ok("UpdateStreamMode", mode("orders", "ON_DEMAND", R"(,"WarmThroughputMiBps":5)"));
  EXPECT_EQ(summary("orders").find("WarmThroughput")->integer("TargetMiBps"), 5);
  EXPECT_EQ(summary("orders").find("WarmThroughput")->integer("CurrentMiBps"), 5);
}

TEST_F(UpdateStreamModeTest, ThroughputAloneIsAnsweredWithBothNumbers) {
  commit();
  ok("CreateStream", R"({"StreamName":"orders"})");
  const wire::Value answer = ok("UpdateStreamWarmThroughput", warm("orders", 7));
  EXPECT_EQ(answer.view("StreamName"), "orders");
  EXPECT_EQ(answer.view("StreamARN"), arn("orders"));
  EXPECT_EQ(answer.find("WarmThroughput")->integer("TargetMiBps"), 7);
  EXPECT_EQ(answer.find("WarmThroughput")->integer("CurrentMiBps"), 7);
  EXPECT_EQ(refused("UpdateStreamWarmThroughput", warm("orders", 10'241)).code, Errc::validation);
  EXPECT_EQ(refused("UpdateStreamWarmThroughput", R"({"WarmThroughputMiBps":5})").code, Errc::invalid_argument);
  EXPECT_EQ(refused("UpdateStreamWarmThroughput", warm("none", 5)).code, Errc::resource_not_found);
}

}  // namespace
}  // namespace millrace::api
