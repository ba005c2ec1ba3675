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

class DescribeLimits : public testing::Api {};

TEST_F(DescribeLimits, CountsWhatThereIs) {
  create("a", 3);
  ok("CreateStream", R"({"StreamName":"b"})");
  wire::Value answer = ok("DescribeLimits", "{}");
  EXPECT_EQ(answer.integer("ShardLimit"), 20'000);
  EXPECT_EQ(answer.integer("OpenShardCount"), 7);
  EXPECT_EQ(answer.integer("OnDemandStreamCount"), 1);
  EXPECT_EQ(answer.integer("OnDemandStreamCountLimit"), 1'000);
  ok("DeleteStream", R"({"StreamName":"b"})");
  answer = ok("DescribeLimits", "{}");
  EXPECT_EQ(answer.integer("OpenShardCount"), 3);
  EXPECT_EQ(answer.integer("OnDemandStreamCount"), 0);
}

}  // namespace
}  // namespace millrace::api
