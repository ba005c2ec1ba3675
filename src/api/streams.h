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

// The streams that requests may find by name.
inline catalog::PlaceView place_of(const Context& context) {
  return {context.identity.account, context.identity.region};
}

// Which stream a request means. The views point into the arguments or the context.
struct StreamAddress {
  std::string_view name;
  std::string_view account;
  bool is_ours = true;  // false: its ARN is of another account or region, where the caller has no streams
};
// By name, ARN or both. invalid_argument where neither is there or they contradict each other.
base::Result<StreamAddress> stream_address(const Context& context, std::string_view name, std::string_view arn);
base::Result<StreamAddress> stream_address(const Context& context, const wire::Value& input);

using StreamRef = std::shared_ptr<const coordinator::StreamEntry>;

// The stream of that address, in whatever state; resource_not_found where there is none.
base::Result<StreamRef> find_stream(const Context& context, const StreamAddress& address);
// The caller's of that name.
base::Result<StreamRef> find_stream(const Context& context, std::string_view name);
// The stream that a request's input means.
base::Result<StreamRef> stream_of(const Context& context, const wire::Value& input);
// resource_in_use unless the stream is ACTIVE.
base::Result<void> require_active(const Context& context, const catalog::Stream& stream);
// resource_in_use while the stream is being made or removed.
base::Result<void> require_settled(const Context& context, const catalog::Stream& stream);

// Whether a StreamCreationTimestamp is that stream's, which tells streams apart that had a name one after the other.
// Clients give it in whole seconds.
bool is_created_at(const catalog::Stream& stream, wire::Timestamp time);
// Whether the caller's account has the commitment that warm throughput needs.
bool is_committed(const Context& context);

// A coordinator's refusal in the service's words; `name` is the stream's.
base::Error told(const Context& context, std::string_view name, const base::Error& error);

// A shard's refusal of a read in the service's words.
base::Error shard_told(const Context& context, const catalog::Stream& stream, model::ShardNo shard,
                       const base::Error& error);

// A MetricsNameList; may be empty.
wire::List metrics_value(catalog::ShardMetricSet metrics);
// EncryptionType as descriptions show it: "KMS" or "NONE".
std::string_view encryption_name(const catalog::Stream& stream);
// A Shard structure.
wire::Value shard_value(const catalog::ShardInfo& shard);
// The members that StreamDescription and StreamDescriptionSummary have in common, up to StreamModeDetails.
void add_stream_members(const Context& context, const catalog::Stream& stream, wire::Value& to);

}  // namespace millrace::api
