#include "catalog/codec_parts.h"
#include "catalog/counts.h"

// Snapshots on disk.
namespace millrace::catalog::codec {
namespace {

void store(const ShardInfo& from, pb::Shard& to) {
  to.set_number(from.number);
  pb::HashKeyRange& range = *to.mutable_range();
  range.set_first_high(base::high_of(from.range.first));
  range.set_first_low(base::low_of(from.range.first));
  range.set_last_high(base::high_of(from.range.last));
  range.set_last_low(base::low_of(from.range.last));
  if (from.parent) to.set_parent(*from.parent);
  if (from.adjacent_parent) to.set_adjacent_parent(*from.adjacent_parent);
  to.set_created_s(from.created_s);
  if (from.closed_s) to.set_closed_s(*from.closed_s);
}
ShardInfo load(const pb::Shard& from) {
  ShardInfo to;
  to.number = from.number();
  to.range.first = base::make_u128(from.range().first_high(), from.range().first_low());
  to.range.last = base::make_u128(from.range().last_high(), from.range().last_low());
  if (from.has_parent()) to.parent = from.parent();
  if (from.has_adjacent_parent()) to.adjacent_parent = from.adjacent_parent();
  to.created_s = from.created_s();
  if (from.has_closed_s()) to.closed_s = from.closed_s();
  return to;
}
template <class From>
std::vector<ShardInfo> load_shards(const From& from, Problem& problem) {
  std::vector<ShardInfo> shards;
  shards.reserve(static_cast<std::size_t>(from.size()));
  for (const pb::Shard& shard : from) {
    if (!shards.empty() && shard.number() <= shards.back().number) problem.damaged("the order of shards");
    shards.push_back(load(shard));
  }
  return shards;
}

void store(const Consumer& from, pb::Consumer& to) {
  to.set_name(from.name);
  to.set_created_s(from.created_s);
  to.set_status(stored(from.status));
  store_tags(from.tags, to.mutable_tags());
  to.set_policy(from.policy);
}
Consumer load(const pb::Consumer& from, Problem& problem) {
  return {.name = from.name(),
          .created_s = from.created_s(),
          .status = loaded(from.status(), problem),
          .tags = load_tags(from.tags(), problem),
          .policy = from.policy()};
}

void store(const ChangeTimes& from, pb::ChangeTimes& to) {
  to.mutable_rescales_ms()->Add(from.rescales_ms.begin(), from.rescales_ms.end());
  to.mutable_mode_switches_ms()->Add(from.mode_switches_ms.begin(), from.mode_switches_ms.end());
  to.mutable_encryption_starts_ms()->Add(from.encryption_starts_ms.begin(), from.encryption_starts_ms.end());
  to.mutable_encryption_stops_ms()->Add(from.encryption_stops_ms.begin(), from.encryption_stops_ms.end());
}
ChangeTimes load(const pb::ChangeTimes& from) {
  ChangeTimes to;
  to.rescales_ms.assign(from.rescales_ms().begin(), from.rescales_ms().end());
  to.mode_switches_ms.assign(from.mode_switches_ms().begin(), from.mode_switches_ms().end());
  to.encryption_starts_ms.assign(from.encryption_starts_ms().begin(), from.encryption_starts_ms().end());
  to.encryption_stops_ms.assign(from.encryption_stops_ms().begin(), from.encryption_stops_ms().end());
  return to;
}

void store(const Reshard& from, pb::Reshard& to) {
  to.mutable_parents()->Add(from.parents.begin(), from.parents.end());
  for (const ShardInfo& child : from.children)
    store(child, *to.add_children());
}
Reshard load(const pb::Reshard& from, Problem& problem) {
  Reshard to;
  to.parents.assign(from.parents().begin(), from.parents().end());
  if (!std::ranges::is_sorted(to.parents)) problem.damaged("the order of parents");
  to.children = load_shards(from.children(), problem);
  if (to.parents.empty() || to.children.empty()) problem.damaged("a reshard");
  return to;
}

void store(const Stream& from, pb::Stream& to) {
  to.set_uid(from.uid);
  to.set_name(from.name);
  store_place(from.place, to);
  to.set_status(stored(from.status));
  to.set_mode(stored(from.mode));
  to.set_distribution(stored(from.distribution));
  to.set_created_ms(from.created_ms);
  to.set_retention_hours(from.retention_hours);
  to.set_record_kib_max(from.record_kib_max);
  if (from.warm_throughput_mibps) to.set_warm_throughput_mibps(*from.warm_throughput_mibps);
  if (from.warm_current_mibps) to.set_warm_current_mibps(*from.warm_current_mibps);
  store_tags(from.tags, to.mutable_tags());
  for (const ShardInfo& shard : from.shards)
    store(shard, *to.add_shards());
  to.set_next_shard(from.next_shard);
  if (from.reshard) store(*from.reshard, *to.mutable_reshard());
  if (from.rescale_target) to.set_rescale_target(*from.rescale_target);
  to.set_key_id(from.key_id);
  to.set_shard_metrics(from.shard_metrics.bits);
  to.set_policy(from.policy);
  for (const auto& [name, consumer] : from.consumers)
    store(consumer, *to.add_consumers());
  to.set_consumer_floor_s(from.consumer_floor_s);
  if (from.times != ChangeTimes()) store(from.times, *to.mutable_times());
}

void load_consumers(const pb::Stream& from, Stream& to, Problem& problem) {
  for (const pb::Consumer& entry : from.consumers()) {
    if (!to.consumers.empty() && entry.name() <= to.consumers.rbegin()->first) {
      problem.damaged("the order of consumers");
    }
    to.consumers.emplace_hint(to.consumers.end(), entry.name(), load(entry, problem));
  }
  to.consumer_floor_s = from.consumer_floor_s();
}

std::shared_ptr<const Stream> load(const pb::Stream& from, Problem& problem) {
  auto to = std::make_shared<Stream>();
  to->uid = from.uid();
  to->place = load_place(from);
  to->name = from.name();
  to->status = loaded(from.status(), problem);
  to->mode = loaded(from.mode(), problem);
  to->distribution = loaded(from.distribution(), problem);
  to->created_ms = from.created_ms();
  to->retention_hours = from.retention_hours();
  to->record_kib_max = from.record_kib_max();
  if (from.has_warm_throughput_mibps()) to->warm_throughput_mibps = from.warm_throughput_mibps();
  if (from.has_warm_current_mibps()) to->warm_current_mibps = from.warm_current_mibps();
  to->tags = load_tags(from.tags(), problem);
  to->shards = load_shards(from.shards(), problem);
  to->next_shard = from.next_shard();
  if (!to->shards.empty() && to->shards.back().number >= to->next_shard)
    problem.damaged("the number of the next shard");
  if (from.has_reshard()) to->reshard = load(from.reshard(), problem);
  if (from.has_rescale_target()) to->rescale_target = from.rescale_target();
  to->key_id = from.key_id();
  to->shard_metrics = {from.shard_metrics()};
  to->policy = from.policy();
  load_consumers(from, *to, problem);
  if (from.has_times()) to->times = load(from.times());
  return to;
}

void store(const History& from, pb::Snapshot& to) {
  std::string& ids = *to.mutable_recent_ids();
  for (const CommandId& id : from.recent_ids())
    ids += text_of(id);
  for (const auto& [key, removed] : from.removed()) {
    pb::RemovedName& entry = *to.add_removed();
    entry.set_name(key.name);
    store_place(key.place, entry);
    entry.set_removed_at(removed.removed_at);
    entry.set_created_s(removed.created_s);
  }
  to.set_created_floor_s(from.created_floor_s());
}
History load_history(const pb::Snapshot& from, Problem& problem) {
  constexpr std::size_t id_bytes = sizeof(CommandId);
  const std::string_view text = from.recent_ids();
  std::vector<CommandId> ids;
  ids.reserve(text.size() / id_bytes);
  for (std::size_t at = 0; at < text.size(); at += id_bytes)
    ids.push_back(load_id(text.substr(at, id_bytes), problem));
  if (ids.size() > History::recent_ids_max) problem.damaged("the number of recent ids");

  History::RemovedNames removed;
  for (const pb::RemovedName& entry : from.removed()) {
    StreamKey key{load_place(entry), entry.name()};
    if (!removed.empty() && key <= removed.back().first) problem.damaged("the order of removed names");
    removed.set(std::move(key), {.removed_at = entry.removed_at(), .created_s = entry.created_s()});
  }
  if (removed.size() > History::removed_max) problem.damaged("the number of removed names");
  return History::restore(std::move(ids), std::move(removed), from.created_floor_s());
}

// Counters are what the streams add up to; only what an account set itself is stored.
void store_accounts(const State& from, pb::Snapshot& to) {
  for (const auto& [place, account] : from.accounts) {
    const Commitment& commitment = account.commitment;
    if (commitment == Commitment()) continue;
    pb::Account& entry = *to.add_accounts();
    store_place(place, entry);
    entry.set_commitment(stored(commitment.status));
    if (commitment.started_ms) entry.set_commitment_started_ms(*commitment.started_ms);
    if (commitment.ended_ms) entry.set_commitment_ended_ms(*commitment.ended_ms);
    if (commitment.earliest_end_ms) entry.set_commitment_earliest_end_ms(*commitment.earliest_end_ms);
  }
}
void load_accounts(const pb::Snapshot& from, State& to, Problem& problem) {
  for (const pb::Account& entry : from.accounts()) {
    const Place place = load_place(entry);
    Account account = to.account(place);
    account.commitment.status = loaded(entry.commitment(), problem);
    if (entry.has_commitment_started_ms()) account.commitment.started_ms = entry.commitment_started_ms();
    if (entry.has_commitment_ended_ms()) account.commitment.ended_ms = entry.commitment_ended_ms();
    if (entry.has_commitment_earliest_end_ms()) {
      account.commitment.earliest_end_ms = entry.commitment_earliest_end_ms();
    }
    to.accounts.set(place, account);
  }
}

}  // namespace

void store(const State& from, pb::Snapshot& to) {
  to.set_version(from.version);
  to.set_last_uid(from.last_uid);
  for (const auto& [name, stream] : from.streams)
    store(*stream, *to.add_streams());
  store(from.history, to);
  store_accounts(from, to);
}

std::shared_ptr<State> load(const pb::Snapshot& from, Problem& problem) {
  auto state = std::make_shared<State>();
  state->version = from.version();
  state->last_uid = from.last_uid();
  std::optional<StreamKey> last;
  for (const pb::Stream& entry : from.streams()) {
    auto stream = load(entry, problem);
    StreamKey key = stream->key();
    if (last && key <= *last) problem.damaged("the order of streams");
    if (stream->uid > state->last_uid) problem.damaged("a stream's number");
    count_in(*state, *stream);
    state->streams.set(key, std::move(stream));
    last = std::move(key);
  }
  state->history = load_history(from, problem);
  load_accounts(from, *state, problem);
  return state;
}

}  // namespace millrace::catalog::codec
