#include "base/metrics.h"

#include <fmt/format.h>

#include <bit>
#include <iterator>

namespace millrace::base {

void Histogram::observe(std::uint64_t value) {
  const std::size_t bucket = std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(value)), bucket_count);
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t Histogram::below(std::size_t i) const {
  std::uint64_t total = 0;
  for (std::size_t b = 0; b <= i && b < buckets_.size(); ++b)
    total += buckets_[b].load(std::memory_order_relaxed);
  return total;
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, std::string_view type) {
  for (Family& known : families_) {
    if (known.name == name) return known;
  }
  return families_.emplace_back(Family{std::string(name), std::string(help), type, {}});
}

Counter& Metrics::add_counter(std::string_view name, std::string_view help, std::string labels) {
  Lock lock(mutex_);
  Counter& counter = counters_.emplace_back();
  family(name, help, "counter")
      .samples.push_back({.labels = std::move(labels), .counter = &counter, .gauge = {}, .many = {}});
  return counter;
}

Histogram& Metrics::add_histogram(std::string_view name, std::string_view help, double scale, std::string labels) {
  Lock lock(mutex_);
  Histogram& histogram = histograms_.emplace_back();
  family(name, help, "histogram")
      .samples.push_back(
          {.labels = std::move(labels), .histogram = &histogram, .gauge = {}, .many = {}, .scale = scale});
  return histogram;
}

void Metrics::add_gauge(std::string_view name, std::string_view help, std::string labels,
                        std::function<double()> read) {
  Lock lock(mutex_);
  family(name, help, "gauge").samples.push_back({.labels = std::move(labels), .gauge = std::move(read), .many = {}});
}

void Metrics::add_samples(std::string_view name, std::string_view help, std::string_view type,
                          std::function<std::vector<Labelled>()> read) {
  Lock lock(mutex_);
  family(name, help, type).samples.push_back({.labels = {}, .gauge = {}, .many = std::move(read)});
}

namespace {

void render_value(std::string& out, std::string_view name, std::string_view labels, double value) {
  const std::string braces = labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
  fmt::format_to(std::back_inserter(out), "{}{} {:.17g}\n", name, braces, value);
}

void render_histogram(std::string& out, std::string_view name, std::string_view labels, const Histogram& histogram,
                      double scale) {
  const std::string_view comma = labels.empty() ? "" : ",";
  // Every second power of two keeps a scrape short and still tells a factor of four.
  for (std::size_t i = 2; i < Histogram::bucket_count; i += 2) {
    fmt::format_to(std::back_inserter(out), "{}_bucket{{{}{}le=\"{:.6g}\"}} {}\n", name, labels, comma,
                   static_cast<double>(std::uint64_t{1} << i) * scale, histogram.below(i));
  }
  const std::string braces = labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
  fmt::format_to(std::back_inserter(out), "{}_bucket{{{}{}le=\"+Inf\"}} {}\n", name, labels, comma, histogram.count());
  fmt::format_to(std::back_inserter(out), "{}_sum{} {:.9g}\n", name, braces,
                 static_cast<double>(histogram.sum()) * scale);
  fmt::format_to(std::back_inserter(out), "{}_count{} {}\n", name, braces, histogram.count());
}

}  // namespace

std::string Metrics::render() const {
  Lock lock(mutex_);
  std::string out;
  for (const Family& family : families_) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", family.name, family.help, family.name,
                   family.type);
    for (const Sample& sample : family.samples) {
      if (sample.histogram != nullptr) {
        render_histogram(out, family.name, sample.labels, *sample.histogram, sample.scale);
        continue;
      }
      if (sample.many) {
        for (const Labelled& one : sample.many())
          render_value(out, family.name, one.labels, one.value);
      } else if (sample.counter != nullptr) {
        render_value(out, family.name, sample.labels, static_cast<double>(sample.counter->value()));
      } else {
        render_value(out, family.name, sample.labels, sample.gauge());
      }
    }
  }
  return out;
}

}  // namespace millrace::base
