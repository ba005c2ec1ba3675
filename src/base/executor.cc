#include "base/executor.h"

namespace millrace::base {
namespace {

thread_local Executor* current = nullptr;

}  // namespace

Executor* current_executor() {
  return current;
}

void set_current_executor(Executor* executor) {
  current = executor;
}

}  // namespace millrace::base
