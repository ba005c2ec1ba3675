#include "catalog/history.h"
#include "catalog/testing/keys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace millrace::catalog {
namespace {

using testing_keys::key;

CommandId id_of(std::size_t number) {
  CommandId id{};
  id[0] = static_cast<std::byte>(number);
  id[1] = static_cast<std::byte>(number >> 8);
  return id;
}

TEST(HistoryTest, RemembersTheNewestIdsOldestFirst) {
  History history;
  for (std::size_t i = 0; i < History::recent_ids_max; ++i)
    history.add(id_of(i));
  EXPECT_TRUE(history.has_seen(id_of(0)));
  for (std::size_t i = 0; i < 3; ++i)
    history.add(id_of(History::recent_ids_max + i));
  EXPECT_FALSE(history.has_seen(id_of(2)));
  EXPECT_TRUE(history.has_seen(id_of(3)));
  EXPECT_TRUE(history.has_seen(id_of(History::recent_ids_max + 2)));

  const auto ids = history.recent_ids();
  ASSERT_EQ(ids.size(), History::recent_ids_max);
  EXPECT_EQ(ids.front(), id_of(3));
  EXPECT_EQ(ids.back(), id_of(History::recent_ids_max + 2));
}

TEST(HistoryTest, GoesOnAfterBeingRestored) {
  History full;
  for (std::size_t i = 0; i < History::recent_ids_max + 10; ++i)
    full.add(id_of(i));
  History restored = History::restore(full.recent_ids(), full.removed(), full.created_floor_s());
  full.add(id_of(5000));
  restored.add(id_of(5000));
  EXPECT_EQ(full.recent_ids(), restored.recent_ids());
}

TEST(HistoryTest, RemembersTheSecondsOfRemovedNames) {
  History history;
  EXPECT_EQ(history.last_created_s(key("orders")), 0);
  history.add_removed(key("orders"), {.removed_at = 3, .created_s = 77});
  const History before = history;
  EXPECT_EQ(history.last_created_s(key("orders")), 77);
  EXPECT_EQ(history.last_created_s(key("other")), 0);
  history.forget_removed(key("orders"));
  EXPECT_EQ(history.last_created_s(key("orders")), 0);
  EXPECT_EQ(before.last_created_s(key("orders")), 77) << "a copy is a state of its own";
}

TEST(HistoryTest, ForgottenNamesRaiseTheFloorOfAllOthers) {
  History history;
  history.add_removed(key("first"), {.removed_at = 1, .created_s = 900});
  for (std::size_t i = 1; i < History::removed_max; ++i) {
    history.add_removed(key(fmt::format("name-{}", i)), {.removed_at = i + 1, .created_s = 100});
  }
  EXPECT_EQ(history.created_floor_s(), 0);
  EXPECT_EQ(history.last_created_s(key("other")), 0);
  history.add_removed(key("last"), {.removed_at = 5000, .created_s = 100});
  EXPECT_EQ(history.removed().size(), History::removed_max);
  EXPECT_FALSE(history.removed().contains(key("first")));
  EXPECT_EQ(history.last_created_s(key("first")), 900);
  EXPECT_EQ(history.last_created_s(key("other")), 900);
  EXPECT_EQ(history.last_created_s(key("last")), 900);
}

}  // namespace
}  // namespace millrace::catalog
