#include "gateway/request_ids.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/sim_random.h"

namespace millrace::gateway {
namespace {

TEST(RequestIds, AreVersion4Uuids) {
  sim::SimRandom random(7);
  RequestIds ids(random);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = ids.request_id();
    ASSERT_EQ(id.size(), 36U);
    for (std::size_t at = 0; at < id.size(); ++at) {
      if (at == 8 || at == 13 || at == 18 || at == 23) {
        EXPECT_EQ(id[at], '-');
      } else {
        EXPECT_NE(std::string("0123456789abcdef").find(id[at]), std::string::npos);
      }
    }
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(RequestIds, TheSecondIdIsNoiseOfTheServicesLength) {
  sim::SimRandom random(7);
  RequestIds ids(random);
  std::string first = "before ";
  ids.append_id_2(first);
  std::string second = "before ";
  ids.append_id_2(second);
  EXPECT_EQ(first.size(), 7U + 96U);
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace millrace::gateway
