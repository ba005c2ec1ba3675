#include "app/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <ranges>
#include <span>
#include <utility>

namespace millrace::app {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 9> size_units = {{
    {"B", 1},
    {"KiB", 1ull << 10},
    {"MiB", 1ull << 20},
    {"GiB", 1ull << 30},
    {"TiB", 1ull << 40},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
}};

constexpr std::array<Unit, 4> duration_units = {{
    {"ms", 1},
    {"s", 1'000},
    {"m", 60'000},
    {"h", 3'600'000},
}};

std::optional<std::uint64_t> whole(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Nothing where the text is not a number followed by one of the units, or the product is over `max`.
std::optional<std::uint64_t> with_unit(std::string_view text, std::span<const Unit> units, std::uint64_t max) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::uint64_t> number = whole(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.name) continue;
    if (*number > max / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

base::Result<std::uint64_t> parse_size(std::string_view text) {
  if (text == "0") return 0;
  const auto bytes = with_unit(text, size_units, std::numeric_limits<std::uint64_t>::max());
  if (!bytes) return base::fail(base::Errc::bad_config, "is not a size with its unit, such as 64MiB");
  return *bytes;
}

base::Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds{0};
  const auto ms = with_unit(text, duration_units, std::numeric_limits<std::int64_t>::max());
  if (!ms) return base::fail(base::Errc::bad_config, "is not a duration with its unit, such as 5s or 500ms");
  return std::chrono::milliseconds{*ms};
}

base::Result<std::uint64_t> parse_whole(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto value = whole(text);
  if (!value || *value < min || *value > max) {
    return base::fail(base::Errc::bad_config, fmt::format("is not a whole number from {} to {}", min, max));
  }
  return *value;
}

std::string show_size(std::uint64_t bytes) {
  for (const Unit& unit : std::span(size_units).subspan(1, 4) | std::views::reverse) {
    if (bytes != 0 && bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
  }
  return fmt::format("{}B", bytes);
}

}  // namespace millrace::app
