#include "catalog/chunked_map.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "catalog/stream_map.h"
#include "sim/sim_random.h"

namespace millrace::catalog {
namespace {

using Map = ChunkedMap<std::string, int>;
using Model = std::map<std::string, int>;

Model contents(const Map& map) {
  Model model;
  for (const auto& [key, value] : map)
    model.emplace_hint(model.end(), key, value);
  return model;
}

// What differences() tells, as "key:was>is".
std::vector<std::string> told(const Map& before, const Map& after) {
  std::vector<std::string> lines;
  Map::differences(before, after, [&](const std::string& key, const int* was, const int* is) {
    lines.push_back(fmt::format("{}:{}>{}", key, was == nullptr ? 0 : *was, is == nullptr ? 0 : *is));
  });
  return lines;
}
std::vector<std::string> expected(const Model& before, const Model& after) {
  Model keys = before;
  keys.insert(after.begin(), after.end());
  std::vector<std::string> lines;
  for (const auto& [key, value] : keys) {
    const int was = before.contains(key) ? before.at(key) : 0;
    const int is = after.contains(key) ? after.at(key) : 0;
    if (was != is) lines.push_back(fmt::format("{}:{}>{}", key, was, is));
  }
  return lines;
}

TEST(ChunkedMapTest, IsASortedMapWhateverIsDoneToIt) {
  sim::SimRandom random(17);
  Map map;
  Model model;
  Map older;
  Model older_model;
  for (int i = 1; i < 20'000; ++i) {
    const std::string key = fmt::format("{:03}", random.below(900));
    // More come than go at first, and more go than come later: it grows, shrinks and is empty at times.
    const bool grows = random.below(10) < (i / 2'000 % 2 == 0 ? 7U : 2U);
    if (grows) {
      map.set(key, i);
      model.insert_or_assign(key, i);
    } else {
      EXPECT_EQ(map.erase(key), model.erase(key) == 1);
    }
    ASSERT_EQ(map.size(), model.size());
    const std::string searched = fmt::format("{:03}", random.below(900));
    const auto at = map.lower_bound(searched);
    const auto in_model = model.lower_bound(searched);
    ASSERT_EQ(at == map.end(), in_model == model.end());
    if (at != map.end()) {
      ASSERT_EQ(at->first, in_model->first);
    }
    ASSERT_EQ(map.find(searched) != nullptr, model.contains(searched));
    if (i % 500 == 0) {
      ASSERT_EQ(contents(map), model);
      ASSERT_EQ(contents(older), older_model) << "a copy does not change with the map";
      ASSERT_EQ(told(older, map), expected(older_model, model));
      older = map;
      older_model = model;
    }
  }
}

TEST(ChunkedMapTest, BoundsAreThoseOfASortedMap) {
  Map map;
  EXPECT_EQ(map.begin(), map.end());
  for (int i = 0; i < 500; ++i)
    map.set(fmt::format("{:03}", i), i);
  EXPECT_EQ(map.upper_bound(std::string("099"))->first, "100");
  EXPECT_EQ(map.lower_bound(std::string("099"))->first, "099");
  EXPECT_EQ(map.lower_bound(std::string("0995"))->first, "100");
  EXPECT_EQ(map.lower_bound(std::string(""))->first, "000");
  EXPECT_EQ(map.lower_bound(std::string("5")), map.end());
  EXPECT_EQ(map.back().first, "499");
}

StreamKey key(std::string account, std::string region, std::string name) {
  return {{std::move(account), std::move(region)}, std::move(name)};
}

TEST(StreamMapTest, KeepsPlacesApart) {
  StreamMap<int> map;
  map.set(key("1", "a", "orders"), 1);
  map.set(key("1", "b", "orders"), 2);
  map.set(key("2", "a", "orders"), 3);
  map.set(key("1", "a", "items"), 4);
  map.set(key("1", "a", "orders"), 5);
  EXPECT_EQ(map.size(), 4U);
  EXPECT_EQ(*map.find(key("1", "a", "orders")), 5);
  EXPECT_EQ(map.find(key("3", "a", "orders")), nullptr);
  EXPECT_EQ(map.find(key("2", "a", "items")), nullptr);
  EXPECT_EQ(map.of({"1", "a"}).size(), 2U);
  EXPECT_EQ(map.of({"3", "a"}).size(), 0U);
  std::string walked;
  for (auto at = map.begin(); at != map.end(); ++at)
    walked += at.place().account + at.place().region + at->first + fmt::format("{} ", at->second);
  EXPECT_EQ(walked, "1aitems4 1aorders5 1borders2 2aorders3 ");
}

TEST(StreamMapTest, TellsWhatDiffers) {
  StreamMap<int> before;
  before.set(key("1", "a", "x"), 1);
  before.set(key("1", "b", "y"), 1);
  StreamMap<int> after = before;
  EXPECT_EQ(before, after);
  after.set(key("1", "a", "w"), 2);
  EXPECT_TRUE(after.erase(key("1", "b", "y")));
  EXPECT_FALSE(after.erase(key("1", "b", "y")));
  EXPECT_FALSE(after.erase(key("1", "a", "v")));
  EXPECT_FALSE(before == after);
  EXPECT_EQ(after.size(), 2U);
  std::string told;
  StreamMap<int>::differences(before, after,
                              [&](const Place& place, const std::string& name, const int* was, const int* is) {
                                told += fmt::format("{}{}{}:{}>{} ", place.account, place.region, name,
                                                    was == nullptr ? 0 : *was, is == nullptr ? 0 : *is);
                              });
  EXPECT_EQ(told, "1aw:0>2 1by:1>0 ");
}

}  // namespace
}  // namespace millrace::catalog
