#include "coordinator/directory_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

namespace millrace::coordinator {
namespace {

std::shared_ptr<const Directory> version_of(std::uint64_t version) {
  auto directory = std::make_shared<Directory>();
  directory->version = version;
  return directory;
}

TEST(DirectoryCacheTest, GivesWhatWasPublishedLast) {
  DirectoryCache cache;
  EXPECT_EQ(cache.get(), nullptr);
  const auto first = version_of(0);
  cache.publish(first);
  EXPECT_EQ(cache.get().get(), first.get());
  EXPECT_EQ(cache.get().get(), first.get());
  cache.publish(version_of(7));
  EXPECT_EQ(cache.get()->version, 7U);
  EXPECT_EQ(cache.version(), 7U);
}

TEST(DirectoryCacheTest, CopiesOfOneThreadAreNotCountedWithThoseOfAnother) {
  DirectoryCache cache;
  cache.publish(version_of(1));
  const auto mine = cache.get();
  EXPECT_EQ(mine.use_count(), 2) << "the thread's own and the copy";
  std::thread([&] {
    const auto theirs = cache.get();
    EXPECT_EQ(theirs.get(), mine.get());
    EXPECT_EQ(theirs.use_count(), 2);
    EXPECT_EQ(mine.use_count(), 2);
  }).join();
}

TEST(DirectoryCacheTest, AnOldDirectoryEndsWhenItsLastThreadAsksAgain) {
  DirectoryCache cache;
  auto first = version_of(1);
  const std::weak_ptr<const Directory> watched = first;
  cache.publish(std::move(first));
  EXPECT_EQ(cache.get()->version, 1U);
  cache.publish(version_of(2));
  EXPECT_FALSE(watched.expired()) << "this thread has not asked since";
  EXPECT_EQ(cache.get()->version, 2U);
  EXPECT_TRUE(watched.expired());
}

TEST(DirectoryCacheTest, AThreadThatEndsLetsGo) {
  DirectoryCache cache;
  auto first = version_of(1);
  const std::weak_ptr<const Directory> watched = first;
  cache.publish(std::move(first));
  std::thread([&] { EXPECT_EQ(cache.get()->version, 1U); }).join();
  cache.publish(version_of(2));
  EXPECT_TRUE(watched.expired());
}

TEST(DirectoryCacheTest, TheEndOfTheCacheLetsGoOfWhatLivingThreadsKept) {
  auto cache = std::make_unique<DirectoryCache>();
  auto first = version_of(1);
  const std::weak_ptr<const Directory> watched = first;
  cache->publish(std::move(first));
  std::binary_semaphore asked{0};
  std::binary_semaphore ended{0};
  std::thread thread([&] {
    EXPECT_EQ(cache->get()->version, 1U);
    asked.release();
    ended.acquire();
    // A new cache, perhaps at the same address, is another one for this thread.
    DirectoryCache other;
    EXPECT_EQ(other.get(), nullptr);
  });
  asked.acquire();
  EXPECT_EQ(cache->get()->version, 1U);
  cache.reset();
  EXPECT_TRUE(watched.expired());
  ended.release();
  thread.join();
}

TEST(DirectoryCacheTest, OneThreadMayUseSeveral) {
  DirectoryCache a;
  DirectoryCache b;
  a.publish(version_of(1));
  b.publish(version_of(10));
  for (std::uint64_t i = 2; i < 5; ++i) {
    EXPECT_EQ(a.get()->version, i - 1);
    EXPECT_EQ(b.get()->version, 10U);
    a.publish(version_of(i));
    EXPECT_EQ(b.get()->version, 10U);
    EXPECT_EQ(a.get()->version, i);
  }
}

TEST(DirectoryCacheTest, NobodyEverSeesTheTimeGoBack) {
  constexpr std::uint64_t versions = 20'000;
  DirectoryCache cache;
  cache.publish(version_of(1));
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (last < versions) {
        const std::uint64_t published = cache.version();
        const auto directory = cache.get();
        ASSERT_GE(directory->version, published);
        ASSERT_GE(directory->version, last);
        last = directory->version;
      }
    });
  }
  for (std::uint64_t i = 2; i <= versions; ++i)
    cache.publish(version_of(i));
  for (std::thread& reader : readers)
    reader.join();
}

}  // namespace
}  // namespace millrace::coordinator
