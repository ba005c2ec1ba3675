#include "io/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <set>
#include <thread>
#include <vector>

namespace millrace::io {
namespace {

TEST(SystemRandom, DoesNotRepeatAcrossPagesAndThreads) {
  constexpr std::size_t numbers = 5'000;  // ten pages
  std::vector<std::uint64_t> here;
  std::vector<std::uint64_t> there;
  const auto collect = [](std::vector<std::uint64_t>& into) {
    SystemRandom random;
    for (std::size_t i = 0; i < numbers; ++i)
      into.push_back(random.next_u64());
  };
  std::thread other([&] { collect(there); });
  collect(here);
  other.join();
  std::set<std::uint64_t> all(here.begin(), here.end());
  all.insert(there.begin(), there.end());
  EXPECT_EQ(all.size(), 2 * numbers);
}

TEST(SystemRandom, FillsPiecesOfEverySize) {
  SystemRandom random;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096},
                                 std::size_t{4097}, std::size_t{100'000}}) {
    std::vector<std::byte> bytes(size + 1, std::byte{0});
    random.fill(std::span(bytes).first(size));
    EXPECT_EQ(bytes[size], std::byte{0}) << "wrote past the end of " << size;
    if (size < 1'000) continue;
    std::array<std::size_t, 256> seen{};
    for (std::size_t i = 0; i < size; ++i)
      ++seen[static_cast<std::size_t>(bytes[i])];
    // Each value is expected size/256 times; none being missing or ten times as frequent holds for any fair source.
    for (const std::size_t count : seen) {
      EXPECT_GT(count, 0U);
      EXPECT_LT(count, size / 256 * 10);
    }
  }
}

}  // namespace
}  // namespace millrace::io
