#include <utility>

#include "api/operation.h"
#include "api/resources.h"

namespace millrace::api {

base::Result<wire::Value> describe_stream_consumer(Context& context, const wire::Value& input) {
  const auto found = consumer_of(context, input);
  if (!found) return base::fail(found.error());
  wire::Value description = consumer_value(context, found->of(), *found->consumer);
  description.add("StreamARN", model::stream_arn(context.identity, found->of().name));
  wire::Value output;
  output.add("ConsumerDescription", std::move(description));
  return output;
}

}  // namespace millrace::api
