#include "api/account_settings.h"

#include <optional>
#include <utility>

#include "api/streams.h"

namespace millrace::api {

wire::Value account_settings(const Context& context) {
  const auto directory = context.coordinator.directory();
  const catalog::Commitment commitment =
      directory->state->account(place_of(context)).commitment.at(context.clock.now_ms());
  wire::Value value;
  value.add("Status", wire_name(commitment.status));
  const auto add_time = [&value](std::string_view name, std::optional<std::int64_t> ms) {
    if (ms) value.add(name, wire::Timestamp{*ms});
  };
  add_time("StartedAt", commitment.started_ms);
  add_time("EndedAt", commitment.ended_ms);
  add_time("EarliestAllowedEndAt", commitment.earliest_end_ms);
  wire::Value output;
  output.add("MinimumThroughputBillingCommitment", std::move(value));
  return output;
}

}  // namespace millrace::api
