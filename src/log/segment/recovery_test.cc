#include "log/segment/recovery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "log/testing/await.h"
#include "log/testing/embedded_life.h"

namespace millrace::log::segment {
namespace {

using testing::Life;
using testing::named_block;
using testing::ReadRecord;

class RecoveryTest : public ::testing::Test {
 protected:
  static constexpr LogId id{7, 3};

  Life begin(EmbeddedOptions options = {.disk_reserve = 0}) { return Life(files_, disk_, clock_, random_, options); }
  std::int64_t now_ms() { return clock_.wall().now_ms(); }
  // One commit.
  Position append(Life& life, Writer& writer, std::string_view name, std::size_t records = 1) {
    const auto stored = life.append(writer, named_block(name, records, now_ms()));
    EXPECT_TRUE(stored.has_value()) << (stored ? "" : base::describe(stored.error()));
    return stored ? stored->front().first : 0;
  }
  static std::vector<std::string> data_of(const std::vector<ReadRecord>& records) {
    std::vector<std::string> data;
    for (const ReadRecord& record : records)
      data.push_back(record.data);
    return data;
  }
  std::vector<std::string> segments_of(std::string_view class_name) {
    std::vector<std::string> found;
    for (const std::string& name : files_.list("/data/segments").value()) {
      if (name.starts_with(class_name)) found.push_back("/data/segments/" + name);
    }
    return found;
  }
  // Overwrites one byte of the file, durably, where `text` first stands in it.
  void damage(const std::string& path, std::string_view text) {
    const std::string content = files_.read_all(path, std::size_t{1} << 30).value();
    const std::size_t at = content.find(text);
    ASSERT_NE(at, std::string::npos);
    auto file = files_.open(path, io::OpenMode::write);
    ASSERT_TRUE(file.has_value());
    const std::byte flipped{static_cast<unsigned char>(content[at] ^ 1)};
    ASSERT_TRUE((*file)->write_at(at, std::span(&flipped, 1)).has_value());
    ASSERT_TRUE((*file)->sync().has_value());
  }

  sim::SimFileSystem files_;
  std::shared_ptr<MemoryIndexDisk> disk_ = make_memory_index_disk();
  sim::SimClock clock_;
  sim::SimRandom random_{1};
};

TEST_F(RecoveryTest, DamageBeforeTheSyncedMarkIsPassedOverAndTheRestIsServed) {
  {
    Life life = begin();
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    for (const char* name : {"a", "b", "c"})
      append(life, *writer, name);
    files_.crash();
  }
  damage(segments_of("day").front(), "b-0");
  Life life = begin();
  ASSERT_TRUE(life.is_open()) << base::describe(life.error());
  EXPECT_EQ(data_of(life.read(id).value()), (std::vector<std::string>{"a-0", "c-0"}));
  // What comes next is behind all that was given.
  auto writer = life.acquire(id).value();
  EXPECT_EQ(append(life, *writer, "d"), 4U);
}

TEST_F(RecoveryTest, DamageOfWhatIsIndexedIsFoundByWhoReadsItAndTheRestIsServed) {
  {
    Life life = begin();
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    for (const char* name : {"a", "b", "c"})
      append(life, *writer, name);
    ASSERT_TRUE(life.stop().has_value());
  }
  damage(segments_of("day").front(), "a-0");
  Life life = begin();
  EXPECT_EQ(data_of(life.read(id).value()), (std::vector<std::string>{"b-0", "c-0"}));
  const auto first = life.wait<Position>([&](auto done) { life.engine().first(id, std::move(done)); });
  EXPECT_LE(first.value(), 2U);
}

TEST_F(RecoveryTest, AnIndexThatIsGoneIsMadeAnewFromTheSegments) {
  std::vector<ReadRecord> expected;
  {
    Life life = begin();
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    for (int i = 0; i < 10; ++i) {
      append(life, *writer, "r" + std::to_string(i), 3);
      if (i % 3 == 0) life.advance(std::chrono::seconds(31));
    }
    ASSERT_TRUE(life.wait<Position>(
        [&](auto done) { life.engine().meta().append(std::as_bytes(std::span("command", 7)), std::move(done)); }));
    expected = life.read(id).value();
    ASSERT_TRUE(life.stop().has_value());
  }
  disk_ = make_memory_index_disk();
  Life life = begin();
  ASSERT_TRUE(life.is_open()) << base::describe(life.error());
  EXPECT_EQ(life.read(id).value(), expected);
  auto writer = life.acquire(id).value();
  EXPECT_GT(append(life, *writer, "later"), expected.back().position);
}

TEST_F(RecoveryTest, NothingRecoveredIsAppendedTo) {
  for (int round = 0; round < 4; ++round) {
    Life life = begin();
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    append(life, *writer, "r" + std::to_string(round));
    EXPECT_EQ(segments_of("day").size(), static_cast<std::size_t>(round + 1));
    files_.crash();
  }
}

TEST_F(RecoveryTest, AStartReadsNothingThatTheIndexHas) {
  {
    Life life = begin();
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    for (int i = 0; i < 20; ++i)
      append(life, *writer, "r" + std::to_string(i));
    life.advance(std::chrono::seconds(31));
    append(life, *writer, "after");
    files_.crash();
  }
  // A start that read the indexed runs would find this and take what is behind it for the end.
  damage(segments_of("day").front(), "r0-0");
  Life life = begin();
  const auto read = life.read(id).value();
  ASSERT_EQ(read.size(), 20U);
  EXPECT_EQ(read.front().data, "r1-0");
  EXPECT_EQ(read.back().data, "after-0");
}

TEST_F(RecoveryTest, AfterAKillInOsPositionsJumpAndACleanStopKeepsThem) {
  const EmbeddedOptions options{.durability = Durability::os, .disk_reserve = 0};
  Position last = 0;
  {
    Life life = begin(options);
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    last = append(life, *writer, "a", 3) + 2;
    ASSERT_TRUE(life.stop().has_value());
  }
  {
    Life life = begin(options);
    auto writer = life.acquire(id).value();
    EXPECT_EQ(append(life, *writer, "b"), last + 1);
  }
  Life life = begin(options);
  auto writer = life.acquire(id).value();
  const Position jumped = append(life, *writer, "c");
  EXPECT_GE(jumped, Position{1} << 32);
  EXPECT_EQ(jumped % (Position{1} << 32), 0U);
}

TEST_F(RecoveryTest, ADamagedCommandIsNotPassedOver) {
  const auto command = [](Life& life, std::string_view text) {
    return life.wait<Position>(
        [&](auto done) { life.engine().meta().append(std::as_bytes(std::span(text)), std::move(done)); });
  };
  {
    Life life = begin();
    for (const std::string_view text : {"first", "second", "third"})
      ASSERT_TRUE(command(life, text).has_value());
    files_.crash();
  }
  damage(segments_of("catalogue").front(), "second");
  for (int start = 0; start < 2; ++start) {
    Life life = begin();
    ASSERT_FALSE(life.is_open());
    EXPECT_EQ(life.error().code, base::Errc::data_loss);
  }
}

TEST_F(RecoveryTest, ADamagedCommandThatIsIndexedIsNotPassedOverUnlessASnapshotStandsForIt) {
  const std::string text = "the command";
  for (const bool has_snapshot : {false, true}) {
    files_ = sim::SimFileSystem();
    disk_ = make_memory_index_disk();
    {
      Life life = begin();
      MetaLog& meta = life.engine().meta();
      ASSERT_TRUE(
          life.wait<Position>([&](auto done) { meta.append(std::as_bytes(std::span(text)), std::move(done)); }));
      if (has_snapshot) {
        ASSERT_TRUE(life.wait<void>(
            [&](auto done) { meta.save_snapshot(1, std::as_bytes(std::span(text)), std::move(done)); }));
      }
      ASSERT_TRUE(life.stop().has_value());
    }
    damage(segments_of("catalogue").front(), text);
    Life life = begin();
    EXPECT_EQ(life.is_open(), has_snapshot);
    if (!has_snapshot) EXPECT_EQ(life.error().code, base::Errc::data_loss);
  }
}

// A change of retention falls between two blocks of one log: the later one may be in the earlier run.
TEST_F(RecoveryTest, BlocksOfOneLogInRunsOfSeveralClassesAreAllFound) {
  std::vector<ReadRecord> expected;
  {
    Life life = begin();
    ASSERT_TRUE(life.create(id, std::chrono::hours(100)).has_value());
    auto writer = life.acquire(id).value();
    for (int i = 0; i < 10; ++i) {
      const LogConfig config{.retention = std::chrono::hours(i % 2 == 0 ? 100 : 24), .record_bytes_max = 1 << 20};
      ASSERT_TRUE(
          life.wait<void>([&](auto done) { life.engine().configure(id, config, std::move(done)); }).has_value());
      append(life, *writer, "r" + std::to_string(i));
    }
    expected = life.read(id).value();
    ASSERT_EQ(expected.size(), 10U);
    files_.crash();
  }
  // The first run header of the second class: nobody knows which run it was.
  auto file = files_.open(segments_of("day").front(), io::OpenMode::write);
  ASSERT_TRUE(file.has_value());
  const std::byte garbage{0xff};
  ASSERT_TRUE((*file)->write_at(segment_header_bytes + 24, std::span(&garbage, 1)).has_value());
  ASSERT_TRUE((*file)->sync().has_value());
  Life life = begin();
  ASSERT_TRUE(life.is_open()) << base::describe(life.error());
  EXPECT_EQ(life.read(id).value(), expected);
}

TEST_F(RecoveryTest, ASegmentThatWasMissingAndIsPutBackIsServedAgain) {
  std::vector<ReadRecord> expected;
  {
    Life life = begin();
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    append(life, *writer, "a", 3);
    expected = life.read(id).value();
    ASSERT_TRUE(life.stop().has_value());
  }
  const std::string path = segments_of("day").front();
  ASSERT_TRUE(files_.rename(path, "/data/backup").has_value());
  ASSERT_TRUE(files_.sync_directory("/data/segments").has_value());
  {
    Life life = begin();
    ASSERT_TRUE(life.is_open()) << base::describe(life.error());
    EXPECT_TRUE(life.read(id).value().empty());
    life.advance(std::chrono::minutes(2));
    ASSERT_TRUE(life.stop().has_value());
  }
  ASSERT_TRUE(files_.rename("/data/backup", path).has_value());
  Life life = begin();
  life.advance(std::chrono::minutes(2));
  EXPECT_EQ(life.read(id).value(), expected);
}

TEST_F(RecoveryTest, AClosedLogStaysClosed) {
  {
    Life life = begin();
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    append(life, *writer, "a");
    ASSERT_TRUE(life.wait<Position>([&](auto done) { writer->close(std::move(done)); }).has_value());
    files_.crash();
  }
  Life life = begin();
  auto writer = life.acquire(id).value();
  EXPECT_TRUE(writer->is_closed());
  EXPECT_EQ(testing::code_of(life.append(*writer, named_block("b", 1, now_ms()))), base::Errc::closed);
}

}  // namespace
}  // namespace millrace::log::segment
