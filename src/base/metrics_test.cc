#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace millrace::base {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Counter, ThreadsAddUp) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&counter] {
      for (int i = 0; i < 10'000; ++i)
        counter.add();
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(counter.value(), 40'000U);
}

TEST(Histogram, BucketsHoldWhatIsBelowAPowerOfTwo) {
  Histogram histogram;
  for (const std::uint64_t value : {0U, 1U, 3U, 4U, 1'000U})
    histogram.observe(value);
  histogram.observe(std::uint64_t{1} << 40);
  EXPECT_EQ(histogram.below(0), 1U);   // 0
  EXPECT_EQ(histogram.below(1), 2U);   // and 1
  EXPECT_EQ(histogram.below(2), 3U);   // and 3
  EXPECT_EQ(histogram.below(3), 4U);   // and 4
  EXPECT_EQ(histogram.below(9), 4U);   // 1000 is not below 512
  EXPECT_EQ(histogram.below(10), 5U);  // but below 1024
  EXPECT_EQ(histogram.below(31), 5U) << "what no bucket holds counts in the total only";
  EXPECT_EQ(histogram.count(), 6U);
  EXPECT_EQ(histogram.sum(), 1'008U + (std::uint64_t{1} << 40));
}

TEST(Metrics, RendersCountersAndGauges) {
  Metrics metrics;
  Counter& puts = metrics.add_counter("millrace_requests_total", "Requests.", R"(operation="PutRecord")");
  Counter& gets = metrics.add_counter("millrace_requests_total", "Requests.", R"(operation="GetRecords")");
  double depth = 2.5;
  metrics.add_gauge("millrace_queue_depth", "Depth.", {}, [&depth] { return depth; });
  puts.add(3);
  gets.add();
  EXPECT_EQ(metrics.render(),
            "# HELP millrace_requests_total Requests.\n"
            "# TYPE millrace_requests_total counter\n"
            "millrace_requests_total{operation=\"PutRecord\"} 3\n"
            "millrace_requests_total{operation=\"GetRecords\"} 1\n"
            "# HELP millrace_queue_depth Depth.\n"
            "# TYPE millrace_queue_depth gauge\n"
            "millrace_queue_depth 2.5\n");
  depth = 7;
  EXPECT_THAT(metrics.render(), HasSubstr("millrace_queue_depth 7\n")) << "a gauge is read at each scrape";
}

TEST(Metrics, RendersHistogramsInTheUnitOfTheName) {
  Metrics metrics;
  Histogram& latency = metrics.add_histogram("millrace_latency_seconds", "Time.", 1e-6, R"(operation="PutRecord")");
  latency.observe(3);
  latency.observe(100);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("# TYPE millrace_latency_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("millrace_latency_seconds_bucket{operation=\"PutRecord\",le=\"4e-06\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("millrace_latency_seconds_bucket{operation=\"PutRecord\",le=\"6.4e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("millrace_latency_seconds_bucket{operation=\"PutRecord\",le=\"0.000256\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("millrace_latency_seconds_bucket{operation=\"PutRecord\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("millrace_latency_seconds_sum{operation=\"PutRecord\"} 0.000103\n"));
  EXPECT_THAT(text, HasSubstr("millrace_latency_seconds_count{operation=\"PutRecord\"} 2\n"));
}

TEST(Metrics, AHistogramWithoutLabelsHasNoStrayComma) {
  Metrics metrics;
  metrics.add_histogram("millrace_batch_records", "Records.", 1).observe(1);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("millrace_batch_records_bucket{le=\"4\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("millrace_batch_records_sum 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("{,")));
}

TEST(Metrics, AsksForSamplesThatAreNotKnownBeforehand) {
  Metrics metrics;
  std::vector<Metrics::Labelled> samples;
  metrics.add_samples("drops_total", "Drops.", "counter", [&samples] { return samples; });
  EXPECT_EQ(metrics.render(), "# HELP drops_total Drops.\n# TYPE drops_total counter\n");
  samples = {{"stream=\"a\"", 3}, {"stream=\"b\"", 4}};
  EXPECT_EQ(metrics.render(),
            "# HELP drops_total Drops.\n# TYPE drops_total counter\n"
            "drops_total{stream=\"a\"} 3\ndrops_total{stream=\"b\"} 4\n");
}

}  // namespace
}  // namespace millrace::base
