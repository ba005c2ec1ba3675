#include "gateway/callers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/testing/api_fixture.h"

namespace millrace::gateway {
namespace {

class CallersTest : public api::testing::Api {
 protected:
  // "account in region", as a claim is understood.
  std::string place(std::string_view access_key, std::string_view region) {
    const auto context = callers_.of({.access_key = access_key, .region = region});
    return context->identity.account + " in " + context->identity.region;
  }

  Callers callers_{*context_, {{"AKIDOFTHREE", "333333333333"}}};
};

TEST_F(CallersTest, AnAccessKeyOfTwelveDigitsIsItsAccount) {
  EXPECT_EQ(place("111111111111", "us-east-1"), "111111111111 in us-east-1");
  EXPECT_EQ(place("11111111111", "us-east-1"), "000000000000 in us-east-1");
  EXPECT_EQ(place("1111111111111", "us-east-1"), "000000000000 in us-east-1");
  EXPECT_EQ(place("11111111111x", "us-east-1"), "000000000000 in us-east-1");
}

TEST_F(CallersTest, TheTableNamesTheAccountOfOtherKeys) {
  EXPECT_EQ(place("AKIDOFTHREE", "us-east-1"), "333333333333 in us-east-1");
  EXPECT_EQ(place("akidofthree", "us-east-1"), "000000000000 in us-east-1");
  EXPECT_EQ(place("AKIDOFNOBODY", "us-east-1"), "000000000000 in us-east-1");
}

TEST_F(CallersTest, TheScopeNamesTheRegion) {
  EXPECT_EQ(place("test", "eu-central-1"), "000000000000 in eu-central-1");
  EXPECT_EQ(place("111111111111", "cn-north-1"), "111111111111 in cn-north-1");
  for (const std::string_view none : {"", "US-EAST-2", "eu central", "x/y", "%2F"})
    EXPECT_EQ(place("test", none), "000000000000 in us-east-1") << none;
  EXPECT_EQ(place("test", std::string(32, 'r')), "000000000000 in " + std::string(32, 'r'));
  EXPECT_EQ(place("test", std::string(33, 'r')), "000000000000 in us-east-1");
}

TEST_F(CallersTest, WhoeverIsTheSameSharesWhatIsCounted) {
  const auto one = callers_.of({.access_key = "333333333333", .region = "us-east-1"});
  const auto same = callers_.of({.access_key = "AKIDOFTHREE", .region = "us-east-1"});
  const auto elsewhere = callers_.of({.access_key = "AKIDOFTHREE", .region = "us-east-2"});
  EXPECT_EQ(one.get(), same.get());
  EXPECT_EQ(one->calls, same->calls);
  EXPECT_NE(one->calls, nullptr);
  EXPECT_NE(one->calls, elsewhere->calls);
  EXPECT_EQ(&one->coordinator, &context_->coordinator);
}

TEST_F(CallersTest, ForgetsTheOldestThatNobodyUses) {
  const auto claim = [](std::size_t i, std::string& text) {
    text = fmt::format("{:012}", i);
    return auth::Claim{.access_key = text, .region = "us-east-1"};
  };
  std::string text;
  const auto used = callers_.of(claim(1, text));
  for (std::size_t i = 2; i < Callers::callers_max + 500; ++i)
    callers_.of(claim(i, text));
  EXPECT_EQ(callers_.size(), Callers::callers_max);
  EXPECT_EQ(used->identity.account, "000000000001");
  EXPECT_EQ(callers_.of(claim(1, text)).get(), used.get()) << "it was in use all the time";
}

// Several brokers in one process ask on the same threads.
TEST_F(CallersTest, OthersInTheProcessHaveTheirOwn) {
  Callers others(*context_, {{"AKIDOFTHREE", "444444444444"}});
  EXPECT_EQ(place("AKIDOFTHREE", "us-east-1"), "333333333333 in us-east-1");
  EXPECT_EQ(others.of({.access_key = "AKIDOFTHREE", .region = "us-east-1"})->identity.account, "444444444444");
  EXPECT_EQ(place("AKIDOFTHREE", "us-east-1"), "333333333333 in us-east-1");
}

}  // namespace
}  // namespace millrace::gateway
