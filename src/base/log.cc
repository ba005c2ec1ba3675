#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <iterator>
#include <map>
#include <memory>

#include "base/mutex.h"

namespace millrace::base::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

struct State {
  Format format = Format::text;
  std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("millrace", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::info);
    return made;
  }();
};

State& state() {
  static State instance;
  return instance;
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// Control characters of a client's making must not break the line.
void append_text_value(std::string& out, std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=\\\n\r\t") == std::string_view::npos;
  if (plain) {
    out += value;
  } else {
    append_json_string(out, value);
  }
}

struct Repeat {
  std::int64_t passed_ms = 0;
  std::uint64_t held_back = 0;
};

struct Repeats {
  Mutex mutex;
  std::map<std::string, Repeat, std::less<>> by_key MILLRACE_GUARDED_BY(mutex);
};

Repeats& repeats() {
  static Repeats instance;
  return instance;
}

// How many lines of this key were held back since the last that passed, or -1 where this one is to be held back, too.
std::int64_t let_through(std::string_view key, std::int64_t now_ms) {
  Repeats& all = repeats();
  Lock lock(all.mutex);
  auto found = all.by_key.find(key);
  if (found == all.by_key.end()) {
    const bool crowded = all.by_key.size() >= repeat_keys_max;
    const auto [place, added] = all.by_key.try_emplace(crowded ? std::string() : std::string(key));
    found = place;
    if (added) {
      found->second.passed_ms = now_ms;
      return 0;
    }
  }
  Repeat& repeat = found->second;
  if (now_ms - repeat.passed_ms < repeat_interval_ms) {
    ++repeat.held_back;
    return -1;
  }
  repeat.passed_ms = now_ms;
  const auto held = static_cast<std::int64_t>(repeat.held_back);
  repeat.held_back = 0;
  return held;
}

}  // namespace

void init(Level level, Format format) {
  State& s = state();
  s.format = format;
  s.logger->set_level(spdlog_level(level));
  if (format == Format::json) {
    s.logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})", spdlog::pattern_time_type::utc);
  } else {
    s.logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }
}

bool enabled(Level level) {
  return state().logger->should_log(spdlog_level(level));
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  State& s = state();
  if (!s.logger->should_log(spdlog_level(level))) return;
  std::string line;
  if (s.format == Format::json) {
    line += "\"message\":";
    append_json_string(line, message);
    for (const Field& field : fields) {
      line.push_back(',');
      append_json_string(line, field.name);
      line.push_back(':');
      append_json_string(line, field.value);
    }
  } else {
    line += message;
    for (const Field& field : fields) {
      fmt::format_to(std::back_inserter(line), " {}=", field.name);
      append_text_value(line, field.value);
    }
  }
  s.logger->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

void write_limited(std::string_view key, std::int64_t now_ms, Level level, std::string_view message,
                   std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const std::int64_t held = let_through(key, now_ms);
  if (held < 0) return;
  if (held == 0) {
    write(level, message, fields);
  } else {
    write(level, fmt::format("{} ({} more like this were not shown)", message, held), fields);
  }
}

}  // namespace millrace::base::log
