#pragma once

#include <functional>

namespace millrace::base {

using Task = std::move_only_function<void()>;

// Something that runs tasks one after another, never two at once: a thread's loop, or an actor's inbox.
class Executor {
 public:
  // Runs the task later, or at once where the executor is already running on this thread and says so. May be called
  // from any thread. A task posted after the executor stopped is destroyed without being run.
  virtual void post(Task task) = 0;

 protected:
  ~Executor() = default;
};

// The executor whose thread this is, or null on a thread that is no loop's. A loop sets it when its thread starts.
Executor* current_executor();
void set_current_executor(Executor* executor);

}  // namespace millrace::base
