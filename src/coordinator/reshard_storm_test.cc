// Splits, merges and rescales at random while records are put: every record that was acknowledged is there once, in the
// order of its key over all generations of shards, and none that was refused is.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "catalog/reshard_plan.h"
#include "coordinator/coordinator.h"
#include "coordinator/testing/machine.h"
#include "log/testing/blocks.h"
#include "log/testing/scripted_engine.h"

namespace millrace::coordinator {
namespace {

using base::Errc;
using catalog::testing_keys::key;
using Call = log::testing::ScriptedEngine::Call;

std::uint64_t seed_of_run() {
  const char* given = std::getenv("MILLRACE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MILLRACE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// A machine over an engine whose appends the test holds.
struct ScriptedMachine {
  sim::SimClock clock;
  sim::SimRandom random{11};
  base::MemoryBudget budget{std::size_t{256} << 20};
  log::testing::ScriptedEngine engine;
  shard::TailCache tail_cache{8 << 20};
  base::Counter commits;
  base::Histogram commit_records;
  base::Counter append_queue_full;
  shard::Shared shared{.engine = engine,
                       .clock = clock.wall(),
                       .budget = budget,
                       .tail_cache = tail_cache,
                       .commits = commits,
                       .commit_records = commit_records,
                       .append_queue_full = append_queue_full};
};

// A number in the order in which a reader of the whole stream meets records: the shard's generation first.
using Order = std::tuple<std::int64_t, model::ShardNo, log::Position>;

// What one key has had: its records are numbered, and the next is put when the last was answered.
struct Key {
  std::string name;
  int next = 0;
  bool busy = false;
  std::map<int, Order> acknowledged;
  std::set<int> refused;
};

class Checker {
 public:
  // Everything that is in the stream, whatever its shard: by key, in the order of sequence numbers.
  void read_all(const StreamEntry& entry) {
    for (std::size_t i = 0; i < entry.shards.size(); ++i) {
      const catalog::ShardInfo& info = entry.stream->shards[i];
      log::Position from = 1;
      for (bool more = true; more;) {
        more = false;
        entry.shards[i]->read({.from = from}, [&](base::Result<shard::ReadPage> page) {
          ASSERT_TRUE(page) << base::describe(page.error());
          for (const log::Slice& slice : page->page.slices) {
            log::Position position = slice.position;
            for (auto at = slice.block.begin(slice.first); at.index() < slice.last; at.next(), ++position) {
              see(at.record(), info, position);
              more = true;
            }
          }
          EXPECT_TRUE(info.is_open() || more || page->page.closed) << "a closed shard ends";
          from = page->page.next;
        });
      }
    }
  }

  void expect_all_of(const Key& key) {
    auto records = found_[key.name];
    std::ranges::sort(records);
    std::vector<int> order;
    std::map<int, Order> places;
    for (const auto& [place, number] : records) {
      order.push_back(number);
      EXPECT_TRUE(places.emplace(number, place).second) << key.name << " has " << number << " twice";
      EXPECT_FALSE(key.refused.contains(number)) << key.name << " has " << number << ", which was refused";
    }
    EXPECT_TRUE(std::ranges::is_sorted(order)) << "the order of " << key.name << " is lost";
    for (const auto& [number, place] : key.acknowledged) {
      const auto found = places.find(number);
      ASSERT_NE(found, places.end()) << key.name << " lost " << number;
      EXPECT_EQ(found->second, place) << key.name << " has " << number << " elsewhere than its answer said";
    }
    EXPECT_EQ(places.size(), key.acknowledged.size());
  }

 private:
  void see(const log::RecordView& record, const catalog::ShardInfo& info, log::Position position) {
    const std::string name(record.partition_key);
    found_[name].emplace_back(Order{info.created_s, info.number, position}, std::stoi(std::string(record.data)));
    EXPECT_TRUE(info.range.contains(model::hash_of(name))) << "in a shard that does not own it";
  }

  std::map<std::string, std::vector<std::pair<Order, int>>> found_;
};

void expect_cover(const catalog::Stream& stream) {
  base::u128 next = 0;
  for (const auto* shard : catalog::open_shards_by_range(stream)) {
    EXPECT_EQ(shard->range.first, next);
    next = shard->range.last + 1;
  }
  EXPECT_EQ(next, base::u128{0});
}

// Puts the key's next record to where the directory given says, alone or with others of the same shard.
void put(const StreamEntry& entry, Key& key, base::MemoryBudget& budget, std::move_only_function<void(Key&)> ended) {
  const int number = key.next++;
  key.busy = true;
  const auto& shard = entry.shards[entry.route(model::hash_of(key.name))];
  shard->append(log::testing::make_block({{key.name, fmt::format("{}", number)}}, 0, &budget),
                [&key, number, given_to = shard->config(),
                 ended = std::move(ended)](const base::Result<shard::Stored>& stored) mutable {
                  if (stored) {
                    const shard::Place place = stored->place(0, given_to);
                    key.acknowledged.emplace(number, Order{place.created_s, place.shard, place.position});
                  } else {
                    // Its children do not come at once.
                    EXPECT_EQ(stored.error().code, Errc::throughput_exceeded) << base::describe(stored.error());
                    key.refused.insert(number);
                  }
                  key.busy = false;
                  ended(key);
                });
}

// A change of the shards that is possible now, most of the time.
void reshard(Coordinator& coordinator, sim::SimRandom& random, base::Done<void> done) {
  const auto directory = coordinator.directory();
  const catalog::Stream& stream = *directory->find(key("orders"))->stream;
  const auto open = catalog::open_shards_by_range(stream);
  const std::size_t at = random.below(open.size());
  switch (random.below(3)) {
    case 0: {
      const auto& range = open[at]->range;
      const model::HashKey part = (range.last - range.first) / 8 * (1 + random.below(7));
      return coordinator.split_shard({key("orders"), stream.uid, open[at]->number, range.first + part},
                                     std::move(done));
    }
    case 1:
      return coordinator.merge_shards(
          {key("orders"), stream.uid, open[at]->number, open[(at + 1) % open.size()]->number}, std::move(done));
    default:
      const auto target = static_cast<std::uint32_t>(1 + random.below(12));
      return coordinator.rescale_stream({key("orders"), stream.uid, target}, std::move(done));
  }
}

void create(Coordinator& coordinator) {
  catalog::CreateStream spec;
  spec.stream = key("orders");
  spec.shard_count = 3;
  coordinator.create_stream(spec, [](const base::Result<void>& created) { ASSERT_TRUE(created); });
}

// One thread, one step at a time, with appends that take as long as the seed wants.
TEST(ReshardStormTest, InTheSimulation) {
  sim::SimRandom random(seed_of_run());
  ScriptedMachine machine;
  auto coordinator = Coordinator::open(machine.shared, machine.random, {}).value();
  create(*coordinator);
  std::vector<Key> keys(40);
  for (std::size_t i = 0; i < keys.size(); ++i)
    keys[i].name = fmt::format("key-{}", i);
  std::deque<std::shared_ptr<const Directory>> stale = {coordinator->directory()};
  int reshards = 0;
  for (int step = 0; step < 8'000; ++step) {
    const auto kind = random.below(100);
    if (kind < 60) {
      // Through a directory that may be some changes old, as a request has it that was looked up before.
      Key& chosen = keys[random.below(keys.size())];
      const auto& directory = stale[random.below(stale.size())];
      if (!chosen.busy) put(*directory->find(key("orders")), chosen, machine.budget, [](Key&) {});
    } else if (kind < 85) {
      machine.engine.release(Call::append, 1 + random.below(8));
    } else if (kind < 90) {
      machine.engine.hold(Call::append);
    } else if (kind < 93) {
      machine.clock.advance(std::chrono::milliseconds(random.below(1'500)));
    } else if (kind < 96) {
      stale.push_back(coordinator->directory());
      if (stale.size() > 5) stale.pop_front();
    } else {
      reshard(*coordinator, random, [&](const base::Result<void>& done) { reshards += done ? 1 : 0; });
    }
  }
  machine.engine.release_all(Call::append);

  const auto directory = coordinator->directory();
  const StreamEntry& entry = *directory->find(key("orders"));
  EXPECT_EQ(entry.stream->status, catalog::StreamStatus::active);
  expect_cover(*entry.stream);
  Checker checker;
  checker.read_all(entry);
  std::size_t acknowledged = 0;
  for (const Key& one : keys) {
    EXPECT_FALSE(one.busy);
    checker.expect_all_of(one);
    acknowledged += one.acknowledged.size();
  }
  EXPECT_GT(reshards, 40);
  EXPECT_GT(acknowledged, 1'500U);
  std::printf("%d reshards, %zu records, %zu shards\n", reshards, acknowledged, entry.shards.size());
}

// The same with threads, on the memory engine.
TEST(ReshardStormTest, WithThreads) {
  const std::uint64_t seed = seed_of_run();
  testing::Machine machine;
  auto coordinator = Coordinator::open(machine.shared, machine.random, {}).value();
  create(*coordinator);
  constexpr int writers = 3;
  std::vector<std::vector<Key>> keys(writers, std::vector<Key>(20));
  constexpr std::uint64_t puts_between = 20;
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> puts{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    for (std::size_t i = 0; i < keys[static_cast<std::size_t>(writer)].size(); ++i)
      keys[static_cast<std::size_t>(writer)][i].name = fmt::format("writer-{}-key-{}", writer, i);
    threads.emplace_back([&, writer] {
      sim::SimRandom random(seed + static_cast<std::uint64_t>(writer));
      auto& own = keys[static_cast<std::size_t>(writer)];
      while (!over) {
        Key& chosen = own[random.below(own.size())];
        std::atomic<bool> answered{false};
        const auto directory = coordinator->directory();
        put(*directory->find(key("orders")), chosen, machine.budget, [&](Key&) {
          answered = true;
          answered.notify_one();
        });
        answered.wait(false);
        ++puts;
        puts.notify_one();
      }
    });
  }
  sim::SimRandom random(seed + 100);
  int reshards = 0;
  for (std::uint64_t i = 0; i < 120; ++i) {
    // Writers that have hardly begun would show nothing.
    for (auto now = puts.load(); now < i * puts_between; now = puts.load())
      puts.wait(now);
    std::atomic<bool> answered{false};
    reshard(*coordinator, random, [&](const base::Result<void>& done) {
      reshards += done ? 1 : 0;
      answered = true;
      answered.notify_one();
    });
    answered.wait(false);
    machine.clock.advance(std::chrono::milliseconds(random.below(300)));
  }
  over = true;
  for (std::thread& thread : threads)
    thread.join();

  const auto directory = coordinator->directory();
  const StreamEntry& entry = *directory->find(key("orders"));
  EXPECT_EQ(entry.stream->status, catalog::StreamStatus::active);
  expect_cover(*entry.stream);
  Checker checker;
  checker.read_all(entry);
  std::size_t acknowledged = 0;
  for (const auto& own : keys) {
    for (const Key& one : own) {
      checker.expect_all_of(one);
      acknowledged += one.acknowledged.size();
    }
  }
  EXPECT_GT(reshards, 40);
  EXPECT_GT(acknowledged, 1'000U);
  std::printf("%d reshards, %zu records, %zu shards\n", reshards, acknowledged, entry.shards.size());
}

}  // namespace
}  // namespace millrace::coordinator
