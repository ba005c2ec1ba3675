#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "model/limits.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

base::Result<void> check(const Context& context, const catalog::Stream& stream, std::int64_t warm) {
  if (auto good = require_active(context, stream); !good) return good;
  if (stream.mode != catalog::StreamMode::on_demand) {
    return base::fail(wire::warm_throughput_needs_on_demand(stream.name));
  }
  if (!is_committed(context)) return base::fail(wire::warm_throughput_needs_commitment());
  if (warm > model::limits::warm_throughput_mibps_max) {
    return base::fail(wire::warm_throughput_too_high(warm, model::limits::warm_throughput_mibps_max));
  }
  return {};
}

wire::Value answer(const Context& context, const std::string& name) {
  wire::Value output;
  output.add("StreamARN", model::stream_arn(context.identity, name));
  output.add("StreamName", name);
  // It may have been deleted since.
  if (const auto now = find_stream(context, name)) {
    const catalog::Stream& stream = *(*now)->stream;
    wire::Value warm;
    warm.add("TargetMiBps", stream.warm_throughput_mibps.value_or(0));
    warm.add("CurrentMiBps", stream.warm_current_mibps.value_or(0));
    output.add("WarmThroughput", std::move(warm));
  }
  return output;
}

}  // namespace

void update_stream_warm_throughput(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  const std::int64_t warm = *input.integer("WarmThroughputMiBps");
  if (auto good = check(context, found, warm); !good) return done(base::fail(std::move(good.error())));
  catalog::SetWarmThroughput command{
      .stream = found.key(), .uid = found.uid, .warm_throughput_mibps = static_cast<std::uint32_t>(warm)};
  context.coordinator.set_warm_throughput(
      std::move(command), [&context, name = found.name, done = std::move(done)](base::Result<void> changed) mutable {
        if (changed) return done(answer(context, name));
        if (changed.error().code == base::Errc::guard_failed && changed.error().message == "mode") {
          return done(base::fail(wire::warm_throughput_needs_on_demand(name)));
        }
        done(base::fail(told(context, name, changed.error())));
      });
}

}  // namespace millrace::api
