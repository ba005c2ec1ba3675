#include "app/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace millrace::app {
namespace {

TEST(Nearest, FindsTheNameThatWasMeant) {
  constexpr std::array<std::string_view, 4> names = {"port", "host", "memory-max", "body-max"};
  EXPECT_EQ(nearest("prot", names), "port");  // neighbours swapped
  EXPECT_EQ(nearest("memroy-max", names), "memory-max");
  EXPECT_EQ(nearest("memory_max", names), "memory-max");
  EXPECT_EQ(nearest("bodymax", names), "body-max");
  EXPECT_EQ(nearest("hosts", names), "host");
  EXPECT_EQ(nearest("mem", names), "memory-max");
}

TEST(Nearest, SuggestsNothingWhereNothingIsNear) {
  constexpr std::array<std::string_view, 2> names = {"port", "memory-max"};
  EXPECT_EQ(nearest("zzzzzzzz", names), "");
  EXPECT_EQ(nearest("x", names), "");
  EXPECT_EQ(nearest("anything", {}), "");
}

}  // namespace
}  // namespace millrace::app
