# GCC 12 miscompiles a coroutine whose awaited call takes a braced aggregate: the temporary is destroyed twice, without a
# warning. A compiler that does so is refused here by compiling and running a small program that counts destructions.
include(CheckCXXSourceRuns)

set(CMAKE_REQUIRED_FLAGS "-std=c++23")
check_cxx_source_runs("
#include <coroutine>
#include <string>

static int alive = 0;
struct Counted {
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  Counted(Counted&&) noexcept { ++alive; }
  ~Counted() { --alive; }
};
struct Aggregate { Counted counted; std::string text; };
struct Ready {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  void await_resume() const noexcept {}
};
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};
Ready take(Aggregate) { return {}; }
Task run() { co_await take(Aggregate{Counted{}, std::string(64, 'x')}); }
int main() { run(); return alive == 0 ? 0 : 1; }
" MILLRACE_COMPILER_AWAITS_AGGREGATES)
unset(CMAKE_REQUIRED_FLAGS)

if(NOT MILLRACE_COMPILER_AWAITS_AGGREGATES)
  message(FATAL_ERROR
    "${CMAKE_CXX_COMPILER} miscompiles awaited aggregates (a temporary is destroyed twice) or does not know C++23. "
    "Use clang 19: cmake --preset dev, which asks for clang++-19.")
endif()
