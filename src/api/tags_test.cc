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

class Tags : public testing::Api {
 protected:
  Tags() { create("s"); }
  base::Error add_refused(std::string_view tags) {
    return refused("AddTagsToStream", fmt::format(R"({{"StreamName":"s","Tags":{{{}}}}})", tags));
  }
};

constexpr std::string_view first_check =
    "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.";

TEST_F(Tags, AcceptsWhatTheServiceDoes) {
  ok("AddTagsToStream", R"({"StreamName":"s","Tags":{"a_./=+-@: Z9":"","\u00e9\u65e5\u672c":"\ud7ff"}})");
  EXPECT_EQ(ok("ListTagsForStream", R"({"StreamName":"s"})").list("Tags")->size(), 2U);
}

TEST_F(Tags, RefusesOtherCharactersInKeysAndValues) {
  EXPECT_EQ(add_refused(R"("a!":"b")"), base::Error(Errc::invalid_argument, std::string(first_check)));
  EXPECT_EQ(add_refused(R"("a":"b;")"), base::Error(Errc::invalid_argument, std::string(first_check)));
  EXPECT_EQ(add_refused(R"("a":"\u00b5")").code, Errc::invalid_argument);
}

TEST_F(Tags, APercentSignPassesTheFirstCheckAndFailsTheSecond) {
  EXPECT_EQ(
      add_refused(R"("a%":"b")").message,
      "Failed to add tags to stream s under account 000000000000 because some tags contained illegal characters. The "
      "allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.");
  EXPECT_EQ(refused("RemoveTagsFromStream", R"({"StreamName":"s","TagKeys":["a%"]})").message,
            "Failed to remove tags from stream s under account 000000000000 because some tags contained illegal "
            "characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.");
}

TEST_F(Tags, TheReservedPrefixIsRefused) {
  EXPECT_EQ(add_refused(R"("aws:x":"b")").code, Errc::invalid_argument);
}

TEST_F(Tags, FiftyInAll) {
  const auto tags = [](int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i)
      text += fmt::format(R"({}"k{}":"v")", i == from ? "" : ",", i);
    return text;
  };
  ok("AddTagsToStream", fmt::format(R"({{"StreamName":"s","Tags":{{{}}}}})", tags(0, 49)));
  // Overwriting does not count, a new one does.
  ok("AddTagsToStream", R"({"StreamName":"s","Tags":{"k0":"w","k49":"v"}})");
  EXPECT_EQ(
      add_refused(R"("k50":"v")").message,
      "Failed to add tags to stream s under account 000000000000 because a given stream cannot have more than 10 tags "
      "associated with it.");
  EXPECT_EQ(add_refused(tags(0, 51)).code, Errc::invalid_argument);
}

}  // namespace
}  // namespace millrace::api
