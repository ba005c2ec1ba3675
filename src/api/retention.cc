#include "api/retention.h"

#include <utility>

#include "api/streams.h"
#include "model/limits.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

base::Error wrong_way(const catalog::Stream& stream, std::int64_t hours, RetentionChange change) {
  return change == RetentionChange::increase
             ? wire::retention_below_existing(stream.name, hours, stream.retention_hours)
             : wire::retention_above_existing(stream.name, hours, stream.retention_hours);
}

base::Result<void> check(const Context& context, const catalog::Stream& stream, std::int64_t hours,
                         RetentionChange change) {
  if (auto good = require_active(context, stream); !good) return good;
  if (hours < model::limits::retention_hours_min) return base::fail(wire::retention_too_short(hours));
  if (hours > model::limits::retention_hours_max) return base::fail(wire::retention_too_long(hours));
  const bool increase = change == RetentionChange::increase;
  if (increase ? hours < stream.retention_hours : hours > stream.retention_hours) {
    return base::fail(wrong_way(stream, hours, change));
  }
  return {};
}

}  // namespace

void change_retention(Context& context, const wire::Value& input, RetentionChange change,
                      base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  const std::int64_t hours = input.integer("RetentionPeriodHours").value_or(0);
  if (auto good = check(context, found, hours, change); !good) return done(base::fail(std::move(good.error())));

  catalog::SetRetention command{.stream = found.key(),
                                .uid = found.uid,
                                .hours = static_cast<std::uint32_t>(hours),
                                .increase = change == RetentionChange::increase};
  context.coordinator.set_retention(std::move(command), [&context, name = found.name, hours, change,
                                                         done = std::move(done)](base::Result<void> changed) mutable {
    if (changed) return done(wire::Value());
    if (changed.error().code != base::Errc::guard_failed) {
      return done(base::fail(told(context, name, changed.error())));
    }
    // Another request changed it in between: say what holds now.
    const auto now = find_stream(context, name);
    if (!now) return done(base::fail(now.error()));
    if (auto good = check(context, *(*now)->stream, hours, change); !good) {
      return done(base::fail(std::move(good.error())));
    }
    done(base::fail(wrong_way(*(*now)->stream, hours, change)));
  });
}

}  // namespace millrace::api
