#include "coordinator/coordinator.h"

#include "coordinator/core.h"
#include "limits/table.h"

namespace millrace::coordinator {

void AccountLimits::take_from(limits::Profile from) {
  using limits::Limit;
  profile = from;
  consumers_max = limits::number(Limit::consumers, from);
  consumers_with_commitment_max = limits::number(Limit::consumers_with_commitment, from);
  creating_streams_max = limits::number(Limit::creating_streams, from);
  creating_consumers_max = limits::number(Limit::creating_consumers, from);
  rescales_per_day_max = limits::number(Limit::rescales, from);
  mode_switches_per_day_max = limits::number(Limit::mode_switches, from);
  encryption_changes_per_day_max = limits::number(Limit::encryption_starts, from);
}

base::Result<std::unique_ptr<Coordinator>> Coordinator::open(shard::Shared& shared, io::Random& random,
                                                             AccountLimits limits, TransitionDelays delays) {
  auto core = std::make_shared<Core>(shared, limits, delays);
  if (auto opened = core->open(random); !opened) {
    core->close();
    return base::fail(std::move(opened.error()));
  }
  return std::unique_ptr<Coordinator>(new Coordinator(std::move(core)));
}

Coordinator::~Coordinator() {
  core_->close();
}

void Coordinator::run_on(io::Loop& loop) {
  core_->run_on(loop);
}

void Coordinator::leave_loop() {
  core_->leave_loop();
}

void Coordinator::tick() {
  core_->tick();
}

std::shared_ptr<const Directory> Coordinator::directory() const {
  return core_->directory.get();
}

void Coordinator::create_stream(catalog::CreateStream spec, base::Done<void> done) {
  core_->create_stream(std::move(spec), std::move(done));
}

void Coordinator::delete_stream(catalog::MarkDeleting change, base::Done<void> done) {
  core_->delete_stream(std::move(change), std::move(done));
}

void Coordinator::set_retention(catalog::SetRetention change, base::Done<void> done) {
  core_->set_retention(std::move(change), std::move(done));
}

void Coordinator::split_shard(catalog::SplitShard change, base::Done<void> done) {
  change.shards_max = core_->limits.shards_max;
  core_->reshard(std::move(change), std::move(done));
}

void Coordinator::merge_shards(catalog::MergeShards change, base::Done<void> done) {
  core_->reshard(std::move(change), std::move(done));
}

void Coordinator::rescale_stream(catalog::RescaleStream change, base::Done<void> done) {
  change.shards_max = core_->limits.shards_max;
  change.stream_shards_max = core_->limits.stream_shards_max;
  change.per_day_max = core_->limits_of(change.stream).rescales_per_day_max;
  core_->reshard(std::move(change), std::move(done));
}

void Coordinator::set_mode(catalog::SetMode change, base::Done<void> done) {
  change.on_demand_streams_max = core_->limits.on_demand_streams_max;
  change.per_day_max = core_->limits_of(change.stream).mode_switches_per_day_max;
  core_->update(std::move(change), std::move(done));
}

void Coordinator::set_record_size(catalog::SetRecordSize change, base::Done<void> done) {
  core_->update(std::move(change), std::move(done));
}

void Coordinator::set_warm_throughput(catalog::SetWarmThroughput change, base::Done<void> done) {
  core_->update(std::move(change), std::move(done));
}

void Coordinator::set_encryption(catalog::SetEncryption change, base::Done<void> done) {
  change.per_day_max = core_->limits_of(change.stream).encryption_changes_per_day_max;
  core_->update(std::move(change), std::move(done));
}

void Coordinator::register_consumer(catalog::RegisterConsumer change, base::Done<catalog::Consumer> done) {
  core_->register_consumer(std::move(change), std::move(done));
}

void Coordinator::deregister_consumer(catalog::MarkConsumerDeleting change, base::Done<void> done) {
  core_->deregister_consumer(std::move(change), std::move(done));
}

void Coordinator::change(catalog::CommandBody change, base::Done<void> done) {
  if (done = core_->begin_operation(std::move(done)); done) core_->change(std::move(change), std::move(done));
}

const AccountLimits& Coordinator::limits() const {
  return core_->limits;
}

AccountLimits Coordinator::limits_of(catalog::StreamKeyView stream) const {
  return core_->limits_of(stream);
}

AccountLimits Coordinator::limits_by(const limits::Tags& tags) const {
  return core_->limits_by(tags);
}

std::uint64_t Coordinator::version() const {
  return core_->directory.version();
}

std::size_t Coordinator::operations() const {
  return core_->operations();
}

std::size_t Coordinator::proposals() const {
  return core_->catalog->proposals();
}

}  // namespace millrace::coordinator
