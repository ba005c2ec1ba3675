#include "app/limits_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/system.h"

namespace millrace::app {
namespace {

using testing::HasSubstr;

TEST(LimitsPage, SaysWhatTheTableDoes) {
  const std::string page = limits_page();
  EXPECT_THAT(page, HasSubstr("| DescribeStream calls | account | 10 a second | 10 | LimitExceededException | "));
  EXPECT_THAT(page,
              HasSubstr("| KiB written | shard | 1024 a second | 10240 | ProvisionedThroughputExceededException | "
                        "`Rate exceeded for shard SHARD in stream NAME under account ACCOUNT.` | "));
  EXPECT_THAT(page, HasSubstr("| mode switches | stream | 2 in 24 hours | - | LimitExceededException | ours | "));
}

TEST(LimitsPage, ThePageInTheDocumentsIsTheOneTheTableWrites) {
  const auto page = io::system_files()->read_all(MILLRACE_SOURCE_DIR "/docs/limits.md", 1 << 20);
  ASSERT_TRUE(page) << base::describe(page.error());
  EXPECT_EQ(*page, limits_page()) << "write it anew: ninja -C build/dev limits_page";
}

}  // namespace
}  // namespace millrace::app
