// Many threads create, delete, change, write and read the same few streams at once. Whatever they see is consistent,
// and when all is over nothing is left.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "coordinator/coordinator.h"
#include "coordinator/testing/machine.h"
#include "log/testing/blocks.h"

namespace millrace::coordinator {
namespace {

using catalog::testing_keys::key;

using base::Errc;

constexpr int rounds = 600;  // of each control thread
constexpr int names = 4;

class Storm {
 public:
  explicit Storm(std::uint64_t seed) : seed_(seed) {
    auto opened = Coordinator::open(machine.shared, machine.random, {.shards_max = 30, .on_demand_streams_max = 2});
    EXPECT_TRUE(opened);
    coordinator = std::move(*opened);
  }

  void control(std::uint64_t thread) {
    sim::SimRandom random(seed_ + thread);
    for (int i = 0; i < rounds; ++i) {
      const auto name = fmt::format("stream-{}", random.below(names));
      const auto directory = coordinator->directory();
      const StreamEntry* entry = directory->find(key(name));
      const std::uint64_t uid = entry == nullptr ? 0 : entry->stream->uid;
      switch (random.below(6)) {
        case 0:
        case 1:
          create(name, static_cast<std::uint32_t>(1 + random.below(6)), random.below(3) == 0);
          break;
        case 2:
          coordinator->delete_stream({key(name), uid}, allow({Errc::not_found, Errc::guard_failed}));
          break;
        case 3:
          coordinator->set_retention({key(name), uid, static_cast<std::uint32_t>(24 + random.below(100)), true},
                                     allow({Errc::not_found, Errc::guard_failed}));
          break;
        case 4:
          coordinator->change(catalog::AddTags{key(name), uid, {{fmt::format("tag-{}", random.below(5)), "v"}}, 3},
                              allow({Errc::not_found, Errc::guard_failed}));
          break;
        default:
          coordinator->change(catalog::RemoveTags{key(name), uid, {fmt::format("tag-{}", random.below(5))}},
                              allow({Errc::not_found, Errc::guard_failed}));
      }
    }
  }

  void traffic(std::uint64_t thread) {
    sim::SimRandom random(seed_ + 1'000 + thread);
    std::uint64_t last_version = 0;
    while (!over) {
      const std::uint64_t version = coordinator->version();
      const auto directory = coordinator->directory();
      EXPECT_GE(directory->version, version);
      EXPECT_GE(directory->version, last_version);
      last_version = directory->version;
      expect_consistent(*directory);
      const StreamEntry* entry = directory->find(key(fmt::format("stream-{}", random.below(names))));
      if (entry == nullptr) continue;
      const base::u128 hash = base::make_u128(random.below(~0ULL), random.below(~0ULL));
      const std::size_t at = entry->route(hash);
      EXPECT_TRUE(entry->stream->shards[at].range.contains(hash));
      put_and_read(*entry->shards[at]);
    }
  }

  // Deletes what is left, until nothing is.
  void clear() {
    for (;;) {
      const auto directory = coordinator->directory();
      if (directory->by_name.empty()) return;
      for (const auto& [name, entry] : directory->by_name) {
        coordinator->delete_stream({key(name), entry->stream->uid}, allow({Errc::not_found, Errc::guard_failed}));
      }
    }
  }

  testing::Machine machine;
  std::unique_ptr<Coordinator> coordinator;
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> begun{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::uint64_t> successes{0};
  std::atomic<std::uint64_t> records{0};

 private:
  // Every operation ends once, well or with one of the errors that a race may bring.
  base::Done<void> allow(std::vector<Errc> errors) {
    ++begun;
    return [this, errors = std::move(errors)](const base::Result<void>& outcome) {
      ++ended;
      if (outcome) {
        ++successes;
      } else {
        EXPECT_TRUE(std::ranges::find(errors, outcome.error().code) != errors.end()) << base::describe(outcome.error());
      }
    };
  }

  void create(const std::string& name, std::uint32_t shards, bool on_demand) {
    catalog::CreateStream spec;
    spec.stream = key(name);
    spec.shard_count = shards;
    if (on_demand) spec.mode = catalog::StreamMode::on_demand;
    coordinator->create_stream(spec, allow({Errc::exists, Errc::limit_exceeded}));
  }

  void put_and_read(shard::Shard& shard) {
    shard.append(log::testing::named_block("record", 3, 0, &machine.budget), [&](base::Result<shard::Stored> stored) {
      if (stored) {
        records += 3;
        return;
      }
      const Errc code = stored.error().code;
      // A stream that is still being created, or is gone, has no log.
      EXPECT_TRUE(code == Errc::resource_not_found || code == Errc::internal_failure) << base::describe(stored.error());
    });
    shard.read({}, [&](base::Result<shard::ReadPage> page) {
      if (!page) return;
      std::uint64_t last = 0;
      for (const auto& record : log::testing::records_of(page->page)) {
        EXPECT_GT(record.position, last);
        last = record.position;
      }
    });
  }

  static void expect_consistent(const Directory& directory) {
    ASSERT_EQ(directory.version, directory.state->version);
    ASSERT_EQ(directory.by_name.size(), directory.state->streams.size());
    std::uint64_t open_shards = 0;
    for (const auto& [name, entry] : directory.by_name) {
      const catalog::Stream& stream = *entry->stream;
      ASSERT_EQ(entry->stream, *directory.state->find(key(name)));
      ASSERT_EQ(entry->shards.size(), stream.shards.size());
      ASSERT_LE(stream.tags.size(), 3U);
      for (std::size_t i = 0; i < stream.shards.size(); ++i) {
        ASSERT_EQ(entry->shards[i]->config().id, (log::LogId{stream.uid, stream.shards[i].number}));
      }
      if (stream.status != catalog::StreamStatus::deleting) open_shards += stream.shards.size();
    }
    ASSERT_EQ(open_shards, directory.state->open_shards);
    ASSERT_LE(open_shards, 30U);
    ASSERT_LE(directory.state->on_demand_streams, 2U);
  }

  const std::uint64_t seed_;
};

TEST(StormTest, EveryStateSeenIsConsistentAndNothingIsLeft) {
  const char* given = std::getenv("MILLRACE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MILLRACE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  Storm storm(seed);
  std::vector<std::thread> control;
  std::vector<std::thread> traffic;
  for (std::uint64_t i = 0; i < 3; ++i)
    control.emplace_back([&storm, i] { storm.control(i); });
  for (std::uint64_t i = 0; i < 2; ++i)
    traffic.emplace_back([&storm, i] { storm.traffic(i); });
  for (std::thread& thread : control)
    thread.join();
  storm.over = true;
  for (std::thread& thread : traffic)
    thread.join();
  storm.clear();

  EXPECT_EQ(storm.begun, storm.ended);
  EXPECT_GT(storm.successes, 0U);
  EXPECT_GT(storm.records, 0U);
  EXPECT_TRUE(storm.machine.engine.logs().empty());
  EXPECT_EQ(storm.machine.engine.usage().bytes, 0U);
  for (const auto share : {base::MemoryShare::log, base::MemoryShare::append_queue, base::MemoryShare::catalogue}) {
    EXPECT_EQ(storm.machine.budget.used(share), 0U);
  }
  EXPECT_EQ(storm.coordinator->directory()->state->open_shards, 0U);
  EXPECT_EQ(storm.coordinator->directory()->state->on_demand_streams, 0U);
}

}  // namespace
}  // namespace millrace::coordinator
