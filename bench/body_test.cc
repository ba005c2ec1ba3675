#include "bench/body.h"

#include <gtest/gtest.h>

namespace millrace::bench {
namespace {

TEST(Body, WritesPutRecordAsSdksDo) {
  EXPECT_EQ(put_record_body(Encoding::json, "orders", {"hello", "user-1"}),
            R"({"Data":"aGVsbG8=","PartitionKey":"user-1","StreamName":"orders"})");
  EXPECT_EQ(put_record_body(Encoding::cbor, "orders", {"hello", "user-1"}),
            "\xbf\x64"
            "Data\x45hello\x6cPartitionKey\x66user-1\x6aStreamName\x66orders\xff");
}

TEST(Body, WritesPutRecordsInBothEncodings) {
  const std::vector<Entry> entries{{"a", "k"}, {std::string(300, 'b'), "l", "7"}};
  const std::string json = put_records_body(Encoding::json, "s", entries);
  EXPECT_TRUE(json.starts_with(R"({"Records":[{"Data":"YQ==","PartitionKey":"k"},{"Data":"YmJi)"));
  EXPECT_TRUE(json.ends_with(R"(","ExplicitHashKey":"7","PartitionKey":"l"}],"StreamName":"s"})"));
  const std::string cbor = put_records_body(Encoding::cbor, "s", entries);
  EXPECT_NE(cbor.find("\x64"
                      "Data\x59\x01\x2c"
                      "bbb"),
            std::string::npos);
  EXPECT_EQ(count_members(Encoding::cbor, cbor, "Data"), 2U);
  EXPECT_EQ(count_members(Encoding::json, json, "Data"), 2U);
}

class EachEncoding : public testing::TestWithParam<Encoding> {};

TEST_P(EachEncoding, ReadsBackWhatItWrote) {
  const std::string body =
      put_records_body(GetParam(), "s", {{"first", "k"}, {std::string("\0\xff", 2), "k"}, {"", "k"}, {"abc", "k"}});
  std::size_t at = 0;
  EXPECT_EQ(next_data(GetParam(), body, at), "first");
  EXPECT_EQ(next_data(GetParam(), body, at), std::string("\0\xff", 2));
  EXPECT_EQ(next_data(GetParam(), body, at), "");
  EXPECT_EQ(next_data(GetParam(), body, at), "abc");
  EXPECT_EQ(next_data(GetParam(), body, at), std::nullopt);
  EXPECT_EQ(text_member(GetParam(), body, "StreamName"), "s");
  EXPECT_EQ(text_member(GetParam(), body, "Absent"), std::nullopt);
  for (const std::uint64_t limit : {1U, 23U, 24U, 1000U, 10000U, 100000U}) {
    EXPECT_EQ(number_member(GetParam(), get_records_body(GetParam(), "i", limit), "Limit"), limit);
  }
}

INSTANTIATE_TEST_SUITE_P(Body, EachEncoding, testing::Values(Encoding::json, Encoding::cbor),
                         [](const auto& shown) { return shown.param == Encoding::json ? "json" : "cbor"; });

}  // namespace
}  // namespace millrace::bench
