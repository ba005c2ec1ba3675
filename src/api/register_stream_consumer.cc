#include <utility>

#include "api/operation.h"
#include "api/resources.h"
#include "api/tags.h"
#include "model/limits.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

using base::Errc;

base::Error refused(const Context& context, const catalog::Stream& stream, std::string_view consumer,
                    const base::Error& error) {
  const std::string_view account = context.identity.account;
  const coordinator::AccountLimits limits = context.coordinator.limits_of(stream.key());
  if (error.code == Errc::exists) return wire::consumer_exists(consumer, stream.name, account);
  if (error.code == Errc::limit_exceeded && error.message == "consumers") {
    return wire::too_many_consumers(
        stream.name, account, is_committed(context) ? limits.consumers_with_commitment_max : limits.consumers_max);
  }
  if (error.code == Errc::limit_exceeded && error.message == "creating_consumers") {
    return wire::too_many_creating_consumers(stream.name, account, limits.creating_consumers_max);
  }
  return told(context, stream.name, error);
}

}  // namespace

void register_stream_consumer(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_settled(context, found); !good) return done(base::fail(std::move(good.error())));
  catalog::RegisterConsumer command{
      .stream = found.key(), .uid = found.uid, .name = *input.text("ConsumerName"), .tags = {}};
  if (const wire::Object* tags = input.object("Tags")) {
    if (auto good = check_tags(context, "consumer " + command.name, *tags); !good) {
      return done(base::fail(std::move(good.error())));
    }
    command.tags = tag_map(*tags);
  }
  context.coordinator.register_consumer(command,
                                        [&context, stream = *stream, name = command.name,
                                         done = std::move(done)](base::Result<catalog::Consumer> registered) mutable {
                                          const catalog::Stream& of = *stream->stream;
                                          if (!registered)
                                            return done(base::fail(refused(context, of, name, registered.error())));
                                          wire::Value output;
                                          output.add("Consumer", consumer_value(context, of, *registered));
                                          done(std::move(output));
                                        });
}

}  // namespace millrace::api
