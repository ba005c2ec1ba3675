#include "log/block_fifo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "log/testing/blocks.h"

namespace millrace::log {
namespace {

using base::MemoryBudget;
using base::MemoryShare;
using testing::all_records;
using testing::data_of;
using testing::make_block;
using testing::named_block;
using testing::ReadRecord;
using testing::records_of;

using QueuePtr = std::shared_ptr<BlockFifo::Queue>;

QueuePtr make_queue(Position held_from = 1) {
  return std::make_shared<BlockFifo::Queue>(held_from);
}

Page collect(const BlockFifo::Queue& queue, Position from, Position tail, const ReadLimits& limits = all_records) {
  Page page;
  queue.collect(from, tail, limits, page);
  return page;
}

// Blocks of ten records of one size, so that a bound can be told in blocks.
Block block_of_ten(char name, std::int64_t arrival_ms = 0, MemoryBudget* budget = nullptr) {
  return named_block(std::string(1, name), 10, arrival_ms, budget);
}
const std::size_t block_bytes = block_of_ten('x').memory_bytes();

TEST(BlockFifoTest, AnEmptyQueueHoldsNothing) {
  const QueuePtr queue = make_queue(5);
  EXPECT_EQ(queue->held_from(), 5U);
  const Page page = collect(*queue, 5, 4);
  EXPECT_TRUE(page.slices.empty());
  EXPECT_EQ(page.next, 5U);
  EXPECT_FALSE(page.next_arrival_ms.has_value());
  EXPECT_FALSE(queue->seek_time(0).has_value());
  // What the tail says is passed over even where nothing is held.
  EXPECT_EQ(collect(*queue, 1, 4).next, 5U);
  EXPECT_EQ(collect(*queue, 9, 4).next, 9U);
}

TEST(BlockFifoTest, TheOldestBlockOverAllQueuesGoesFirst) {
  BlockFifo fifo(3 * block_bytes);
  const QueuePtr a = make_queue();
  const QueuePtr b = make_queue();
  EXPECT_EQ(fifo.push(a, block_of_ten('a'), 1).blocks, 0U);
  EXPECT_EQ(fifo.push(b, block_of_ten('b'), 1).blocks, 0U);
  EXPECT_EQ(fifo.push(a, block_of_ten('c'), 11).blocks, 0U);
  EXPECT_EQ(fifo.bytes(), fifo.bytes_max());

  const auto dropped = fifo.push(b, block_of_ten('d'), 11);
  EXPECT_EQ(dropped.blocks, 1U);
  EXPECT_EQ(dropped.records, 10U);
  EXPECT_EQ(fifo.bytes(), fifo.bytes_max());
  EXPECT_EQ(a->held_from(), 11U);
  EXPECT_EQ(b->held_from(), 1U);
  fifo.push(b, block_of_ten('e'), 21);
  EXPECT_EQ(a->held_from(), 11U);
  EXPECT_EQ(b->held_from(), 11U);
  // A reader of what is gone goes on at the oldest record left.
  const Page page = collect(*b, 3, 30);
  EXPECT_EQ(records_of(page).front(), (ReadRecord{11, 0, "d-0"}));
  EXPECT_EQ(page.next, 31U);
}

TEST(BlockFifoTest, TheNewestBlockStaysEvenWhereItIsLargerThanTheBound) {
  BlockFifo fifo(block_bytes / 2);
  const QueuePtr a = make_queue();
  const QueuePtr b = make_queue();
  EXPECT_EQ(fifo.push(a, block_of_ten('a'), 1).blocks, 0U);
  EXPECT_EQ(data_of(collect(*a, 1, 10)).size(), 10U);
  EXPECT_EQ(fifo.push(b, block_of_ten('b'), 1).blocks, 1U);
  EXPECT_TRUE(data_of(collect(*a, 1, 10)).empty());
  EXPECT_EQ(data_of(collect(*b, 1, 10)).size(), 10U);
  EXPECT_EQ(fifo.bytes(), block_bytes);
}

TEST(BlockFifoTest, ALargeBlockPushesManySmallOnesOut) {
  BlockFifo fifo(1'000 * block_bytes);
  const QueuePtr queue = make_queue();
  for (Position i = 0; i < 1'000; ++i)
    fifo.push(queue, block_of_ten('a'), 1 + 10 * i);
  const Block large = make_block({{"k", std::string(500 * block_bytes, 'x')}});
  const auto dropped = fifo.push(queue, large, 10'001);
  EXPECT_LE(fifo.bytes(), fifo.bytes_max());
  EXPECT_EQ(dropped.blocks, (large.memory_bytes() + block_bytes - 1) / block_bytes);
  EXPECT_EQ(queue->held_from(), 1 + 10 * dropped.blocks);
}

TEST(BlockFifoTest, CollectStopsAtEveryLimit) {
  BlockFifo fifo(1 << 20);
  const QueuePtr queue = make_queue();
  // Three blocks of three records of 10 bytes, key included; a gap before the last block.
  std::vector<Position> positions;
  for (const Position first : {1U, 4U, 20U}) {
    fifo.push(queue,
              make_block({{"k", "123456789"}, {"k", "123456789"}, {"k", "123456789"}},
                         100 * static_cast<std::int64_t>(first)),
              first);
    for (Position i = 0; i < 3; ++i)
      positions.push_back(first + i);
  }
  const auto position_after = [&](std::size_t count) { return count < 9 ? positions[count] : Position{23}; };
  const auto arrival_after = [&](std::size_t count) -> std::optional<std::int64_t> {
    if (count == 9) return std::nullopt;
    return count < 3 ? 100 : count < 6 ? 400 : 2'000;
  };
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::uint32_t records_max = 0; records_max <= 10; ++records_max) {
      for (std::size_t bytes_max = 0; bytes_max <= 100; ++bytes_max) {
        const Page page = collect(*queue, positions[start], 22, {.records_max = records_max, .bytes_max = bytes_max});
        const std::size_t by_bytes = std::max<std::size_t>(1, bytes_max / 10);
        const std::size_t count = std::min({std::size_t{records_max}, by_bytes, 9 - start});
        const auto records = records_of(page);
        ASSERT_EQ(records.size(), count) << start << " " << records_max << " " << bytes_max;
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_EQ(records[i].position, positions[start + i]);
        ASSERT_EQ(page.next, position_after(start + count));
        ASSERT_EQ(page.next_arrival_ms, arrival_after(start + count));
      }
    }
  }
}

TEST(BlockFifoTest, PositionsInAGapAreReadFromTheNextRecordOn) {
  BlockFifo fifo(1 << 20);
  const QueuePtr queue = make_queue();
  fifo.push(queue, named_block("a", 2), 10);
  fifo.push(queue, named_block("b", 2), 100);
  for (const Position from : {12U, 50U, 99U, 100U}) {
    EXPECT_EQ(records_of(collect(*queue, from, 101)).front().position, 100U);
  }
  EXPECT_EQ(records_of(collect(*queue, 1, 101)).front().position, 10U);
  EXPECT_EQ(collect(*queue, 1, 101, {.records_max = 2, .bytes_max = 1'000}).next, 100U);
}

TEST(BlockFifoTest, ArrivalTimesAreFilteredAndFound) {
  BlockFifo fifo(1 << 20);
  const QueuePtr queue = make_queue();
  fifo.push(queue, named_block("a", 1, 100), 1);
  fifo.push(queue, named_block("b", 1, 200), 2);
  fifo.push(queue, named_block("c", 1, 200), 3);
  fifo.push(queue, named_block("d", 1, 300), 4);
  const auto from = [&](Position position, std::int64_t ms) {
    ReadLimits limits = all_records;
    limits.arrival_min_ms = ms;
    return collect(*queue, position, 4, limits);
  };
  EXPECT_EQ(data_of(from(1, 150)), (std::vector<std::string>{"b-0", "c-0", "d-0"}));
  EXPECT_EQ(data_of(from(3, 150)), (std::vector<std::string>{"c-0", "d-0"}));
  EXPECT_EQ(data_of(from(1, 301)), std::vector<std::string>());
  EXPECT_EQ(from(1, 301).next, 5U);
  EXPECT_EQ(queue->seek_time(0), 1U);
  EXPECT_EQ(queue->seek_time(101), 2U);
  EXPECT_EQ(queue->seek_time(200), 2U);
  EXPECT_EQ(queue->seek_time(300), 4U);
  EXPECT_FALSE(queue->seek_time(301).has_value());
}

TEST(BlockFifoTest, DropBeforeTakesWhatArrivedEarlier) {
  MemoryBudget budget(100 << 20);
  BlockFifo fifo(1 << 20);
  const QueuePtr queue = make_queue();
  for (Position i = 0; i < 5; ++i) {
    fifo.push(queue, block_of_ten('a', 100 * static_cast<std::int64_t>(i), &budget), 1 + 10 * i);
  }
  const auto dropped = fifo.drop_before(*queue, 200);
  EXPECT_EQ(dropped.blocks, 2U);
  EXPECT_EQ(dropped.records, 20U);
  EXPECT_EQ(queue->held_from(), 21U);
  EXPECT_EQ(fifo.bytes(), 3 * block_bytes);
  EXPECT_EQ(budget.used(MemoryShare::append_queue), 3 * block_bytes);
  EXPECT_EQ(fifo.drop_before(*queue, 200).blocks, 0U);
  EXPECT_EQ(fifo.drop_before(*queue, 1'000).blocks, 3U);
  EXPECT_EQ(queue->held_from(), 51U);
  EXPECT_EQ(budget.used(MemoryShare::append_queue), 0U);
  fifo.push(queue, block_of_ten('b', 1'000), 51);
  EXPECT_EQ(data_of(collect(*queue, 1, 60)).size(), 10U);
}

TEST(BlockFifoTest, ClearGivesTheMemoryBackAndTheQueueGoesOn) {
  MemoryBudget budget(100 << 20);
  BlockFifo fifo(3 * block_bytes);
  const QueuePtr a = make_queue();
  const QueuePtr b = make_queue();
  fifo.push(a, block_of_ten('a', 0, &budget), 1);
  fifo.push(b, block_of_ten('b', 0, &budget), 1);
  fifo.clear(*a);
  EXPECT_EQ(budget.used(MemoryShare::append_queue), block_bytes);
  EXPECT_EQ(fifo.bytes(), block_bytes);
  EXPECT_EQ(a->held_from(), 11U);
  fifo.clear(*a);
  EXPECT_EQ(a->held_from(), 11U);

  // The place of the cleared block is stale: it takes no block of the new life with it.
  fifo.push(a, block_of_ten('c'), 11);
  fifo.push(a, block_of_ten('d'), 21);
  EXPECT_EQ(fifo.push(a, block_of_ten('e'), 31).blocks, 1U);
  EXPECT_EQ(data_of(collect(*a, 11, 40)).size(), 30U);
  EXPECT_TRUE(data_of(collect(*b, 1, 10)).empty());

  fifo.restart(*a, 500);
  EXPECT_EQ(a->held_from(), 500U);
  EXPECT_EQ(fifo.bytes(), 0U);
  fifo.push(a, block_of_ten('f'), 700);
  EXPECT_EQ(a->held_from(), 500U);
  EXPECT_EQ(records_of(collect(*a, 500, 709)).front().position, 700U);
}

TEST(BlockFifoTest, StalePlacesAreForgottenBehindAnIdleLog) {
  BlockFifo fifo(1 << 20);
  const QueuePtr idle = make_queue();
  fifo.push(idle, named_block("idle", 1), 1);
  const QueuePtr busy = make_queue();
  for (Position i = 1; i <= 50'000; ++i) {
    fifo.push(busy, named_block("b", 1, static_cast<std::int64_t>(i)), i);
    fifo.drop_before(*busy, static_cast<std::int64_t>(i) - 10);
    ASSERT_LE(fifo.places(), 2 * (fifo.blocks() + 1) + BlockFifo::stale_places_min);
  }
  EXPECT_EQ(data_of(collect(*idle, 1, 1)), (std::vector<std::string>{"idle-0"}));
  // Nor are the queues of logs that are gone kept alive.
  std::vector<std::weak_ptr<BlockFifo::Queue>> gone;
  for (int i = 0; i < 1'000; ++i) {
    const QueuePtr queue = make_queue();
    fifo.push(queue, named_block("b", 1), 1);
    fifo.clear(*queue);
    gone.push_back(queue);
  }
  const auto alive = std::count_if(gone.begin(), gone.end(), [](const auto& queue) { return !queue.expired(); });
  EXPECT_LE(alive, 150);
}

TEST(BlockFifoTest, CollectingWhatIsHeldIsAllOrNothing) {
  BlockFifo fifo(1 << 20);
  const QueuePtr queue = make_queue(5);
  fifo.push(queue, named_block("a", 2, 7), 6);
  Page page;
  EXPECT_FALSE(queue->collect_if_held(4, 7, all_records, page));
  EXPECT_TRUE(page.slices.empty());
  EXPECT_TRUE(queue->collect_if_held(5, 7, all_records, page));
  EXPECT_EQ(data_of(page), (std::vector<std::string>{"a-0", "a-1"}));
  fifo.clear(*queue);
  page = {};
  EXPECT_FALSE(queue->collect_if_held(7, 7, all_records, page));
  EXPECT_TRUE(queue->collect_if_held(8, 7, all_records, page));
  EXPECT_EQ(page.next, 8U);
}

TEST(BlockFifoTest, APageOutlivesItsBlocksPlaceInTheFifo) {
  BlockFifo fifo(block_bytes);
  const QueuePtr queue = make_queue();
  fifo.push(queue, block_of_ten('a'), 1);
  const Page page = collect(*queue, 1, 10);
  fifo.push(queue, block_of_ten('b'), 11);
  EXPECT_EQ(queue->held_from(), 11U);
  EXPECT_EQ(data_of(page).front(), "a-0");
}

// What a fifo must do, with vectors and no cleverness.
struct Model {
  struct Entry {
    std::size_t queue;
    std::size_t bytes;
    std::int64_t arrival_ms;
    std::vector<ReadRecord> records;
  };
  std::size_t bytes_max;
  std::vector<Entry> entries;
  std::vector<Position> held_from;

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Entry& entry : entries)
      sum += entry.bytes;
    return sum;
  }
  void erase(std::size_t i) {
    held_from[entries[i].queue] = entries[i].records.back().position + 1;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void push(Entry entry) {
    entries.push_back(std::move(entry));
    while (bytes() > bytes_max && entries.size() > 1)
      erase(0);
  }
  void drop_before(std::size_t queue, std::int64_t arrival_ms) {
    for (std::size_t i = 0; i < entries.size();) {
      if (entries[i].queue == queue && entries[i].arrival_ms < arrival_ms) {
        erase(i);
      } else {
        ++i;
      }
    }
  }
  std::vector<ReadRecord> records(std::size_t queue, Position from, std::int64_t arrival_min_ms) const {
    std::vector<ReadRecord> found;
    for (const Entry& entry : entries) {
      for (const ReadRecord& record : entry.records) {
        if (entry.queue == queue && record.position >= from && record.arrival_ms >= arrival_min_ms)
          found.push_back(record);
      }
    }
    return found;
  }
};

class BlockFifoModelTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr std::size_t queues = 4;
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void push() {
    const std::size_t q = below(queues);
    tails_[q] += below(4) == 0 ? below(20) : 0;
    if (below(3) == 0) ++now_ms_;
    std::vector<testing::TestRecord> records;
    Model::Entry entry{.queue = q, .bytes = 0, .arrival_ms = now_ms_, .records = {}};
    const Position first = tails_[q] + 1;
    for (std::uint64_t i = 0, count = 1 + below(6); i < count; ++i) {
      records.push_back({"k", std::string(below(60), static_cast<char>('a' + below(26)))});
      entry.records.push_back({++tails_[q], now_ms_, records.back().data});
    }
    Block block = make_block(records, now_ms_);
    entry.bytes = block.memory_bytes();
    fifo_.push(queues_[q], std::move(block), first);
    model_.push(std::move(entry));
  }

  void forget() {
    const std::size_t q = below(queues);
    switch (below(8)) {
      case 0:
        fifo_.clear(*queues_[q]);
        model_.drop_before(q, now_ms_ + 1);
        break;
      case 1:
        tails_[q] += below(10);
        fifo_.restart(*queues_[q], tails_[q] + 1);
        model_.drop_before(q, now_ms_ + 1);
        model_.held_from[q] = tails_[q] + 1;
        break;
      default: {
        const std::int64_t arrival = now_ms_ - static_cast<std::int64_t>(below(10));
        fifo_.drop_before(*queues_[q], arrival);
        model_.drop_before(q, arrival);
      }
    }
  }

  void read() {
    const std::size_t q = below(queues);
    const ReadLimits limits{.records_max = static_cast<std::uint32_t>(1 + below(12)),
                            .bytes_max = 1 + below(300),
                            .arrival_min_ms = below(3) == 0 ? now_ms_ - static_cast<std::int64_t>(below(10)) : 0};
    const Position from = below(tails_[q] + 5);
    const auto expected = model_.records(q, from, limits.arrival_min_ms);
    std::size_t count = 0;
    for (std::size_t bytes = 0; count < expected.size() && count < limits.records_max; ++count) {
      bytes += expected[count].data.size() + 1;
      if (count > 0 && bytes > limits.bytes_max) break;
    }
    const Page page = collect(*queues_[q], from, tails_[q], limits);
    const auto end = expected.begin() + static_cast<std::ptrdiff_t>(count);
    ASSERT_EQ(records_of(page), std::vector<ReadRecord>(expected.begin(), end));
    if (end != expected.end()) {
      ASSERT_EQ(page.next, end->position);
      ASSERT_EQ(page.next_arrival_ms, end->arrival_ms);
    } else {
      ASSERT_GE(page.next, std::max(from, tails_[q] + (expected.empty() ? 1 : 0)));
      ASSERT_TRUE(expected.empty() || page.next == expected.back().position + 1);
      ASSERT_FALSE(page.next_arrival_ms.has_value());
    }
    const std::int64_t at = now_ms_ - static_cast<std::int64_t>(below(10));
    const auto timed = model_.records(q, 0, at);
    const auto found = queues_[q]->seek_time(at);
    ASSERT_EQ(found.has_value(), !timed.empty());
    if (found) {
      ASSERT_EQ(*found, timed.front().position);
    }
  }

  std::mt19937_64 random_{GetParam()};
  BlockFifo fifo_{4'000};
  Model model_{.bytes_max = 4'000, .entries = {}, .held_from = std::vector<Position>(queues, 1)};
  std::vector<QueuePtr> queues_{make_queue(), make_queue(), make_queue(), make_queue()};
  std::vector<Position> tails_ = std::vector<Position>(queues, 0);
  std::int64_t now_ms_ = 100;
};

TEST_P(BlockFifoModelTest, DoesWhatTheModelDoes) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  for (int step = 0; step < 3'000; ++step) {
    switch (below(10)) {
      case 0:
        forget();
        break;
      case 1:
      case 2:
      case 3:
      case 4:
        push();
        break;
      default:
        read();
    }
    ASSERT_FALSE(HasFatalFailure()) << "step " << step;
    ASSERT_EQ(fifo_.bytes(), model_.bytes()) << "step " << step;
    ASSERT_EQ(fifo_.blocks(), model_.entries.size());
    for (std::size_t q = 0; q < queues; ++q)
      ASSERT_EQ(queues_[q]->held_from(), model_.held_from[q]) << "step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, BlockFifoModelTest, ::testing::Range<std::uint64_t>(1, 41));

// Pushers over the bound, droppers and readers at once: the bound holds at the end, no block is left behind where
// nothing can drop it, and a reader sees what follows one another.
TEST(BlockFifoTest, ManyThreadsKeepTheBound) {
  MemoryBudget budget(100 << 20);
  constexpr std::size_t blocks_max = 20;
  constexpr Position pushes = 3'000;
  BlockFifo fifo(blocks_max * block_bytes);
  std::vector<QueuePtr> queues;
  for (int i = 0; i < 4; ++i)
    queues.push_back(make_queue());
  std::atomic<bool> over{false};
  std::vector<std::thread> pushers;
  std::vector<std::thread> others;
  for (const QueuePtr& queue : queues) {
    pushers.emplace_back([&fifo, &budget, queue] {
      for (Position i = 0; i < pushes; ++i) {
        fifo.push(queue, block_of_ten('a', static_cast<std::int64_t>(i), &budget), 1 + 10 * i);
        if (i % 16 == 0) fifo.drop_before(*queue, static_cast<std::int64_t>(i) - 3);
      }
    });
    others.emplace_back([&over, queue] {
      for (Position from = 1; !over.load();) {
        const Page page = collect(*queue, from, from - 1);
        Position last = from - 1;
        for (const ReadRecord& record : records_of(page)) {
          EXPECT_GT(record.position, last);
          last = record.position;
        }
        EXPECT_GE(page.next, from);
        from = page.next;
      }
    });
  }
  for (std::thread& thread : pushers)
    thread.join();
  over.store(true);
  for (std::thread& thread : others)
    thread.join();
  EXPECT_LE(fifo.bytes(), fifo.bytes_max());
  EXPECT_EQ(fifo.blocks() * block_bytes, fifo.bytes());
  EXPECT_EQ(budget.used(MemoryShare::append_queue), fifo.bytes());

  // All of them can still be pushed out.
  const QueuePtr last = make_queue();
  for (Position i = 0; i < blocks_max; ++i)
    fifo.push(last, block_of_ten('z', 0, &budget), 1 + 10 * i);
  for (const QueuePtr& queue : queues)
    EXPECT_TRUE(collect(*queue, 1, 0).slices.empty());
  EXPECT_EQ(records_of(collect(*last, 1, 200)).size(), 10 * blocks_max);
}

}  // namespace
}  // namespace millrace::log
