#include "catalog/apply.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "catalog/counts.h"
#include "catalog/rules.h"

namespace millrace::catalog {
namespace rules {
namespace {

constexpr std::int64_t day_ms = std::chrono::milliseconds(std::chrono::hours(24)).count();

}  // namespace

void put_stream(State& state, const StreamKey& key, StreamPtr stream) {
  if (const auto* before = state.find(key)) count_out(state, **before);
  if (stream == nullptr) {
    state.streams.erase(key);
    return;
  }
  count_in(state, *stream);
  state.streams.set(key, std::move(stream));
}

bool within_day(const std::vector<std::int64_t>& times_ms, std::int64_t time_ms, std::uint32_t per_day_max) {
  if (per_day_max == 0) return true;
  const auto recent =
      std::ranges::count_if(times_ms, [&](std::int64_t changed_ms) { return changed_ms > time_ms - day_ms; });
  return static_cast<std::uint64_t>(recent) < per_day_max;
}

void note_change(std::vector<std::int64_t>& times_ms, std::int64_t time_ms) {
  std::erase_if(times_ms, [&](std::int64_t changed_ms) { return changed_ms <= time_ms - day_ms; });
  if (times_ms.size() >= day_times_max) times_ms.erase(times_ms.begin());
  times_ms.push_back(time_ms);
}

}  // namespace rules

std::optional<base::Error> refusal(const State& state, const CommandBody& body, std::int64_t time_ms) {
  return std::visit([&](const auto& command) { return rules::check(state, command, time_ms); }, body);
}

base::Result<std::shared_ptr<const Stream>> apply_to(State& state, const Command& command, model::Position position) {
  state.version = position;
  if (state.history.has_seen(command.id)) return base::fail(base::Errc::guard_failed, "repeated");
  // Remembered where it is refused, too: what its writer was told must stay true when a second copy comes.
  state.history.add(command.id);
  if (auto refused = refusal(state, command.body, command.time_ms)) return base::fail(*std::move(refused));
  return std::visit([&](const auto& body) { return rules::perform(state, body, command.time_ms); }, command.body);
}

Applied apply(const std::shared_ptr<const State>& state, const Command& command, model::Position position) {
  auto after = std::make_shared<State>(*state);
  auto outcome = apply_to(*after, command, position);
  return {.state = std::move(after), .outcome = std::move(outcome)};
}

}  // namespace millrace::catalog
