#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace millrace::base {

// A number that only grows. Lock-free; one cache line, so that two counters never fight over one.
class alignas(64) Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Counts observations in buckets that double: the i-th holds values below 2^i. Lock-free.
class Histogram {
 public:
  static constexpr std::size_t bucket_count = 32;

  void observe(std::uint64_t value);
  // Observations with a value below 2^i.
  std::uint64_t below(std::size_t i) const;
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, bucket_count + 1> buckets_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> sum_{0};
};

// Every metric of the broker, and their text form. What add_* returns lives as long as the registry and is used without
// a lock; adding happens at start-up, or where a stream appears, and takes one.
class Metrics {
 public:
  // `labels` is the part between the braces, such as `operation="PutRecord"`, or empty.
  Counter& add_counter(std::string_view name, std::string_view help, std::string labels = {});
  // `scale` turns the observed unit into the one of the name: 1e-6 for microseconds shown as seconds.
  Histogram& add_histogram(std::string_view name, std::string_view help, double scale, std::string labels = {});
  // `read` is called at each scrape, on the scraping thread.
  void add_gauge(std::string_view name, std::string_view help, std::string labels, std::function<double()> read);

  // A family whose samples are not known beforehand, such as one a stream.
  struct Labelled {
    std::string labels;
    double value = 0;
  };
  void add_samples(std::string_view name, std::string_view help, std::string_view type,
                   std::function<std::vector<Labelled>()> read);

  // Prometheus' text exposition format, version 0.0.4.
  std::string render() const;

 private:
  struct Sample {
    std::string labels;
    const Counter* counter = nullptr;
    const Histogram* histogram = nullptr;
    std::function<double()> gauge;
    std::function<std::vector<Labelled>()> many;
    double scale = 1;
  };
  struct Family {
    std::string name;
    std::string help;
    std::string_view type;
    std::vector<Sample> samples;
  };
  Family& family(std::string_view name, std::string_view help, std::string_view type) MILLRACE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::deque<Family> families_ MILLRACE_GUARDED_BY(mutex_);
  std::deque<Counter> counters_ MILLRACE_GUARDED_BY(mutex_);
  std::deque<Histogram> histograms_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace millrace::base
