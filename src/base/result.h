#pragma once

#include <expected>
#include <functional>
#include <string>
#include <utility>

#include "base/error.h"

namespace millrace::base {

// The only way a function of the broker reports a failure. Exceptions stop at the edge of the library that throws them.
template <class T>
using Result = std::expected<T, Error>;

// Called exactly once with the outcome of something asynchronous.
template <class T>
using Done = std::move_only_function<void(Result<T>)>;

// `return fail(Errc::not_found, "...")` in a function that returns a Result.
inline std::unexpected<Error> fail(Errc code, std::string message = {}, int sys = 0) {
  return std::unexpected<Error>(Error(code, std::move(message), sys));
}
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace millrace::base
