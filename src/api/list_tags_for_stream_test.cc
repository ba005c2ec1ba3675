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

class ListTagsForStream : public testing::Api {};

TEST_F(ListTagsForStream, PagesInTheOrderOfTheKeys) {
  create("s");
  ok("AddTagsToStream", R"({"StreamName":"s","Tags":{"b":"2","a":"1","c":"3"}})");
  wire::Value page = ok("ListTagsForStream", R"({"StreamName":"s","Limit":2})");
  EXPECT_EQ(page.boolean("HasMoreTags"), true);
  EXPECT_EQ(page.list("Tags")->at(0).view("Key"), "a");
  EXPECT_EQ(page.list("Tags")->at(1).view("Value"), "2");
  page = ok("ListTagsForStream", R"({"StreamName":"s","Limit":2,"ExclusiveStartTagKey":"b"})");
  EXPECT_EQ(page.boolean("HasMoreTags"), false);
  ASSERT_EQ(page.list("Tags")->size(), 1U);
  EXPECT_EQ(page.list("Tags")->front().view("Key"), "c");
}

TEST_F(ListTagsForStream, RemovedOnesAreGoneAndUnknownOnesNoError) {
  create("s");
  ok("AddTagsToStream", R"({"StreamName":"s","Tags":{"b":"2","a":"1"}})");
  ok("RemoveTagsFromStream", R"({"StreamName":"s","TagKeys":["a","never"]})");
  EXPECT_EQ(ok("ListTagsForStream", R"({"StreamName":"s"})").list("Tags")->size(), 1U);
}

}  // namespace
}  // namespace millrace::api
