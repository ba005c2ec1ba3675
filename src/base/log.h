#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// The broker's log, on standard error. Quiet by default: what is written is written for somebody who operates the
// broker. Never a payload, a key of a record or a secret.
namespace millrace::base::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };
enum class Format : std::uint8_t { text, json };

// Once, before the first thread starts.
void init(Level level, Format format);
bool enabled(Level level);

// A name and a value that belong to a line: `request_id=...` in text, a member in JSON.
struct Field {
  std::string_view name;
  std::string value;
};

// One line. Thread-safe.
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, message, fields);
}

// Like write, but at most once in `repeat_interval_ms` for one `key`; the next line that passes says how many were held
// back. `now_ms` is any clock that does not go back. At most `repeat_keys_max` keys are told apart; further ones share
// a limit.
void write_limited(std::string_view key, std::int64_t now_ms, Level level, std::string_view message,
                   std::initializer_list<Field> fields = {});
inline constexpr std::int64_t repeat_interval_ms = 10'000;
inline constexpr std::size_t repeat_keys_max = 1'024;

}  // namespace millrace::base::log
