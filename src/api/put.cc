#include "api/put.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "api/rates.h"
#include "api/streams.h"
#include "base/log.h"
#include "base/md5.h"
#include "limits/shard_buckets.h"
#include "log/block.h"
#include "model/limits.h"
#include "wire/errors.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::u128;
using wire::hot::PutRequest;
using wire::hot::RecordView;

// One request on its way: what its shards need to fill in the answer. Each group writes only its own records' outcomes;
// whoever completes the last group answers.
struct Batch {
  struct Group {
    std::size_t shard_index = 0;
    std::uint32_t begin = 0;  // in `order`
    std::uint32_t end = 0;
    std::size_t block_bytes = 0;
    bool is_over = false;  // over the shard's rates: no block is made
    log::Block block;      // empty where there was no memory for it
    base::Error error;
  };

  Context& context;
  StreamRef stream;
  PutKind kind;
  wire::Encoding encoding;
  Answered done;
  std::vector<std::uint32_t> order;  // records by group, in request order within one
  std::vector<Group> groups;
  std::vector<wire::hot::PutOutcome> outcomes;
  std::atomic<std::size_t> remaining{0};

  void complete(Group& group, base::Result<shard::Stored> stored);
  void answer();

 private:
  // What outcomes of the group's records point to.
  void set_error(Group& group, const base::Error& error);
};

void Batch::complete(Group& group, base::Result<shard::Stored> stored) {
  const shard::Shard& to = *stream->shards[group.shard_index];
  if (!stored) set_error(group, stored.error());
  std::optional<Errc> failed;  // of single records, as the group's error tells it
  for (std::uint32_t at = group.begin; at < group.end; ++at) {
    wire::hot::PutOutcome& outcome = outcomes[order[at]];
    if (!stored) {
      outcome.error = &group.error;
      continue;
    }
    // Not always where it was sent: a shard that was closed meanwhile has passed it on to its children.
    const shard::Place place = stored->place(at - group.begin, to.config());
    if (place.failed) {
      if (failed != place.failed) set_error(group, base::Error(*place.failed));
      failed = place.failed;
      outcome.error = &group.error;
      continue;
    }
    outcome.number = {.created_s = place.created_s,
                      .shard = place.shard,
                      .position = place.position,
                      .time_s = place.arrival_ms / 1000};
  }
  if (remaining.fetch_sub(1, std::memory_order_acq_rel) == 1) answer();
}

void Batch::set_error(Group& group, const base::Error& error) {
  const catalog::ShardInfo& shard = stream->stream->shards[group.shard_index];
  const std::string_view account = context.identity.account;
  if (error.code == Errc::throughput_exceeded) {
    group.error = wire::shard_rate_exceeded(model::shard_id(shard.number), stream->stream->name, account);
  } else if (error.code == Errc::resource_not_found) {
    group.error = wire::stream_not_found(stream->stream->name, account);
  } else {
    base::log::write_limited(
        "put-failed", context.clock.now_ms(), base::log::Level::error, "a put could not be stored",
        {{"stream", stream->stream->name}, {"shard", model::shard_id(shard.number)}, {"cause", base::describe(error)}});
    group.error = wire::internal_failure();
  }
}

void Batch::answer() {
  // A stream that was deleted under the request fails it as a whole.
  for (const Group& group : groups) {
    if (group.error.code == Errc::resource_not_found) return done(base::fail(group.error));
  }
  if (kind == PutKind::records)
    return done(wire::hot::encode_put_records(encoding, outcomes, stream->stream->is_encrypted()));
  if (outcomes.front().error != nullptr) return done(base::fail(*outcomes.front().error));
  done(wire::hot::encode_put_record(encoding, outcomes.front().number, stream->stream->is_encrypted()));
}

// What a thread needs while it works on one request; kept, so that a request allocates little. Not used any more once
// the first block is given to its shard, since the answer may bring the next request onto the same stack.
struct Scratch {
  std::vector<std::string_view> keys;
  std::vector<u128> hashes;
  std::vector<std::uint32_t> shard_of;
  std::vector<std::uint32_t> counts;  // by shard; zeros between requests, like bytes
  std::vector<std::size_t> bytes;
  std::vector<std::uint32_t> hit;  // the shards that get records, in the order met
  std::vector<std::pair<std::uint32_t, limits::ShardBuckets::Write>> writes;  // what was counted, by shard
};
Scratch& scratch() {
  thread_local Scratch instance;
  return instance;
}

std::optional<u128> explicit_hash(const RecordView& record) {
  if (record.explicit_hash_key.empty()) return std::nullopt;
  return base::parse_u128(record.explicit_hash_key);
}

// What can be wrong without looking at the stream.
base::Result<void> check_arguments(const PutRequest& request, PutKind kind) {
  std::size_t bytes = 0;
  for (const RecordView& record : request.records) {
    if (!record.explicit_hash_key.empty() && !explicit_hash(record)) {
      return base::fail(wire::explicit_hash_key_out_of_range(record.explicit_hash_key));
    }
    bytes += wire::hot::data_size(request.data_form, record.data) + record.partition_key.size();
  }
  if (kind == PutKind::records && bytes > model::limits::put_records_bytes_max) {
    return base::fail(wire::records_too_large());
  }
  return {};
}

base::Result<StreamRef> find_writable(const Context& context, const PutRequest& request) {
  const auto address = stream_address(context, request.stream_name, request.stream_arn);
  if (!address) return base::fail(address.error());
  auto stream = find_stream(context, *address);
  if (!stream) return stream;
  const catalog::StreamStatus status = (*stream)->stream->status;
  if (status == catalog::StreamStatus::creating || status == catalog::StreamStatus::deleting) {
    return base::fail(wire::stream_not_found(address->name, address->account));
  }
  return stream;
}

base::Result<void> check_ordering(const Context& context, const catalog::Stream& stream, std::string_view number) {
  if (number.empty()) return {};
  if (stream.distribution == catalog::RecordDistribution::automatic) {
    return base::fail(wire::ordering_number_not_taken(stream.name, context.identity.account));
  }
  const auto parsed = model::parse_sequence_number(number);
  if (!parsed || parsed->time_s > context.clock.now_ms() / 1000) {
    return base::fail(wire::ordering_number_invalid(number, stream.name, context.identity.account));
  }
  return {};
}

// What depends on the stream's settings.
base::Result<void> check_records(const Context& context, const PutRequest& request, PutKind kind,
                                 const catalog::Stream& stream) {
  const std::size_t record_bytes_max = std::size_t{stream.record_kib_max} * model::limits::kib;
  const bool key_needed = stream.distribution == catalog::RecordDistribution::user_partition_key;
  for (std::size_t i = 0; i < request.records.size(); ++i) {
    const RecordView& record = request.records[i];
    if (key_needed && record.partition_key.empty()) {
      return base::fail(wire::partition_key_missing(kind == PutKind::records ? i + 1 : 0));
    }
    const std::size_t size = wire::hot::data_size(request.data_form, record.data) + record.partition_key.size();
    if (size > record_bytes_max) return base::fail(wire::record_too_large(stream.record_kib_max));
  }
  return check_ordering(context, stream, request.sequence_number_for_ordering);
}

base::Result<StreamRef> check(const Context& context, const PutRequest& request, PutKind kind) {
  if (auto good = check_arguments(request, kind); !good) return base::fail(std::move(good.error()));
  auto stream = find_writable(context, request);
  if (!stream) return stream;
  if (auto good = check_records(context, request, kind, *(*stream)->stream); !good) {
    return base::fail(std::move(good.error()));
  }
  if (request.dry_run) return base::fail(dry_run_answer(context, **stream));
  return stream;
}

// Chooses a shard for each record: into scratch().shard_of, as indexes into the stream's shards.
void place(const PutRequest& request, const coordinator::StreamEntry& stream) {
  Scratch& s = scratch();
  const std::size_t count = request.records.size();
  s.shard_of.resize(count);
  if (stream.stream->distribution == catalog::RecordDistribution::automatic) {
    // Placement is free: a request stays together, and requests go round the open shards.
    const std::size_t turn = stream.turn.fetch_add(1, std::memory_order_relaxed);
    s.shard_of.assign(count, stream.open_indexes[turn % stream.open_indexes.size()]);
    return;
  }
  s.keys.resize(count);
  s.hashes.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    s.keys[i] = request.records[i].partition_key;
  base::md5_many(s.keys, s.hashes);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto hash = explicit_hash(request.records[i])) s.hashes[i] = *hash;
    s.shard_of[i] = static_cast<std::uint32_t>(stream.route(s.hashes[i]));
  }
}

// Makes room for what is kept by shard, and again for the records of a shard that are over its rates.
void make_room(const coordinator::StreamEntry& stream) {
  Scratch& s = scratch();
  const std::size_t places = stream.shards.size() * (stream.calls != nullptr ? 2 : 1);
  if (s.counts.size() >= places) return;
  s.counts.resize(places, 0);
  s.bytes.resize(places, 0);
}

// Counts the records against the rates of their shards, and puts those that are too many aside: into the places behind
// the shards. All records of a shard are counted at once where all fit, else one by one in the request's order.
void count(const Context& context, const PutRequest& request, const coordinator::StreamEntry& stream) {
  Scratch& s = scratch();
  const std::int64_t now_ms = context.clock.now_ms();
  const auto size_of = [&](std::size_t i) {
    return wire::hot::data_size(request.data_form, request.records[i].data) + request.records[i].partition_key.size();
  };
  make_room(stream);
  s.writes.clear();
  for (std::size_t i = 0; i < request.records.size(); ++i) {
    const std::uint32_t shard = s.shard_of[i];
    if (s.counts[shard]++ == 0) s.writes.push_back({shard, {}});
    s.bytes[shard] += size_of(i);
  }
  bool some_are_over = false;
  for (std::uint32_t at = 0; at < s.writes.size(); ++at) {
    auto& [shard, write] = s.writes[at];
    const std::uint32_t records = std::exchange(s.counts[shard], 0);
    if (write.add(*stream.buckets[shard], records, std::exchange(s.bytes[shard], 0), now_ms)) continue;
    s.counts[shard] = at + 1;  // where its write is, until below
    some_are_over = true;
  }
  if (!some_are_over) return;
  for (std::size_t i = 0; i < request.records.size(); ++i) {
    const std::uint32_t shard = s.shard_of[i];
    if (s.counts[shard] == 0) continue;
    if (s.writes[s.counts[shard] - 1].second.add(*stream.buckets[shard], 1, size_of(i), now_ms)) continue;
    s.shard_of[i] += static_cast<std::uint32_t>(stream.shards.size());
  }
  for (const auto& [shard, write] : s.writes)
    s.counts[shard] = 0;
}

// What was counted is not put after all.
void give_back(const coordinator::StreamEntry& stream) {
  for (auto& [shard, write] : scratch().writes)
    write.give_back(*stream.buckets[shard]);
}

// Sorts the records by shard, keeping the request's order within one, and counts the bytes of each block. What it costs
// depends on the shards that are hit, not on those the stream has.
void group(const PutRequest& request, Batch& batch) {
  Scratch& s = scratch();
  make_room(*batch.stream);
  s.hit.clear();
  for (std::size_t i = 0; i < request.records.size(); ++i) {
    const RecordView& record = request.records[i];
    const std::uint32_t shard = s.shard_of[i];
    if (s.counts[shard]++ == 0) s.hit.push_back(shard);
    s.bytes[shard] += log::BlockBuilder::encoded_size(wire::hot::data_size(request.data_form, record.data),
                                                      record.partition_key.size(), !record.explicit_hash_key.empty());
  }
  std::uint32_t begin = 0;
  batch.groups.reserve(s.hit.size());
  for (const std::uint32_t shard : s.hit) {
    const std::uint32_t end = begin + s.counts[shard];
    const bool is_over = shard >= batch.stream->shards.size();
    batch.groups.push_back({.shard_index = is_over ? shard - batch.stream->shards.size() : shard,
                            .begin = begin,
                            .end = end,
                            .block_bytes = std::exchange(s.bytes[shard], 0),
                            .is_over = is_over,
                            .block = {},
                            .error = {}});
    // From here on the place where the shard's next record goes.
    s.counts[shard] = std::exchange(begin, end);
  }
  batch.order.resize(request.records.size());
  for (std::uint32_t i = 0; i < request.records.size(); ++i) {
    batch.order[s.counts[s.shard_of[i]]++] = i;
  }
  for (const std::uint32_t shard : s.hit) {
    s.counts[shard] = 0;
  }
}

// False where some record's data is not what it should be.
bool fill(const Context& context, const PutRequest& request, Batch& batch) {
  for (Batch::Group& group : batch.groups) {
    if (group.is_over) continue;
    log::BlockBuilder builder(&context.budget, group.block_bytes);
    if (!builder.ok()) continue;
    if (batch.stream->stream->is_encrypted()) builder.mark_encrypted();
    for (std::uint32_t at = group.begin; at < group.end; ++at) {
      const RecordView& record = request.records[batch.order[at]];
      std::optional<std::string_view> key;
      if (!record.partition_key.empty()) key = record.partition_key;
      char* const to = builder.add(key, explicit_hash(record), wire::hot::data_size(request.data_form, record.data));
      if (!wire::hot::decode_data(request.data_form, record.data, to)) return false;
    }
    group.block = builder.finish();
  }
  return true;
}

void send(const std::shared_ptr<Batch>& batch) {
  batch->remaining.store(batch->groups.size(), std::memory_order_relaxed);
  for (Batch::Group& group : batch->groups) {
    if (!group.block) {
      batch->complete(group, base::fail(Errc::throughput_exceeded));
      continue;
    }
    batch->stream->shards[group.shard_index]->append(
        std::move(group.block),
        [batch, &group](base::Result<shard::Stored> stored) { batch->complete(group, std::move(stored)); });
  }
}

// Null where the data of some record is not well-formed.
std::shared_ptr<Batch> prepare(Context& context, const PutRequest& request, StreamRef stream, PutKind kind,
                               wire::Encoding encoding) {
  auto batch = std::make_shared<Batch>(context, std::move(stream), kind, encoding);
  place(request, *batch->stream);
  const bool is_limited = batch->stream->calls != nullptr;
  if (is_limited) count(context, request, *batch->stream);
  group(request, *batch);
  if (!fill(context, request, *batch)) {
    if (is_limited) give_back(*batch->stream);
    return nullptr;
  }
  batch->outcomes.resize(request.records.size());
  return batch;
}

}  // namespace

void put(Context& context, const PutRequest& request, PutKind kind, wire::Encoding encoding, Answered done) {
  auto stream = check(context, request, kind);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const auto batch = prepare(context, request, std::move(*stream), kind, encoding);
  // The general path has decoded the data already, so it is well-formed.
  if (batch == nullptr) return done(base::fail(wire::internal_failure()));
  batch->done = std::move(done);
  send(batch);
}

bool put_hot(Context& context, const PutRequest& request, PutKind kind, wire::Encoding encoding, Answered& done) {
  // Dry runs are counted, so they are looked at once only.
  if (request.dry_run) return false;
  auto stream = check(context, request, kind);
  if (!stream) return false;
  const auto batch = prepare(context, request, std::move(*stream), kind, encoding);
  if (batch == nullptr) return false;
  batch->done = std::move(done);
  send(batch);
  return true;
}

}  // namespace millrace::api
