#pragma once

#include <cstddef>

#include "api/context.h"
#include "api/resources.h"
#include "api/streams.h"
#include "base/result.h"
#include "wire/operations.h"
#include "wire/value.h"

// Where operations are held to the service's rates.
namespace millrace::api {

// Counts a call of an operation whose calls are limited. limit_exceeded where it is one too many: for the stream that
// the input means, or for the account. A stream's own profile decides for calls about it, the broker's for all others.
base::Result<void> count_call(const Context& context, const wire::OperationShape& operation, const wire::Value& input);

// The answer of a dry run that found nothing wrong: dry_run, or throttling for one too many on that stream.
base::Error dry_run_answer(const Context& context, const coordinator::StreamEntry& stream);

// Count a call that reads a shard, which is the stream's index-th. throughput_exceeded where it is one too many.
base::Result<void> count_read(const Context& context, const coordinator::StreamEntry& stream, std::size_t index);
base::Result<void> count_iterator(const Context& context, const coordinator::StreamEntry& stream, std::size_t index);

// Counts a subscription of a consumer to a shard. limit_exceeded where it is one too many.
base::Result<void> count_subscription(const Context& context, const Resource& consumer, model::ShardNo shard);

}  // namespace millrace::api
