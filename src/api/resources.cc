#include "api/resources.h"

#include <optional>
#include <utility>

#include "wire/sentences.h"

namespace millrace::api {

using base::Errc;

catalog::ConsumerRef Resource::ref() const {
  if (consumer == nullptr) return {};
  return {.name = consumer->name, .created_s = consumer->created_s};
}

std::string Resource::arn(const Context& context) const {
  return consumer == nullptr ? model::stream_arn(context.identity, of().name)
                             : model::consumer_arn(context.identity, of().name, consumer->name, consumer->created_s);
}

std::string Resource::text() const {
  return consumer == nullptr ? "stream " + of().name : "consumer " + consumer->name;
}

namespace {

// The stream's consumer of that name and, where it matters, of that second.
base::Result<Resource> consumer_in(const Context& context, StreamRef stream, std::string_view name,
                                   std::optional<std::int64_t> created_s) {
  const auto& consumers = stream->stream->consumers;
  const auto found = consumers.find(name);
  if (found == consumers.end() || (created_s && found->second.created_s != *created_s)) {
    return base::fail(wire::consumer_not_found(name, context.identity.account));
  }
  return Resource{.stream = std::move(stream), .consumer = &found->second};
}

// What is beside a ConsumerARN says the same, or is not there.
bool agrees(const model::ConsumerArn& arn, const wire::Value& input) {
  const std::string* stream = input.text("StreamARN");
  const std::string* name = input.text("ConsumerName");
  return (stream == nullptr || *stream == arn.stream_arn) && (name == nullptr || *name == arn.name);
}

}  // namespace

base::Result<Resource> find_consumer(const Context& context, std::string_view arn) {
  const auto parsed = model::parse_consumer_arn(arn);
  // The pattern of consumers' ARNs accepts more than there can be.
  if (!parsed) return base::fail(wire::consumer_not_found(arn, context.identity.account));
  const auto address = stream_address(context, {}, parsed->stream_arn);
  if (!address) return base::fail(address.error());
  auto stream = find_stream(context, *address);
  if (!stream) return base::fail(std::move(stream.error()));
  return consumer_in(context, std::move(*stream), parsed->name, parsed->created_s);
}

base::Result<Resource> consumer_of(const Context& context, const wire::Value& input) {
  if (const std::string* arn = input.text("ConsumerARN")) {
    const auto parsed = model::parse_consumer_arn(*arn);
    if (parsed && !agrees(*parsed, input)) return base::fail(wire::consumer_members_disagree());
    return find_consumer(context, *arn);
  }
  const std::string* name = input.text("ConsumerName");
  if (name == nullptr || input.text("StreamARN") == nullptr) return base::fail(wire::no_consumer_given());
  auto stream = stream_of(context, input);
  if (!stream) return base::fail(std::move(stream.error()));
  return consumer_in(context, std::move(*stream), *name, std::nullopt);
}

base::Result<Resource> resource_of(const Context& context, const wire::Value& input) {
  const std::string& arn = *input.text("ResourceARN");
  if (model::parse_consumer_arn(arn)) return find_consumer(context, arn);
  // Channels and queues have ARNs that the constraint accepts, too.
  if (!model::parse_stream_arn(arn)) return base::fail(wire::resource_not_found(arn));
  const auto address = stream_address(context, {}, arn);
  if (!address) return base::fail(address.error());
  auto stream = find_stream(context, *address);
  if (!stream) return base::fail(std::move(stream.error()));
  return Resource{.stream = std::move(*stream), .consumer = nullptr};
}

base::Result<void> require_settled(const Context& context, const Resource& resource) {
  if (auto good = require_settled(context, resource.of()); !good) return good;
  const catalog::Consumer* consumer = resource.consumer;
  if (consumer == nullptr || consumer->status == catalog::ConsumerStatus::active) return {};
  return base::fail(consumer_not_active(context, resource));
}

base::Error consumer_not_active(const Context& context, const Resource& resource) {
  return wire::consumer_not_active(resource.consumer->name, resource.consumer->created_s, resource.of().name,
                                   context.identity.account);
}

base::Error told(const Context& context, const Resource& resource, const base::Error& error) {
  const std::string_view account = context.identity.account;
  if (error.code == Errc::guard_failed && error.message == "tags") {
    return wire::too_many_tags(resource.text(), account);
  }
  if (error.code == Errc::guard_failed && error.message == "policy") {
    return wire::policy_not_found(resource.arn(context));
  }
  if (resource.consumer != nullptr && error.code == Errc::not_found && error.message == "consumer") {
    return wire::consumer_not_found(resource.consumer->name, account);
  }
  if (resource.consumer != nullptr && error.code == Errc::guard_failed && error.message == "consumer_status") {
    return consumer_not_active(context, resource);
  }
  return told(context, resource.of().name, error);
}

wire::Value consumer_value(const Context& context, const catalog::Stream& stream, const catalog::Consumer& consumer) {
  wire::Value value;
  value.add("ConsumerName", consumer.name);
  value.add("ConsumerARN", model::consumer_arn(context.identity, stream.name, consumer.name, consumer.created_s));
  value.add("ConsumerStatus", wire_name(consumer.status));
  value.add("ConsumerCreationTimestamp", wire::Timestamp{consumer.created_s * 1000});
  return value;
}

}  // namespace millrace::api
