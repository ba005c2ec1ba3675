#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "log/segment/embedded_engine.h"
#include "log/testing/blocks.h"
#include "sim/sim_clock.h"
#include "sim/sim_files.h"
#include "sim/sim_loop.h"
#include "sim/sim_random.h"

namespace millrace::log::testing {

// The whole engine in the thread of the test: one life after another over one disk.
class Life {
 public:
  static constexpr const char* data_folder = "/data";

  Life(io::FileSystem& files, const std::shared_ptr<segment::MemoryIndexDisk>& disk, sim::SimClock& clock,
       sim::SimRandom& random, segment::EmbeddedOptions options = {.disk_reserve = 0})
      : scheduler_(clock), loop_(scheduler_.make_loop()) {
    auto folder = segment::Folder::open(data_folder, files, random);
    if (!folder) {
      error_ = folder.error();
      return;
    }
    auto opened = open_embedded_engine(options, {&loop_, &loop_, &loop_, {&loop_}}, files, std::move(*folder),
                                       segment::open_memory_index(disk), budget_, clock.wall(), clock.steady(), random);
    if (opened) {
      engine_ = std::move(opened->engine);
    } else {
      error_ = opened.error();
    }
  }

  bool is_open() const { return engine_ != nullptr; }
  const base::Error& error() const { return error_; }
  Engine& engine() { return *engine_; }
  void advance(std::chrono::nanoseconds by) {
    scheduler_.advance(by);
    EXPECT_TRUE(scheduler_.run_until_idle());
  }

  // The outcome of a call, run to its end.
  template <class T, class Start>
  base::Result<T> wait(Start start) {
    std::optional<base::Result<T>> told;
    start([&told](base::Result<T> result) { told.emplace(std::move(result)); });
    EXPECT_TRUE(scheduler_.run_until_idle());
    EXPECT_TRUE(told.has_value()) << "never completed";
    return told ? std::move(*told) : base::fail(base::Errc::cancelled);
  }
  base::Result<void> create(LogId id, std::chrono::milliseconds retention = std::chrono::hours(24)) {
    return wait<void>([&](auto done) { engine_->create(id, {retention, 1 << 20}, std::move(done)); });
  }
  base::Result<void> drop(LogId id) {
    return wait<void>([&](auto done) { engine_->drop(id, std::move(done)); });
  }
  base::Result<std::unique_ptr<Writer>> acquire(LogId id) {
    return wait<std::unique_ptr<Writer>>([&](auto done) { engine_->acquire(id, Epoch{1}, loop_, std::move(done)); });
  }
  base::Result<Appended> append(Writer& writer, Block block) {
    return wait<Appended>([&](auto done) { writer.append(std::move(block), std::move(done)); });
  }
  base::Result<std::vector<ReadRecord>> read(LogId id) {
    auto page = wait<Page>([&](auto done) { engine_->read(id, 1, all_records, std::move(done)); });
    if (!page) return base::fail(page.error());
    return records_of(*page);
  }
  base::Result<void> stop() {
    return wait<void>([&](auto done) { engine_->stop(std::move(done)); });
  }

 private:
  base::MemoryBudget budget_{64 << 20};
  sim::SimScheduler scheduler_;
  sim::SimLoop& loop_;
  base::Error error_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace millrace::log::testing
