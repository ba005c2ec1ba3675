#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"

namespace millrace::coordinator {

// Calls that the coordinator has with an engine or with shards at once, for one operation.
inline constexpr std::size_t parallel_calls_max = 64;

// What a fan-out does once a call has failed.
enum class OnError : std::uint8_t {
  stop,   // begins no further calls
  go_on,  // makes them all
};

// Starts `call` for 0 ... count-1, at most parallel_calls_max of them at once, and tells the first error when all that
// were begun have ended. A call may end before it returns, and on any thread; `call` is made by one thread at a time.
void fan_out(std::size_t count, OnError on_error, std::move_only_function<void(std::size_t, base::Done<void>)> call,
             base::Done<void> done);

}  // namespace millrace::coordinator
