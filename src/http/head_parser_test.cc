#include "http/head_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::http {
namespace {

using Outcome = HeadParser::Outcome;

class HeadParserTest : public testing::Test {
 protected:
  // Feeds `text` in pieces of `step` bytes, moving the buffer each time as a growing buffer does.
  Outcome parse(const std::string& text, std::size_t step = SIZE_MAX) {
    parser_.reset();
    head_.clear();
    std::size_t parsed = 0;
    Outcome outcome = Outcome::need_more;
    for (std::size_t have = 0; have < text.size() && outcome == Outcome::need_more;) {
      have += std::min(step, text.size() - have);
      request_ = std::string(text, 0, have);
      outcome = parser_.parse_head(request_, parsed, head_);
    }
    return outcome;
  }
  std::string_view find(std::string_view name) { return head_.find(request_.data(), name).value_or("(absent)"); }

  Limits limits_{.head_bytes_max = 2048, .headers_max = 20, .body_bytes_max = 1000};
  HeadParser parser_{limits_};
  Head head_;
  std::string request_;
};

TEST_F(HeadParserTest, ReadsAHeadHoweverItArrives) {
  const std::string text =
      "POST /a/b?c=d HTTP/1.1\r\nHost: localhost:4567\r\nX-Amz-Target:  Kinesis_20131202.PutRecord \r\n"
      "Empty:\r\nContent-Length: 12\r\nx-amz-target: second\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    ASSERT_EQ(parse(text + "body", step), Outcome::done) << step;
    EXPECT_EQ(head_.method.in(request_.data()), "POST");
    EXPECT_EQ(head_.target.in(request_.data()), "/a/b?c=d");
    EXPECT_EQ(find("x-amz-target"), "Kinesis_20131202.PutRecord");
    EXPECT_EQ(find("host"), "localhost:4567");
    EXPECT_EQ(find("empty"), "");
    EXPECT_EQ(find("hos"), "(absent)");
    EXPECT_EQ(head_.headers.size(), 5U);
    EXPECT_EQ(head_.headers[4].name.in(request_.data()), "x-amz-target");
    EXPECT_EQ(head_.content_length, 12U);
    EXPECT_EQ(head_.size, text.size());
    EXPECT_TRUE(head_.keep_alive);
    EXPECT_FALSE(head_.chunked);
    EXPECT_FALSE(head_.expects_continue);
  }
}

TEST_F(HeadParserTest, TellsConnectionsThatEnd) {
  ASSERT_EQ(parse("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), Outcome::done);
  EXPECT_FALSE(head_.keep_alive);
  ASSERT_EQ(parse("GET / HTTP/1.1\r\nConnection: foo, Close\r\n\r\n"), Outcome::done);
  EXPECT_FALSE(head_.keep_alive);
  ASSERT_EQ(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), Outcome::done);
  EXPECT_FALSE(head_.keep_alive);
  EXPECT_TRUE(head_.http_1_0);
}

TEST_F(HeadParserTest, ReadsExpectAndChunked) {
  ASSERT_EQ(parse("POST / HTTP/1.1\r\nExpect: 100-Continue\r\nTransfer-Encoding: Chunked\r\n\r\n"), Outcome::done);
  EXPECT_TRUE(head_.expects_continue);
  EXPECT_TRUE(head_.chunked);
  ASSERT_EQ(parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"), Outcome::done);
  EXPECT_FALSE(head_.expects_continue);
}

TEST_F(HeadParserTest, AcceptsWhatTheStandardAllows) {
  EXPECT_EQ(parse("POST http://localhost:4567/kinesis HTTP/1.1\r\nHost: x\r\n\r\n"), Outcome::done);
  EXPECT_EQ(head_.target.in(request_.data()), "http://localhost:4567/kinesis");
  EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), Outcome::done);
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"), Outcome::done);
  EXPECT_EQ(head_.content_length, 5U);
  EXPECT_EQ(parse("PURGE / HTTP/1.1\r\nX: caf\xc3\xa9\t;\r\n\r\n"), Outcome::done);
}

struct Refused {
  const char* name;
  std::string text;
  int status;
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

class HeadParserRefuses : public HeadParserTest, public testing::WithParamInterface<Refused> {};

TEST_P(HeadParserRefuses, HoweverItArrives) {
  const std::string& text = GetParam().text;
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{64}, SIZE_MAX}) {
    ASSERT_EQ(parse(text, step), Outcome::refused) << step;
    EXPECT_EQ(parser_.refusal(), GetParam().status) << step;
  }
}

std::string many_headers(int count) {
  std::string text = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < count; ++i)
    text += "a: b\r\n";
  return text + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Heads, HeadParserRefuses,
    testing::Values(
        Refused{"both_lengths", "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Refused{"both_lengths_reversed", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
                400},
        Refused{"conflicting_lengths", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
        Refused{"conflicting_list", "POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n", 400},
        Refused{"negative_length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
        Refused{"signed_length", "POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", 400},
        Refused{"garbage_length", "POST / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n", 400},
        Refused{"hexadecimal_length", "POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n", 400},
        Refused{"empty_length", "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400},
        Refused{"overflowing_length", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", 400},
        Refused{"huge_length", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n", 413},
        Refused{"length_over_limit", "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413},
        Refused{"other_coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        Refused{"two_codings", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400},
        Refused{"chunked_twice", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                400},
        Refused{"chunked_in_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Refused{"disguised_coding", "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n", 400},
        Refused{"http2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        Refused{"tls_hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
        Refused{"no_version", "GET /\r\n\r\n", 400}, Refused{"bad_version", "GET / HTTP/1.2\r\n\r\n", 400},
        Refused{"lower_case_version", "GET / http/1.1\r\n\r\n", 400},
        Refused{"space_in_target", "GET /a b HTTP/1.1\r\n\r\n", 400},
        Refused{"empty_target", "GET  HTTP/1.1\r\n\r\n", 400},
        Refused{"nul_in_target", std::string("GET /a\0b HTTP/1.1\r\n\r\n", 21), 400},
        Refused{"nul_in_name", std::string("GET / HTTP/1.1\r\na\0b: c\r\n\r\n", 26), 400},
        Refused{"nul_in_value", std::string("GET / HTTP/1.1\r\na: b\0c\r\n\r\n", 26), 400},
        Refused{"bare_newline_in_value", "GET / HTTP/1.1\r\na: b\nContent-Length: 5\r\n\r\n", 400},
        Refused{"bare_return_in_value", "GET / HTTP/1.1\r\na: b\rc: d\r\n\r\n", 400},
        Refused{"control_in_value", "GET / HTTP/1.1\r\na: b\x01\r\n\r\n", 400},
        Refused{"folded_value", "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n", 400},
        Refused{"folded_empty_value", "GET / HTTP/1.1\r\nContent-Length:\r\n 5\r\n\r\n", 400},
        Refused{"folded_first_line", "GET / HTTP/1.1\r\n a: b\r\n\r\n", 400},
        Refused{"space_in_name", "GET / HTTP/1.1\r\na b: c\r\n\r\n", 400},
        Refused{"space_after_name", "GET / HTTP/1.1\r\na : c\r\n\r\n", 400},
        Refused{"empty_name", "GET / HTTP/1.1\r\n: c\r\n\r\n", 400},
        Refused{"no_colon", "GET / HTTP/1.1\r\nabc\r\n\r\n", 400}, Refused{"too_many_headers", many_headers(21), 431},
        Refused{"huge_target", "GET /" + std::string(3000, 'a') + " HTTP/1.1\r\n\r\n", 431},
        Refused{"huge_value", "GET / HTTP/1.1\r\na: " + std::string(3000, 'a') + "\r\n\r\n", 431}),
    [](const testing::TestParamInfo<Refused>& info) { return info.param.name; });

TEST_F(HeadParserTest, AcceptsAsManyHeadersAsItsLimit) {
  EXPECT_EQ(parse(many_headers(20)), Outcome::done);
  EXPECT_EQ(head_.headers.size(), 20U);
}

}  // namespace
}  // namespace millrace::http
