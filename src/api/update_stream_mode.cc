#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "model/limits.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

using catalog::StreamMode;

// What the mode and the account permit.
base::Result<void> check_throughput(const Context& context, const catalog::Stream& stream, StreamMode mode,
                                    std::optional<std::int64_t> warm) {
  if (!warm) return {};
  if (mode == StreamMode::provisioned) return base::fail(wire::warm_throughput_needs_on_demand(stream.name));
  if (!is_committed(context)) return base::fail(wire::warm_throughput_needs_commitment());
  if (*warm > model::limits::warm_throughput_mibps_max) {
    return base::fail(wire::warm_throughput_too_high(*warm, model::limits::warm_throughput_mibps_max));
  }
  return {};
}

base::Error refused(const Context& context, const catalog::Stream& stream, const base::Error& error) {
  if (error.code == base::Errc::guard_failed && error.message == "distribution") {
    return wire::auto_distribution_needs_on_demand(stream.name);
  }
  if (error.code == base::Errc::limit_exceeded && error.message == "mode_switches") {
    return wire::too_many_mode_switches(stream.name, context.identity.account,
                                        context.coordinator.limits_of(stream.key()).mode_switches_per_day_max);
  }
  return told(context, stream.name, error);
}

}  // namespace

void update_stream_mode(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_active(context, found); !good) return done(base::fail(std::move(good.error())));
  const bool on_demand = input.find("StreamModeDetails")->view("StreamMode") == wire_name(StreamMode::on_demand);
  const StreamMode mode = on_demand ? StreamMode::on_demand : StreamMode::provisioned;
  const auto warm = input.integer("WarmThroughputMiBps");
  if (auto good = check_throughput(context, found, mode, warm); !good) return done(base::fail(std::move(good.error())));

  catalog::SetMode command{.stream = found.key(), .uid = found.uid, .mode = mode, .warm_throughput_mibps = {}};
  if (warm) command.warm_throughput_mibps = static_cast<std::uint32_t>(*warm);
  context.coordinator.set_mode(
      std::move(command), [&context, stream = *stream, done = std::move(done)](base::Result<void> changed) mutable {
        if (!changed) return done(base::fail(refused(context, *stream->stream, changed.error())));
        done(wire::Value());
      });
}

}  // namespace millrace::api
