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

class ListStreams : public testing::Api {};

TEST_F(ListStreams, PagesByTokenAndByName) {
  for (const char* name : {"c", "a", "B", "d"})
    create(name);
  wire::Value page = ok("ListStreams", R"({"Limit":2})");
  EXPECT_EQ(*page.list("StreamNames"), (wire::List{"B", "a"}));
  EXPECT_EQ(page.boolean("HasMoreStreams"), true);
  EXPECT_EQ(page.list("StreamSummaries")->at(1).view("StreamName"), "a");
  const std::string token(page.view("NextToken"));
  EXPECT_EQ(*ok("ListStreams", R"({"Limit":2,"ExclusiveStartStreamName":"a"})").list("StreamNames"),
            (wire::List{"c", "d"}));
  page = ok("ListStreams", fmt::format(R"({{"NextToken":"{}"}})", token));
  EXPECT_EQ(*page.list("StreamNames"), (wire::List{"c", "d"}));
  EXPECT_EQ(page.boolean("HasMoreStreams"), false);
  EXPECT_EQ(page.text("NextToken"), nullptr);
}

TEST_F(ListStreams, ATokenExpiresAndCannotBeForged) {
  create("a");
  create("b");
  const wire::Value page = ok("ListStreams", R"({"Limit":1})");
  const std::string request = fmt::format(R"({{"NextToken":"{}"}})", page.view("NextToken"));
  clock_.advance(std::chrono::seconds(300));
  ok("ListStreams", request);
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(refused("ListStreams", request).code, Errc::expired_next_token);
  EXPECT_EQ(refused("ListStreams", R"({"NextToken":"AAAA"})").code, Errc::invalid_argument);
}

TEST_F(ListStreams, GivesAHundredAtMost) {
  for (int i = 0; i < 101; ++i)
    create(fmt::format("s{:03}", i));
  const wire::Value page = ok("ListStreams", R"({"Limit":10000})");
  EXPECT_EQ(page.list("StreamNames")->size(), 100U);
  EXPECT_EQ(page.boolean("HasMoreStreams"), true);
}

}  // namespace
}  // namespace millrace::api
