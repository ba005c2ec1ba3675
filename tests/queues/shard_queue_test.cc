// What one shard may hold, and what its producers and consumers are told when it is full.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "log/block_fifo.h"
#include "log/memory/memory_engine.h"
#include "log/testing/blocks.h"
#include "log/testing/scripted_engine.h"
#include "shard/testing/shard_fixture.h"
#include "tests/queues/world.h"

namespace millrace::queues {
namespace {

using log::testing::code_of;
using log::testing::Condition;
using log::testing::ScriptedEngine;
using shard::Shard;
using Call = ScriptedEngine::Call;
using Names = std::vector<std::string>;

// A broker over an engine that keeps what it is asked for until the test lets it through.
class ShardQueue : public ::testing::Test {
 protected:
  ShardQueue() { world_.create("s", 2); }

  // PutRecords: two records for the first shard, one for the second.
  Pending put_three() {
    return world_.send("PutRecords", R"({"StreamName":"s","Records":[
        {"PartitionKey":"a","ExplicitHashKey":"0","Data":"eA=="},
        {"PartitionKey":"b","ExplicitHashKey":"340282366920938463463374607431768211455","Data":"eA=="},
        {"PartitionKey":"c","ExplicitHashKey":"1","Data":"eA=="}]})");
  }

  ScriptedEngine* engine_ = nullptr;
  World world_{[this](base::MemoryBudget&, const io::WallClock&) {
    auto made = std::make_unique<ScriptedEngine>();
    engine_ = made.get();
    return made;
  }};
};

TEST_F(ShardQueue, ShardAppends) {
  engine_->hold(Call::append);
  std::vector<Pending> waiting;
  for (std::size_t i = 0; i < Shard::appends_queued_max; ++i)
    waiting.push_back(world_.put("s", 1));
  EXPECT_FALSE(waiting.front().is_answered());
  EXPECT_FALSE(waiting.back().is_answered());
  EXPECT_EQ(world_.metric("millrace_appends_queued"), static_cast<double>(Shard::appends_queued_max));
  EXPECT_EQ(world_.not_ready(), Names{"shards"});

  const Pending over = world_.put("s", 1);
  EXPECT_EQ(over.status(), 400);
  EXPECT_EQ(over.body(), shard_is_full("s"));
  // Of a batch the group of that shard alone: the other shard has room.
  const Pending batch = put_three();
  EXPECT_FALSE(batch.is_answered());

  engine_->release_all(Call::append);
  for (const Pending& put : waiting)
    ASSERT_EQ(put.status(), 200) << put.body();
  const std::string refused =
      R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for shard )"
      R"(shardId-000000000000 in stream s under account 000000000000."})";
  EXPECT_EQ(batch.status(), 200);
  EXPECT_TRUE(batch.body().starts_with(R"({"FailedRecordCount":2,"Records":[)" + refused)) << batch.body();
  EXPECT_TRUE(batch.body().ends_with(refused + "]}")) << batch.body();
  EXPECT_EQ(member(batch.body(), "ShardId"), "shardId-000000000001");

  EXPECT_EQ(world_.metric("millrace_appends_queued"), 0);
  EXPECT_EQ(world_.not_ready(), Names{});
  EXPECT_EQ(world_.put("s", 1).status(), 200);
  EXPECT_TRUE(put_three().body().starts_with(R"({"FailedRecordCount":0,)"));
}

TEST_F(ShardQueue, ShardReads) {
  // Nothing was put since the start, so reads go to the engine.
  const std::string iterator = world_.oldest("s");
  engine_->hold(Call::read);
  std::vector<Pending> waiting;
  for (std::size_t i = 0; i < Shard::reads_queued_max; ++i)
    waiting.push_back(world_.get(iterator));
  EXPECT_FALSE(waiting.front().is_answered());
  EXPECT_EQ(world_.metric("millrace_reads_queued"), static_cast<double>(Shard::reads_queued_max));
  EXPECT_EQ(world_.not_ready(), Names{"shards"});

  const auto latest = [this] {
    return world_.send("GetShardIterator",
                       R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"LATEST"})");
  };
  for (const Pending& over : {world_.get(iterator), latest()}) {
    EXPECT_EQ(over.status(), 400);
    EXPECT_EQ(over.body(), shard_is_full("s"));
  }
  // Producers do not wait for readers.
  EXPECT_EQ(world_.put("s", 1).status(), 200);

  engine_->release_all(Call::read);
  for (const Pending& read : waiting)
    ASSERT_EQ(read.status(), 200) << read.body();
  EXPECT_EQ(world_.metric("millrace_reads_queued"), 0);
  EXPECT_EQ(world_.not_ready(), Names{});
  EXPECT_EQ(world_.get(iterator).status(), 200);
  EXPECT_EQ(latest().status(), 200);
}

TEST_F(ShardQueue, ShardCommits) {
  engine_->hold(Call::append);
  // Too large to be joined.
  constexpr std::size_t puts = 10;
  std::vector<Pending> waiting;
  for (std::size_t i = 0; i < puts; ++i)
    waiting.push_back(world_.put("s", 100'000));
  for (std::size_t answered = 0; answered < puts; ++answered) {
    EXPECT_EQ(engine_->held(Call::append), std::min(Shard::commits_in_flight_max, puts - answered));
    EXPECT_FALSE(waiting[answered].is_answered());
    engine_->release(Call::append, 1);
    EXPECT_EQ(waiting[answered].status(), 200);
  }
  EXPECT_EQ(engine_->appends(), puts);
}

class OneShardQueue : public shard::testing::ShardFixture {};

TEST_F(OneShardQueue, ShardInbox) {
  append("a").value();
  // A thread that is kept inside the actor: whatever comes meanwhile waits in the inbox.
  Condition condition;
  bool inside = false;
  bool go_on = false;
  std::thread busy([&] {
    shard_->read({}, [&](base::Result<shard::ReadPage>) {
      condition.update([&] { inside = true; });
      EXPECT_TRUE(condition.wait([&] { return go_on; }));
    });
  });
  ASSERT_TRUE(condition.wait([&] { return inside; }));
  std::vector<Outcome<shard::Stored>> appends;
  std::vector<Outcome<shard::ReadPage>> reads;
  for (std::size_t i = 0; i < Shard::appends_queued_max; ++i)
    appends.push_back(start_append(block("b")));
  for (std::size_t i = 0; i < Shard::reads_queued_max; ++i)
    reads.push_back(start_read({}));
  EXPECT_FALSE(appends.front().is_there());
  EXPECT_FALSE(reads.front().is_there());
  EXPECT_EQ(code_of(start_append(block("over")).get()), base::Errc::throughput_exceeded);
  EXPECT_EQ(code_of(start_read({}).get()), base::Errc::throughput_exceeded);
  condition.update([&] { go_on = true; });
  busy.join();
  for (auto& one : appends)
    ASSERT_TRUE(one.get().has_value());
  for (auto& one : reads)
    ASSERT_TRUE(one.get().has_value());
  EXPECT_EQ(shard_->queued() + shard_->reads_queued(), 0U);
  EXPECT_TRUE(append("next").has_value());
  EXPECT_TRUE(start_read({}).get().has_value());
}

TEST_F(OneShardQueue, JoinedBlocks) {
  engine_.hold(Call::append);
  // So many commits are with the engine that the rest gathers.
  constexpr std::size_t record_bytes = 1'000;
  constexpr std::size_t blocks = 500;
  std::vector<Outcome<shard::Stored>> calls;
  for (std::size_t i = 0; i < blocks; ++i)
    calls.push_back(start_append(block_of_bytes(record_bytes)));
  engine_.release_all(Call::append);
  for (auto& call : calls)
    ASSERT_TRUE(call.get().has_value());
  std::size_t largest = 0;
  std::size_t records = 0;
  for (const log::Slice& slice : read().slices) {
    largest = std::max(largest, slice.block.payload().size());
    records += slice.last - slice.first;
  }
  EXPECT_EQ(records, blocks);
  EXPECT_LE(largest, Shard::joined_bytes_max);
  EXPECT_GT(largest, Shard::joined_bytes_max - 2 * record_bytes);
  EXPECT_LT(engine_.appends(),
            2 + Shard::commits_in_flight_max + blocks * record_bytes / (Shard::joined_bytes_max / 2));
}

TEST(CacheQueue, TailCache) {
  World world(&log::make_memory_engine, 64 * mib);
  world.create("s");
  // More than the tails may have, less than the engine keeps.
  const std::size_t max = shard::TailCache::bytes_max_of(world.budget);
  const std::size_t puts = max / (900 * 1024) + 3;
  for (std::size_t i = 0; i < puts; ++i)
    ASSERT_EQ(world.put("s", 900 * 1024).status(), 200);
  EXPECT_LE(world.tail_cache.bytes(), max);
  EXPECT_GT(world.tail_cache.bytes(), max - mib);
  EXPECT_EQ(world.metric("millrace_tail_cache_bytes"), static_cast<double>(world.tail_cache.bytes()));
  EXPECT_EQ(world.engine->usage().records_dropped, 0U);
  // A reader begins at what the tail has forgotten and ends at its tip.
  std::size_t seen = 0;
  for (std::string iterator = world.oldest("s"); seen < puts;) {
    const Pending page = world.get(iterator);
    ASSERT_EQ(page.status(), 200) << page.body();
    const std::string& body = page.body();
    std::size_t records = 0;
    for (std::size_t at = body.find("\"Data\""); at != std::string::npos; at = body.find("\"Data\"", at + 1))
      ++records;
    ASSERT_GT(records, 0U) << "after " << seen << " of " << puts;
    seen += records;
    iterator = member(body, "NextShardIterator");
  }
  EXPECT_EQ(seen, puts);
}

TEST(CacheQueue, BlockPlaces) {
  log::BlockFifo fifo(16 * mib);
  const auto stays = std::make_shared<log::BlockFifo::Queue>(1);
  const auto goes = std::make_shared<log::BlockFifo::Queue>(1);
  // The oldest block stays, so that places behind it cannot simply be taken off the front.
  fifo.push(stays, log::testing::named_block("stays", 1), 1);
  std::size_t most = 0;
  for (model::Position at = 1; at <= 1'000; ++at) {
    fifo.push(goes, log::testing::named_block("goes", 1), at);
    ASSERT_LE(fifo.places(), 2 * fifo.blocks() + log::BlockFifo::stale_places_min);
    fifo.clear(*goes);
    ASSERT_LE(fifo.places(), 2 * fifo.blocks() + log::BlockFifo::stale_places_min);
    most = std::max(most, fifo.places());
  }
  EXPECT_GE(most, log::BlockFifo::stale_places_min);
  fifo.push(goes, log::testing::named_block("new", 1), 2'000);
  EXPECT_EQ(fifo.blocks(), 2U);
  EXPECT_EQ(goes->seek_time(0), 2'000U);
}

}  // namespace
}  // namespace millrace::queues
