#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "log/engine.h"
#include "log/testing/await.h"

// What the command log of every engine must do; instantiated like EngineContract, with the same hosts.
namespace millrace::log::testing {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Keeps what a follower was given. Thread-safe.
class Followed {
 public:
  using Item = std::pair<Position, std::string>;

  MetaLog::Follower follower() {
    return [this](Position position, std::span<const std::byte> command) {
      condition_.update([&] { items_.emplace_back(position, text_of(command)); });
    };
  }
  std::vector<Item> items() {
    std::vector<Item> copy;
    condition_.update([&] { copy = items_; });
    return copy;
  }
  bool has(Position position) {
    bool found = false;
    condition_.update([&] {
      for (const Item& item : items_)
        found = found || item.first == position;
    });
    return found;
  }
  bool wait_for(std::size_t count) {
    return condition_.wait([&] { return items_.size() >= count; });
  }

 private:
  Condition condition_;
  std::vector<Item> items_;
};

template <class Host>
class MetaLogContract : public ::testing::Test {
 protected:
  MetaLog& meta() { return host_.engine().meta(); }

  base::Result<Position> append(std::string_view command) {
    return await<Position>([&](auto done) { meta().append(bytes_of(command), std::move(done)); });
  }
  base::Result<Position> barrier() {
    return await<Position>([&](auto done) { meta().barrier(std::move(done)); });
  }
  base::Result<void> save_snapshot(Position position, std::string_view bytes) {
    return await<void>([&](auto done) { meta().save_snapshot(position, bytes_of(bytes), std::move(done)); });
  }
  base::Result<void> trim(Position before) {
    return await<void>([&](auto done) { meta().trim(before, std::move(done)); });
  }

  Followed followed_;  // outlives the host, whose log calls it
  Host host_;
};

TYPED_TEST_SUITE_P(MetaLogContract);

TYPED_TEST_P(MetaLogContract, CommandsAreFollowedInTheirOrder) {
  const Position a = this->append("a").value();
  const Position b = this->append("b").value();
  EXPECT_LT(a, b);
  this->meta().follow(1, this->followed_.follower());
  // Those that were there are followed before follow returns.
  EXPECT_EQ(this->followed_.items(), (std::vector<Followed::Item>{{a, "a"}, {b, "b"}}));
  const Position c = this->append("c").value();
  EXPECT_LT(b, c);
  EXPECT_EQ(this->followed_.items().back(), (Followed::Item{c, "c"}));
  EXPECT_EQ(this->followed_.items().size(), 3U);
}

TYPED_TEST_P(MetaLogContract, TheFollowerHasSeenACommandBeforeItsDone) {
  this->meta().follow(1, this->followed_.follower());
  for (int i = 0; i < 50; ++i) {
    Outcome<bool> seen;
    this->meta().append(bytes_of("c"), [&, done = seen.done()](base::Result<Position> position) mutable {
      done(position.has_value() && this->followed_.has(*position));
    });
    EXPECT_TRUE(seen.get().value());
  }
}

TYPED_TEST_P(MetaLogContract, FollowingBeginsAtTheGivenPosition) {
  std::vector<Position> positions;
  for (int i = 0; i < 10; ++i)
    positions.push_back(this->append(std::to_string(i)).value());
  this->meta().follow(positions[6], this->followed_.follower());
  EXPECT_EQ(this->followed_.items(),
            (std::vector<Followed::Item>{
                {positions[6], "6"}, {positions[7], "7"}, {positions[8], "8"}, {positions[9], "9"}}));
}

TYPED_TEST_P(MetaLogContract, FollowingMayBeginAtTheEnd) {
  const Position last = this->append("old").value();
  this->meta().follow(last + 1, this->followed_.follower());
  EXPECT_TRUE(this->followed_.items().empty());
  const Position next = this->append("new").value();
  EXPECT_EQ(this->followed_.items(), (std::vector<Followed::Item>{{next, "new"}}));
}

TYPED_TEST_P(MetaLogContract, CommandsAreAnyBytes) {
  this->meta().follow(1, this->followed_.follower());
  const std::vector<std::string> commands = {"", std::string(3, '\0'), std::string(200'000, 'x'), "\xff"};
  for (const std::string& command : commands)
    ASSERT_TRUE(this->append(command).has_value());
  const auto items = this->followed_.items();
  ASSERT_EQ(items.size(), commands.size());
  for (std::size_t i = 0; i < items.size(); ++i)
    EXPECT_EQ(items[i].second, commands[i]);
}

TYPED_TEST_P(MetaLogContract, TheFollowerMayAppend) {
  // Declared so that the follower can go on appending: each command begets the next one.
  std::vector<Outcome<Position>> calls(5);
  std::size_t made = 0;
  Followed& followed = this->followed_;
  this->meta().follow(1, [&, record = followed.follower()](Position position, std::span<const std::byte> command) {
    record(position, command);
    if (made < calls.size()) this->meta().append(bytes_of("child"), calls[made++].done());
  });
  ASSERT_TRUE(this->append("parent").has_value());
  ASSERT_TRUE(followed.wait_for(6));
  Position last = 0;
  for (auto& call : calls) {
    const Position position = call.get().value();
    EXPECT_GT(position, last);
    last = position;
  }
  EXPECT_EQ(followed.items().front().second, "parent");
  EXPECT_EQ(followed.items().back(), (Followed::Item{last, "child"}));
}

TYPED_TEST_P(MetaLogContract, ConcurrentAppendsAreFollowedOnceEachInOneOrder) {
  this->meta().follow(1, this->followed_.follower());
  constexpr int threads = 8;
  constexpr int each = 100;
  std::vector<std::vector<Followed::Item>> told(threads);
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([this, t, &mine = told[static_cast<std::size_t>(t)]] {
      for (int i = 0; i < each; ++i) {
        const std::string command = std::to_string(t) + "/" + std::to_string(i);
        const auto position = this->append(command);
        ASSERT_TRUE(position.has_value());
        mine.emplace_back(*position, command);
      }
    });
  }
  for (std::thread& thread : running)
    thread.join();
  const auto items = this->followed_.items();
  ASSERT_EQ(items.size(), static_cast<std::size_t>(threads * each));
  EXPECT_TRUE(std::is_sorted(items.begin(), items.end()));
  std::vector<Followed::Item> all;
  for (const auto& mine : told)
    all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(items, all);
}

TYPED_TEST_P(MetaLogContract, ABarrierIsNotBeforeWhatIsDurable) {
  EXPECT_EQ(this->barrier().value(), 0U);
  Position last = 0;
  for (int i = 0; i < 5; ++i)
    last = this->append("c").value();
  EXPECT_GE(this->barrier().value(), last);
  EXPECT_LT(this->barrier().value(), this->append("after").value());
}

TYPED_TEST_P(MetaLogContract, TheLastSnapshotIsKeptAndTheLogGoesOnAfterATrim) {
  EXPECT_FALSE(this->meta().load_snapshot().has_value());
  this->meta().follow(1, this->followed_.follower());
  std::vector<Position> positions;
  for (int i = 0; i < 10; ++i)
    positions.push_back(this->append(std::to_string(i)).value());
  EXPECT_TRUE(this->save_snapshot(positions[3], "state of 3").has_value());
  EXPECT_TRUE(this->save_snapshot(positions[6], std::string("state\0of 6", 10)).has_value());
  const auto snapshot = this->meta().load_snapshot();
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->position, positions[6]);
  EXPECT_EQ(snapshot->bytes, std::string("state\0of 6", 10));
  EXPECT_TRUE(this->trim(positions[7]).has_value());
  EXPECT_TRUE(this->trim(positions[7]).has_value());
  EXPECT_TRUE(this->trim(1).has_value());
  EXPECT_EQ(this->barrier().value(), positions[9]);
  const Position next = this->append("next").value();
  EXPECT_GT(next, positions[9]);
  EXPECT_EQ(this->followed_.items().size(), 11U);
  EXPECT_EQ(this->followed_.items().back(), (Followed::Item{next, "next"}));
}

REGISTER_TYPED_TEST_SUITE_P(MetaLogContract, CommandsAreFollowedInTheirOrder, TheFollowerHasSeenACommandBeforeItsDone,
                            FollowingBeginsAtTheGivenPosition, FollowingMayBeginAtTheEnd, CommandsAreAnyBytes,
                            TheFollowerMayAppend, ConcurrentAppendsAreFollowedOnceEachInOneOrder,
                            ABarrierIsNotBeforeWhatIsDurable, TheLastSnapshotIsKeptAndTheLogGoesOnAfterATrim);

}  // namespace millrace::log::testing
