#pragma once

#include <string_view>

#include "api/operation.h"
#include "api/streams.h"

// What the operations that change a stream's shards have in common.
namespace millrace::api {

// The stream that a request means, ACTIVE and provisioned.
base::Result<StreamRef> stream_to_reshard(const Context& context, const wire::Value& input);

// The open or closed shard that a request names; resource_not_found where it never was, or has expired.
base::Result<const catalog::ShardInfo*> named_shard(const Context& context, const catalog::Stream& stream,
                                                    model::ShardNo number);

// The coordinator's refusal of a reshard that would have made `additional` more shards.
base::Error reshard_told(const Context& context, std::string_view name, std::int64_t additional,
                         const base::Error& error);

}  // namespace millrace::api
