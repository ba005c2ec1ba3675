#include "http/chunk_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>

namespace millrace::http {
namespace {

using Outcome = ChunkDecoder::Outcome;

class Sink final : public ChunkSink {
 public:
  std::size_t take(std::string_view bytes) override {
    const std::size_t n = std::min(bytes.size(), room - body.size());
    body.append(bytes.substr(0, n));
    return n;
  }
  std::string body;
  std::size_t room = SIZE_MAX;
};

class ChunkDecoderTest : public testing::Test {
 protected:
  Outcome parse_chunks(const std::string& text, std::size_t step = SIZE_MAX) {
    decoder_.reset();
    sink_.body.clear();
    consumed_ = 0;
    Outcome outcome = Outcome::need_more;
    for (std::size_t have = 0; have < text.size() && outcome == Outcome::need_more;) {
      have += std::min(step, text.size() - have);
      std::size_t n = 0;
      const std::string unconsumed = text.substr(consumed_, have - consumed_);
      outcome = decoder_.feed(unconsumed, n, sink_);
      consumed_ += n;
    }
    return outcome;
  }

  Limits limits_{.head_bytes_max = 2048, .headers_max = 20, .body_bytes_max = 1000};
  ChunkDecoder decoder_{limits_};
  Sink sink_;
  std::size_t consumed_ = 0;
};

TEST_F(ChunkDecoderTest, PutsTheBodyTogether) {
  const std::string text =
      "5\r\nhello\r\n1;name=value;other=\"quo\\\"ted\"\r\n,\r\n0A\r\n chunked..\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    ASSERT_EQ(parse_chunks(text + "GET", step), Outcome::done) << step;
    EXPECT_EQ(sink_.body, "hello, chunked..");
    EXPECT_EQ(consumed_, text.size());
  }
  EXPECT_EQ(parse_chunks("0\r\n\r\n"), Outcome::done);
  EXPECT_EQ(sink_.body, "");
}

TEST_F(ChunkDecoderTest, WaitsForASinkThatIsFull) {
  sink_.room = 3;
  const std::string text = "5\r\nhello\r\n0\r\n\r\n";
  std::size_t consumed = 0;
  EXPECT_EQ(decoder_.feed(text, consumed, sink_), Outcome::no_memory);
  EXPECT_EQ(sink_.body, "hel");
  EXPECT_EQ(consumed, 6U);
  sink_.room = 100;
  EXPECT_EQ(decoder_.feed(text, consumed, sink_), Outcome::done);
  EXPECT_EQ(sink_.body, "hello");
}

struct Refused {
  const char* name;
  std::string text;
  int status;
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

class ChunkDecoderRefuses : public ChunkDecoderTest, public testing::WithParamInterface<Refused> {};

TEST_P(ChunkDecoderRefuses, HoweverTheyArrive) {
  const std::string& text = GetParam().text;
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, SIZE_MAX}) {
    ASSERT_EQ(parse_chunks(text, step), Outcome::refused) << step;
    EXPECT_EQ(decoder_.refusal(), GetParam().status) << step;
  }
}

std::string many_trailers(int count) {
  std::string text = "0\r\n";
  for (int i = 0; i < count; ++i)
    text += "a: b\r\n";
  return text + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(Chunks, ChunkDecoderRefuses,
                         testing::Values(Refused{"no_size", "\r\nhello\r\n0\r\n\r\n", 400},
                                         Refused{"garbage_size", "g\r\nhello\r\n0\r\n\r\n", 400},
                                         Refused{"negative_size", "-5\r\nhello\r\n0\r\n\r\n", 400},
                                         Refused{"overflowing_size", "10000000000000000\r\nx\r\n0\r\n\r\n", 400},
                                         Refused{"size_over_limit", "3e9\r\nx", 413},
                                         Refused{"sum_over_limit", "1\r\nx\r\n3e8\r\n", 413},
                                         Refused{"no_end_of_chunk", "5\r\nhelloX\r\n0\r\n\r\n", 400},
                                         Refused{"bad_extension", "5 x\r\nhello\r\n0\r\n\r\n", 400},
                                         Refused{"long_extension", "5;" + std::string(5000, 'a') + "\r\nhello", 431},
                                         Refused{"nul_in_extension", std::string("5;a\0\r\nhello", 10), 400},
                                         Refused{"folded_trailer", "0\r\na: b\r\n c\r\n\r\n", 400},
                                         Refused{"bare_newline", "5\nhello\r\n0\r\n\r\n", 400},
                                         Refused{"long_trailers", "0\r\na: " + std::string(3000, 'a'), 431},
                                         Refused{"garbage_trailer", "0\r\na b: c\r\n\r\n", 400},
                                         Refused{"too_many_trailers", many_trailers(21), 431}),
                         [](const testing::TestParamInfo<Refused>& info) { return info.param.name; });

}  // namespace
}  // namespace millrace::http
