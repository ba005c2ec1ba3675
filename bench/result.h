#pragma once

#include <expected>
#include <string>

namespace millrace::bench {

// The load generator answers failures with one sentence for the person who runs it.
template <class T>
using Result = std::expected<T, std::string>;

}  // namespace millrace::bench
