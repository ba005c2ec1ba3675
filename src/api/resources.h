#pragma once

#include <string>
#include <string_view>

#include "api/context.h"
#include "api/streams.h"
#include "base/result.h"
#include "catalog/command.h"
#include "wire/value.h"

// How operations find the consumer, or the resource of either kind, that they are about.
namespace millrace::api {

// A stream, or one of its consumers.
struct Resource {
  StreamRef stream;
  const catalog::Consumer* consumer = nullptr;  // null: the stream itself; lives as long as the stream's reference

  const catalog::Stream& of() const { return *stream->stream; }
  // What a command calls it.
  catalog::ConsumerRef ref() const;
  std::string arn(const Context& context) const;
  // "stream orders" or "consumer reader", for sentences.
  std::string text() const;
};

// The consumer that a request means by ConsumerARN, by StreamARN and ConsumerName, or by all three. invalid_argument
// where not enough is there or they contradict each other, resource_not_found for the stream or the consumer.
base::Result<Resource> consumer_of(const Context& context, const wire::Value& input);
base::Result<Resource> find_consumer(const Context& context, std::string_view arn);
// The resource that a request means by ResourceARN.
base::Result<Resource> resource_of(const Context& context, const wire::Value& input);

// resource_in_use while the stream is being made or removed, or where the consumer is not ACTIVE.
base::Result<void> require_settled(const Context& context, const Resource& resource);

base::Error consumer_not_active(const Context& context, const Resource& resource);
// A coordinator's refusal in the service's words.
base::Error told(const Context& context, const Resource& resource, const base::Error& error);

// A Consumer structure.
wire::Value consumer_value(const Context& context, const catalog::Stream& stream, const catalog::Consumer& consumer);

}  // namespace millrace::api
