#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

constexpr std::string_view policy =
    R"({\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kinesis:GetRecords\",\"Resource\":\"*\"}})";
constexpr std::string_view policy_text =
    R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"kinesis:GetRecords","Resource":"*"}})";

class Policies : public testing::Api {
 protected:
  Policies() {
    create("s");
    consumer_ = register_consumer("s", "c");
  }
  static std::string put_request(std::string_view resource, std::string_view text) {
    return fmt::format(R"({{"ResourceARN":"{}","Policy":"{}"}})", resource, text);
  }
  static std::string request(std::string_view resource) { return fmt::format(R"({{"ResourceARN":"{}"}})", resource); }
  std::string policy_of(std::string_view resource) {
    return std::string(ok("GetResourcePolicy", request(resource)).view("Policy"));
  }
  std::string consumer_;
};

TEST_F(Policies, AreKeptAsGivenForStreamsAndConsumers) {
  EXPECT_EQ(policy_of(arn("s")), "{}");
  ok("PutResourcePolicy", put_request(consumer_, policy));
  EXPECT_EQ(policy_of(consumer_), policy_text);
  EXPECT_EQ(policy_of(arn("s")), "{}");
  ok("PutResourcePolicy", put_request(arn("s"), policy));
  ok("DeleteResourcePolicy", request(consumer_));
  EXPECT_EQ(policy_of(consumer_), "{}");
  EXPECT_EQ(policy_of(arn("s")), policy_text);
}

TEST_F(Policies, OnlyWhatIsThereCanBeDeleted) {
  EXPECT_EQ(refused("DeleteResourcePolicy", request(arn("s"))),
            Error(Errc::resource_not_found, fmt::format("No resource policy found for resource {}.", arn("s"))));
  EXPECT_EQ(refused("DeleteResourcePolicy", request(consumer_)).code, Errc::resource_not_found);
}

TEST_F(Policies, MalformedOnesAreRefused) {
  EXPECT_EQ(refused("PutResourcePolicy", put_request(arn("s"), "")),
            Error(Errc::invalid_argument, "The resource policy is malformed: it is not a JSON object."));
  EXPECT_EQ(refused("PutResourcePolicy", put_request(arn("s"), "{}")),
            Error(Errc::invalid_argument, "The resource policy is malformed: it has no \"Statement\"."));
  EXPECT_EQ(refused("PutResourcePolicy", put_request(arn("s"), std::string(20'481, ' '))),
            Error(Errc::invalid_argument, "The resource policy is malformed: it is larger than 20 KB."));
  EXPECT_EQ(policy_of(arn("s")), "{}");
}

TEST_F(Policies, TheResourceMustBeThereAndUsable) {
  for (const std::string& missing :
       {arn("t"), arn("s") + "/consumer/c:1", std::string("arn:aws:kinesis:us-east-1:000000000000:queue/x")}) {
    EXPECT_EQ(refused("PutResourcePolicy", put_request(missing, policy)).code, Errc::resource_not_found);
    EXPECT_EQ(refused("GetResourcePolicy", request(missing)).code, Errc::resource_not_found);
    EXPECT_EQ(refused("DeleteResourcePolicy", request(missing)).code, Errc::resource_not_found);
  }
  apply(catalog::RegisterConsumer{.stream = stream("s").key(), .uid = stream("s").uid, .name = "d", .tags = {}});
  const std::string creating = fmt::format("{}/consumer/d:{}", arn("s"), stream("s").consumers.at("d").created_s);
  EXPECT_EQ(refused("PutResourcePolicy", put_request(creating, policy)).code, Errc::resource_in_use);
  EXPECT_EQ(refused("DeleteResourcePolicy", request(creating)).code, Errc::resource_in_use);
  EXPECT_EQ(policy_of(creating), "{}");
}

}  // namespace
}  // namespace millrace::api
