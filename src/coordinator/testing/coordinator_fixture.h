#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/coordinator.h"
#include "coordinator/testing/machine.h"
#include "log/testing/blocks.h"
#include "sim/sim_loop.h"

namespace millrace::coordinator::testing {

using catalog::testing_keys::key;

// A coordinator over a machine that answers at once unless it was told to hold or fail calls.
class CoordinatorFixture : public ::testing::Test {
 protected:
  ~CoordinatorFixture() override {
    if (coordinator != nullptr) coordinator->leave_loop();
    machine.engine.forget_held();
  }

  void start(AccountLimits limits = {}, TransitionDelays delays = {}) {
    auto opened = Coordinator::open(machine.shared, machine.random, limits, delays);
    ASSERT_TRUE(opened) << base::describe(opened.error());
    coordinator = std::move(*opened);
  }
  // With what runs by itself.
  void start_on_loop(TransitionDelays delays = {}) {
    start({}, delays);
    coordinator->run_on(loop);
  }
  // As after a loss of power: what the engine had not done is never done.
  void crash() {
    coordinator->leave_loop();
    coordinator.reset();
    machine.engine.forget_held();
    machine.engine.mend();
    machine.engine.look_at_commands({});
  }
  void advance(std::chrono::nanoseconds by) { scheduler.advance(by); }

  struct Told {
    int times = 0;
    base::Result<void> outcome = base::fail(base::Errc::internal_failure, "not told");
  };
  std::shared_ptr<Told> begin(std::move_only_function<void(base::Done<void>)> call) {
    auto told = std::make_shared<Told>();
    call([told](base::Result<void> outcome) {
      ++told->times;
      told->outcome = std::move(outcome);
    });
    return told;
  }
  static base::Result<void> ended(const std::shared_ptr<Told>& told) {
    EXPECT_EQ(told->times, 1);
    return told->outcome;
  }

  base::Result<void> create(const std::string& name, std::uint32_t shards, bool on_demand = false) {
    catalog::CreateStream spec;
    spec.stream = key(name);
    spec.shard_count = shards;
    if (on_demand) spec.mode = catalog::StreamMode::on_demand;
    return ended(begin([&](auto done) { coordinator->create_stream(spec, std::move(done)); }));
  }
  std::shared_ptr<Told> begin_delete(const std::string& name) {
    return begin([&](auto done) { coordinator->delete_stream({key(name), uid_of(name)}, std::move(done)); });
  }
  std::shared_ptr<Told> begin_split(const std::string& name, model::ShardNo shard) {
    const auto range = stream(name).shard(shard)->range;
    const model::HashKey middle = range.first + (range.last - range.first) / 2 + 1;
    return begin(
        [&](auto done) { coordinator->split_shard({key(name), uid_of(name), shard, middle}, std::move(done)); });
  }
  std::shared_ptr<Told> begin_merge(const std::string& name, model::ShardNo shard, model::ShardNo adjacent) {
    return begin(
        [&](auto done) { coordinator->merge_shards({key(name), uid_of(name), shard, adjacent}, std::move(done)); });
  }
  std::shared_ptr<Told> begin_rescale(const std::string& name, std::uint32_t target) {
    return begin([&](auto done) { coordinator->rescale_stream({key(name), uid_of(name), target}, std::move(done)); });
  }

  const StreamEntry* entry(const std::string& name) { return coordinator->directory()->find(key(name)); }
  const catalog::Stream& stream(const std::string& name) { return *entry(name)->stream; }
  std::uint64_t uid_of(const std::string& name) { return stream(name).uid; }
  catalog::StreamStatus status_of(const std::string& name) { return stream(name).status; }

  // What is known of an append, before and after it has ended.
  struct Put {
    int times = 0;
    base::Result<shard::Stored> stored = base::fail(base::Errc::internal_failure, "not told");
    shard::ShardConfig given_to;
    shard::Place place() const { return stored->place(0, given_to); }
  };
  // To the shard that owns the hash in the directory given; the newest where there is none.
  std::shared_ptr<Put> put_at(const std::string& name, model::HashKey hash, const std::string& data,
                              const StreamEntry* to = nullptr) {
    auto put = std::make_shared<Put>();
    const auto directory = coordinator->directory();
    if (to == nullptr) to = directory->find(key(name));
    const auto& shard = to->shards[to->route(hash)];
    put->given_to = shard->config();
    shard->append(log::testing::make_block({{"key", data, hash}}, 0, &machine.budget),
                  [put](base::Result<shard::Stored> stored) {
                    ++put->times;
                    put->stored = std::move(stored);
                  });
    return put;
  }
  std::vector<std::string> data_of(const std::string& name, model::ShardNo shard) {
    std::vector<std::string> data;
    const auto* found = entry(name)->find(shard);
    if (found == nullptr) return {"no such shard"};
    (*found)->read({}, [&](base::Result<shard::ReadPage> page) {
      ASSERT_TRUE(page) << base::describe(page.error());
      data = log::testing::data_of(page->page);
    });
    return data;
  }

  using Strings = std::vector<std::string>;

  Machine machine;
  sim::SimScheduler scheduler{machine.clock};
  sim::SimLoop& loop = scheduler.make_loop();
  std::unique_ptr<Coordinator> coordinator;
};

}  // namespace millrace::coordinator::testing
