#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace millrace::base::log {
namespace {

using testing::HasSubstr;

// What `act` writes on standard error.
template <class Act>
std::string captured(Act act) {
  testing::internal::CaptureStderr();
  act();
  return testing::internal::GetCapturedStderr();
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

TEST(Log, WritesOneLineOfText) {
  init(Level::info, Format::text);
  const std::string line =
      captured([] { warn("engine failed", {{"request_id", "abc-1"}, {"cause", "no space left"}}); });
  EXPECT_TRUE(std::regex_match(
      line,
      std::regex(
          R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning engine failed request_id=abc-1 cause="no space left"\n)")))
      << line;
}

TEST(Log, ValuesCannotBreakTheLine) {
  init(Level::info, Format::text);
  const std::string line = captured([] { info("x", {{"name", "a\nb\"c=d"}, {"empty", ""}}); });
  EXPECT_EQ(lines_in(line), 1U);
  EXPECT_THAT(line, HasSubstr(R"(name="a\u000ab\"c=d" empty="")"));
}

TEST(Log, JsonEscapes) {
  init(Level::info, Format::json);
  const std::string line = captured([] { error("say \"hi\"\\", {{"tab", "a\tb"}, {"utf8", "日本"}}); });
  EXPECT_THAT(line, HasSubstr(R"("level":"error","message":"say \"hi\"\\","tab":"a\u0009b","utf8":"日本"})"));
  EXPECT_TRUE(line.starts_with("{\"time\":\""));
  EXPECT_TRUE(line.ends_with("}\n"));
  init(Level::info, Format::text);
}

TEST(Log, LevelsBelowTheChosenAreNotWritten) {
  init(Level::warn, Format::text);
  EXPECT_FALSE(enabled(Level::info));
  EXPECT_TRUE(enabled(Level::error));
  EXPECT_EQ(captured([] { info("quiet"); }), "");
  EXPECT_EQ(lines_in(captured([] { error("loud"); })), 1U);
  init(Level::off, Format::text);
  EXPECT_EQ(captured([] { error("nothing"); }), "");
  init(Level::info, Format::text);
}

TEST(LogLimited, OneLineAnIntervalAndTheRestIsCounted) {
  init(Level::info, Format::text);
  const auto at = [](std::int64_t ms) {
    return captured([ms] { write_limited("log_test.interval", ms, Level::warn, "share full"); });
  };
  EXPECT_EQ(lines_in(at(1'000)), 1U);
  EXPECT_EQ(at(1'001), "");
  EXPECT_EQ(at(1'000 + repeat_interval_ms - 1), "");
  EXPECT_THAT(at(1'000 + repeat_interval_ms), HasSubstr("share full (2 more like this were not shown)"));
  const std::string later = at(1'000 + 2 * repeat_interval_ms);
  EXPECT_EQ(lines_in(later), 1U);
  EXPECT_THAT(later, testing::Not(HasSubstr("not shown")));
}

TEST(LogLimited, KeysDoNotHoldBackOneAnother) {
  init(Level::info, Format::text);
  const std::string text = captured([] {
    write_limited("log_test.one", 5, Level::warn, "one");
    write_limited("log_test.two", 5, Level::warn, "two");
  });
  EXPECT_EQ(lines_in(text), 2U);
}

TEST(LogLimited, BeyondTheMaximumKeysShareOneLimit) {
  init(Level::info, Format::text);
  captured([] {
    for (std::size_t i = 0; i < repeat_keys_max; ++i) {
      write_limited("log_test.key" + std::to_string(i), 5, Level::warn, "filling");
    }
  });
  const std::string text = captured([] {
    for (int i = 0; i < 100; ++i)
      write_limited("log_test.late" + std::to_string(i), 5, Level::warn, "late");
  });
  EXPECT_LE(lines_in(text), 1U);
}

}  // namespace
}  // namespace millrace::base::log
