#include "app/queues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "app/configuration.h"
#include "io/system.h"

namespace millrace::app {
namespace {

using testing::HasSubstr;

TEST(Queues, EveryRowSaysAllOfItself) {
  std::set<std::string_view> names;
  for (const QueueRow& row : queue_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " is there twice";
    EXPECT_GT(row.maximum, 0U) << row.name;
    for (const std::string_view text : {row.name, row.unit, row.when_full, row.whom})
      EXPECT_FALSE(text.empty()) << row.name;
  }
}

TEST(Queues, ThePageHasAllOfThem) {
  const std::string page = queues_page(queue_rows());
  for (const QueueRow& row : queue_rows())
    EXPECT_THAT(page, HasSubstr("\n| " + std::string(row.name) + " | "));
  EXPECT_THAT(page, HasSubstr("| 16MiB a body |"));
  EXPECT_THAT(page, HasSubstr("| 200 headers a request |"));
}

// The table shows what a broker without options has.
TEST(Queues, AMaximumThatAnOptionSetsIsItsDefault) {
  for (const QueueRow& row : queue_rows()) {
    if (row.option.empty()) continue;
    Options options;
    for (const OptionRow& option : option_rows())
      ASSERT_TRUE(option.parse(options, option.default_text)) << option.name;
    const std::uint64_t set = row.option == "body-max" ? options.body_max : options.connections_max;
    EXPECT_EQ(row.maximum, set) << row.name;
    EXPECT_TRUE(row.option == "body-max" || row.option == "connections-max") << row.option;
  }
}

TEST(Queues, ThePageInTheDocumentsIsTheOneTheTableWrites) {
  const auto page = io::system_files()->read_all(MILLRACE_SOURCE_DIR "/docs/queues.md", 1 << 20);
  ASSERT_TRUE(page) << base::describe(page.error());
  EXPECT_EQ(*page, queues_page(queue_rows())) << "write it anew: ninja -C build/dev queues_page";
}

}  // namespace
}  // namespace millrace::app
