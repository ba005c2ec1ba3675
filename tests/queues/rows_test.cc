// That no queue is without its test.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>

#include "app/broker.h"
#include "app/options.h"
#include "app/queues.h"
#include "base/memory_budget.h"
#include "io/tcp_client.h"
#include "tests/queues/world.h"

namespace millrace::queues {
namespace {

// The tests of this program that fill a queue: those of suites whose names end so.
constexpr std::string_view suite_ending = "Queue";

std::set<std::string> tests_here() {
  std::set<std::string> names;
  const ::testing::UnitTest& program = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < program.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *program.GetTestSuite(i);
    if (!std::string_view(suite.name()).ends_with(suite_ending)) continue;
    for (int j = 0; j < suite.total_test_count(); ++j)
      EXPECT_TRUE(names.insert(suite.GetTestInfo(j)->name()).second) << suite.GetTestInfo(j)->name();
  }
  return names;
}

TEST(Rows, EveryQueueAndEveryShareOfTheMemoryIsFilledByATest) {
  std::set<std::string> queues;
  for (const app::QueueRow& row : app::queue_rows())
    queues.insert(test_name(row.name));
  for (const base::MemoryShareRow& row : base::memory_shares)
    queues.insert(test_name("memory " + std::string(row.name)));
  EXPECT_EQ(tests_here(), queues);
}

TEST(Rows, ARunningBrokerShowsTheMetricsOfAllQueues) {
  app::Options options;
  for (const app::OptionRow& row : app::option_rows())
    ASSERT_TRUE(row.parse(options, row.default_text)) << row.name;
  options.engine = app::memory_engine;
  options.hosts = {"127.0.0.1"};
  options.port = 0;
  options.threads = 1;
  const auto broker = app::Broker::start(options);
  ASSERT_TRUE(broker.has_value()) << base::describe(broker.error());
  auto client = io::TcpClient::connect("127.0.0.1", (*broker)->port(), std::chrono::seconds(30));
  ASSERT_TRUE(client.has_value());
  ASSERT_TRUE(client->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  const auto shown = client->receive_all(mib);
  ASSERT_TRUE(shown.has_value()) << base::describe(shown.error());
  for (const app::QueueRow& row : app::queue_rows()) {
    if (row.metric.empty()) continue;
    EXPECT_NE(shown->find("\n" + std::string(row.metric) + " "), std::string::npos) << row.metric;
  }
  (*broker)->stop(std::chrono::milliseconds(0));
}

TEST(Rows, TheTestOfAQueueIsNamedAfterIt) {
  EXPECT_EQ(test_name("shard appends"), "ShardAppends");
  EXPECT_EQ(test_name("memory small_bodies"), "MemorySmallBodies");
}

}  // namespace
}  // namespace millrace::queues
