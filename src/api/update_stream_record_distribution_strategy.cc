#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "wire/sentences.h"

namespace millrace::api {

using catalog::RecordDistribution;

void update_stream_record_distribution_strategy(Context& context, const wire::Value& input,
                                                base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_active(context, found); !good) return done(base::fail(std::move(good.error())));
  const bool automatic = input.view("RecordDistributionStrategy") == wire_name(RecordDistribution::automatic);
  if (automatic && found.mode != catalog::StreamMode::on_demand) {
    return done(base::fail(wire::auto_distribution_needs_on_demand(found.name)));
  }
  context.coordinator.change(
      catalog::SetDistribution{
          .stream = found.key(),
          .uid = found.uid,
          .distribution = automatic ? RecordDistribution::automatic : RecordDistribution::user_partition_key},
      [&context, name = found.name, done = std::move(done)](base::Result<void> changed) mutable {
        if (changed) return done(wire::Value());
        // The mode was switched in between.
        if (changed.error().code == base::Errc::guard_failed && changed.error().message == "mode") {
          return done(base::fail(wire::auto_distribution_needs_on_demand(name)));
        }
        done(base::fail(told(context, name, changed.error())));
      });
}

}  // namespace millrace::api
