#pragma once

#include <deque>
#include <thread>
#include <utility>

#include "base/executor.h"
#include "log/testing/await.h"

namespace millrace::log::testing {

// A thread that runs posted tasks one after another, as a loop of the broker does. The destructor runs what was posted
// before it and then ends the thread.
class TestLoop final : public base::Executor {
 public:
  TestLoop() : thread_([this] { run(); }) {}
  ~TestLoop() {
    condition_.update([this] { stopping_ = true; });
    thread_.join();
  }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;

  void post(base::Task task) override {
    condition_.update([&] { tasks_.push_back(std::move(task)); });
  }

 private:
  void run() {
    base::set_current_executor(this);
    for (;;) {
      base::Task task;
      // Without work for a whole limit it asks again.
      condition_.wait([this, &task] {
        if (tasks_.empty()) return stopping_;
        task = std::move(tasks_.front());
        tasks_.pop_front();
        return true;
      });
      if (task) {
        task();
        continue;
      }
      bool stopping = false;
      condition_.update([&] { stopping = stopping_; });
      if (stopping) return;
    }
  }

  Condition condition_;
  std::deque<base::Task> tasks_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace millrace::log::testing
