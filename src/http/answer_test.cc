#include "http/answer.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

class HandClock final : public io::WallClock {
 public:
  std::int64_t now_ms() const override { return ms; }
  std::int64_t ms = 0;
};

// Reference values from date(1): date -u -d @N '+%a, %d %b %Y %T GMT'.
TEST(HttpDate, IsTheFormOfTheStandard) {
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(951'827'696), "Tue, 29 Feb 2000 12:34:56 GMT");
  EXPECT_EQ(http_date(1'768'469'400), "Thu, 15 Jan 2026 09:30:00 GMT");
  EXPECT_EQ(http_date(4'102'444'799), "Thu, 31 Dec 2099 23:59:59 GMT");
}

TEST(DateLine, FollowsTheClockSecondBySecond) {
  HandClock clock;
  DateLine line(clock);
  clock.ms = 1'768'469'400'000;
  EXPECT_EQ(line.now(), "Date: Thu, 15 Jan 2026 09:30:00 GMT\r\n");
  clock.ms += 999;
  EXPECT_EQ(line.now(), "Date: Thu, 15 Jan 2026 09:30:00 GMT\r\n");
  clock.ms += 1;
  EXPECT_EQ(line.now(), "Date: Thu, 15 Jan 2026 09:30:01 GMT\r\n");
  clock.ms = 0;
  EXPECT_EQ(line.now(), "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
}

TEST(AppendHead, HasWhatTheFramingNeeds) {
  const Response response{
      .status = 200, .content_type = "application/x-amz-json-1.1", .headers = "x-a: 1\r\nx-b: 2\r\n", .body = "12345"};
  std::string out;
  append_head(out, response, "Date: now\r\n", Framing::length, false);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: application/x-amz-json-1.1\r\nx-a: 1\r\nx-b: 2\r\n"
            "Content-Length: 5\r\n\r\n");
  out.clear();
  append_head(out, response, "Date: now\r\n", Framing::chunks, true);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: application/x-amz-json-1.1\r\nx-a: 1\r\nx-b: 2\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  out.clear();
  append_head(out, Response{.status = 418, .headers = {}, .body = {}}, "", Framing::closing, true);
  EXPECT_EQ(out, "HTTP/1.1 418 \r\nConnection: close\r\n\r\n");
}

TEST(AppendHead, KnowsTheReasonsOfItsStatuses) {
  for (const auto& [status, reason] :
       std::initializer_list<std::pair<std::uint16_t, std::string>>{{200, "OK"},
                                                                    {400, "Bad Request"},
                                                                    {403, "Forbidden"},
                                                                    {404, "Not Found"},
                                                                    {408, "Request Timeout"},
                                                                    {413, "Payload Too Large"},
                                                                    {431, "Request Header Fields Too Large"},
                                                                    {500, "Internal Server Error"},
                                                                    {503, "Service Unavailable"}}) {
    std::string out;
    append_head(out, Response{.status = status, .headers = {}, .body = {}}, "", Framing::length, false);
    EXPECT_TRUE(out.starts_with("HTTP/1.1 " + std::to_string(status) + " " + reason + "\r\n")) << out;
  }
}

TEST(AppendChunkSize, IsHexadecimal) {
  std::string out;
  append_chunk_size(out, 1);
  append_chunk_size(out, 0xabcdef);
  EXPECT_EQ(out, "1\r\nabcdef\r\n");
}

}  // namespace
}  // namespace millrace::http
