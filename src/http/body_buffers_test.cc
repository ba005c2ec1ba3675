#include "http/body_buffers.h"

#include <gtest/gtest.h>

#include <cstring>

namespace millrace::http {
namespace {

TEST(BodyBuffers, ReusesSmallOnesAndCountsWhatItKeeps) {
  base::MemoryBudget budget(std::size_t{1} << 30);
  {
    BodyBuffers buffers(budget);
    BodyBuffer buffer = buffers.take(40'000);
    EXPECT_EQ(buffer.capacity, 65'536U);
    const char* where = buffer.bytes.get();
    std::memset(buffer.bytes.get(), 'x', buffer.capacity);
    buffers.put_back(std::move(buffer));
    EXPECT_EQ(budget.used(base::MemoryShare::connections), 65'536U);
    buffer = buffers.take(65'536);
    EXPECT_EQ(buffer.bytes.get(), where);
    EXPECT_EQ(budget.used(base::MemoryShare::connections), 0U);
    buffers.put_back(std::move(buffer));
  }
  EXPECT_EQ(budget.used(base::MemoryShare::connections), 0U);
}

TEST(BodyBuffers, KeepsNeitherLargeOnesNorTooMany) {
  base::MemoryBudget budget(std::size_t{1} << 30);
  BodyBuffers buffers(budget);
  BodyBuffer large = buffers.take(BodyBuffers::reused_bytes_max + 1);
  EXPECT_EQ(large.capacity, BodyBuffers::reused_bytes_max + 1);
  buffers.put_back(std::move(large));
  EXPECT_EQ(budget.used(base::MemoryShare::connections), 0U);
  std::vector<BodyBuffer> many;
  for (int i = 0; i < 10; ++i)
    many.push_back(buffers.take(200'000));
  for (BodyBuffer& one : many)
    buffers.put_back(std::move(one));
  EXPECT_EQ(budget.used(base::MemoryShare::connections), BodyBuffers::kept_bytes_max);
}

}  // namespace
}  // namespace millrace::http
