#include "wire/pattern.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <regex>
#include <span>
#include <string>
#include <string_view>

namespace millrace::wire {
namespace {

TEST(Pattern, Names) {
  EXPECT_TRUE(matches(Pattern::name, "aZ09_.-"));
  for (const std::string_view text : {"", "a b", "é", "a/b", "a\n", "a:b"}) {
    EXPECT_FALSE(matches(Pattern::name, text)) << text;
  }
  EXPECT_FALSE(matches(Pattern::name, std::string_view("a\0", 2)));
}

TEST(Pattern, DecimalNumbers) {
  EXPECT_TRUE(matches(Pattern::hash_key, "0"));
  EXPECT_TRUE(matches(Pattern::hash_key, "340282366920938463463374607431768211456"));  // the value is not looked at
  EXPECT_TRUE(matches(Pattern::hash_key, std::string(39, '9')));
  EXPECT_FALSE(matches(Pattern::hash_key, std::string(40, '9')));
  EXPECT_TRUE(matches(Pattern::sequence_number, std::string(129, '9')));
  EXPECT_FALSE(matches(Pattern::sequence_number, std::string(130, '9')));
  for (const std::string_view text : {"", "00", "01", "-1", "+1", "1a", " 1", "1 ", "1.0"}) {
    EXPECT_FALSE(matches(Pattern::hash_key, text)) << text;
    EXPECT_FALSE(matches(Pattern::sequence_number, text)) << text;
  }
}

TEST(Pattern, StreamIds) {
  EXPECT_TRUE(matches(Pattern::stream_id, "abcdefghij0123456789-a0z"));
  for (const std::string_view text :
       {"", "abcdefghij0123456789-a0", "abcdefghij0123456789a0zz", "Abcdefghij0123456789-a0z",
        "abcdefghij0123456789-a0z1", "abcdefghij012345678-a0z1"}) {
    EXPECT_FALSE(matches(Pattern::stream_id, text)) << text;
  }
}

TEST(Pattern, StreamArns) {
  for (const std::string_view text : {
           "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
           "arn:aws-cn:kinesis:cn-north-1:000000000000:stream/x",
           "arn:aws:kinesis::123456789012:stream/a",
           "arn:aws:kinesis:x:123456789012:stream/a/consumer/b:1",
           "arn:aws:kinesis:x:123456789012:stream/a:123456789012:stream/",
           "arn:aws:kinesis:x:123456789012:stream/:123456789012:stream/b",
           "arn:awsé:kinesis:日本:123456789012:stream/é",
           "arn:aws a:kinesis: :123456789012:stream/a",
           "arn:aws:kinesis::kinesis::123456789012:stream/a",
           "arn:aws:kinesis:x:123456789012:stream/a\xc2\x85z",
       }) {
    EXPECT_TRUE(matches(Pattern::stream_arn, text)) << text;
  }
  for (const std::string_view text : {
           "",
           "arn:aws",
           "arn:aws:kinesis:",
           "arn:aws:kinesis:us-east-1:123456789012:stream/",
           "arn:aws:kinesis:us-east-1:12345678901:stream/a",
           "arn:aws:kinesis:us-east-1:1234567890123:stream/a b",
           "arn:aws:kinesis:us-east-1:12345678901a:stream/a",
           "arn:aws:sqs:us-east-1:123456789012:stream/a",
           "arn:gcp:kinesis:us-east-1:123456789012:stream/a",
           " arn:aws:kinesis:us-east-1:123456789012:stream/a",
           "arn:aws:kinesis:us-east-1:123456789012:stream/a ",
           "arn:aws:kinesis:us-east-1:123456789012:stream/a\n",
           "arn:aws\n:kinesis:us-east-1:123456789012:stream/a",
           "arn:aws:kinesis:us\neast-1:123456789012:stream/a",
           "arn:aws:kinesis:us\xe2\x80\xa8z:123456789012:stream/a",
           "arn:aws:kinesis:123456789012:stream/a",
           "arn:aws:kinesis:x:123456789012:channel/a",
       }) {
    EXPECT_FALSE(matches(Pattern::stream_arn, text)) << text;
  }
}

TEST(Pattern, ConsumerArns) {
  const std::string stream = "arn:aws:kinesis:us-east-1:123456789012:stream/orders";
  for (const std::string& text : {
           stream + "/consumer/c:1768469398",
           stream + "/consumer/a.B_-9:0",
           std::string("arn:aws-cn:kinesis::000000000000:x stream/s/consumer/c:1"),
           std::string("arn:aws:kinesis:x:123456789012:stream/a/consumer/b:123456789012:stream/s/consumer/c:1"),
       }) {
    EXPECT_TRUE(matches(Pattern::consumer_arn, text)) << text;
  }
  for (const std::string& text : {
           std::string(),
           std::string("c:1"),
           stream,
           stream + "/consumer/c",
           stream + "/consumer/c:",
           stream + "/consumer/c:1a",
           stream + "/consumer/c:1\n",
           stream + "/consumer/:1",
           stream + "/consumer/c d:1",
           stream + "/consumer:1",
           stream + "/queue/c:1",
           std::string("arn:aws:kinesis:us-east-1:123456789012:stream//consumer/c:1"),
           std::string("arn:aws:kinesis:us-east-1:12345678901:stream/s/consumer/c:1"),
           std::string("arn:aws:kinesis:us-east-1:123456789012stream/s/consumer/c:1"),
           std::string("arn:aws:kinesis:us\neast-1:123456789012:stream/s/consumer/c:1"),
           std::string("arn:aws:sqs:us-east-1:123456789012:stream/s/consumer/c:1"),
       }) {
    EXPECT_FALSE(matches(Pattern::consumer_arn, text)) << text;
  }
}

TEST(Pattern, ResourceArns) {
  for (const std::string_view text : {
           "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
           "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/c:1",
           "arn:aws:kinesis:us-east-1:123456789012:channel/abc",
           "arn:aws:kinesis:us-east-1:123456789012:queue/abc",
           "arn:aws:kinesis:us-east-1:123456789012:x y stream/z",
           "arn:aws:kinesis:us-east-1:123456789012:stream/a b stream/z",
           "arn:aws:kinesis::123456789012:stream/stream/",
       }) {
    EXPECT_TRUE(matches(Pattern::resource_arn, text)) << text;
  }
  for (const std::string_view text : {
           "",
           "arn:aws:kinesis:us-east-1:123456789012:",
           "arn:aws:kinesis:us-east-1:123456789012:stream/",
           "arn:aws:kinesis:us-east-1:123456789012:topic/a",
           "arn:aws:kinesis:us-east-1:123456789012:stream/a b",
           "arn:aws:kinesis:us-east-1:123456789012:a\nstream/a",
           "arn:aws:kinesis:us-east-1:1234567890123:stream/a",
           "arn:aws:kinesis:stream/a",
           "arn:aws:sqs:us-east-1:123456789012:stream/a",
       }) {
    EXPECT_FALSE(matches(Pattern::resource_arn, text)) << text;
  }
}

// A regular expression says the same of every text that is put together from an ARN's parts.
void compare_with_regular_expression(Pattern pattern, std::span<const std::string_view> parts) {
  const std::regex expression(std::string(text_of(pattern)), std::regex::ECMAScript);
  std::mt19937 random(20'261'120);
  std::size_t matching = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string text = random() % 8 == 0 ? "" : "arn:aws";
    for (auto left = random() % 8; left > 0; --left)
      text += parts[random() % parts.size()];
    const bool expected = std::regex_match(text, expression);
    matching += expected ? 1 : 0;
    ASSERT_EQ(matches(pattern, text), expected) << text;
  }
  EXPECT_GT(matching, 100U);
}

TEST(Pattern, StreamArnsAgreeWithTheRegularExpression) {
  constexpr std::array<std::string_view, 14> parts = {
      "arn:aws",   ":kinesis:", ":123456789012",         ":stream/",          "a", " ", "\n", ":", "-cn",
      "us-east-1", "1",         ":123456789012:stream/", "arn:aws:kinesis:x", "\r"};
  compare_with_regular_expression(Pattern::stream_arn, parts);
}

TEST(Pattern, ConsumerArnsAgreeWithTheRegularExpression) {
  constexpr std::array<std::string_view, 13> parts = {":kinesis:x",
                                                      ":123456789012:",
                                                      "stream/s",
                                                      "/consumer/c",
                                                      "a",
                                                      " ",
                                                      "\n",
                                                      ":",
                                                      ":1",
                                                      "stream/",
                                                      "/consumer/c:1",
                                                      ":kinesis::123456789012:stream/s",
                                                      "/"};
  compare_with_regular_expression(Pattern::consumer_arn, parts);
}

TEST(Pattern, ResourceArnsAgreeWithTheRegularExpression) {
  constexpr std::array<std::string_view, 13> parts = {
      ":kinesis:x", ":123456789012:", "stream/s", "channel/", "queue/q", "a", " ", "\n",
      ":",          "stream/",        ":1",       "/",        "\r"};
  compare_with_regular_expression(Pattern::resource_arn, parts);
}

TEST(Pattern, LongTextTakesNoLonger) {
  // Quadratic matching would take hours here.
  std::string text = "arn:aws";
  while (text.size() < 8'000'000)
    text += ":kinesis::123456789012:stream/ ";
  EXPECT_FALSE(matches(Pattern::stream_arn, text));
  EXPECT_FALSE(matches(Pattern::resource_arn, text));
  text += "stream/s/consumer/c:1";
  EXPECT_TRUE(matches(Pattern::consumer_arn, text));
}

// Consumer ARNs have theirs in the model from the first, and are printed with it.
TEST(Pattern, IsPrintedWithoutAnchors) {
  EXPECT_EQ(text_of(Pattern::none), "");
  EXPECT_EQ(text_of(Pattern::name), "[a-zA-Z0-9_.-]+");
  EXPECT_EQ(text_of(Pattern::stream_arn), "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+");
  EXPECT_EQ(text_of(Pattern::stream_id), "[a-z0-9]{20}-[a-z0-9]{3}");
  EXPECT_EQ(text_of(Pattern::hash_key), "0|([1-9]\\d{0,38})");
  EXPECT_EQ(text_of(Pattern::sequence_number), "0|([1-9]\\d{0,128})");
  EXPECT_EQ(text_of(Pattern::resource_arn), "arn:aws.*:kinesis:.*:\\d{12}:.*(stream|channel|queue)/\\S+");
  EXPECT_EQ(text_of(Pattern::consumer_arn),
            "^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+");
}

}  // namespace
}  // namespace millrace::wire
