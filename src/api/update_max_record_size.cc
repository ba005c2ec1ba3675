#include <utility>

#include "api/operation.h"
#include "api/streams.h"

namespace millrace::api {

void update_max_record_size(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_active(context, found); !good) return done(base::fail(std::move(good.error())));
  catalog::SetRecordSize command{
      .stream = found.key(),
      .uid = found.uid,
      .record_kib_max = static_cast<std::uint32_t>(input.integer("MaxRecordSizeInKiB").value_or(0))};
  context.coordinator.set_record_size(
      std::move(command), [&context, name = found.name, done = std::move(done)](base::Result<void> changed) mutable {
        if (!changed) return done(base::fail(told(context, name, changed.error())));
        done(wire::Value());
      });
}

}  // namespace millrace::api
