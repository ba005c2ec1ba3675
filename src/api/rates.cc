#include "api/rates.h"

#include <fmt/format.h>

#include <utility>

#include "limits/table.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

using limits::Scope;

// The stream that a call is about, in whichever way it says so.
struct Meant {
  std::string name;  // empty: it says nothing of a stream
  StreamRef stream;  // null: there is none
};

Meant meant_by(const Context& context, const wire::Value& input) {
  std::string_view arn = input.view("StreamARN");
  for (const std::string_view member : {"ConsumerARN", "ResourceARN"}) {
    if (const std::string* given = input.text(member)) arn = *given;
  }
  if (const auto consumer = model::parse_consumer_arn(arn)) arn = consumer->stream_arn;
  const auto address = stream_address(context, input.view("StreamName"), arn);
  if (!address) return {};
  Meant meant{.name = std::string(address->name), .stream = nullptr};
  if (auto found = find_stream(context, *address)) meant.stream = std::move(*found);
  return meant;
}

base::Error shard_rate_exceeded(const Context& context, const coordinator::StreamEntry& stream, std::size_t index) {
  return wire::shard_rate_exceeded(model::shard_id(stream.stream->shards[index].number), stream.stream->name,
                                   context.identity.account);
}

}  // namespace

base::Result<void> count_call(const Context& context, const wire::OperationShape& operation, const wire::Value& input) {
  const limits::Row* row = limits::call_row(operation.name);
  if (row == nullptr) return {};
  const Meant meant = meant_by(context, input);
  const bool counts = meant.stream != nullptr ? meant.stream->calls != nullptr
                                              : row->holds_in(context.limits) && context.calls != nullptr;
  if (!counts) return {};
  const std::int64_t now_ms = context.clock.now_ms();
  const bool of_stream = row->scope == Scope::stream && meant.stream != nullptr;
  const bool fits = of_stream                  ? meant.stream->calls->take(row->limit, now_ms)
                    : context.calls != nullptr ? context.calls->take(row->limit, now_ms)
                                               : true;
  if (fits) return {};
  if (row->scope == Scope::account || meant.name.empty()) return base::fail(wire::account_rate_exceeded());
  return base::fail(wire::control_rate_exceeded(meant.name, context.identity.account));
}

base::Error dry_run_answer(const Context& context, const coordinator::StreamEntry& stream) {
  if (stream.calls != nullptr && !stream.calls->take_dry_run(context.clock.now_ms())) {
    return wire::dry_run_rate_exceeded(stream.stream->name, context.identity.account);
  }
  return wire::dry_run_would_succeed();
}

base::Result<void> count_read(const Context& context, const coordinator::StreamEntry& stream, std::size_t index) {
  if (stream.calls == nullptr || stream.buckets[index]->take_read(context.clock.now_ms())) return {};
  return base::fail(shard_rate_exceeded(context, stream, index));
}

base::Result<void> count_iterator(const Context& context, const coordinator::StreamEntry& stream, std::size_t index) {
  if (stream.calls == nullptr || stream.buckets[index]->take_iterator(context.clock.now_ms())) return {};
  return base::fail(shard_rate_exceeded(context, stream, index));
}

base::Result<void> count_subscription(const Context& context, const Resource& consumer, model::ShardNo shard) {
  if (consumer.stream->calls == nullptr) return {};
  const limits::Rate& rate = limits::row(limits::Limit::subscriptions).rate;
  const std::string name =
      fmt::format("{}:{}/{}", consumer.consumer->name, consumer.consumer->created_s, model::shard_id(shard));
  if (consumer.stream->calls->subscriptions().take(rate, name, context.clock.now_ms())) return {};
  return base::fail(wire::control_rate_exceeded(consumer.of().name, context.identity.account));
}

}  // namespace millrace::api
