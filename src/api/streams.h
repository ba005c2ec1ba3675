#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/context.h"
#include "base/result.h"
#include "coordinator/directory.h"
#include "wire/value.h"

// How operations find the stream they are about, and show it.
namespace millrace::api {

// The name of the stream that a request means by StreamName, StreamARN or both. invalid_argument where neither is there
// or they contradict each other. The view points into the arguments.
base::Result<std::string_view> stream_name(std::string_view name, std::string_view arn);
base::Result<std::string_view> stream_name(const wire::Value& input);

using StreamRef = std::shared_ptr<const coordinator::StreamEntry>;

// The stream of that name, in whatever state; resource_not_found where there is none.
base::Result<StreamRef> find_stream(const Context& context, std::string_view name);
// The stream that a request's input means.
base::Result<StreamRef> stream_of(const Context& context, const wire::Value& input);
// resource_in_use unless the stream is ACTIVE.
base::Result<void> require_active(const Context& context, const catalog::Stream& stream);
// resource_in_use while the stream is being made or removed.
base::Result<void> require_settled(const Context& context, const catalog::Stream& stream);

// A coordinator's refusal in the service's words; `name` is the stream's.
base::Error told(const Context& context, std::string_view name, const base::Error& error);

// A shard's refusal of a read in the service's words.
base::Error shard_told(const Context& context, const catalog::Stream& stream, model::ShardNo shard,
                       const base::Error& error);

// A Shard structure.
wire::Value shard_value(const catalog::ShardInfo& shard);
// The members that StreamDescription and StreamDescriptionSummary have in common, up to StreamModeDetails.
void add_stream_members(const Context& context, const catalog::Stream& stream, wire::Value& to);

}  // namespace millrace::api
