#include "model/hash_range.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::model {
namespace {

std::vector<std::string> starts(std::uint32_t count) {
  std::vector<std::string> texts;
  for (const HashKeyRange& range : uniform_ranges(count))
    texts.push_back(base::to_decimal(range.first));
  return texts;
}

TEST(HashRange, StartsAreThoseOfTheService) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(starts(1), Texts({"0"}));
  EXPECT_EQ(starts(2), Texts({"0", "170141183460469231731687303715884105728"}));
  EXPECT_EQ(starts(3),
            Texts({"0", "113427455640312821154458202477256070485", "226854911280625642308916404954512140970"}));
  EXPECT_EQ(starts(4), Texts({"0", "85070591730234615865843651857942052864", "170141183460469231731687303715884105728",
                              "255211775190703847597530955573826158592"}));
  EXPECT_EQ(starts(5), Texts({"0", "68056473384187692692674921486353642291", "136112946768375385385349842972707284582",
                              "204169420152563078078024764459060926873", "272225893536750770770699685945414569164"}));
}

TEST(HashRange, RangesCoverTheKeySpaceOnce) {
  for (const std::uint32_t count : {1U, 2U, 3U, 5U, 7U, 8U, 64U, 100U, 1000U, 65'536U}) {
    const std::vector<HashKeyRange> ranges = uniform_ranges(count);
    ASSERT_EQ(ranges.size(), count);
    EXPECT_EQ(ranges.front().first, HashKey{0});
    EXPECT_EQ(ranges.back().last, base::u128_max);
    for (std::size_t i = 1; i < ranges.size(); ++i)
      ASSERT_EQ(ranges[i].first, ranges[i - 1].last + 1) << count;
    EXPECT_TRUE(ranges.front().contains(ranges.front().last));
    if (count > 1) EXPECT_FALSE(ranges.front().contains(ranges[1].first));
  }
}

TEST(HashRange, HashesOfKnownKeys) {
  EXPECT_EQ(base::to_decimal(hash_of("a")), "16955237001963240173058271559858726497");
  EXPECT_EQ(base::to_decimal(hash_of("user-1")), "285573413173782752570879317399258818820");
  EXPECT_EQ(base::to_decimal(hash_of("日本")), "103341369634063465466164320543046703539");
}

}  // namespace
}  // namespace millrace::model
