#include "app/units.h"

#include <gtest/gtest.h>

namespace millrace::app {
namespace {

TEST(Units, SizesNeedAUnitAndFitInto64Bits) {
  EXPECT_EQ(parse_size("64MiB"), 64ull << 20);
  EXPECT_EQ(parse_size("1GiB"), 1ull << 30);
  EXPECT_EQ(parse_size("10MB"), 10'000'000ull);
  EXPECT_EQ(parse_size("0B"), 0ull);
  EXPECT_EQ(parse_size("0"), 0ull);
  for (std::string_view bad :
       {"", "64", "MiB", "64 MiB", "64mib", "-1B", "1.5GiB", "18446744073709551616B", "16777216TiB", "1GiBB"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(Units, DurationsNeedAUnitSaveForZero) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_duration("5s"), milliseconds{5'000});
  EXPECT_EQ(parse_duration("500ms"), milliseconds{500});
  EXPECT_EQ(parse_duration("2m"), milliseconds{120'000});
  EXPECT_EQ(parse_duration("1h"), milliseconds{3'600'000});
  EXPECT_EQ(parse_duration("0"), milliseconds{0});
  for (std::string_view bad : {"", "5", "s", "5 s", "-5s", "5d", "9223372036854775807h"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Units, WholeNumbersHaveBounds) {
  EXPECT_EQ(parse_whole("65535", 0, 65'535), 65'535ull);
  EXPECT_FALSE(parse_whole("65536", 0, 65'535));
  EXPECT_FALSE(parse_whole("0", 1, 2));
  for (std::string_view bad : {"", "+1", "-1", "0x10", "1.0", " 1"})
    EXPECT_FALSE(parse_whole(bad, 0, 100)) << bad;
  EXPECT_EQ(parse_whole("7", 8, 9).error().message, "is not a whole number from 8 to 9");
}

TEST(Units, ShownSizesReadBack) {
  for (std::uint64_t bytes : {0ull, 1ull, 1'000ull, 1'024ull, 1'536ull, 16ull << 20, 1ull << 30, (1ull << 30) + 1}) {
    EXPECT_EQ(parse_size(show_size(bytes)), bytes) << show_size(bytes);
  }
  EXPECT_EQ(show_size(1ull << 30), "1GiB");
  EXPECT_EQ(show_size(16ull << 20), "16MiB");
}

}  // namespace
}  // namespace millrace::app
