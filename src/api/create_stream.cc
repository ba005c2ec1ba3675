#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "api/tags.h"
#include "model/limits.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

using base::Errc;
using catalog::StreamMode;

// On the service 10 GiB/s is the most that can be asked for. [D]
constexpr std::int64_t warm_throughput_mibps_max = 10'240;

// What depends on the arguments alone: mode and what only some modes permit.
base::Result<catalog::CreateStream> spec_of(const wire::Value& input) {
  catalog::CreateStream spec;
  spec.name = *input.text("StreamName");
  const auto shard_count = input.integer("ShardCount");
  const wire::Value* details = input.find("StreamModeDetails");
  const bool on_demand =
      details != nullptr ? *details->text("StreamMode") == wire_name(StreamMode::on_demand) : !shard_count.has_value();
  spec.mode = on_demand ? StreamMode::on_demand : StreamMode::provisioned;
  if (!on_demand && !shard_count) return base::fail(wire::shard_count_missing());
  // An on-demand stream begins with its own number of shards, whatever was asked for.
  spec.shard_count = on_demand ? model::limits::on_demand_shards_initial : static_cast<std::uint32_t>(*shard_count);

  if (input.view("RecordDistributionStrategy") == wire_name(catalog::RecordDistribution::automatic)) {
    if (!on_demand) return base::fail(wire::auto_distribution_needs_on_demand(spec.name));
    spec.distribution = catalog::RecordDistribution::automatic;
  }
  if (const auto warm = input.integer("WarmThroughputMiBps")) {
    if (!on_demand) return base::fail(wire::warm_throughput_needs_on_demand(spec.name));
    if (*warm > warm_throughput_mibps_max) {
      return base::fail(wire::warm_throughput_too_high(*warm, warm_throughput_mibps_max));
    }
    spec.warm_throughput_mibps = static_cast<std::uint32_t>(*warm);
  }
  spec.record_kib_max =
      static_cast<std::uint32_t>(input.integer("MaxRecordSizeInKiB").value_or(model::limits::record_kib_default));
  return spec;
}

base::Error limit_error(const Context& context, const catalog::CreateStream& spec, const base::Error& error) {
  if (error.code != Errc::limit_exceeded || error.message != "shards") return told(context, spec.name, error);
  const auto directory = context.coordinator.directory();
  return wire::shard_limit_exceeded(context.identity.account, context.identity.region,
                                    static_cast<std::int64_t>(directory->state->open_shards),
                                    context.coordinator.limits().shards_max, spec.shard_count);
}

}  // namespace

void create_stream(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto spec = spec_of(input);
  if (!spec) return done(base::fail(std::move(spec.error())));
  if (const wire::Object* tags = input.object("Tags")) {
    if (auto good = check_tags(context, spec->name, *tags); !good) return done(base::fail(std::move(good.error())));
    spec->tags = tag_map(*tags);
  }
  catalog::CreateStream wanted = *spec;
  context.coordinator.create_stream(std::move(*spec), [&context, wanted = std::move(wanted),
                                                       done = std::move(done)](base::Result<void> made) mutable {
    if (!made) return done(base::fail(limit_error(context, wanted, made.error())));
    done(wire::Value());
  });
}

}  // namespace millrace::api
