#include <algorithm>
#include <memory>
#include <utility>

#include "api/iterators.h"
#include "api/operation.h"
#include "api/rates.h"
#include "api/streams.h"
#include "model/limits.h"
#include "wire/hot.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

using wire::hot::GetRequest;

// A page is not begun where less than this of the memory for answers is free; above it, pages shrink with what is free.
constexpr std::size_t page_bytes_min = 256 * 1024;

// One read on its way.
struct Reading {
  Context& context;
  wire::Encoding encoding;
  Answered done;
  model::ShardIterator iterator;
  StreamRef stream;
  std::size_t shard_index = 0;

  void answer(base::Result<shard::ReadPage> result);
  std::string encode(const shard::ReadPage& result) const;
  std::vector<wire::hot::PageTail::Child> children(model::ShardNo parent) const;
};

base::Error shard_gone(const Context& context, const model::ShardIterator& iterator) {
  return wire::shard_not_found(model::shard_id(iterator.shard), iterator.stream_name, context.identity.account);
}

base::Error throttled(const Context& context, const model::ShardIterator& iterator) {
  return wire::shard_rate_exceeded(model::shard_id(iterator.shard), iterator.stream_name, context.identity.account);
}

// Data and keys of a page.
std::size_t user_bytes(const shard::ReadPage& result) {
  std::size_t bytes = 0;
  for (const log::Slice& slice : result.page.slices) {
    for (auto at = slice.block.begin(slice.first); at.index() < slice.last; at.next()) {
      const log::RecordView record = at.record();
      bytes += record.data.size() + record.partition_key.size();
    }
  }
  return bytes;
}

std::size_t free_for_answers(const base::MemoryBudget& budget) {
  const std::size_t max = budget.max(base::MemoryShare::answers);
  return max - std::min(max, budget.used(base::MemoryShare::answers));
}

void Reading::answer(base::Result<shard::ReadPage> result) {
  if (!result) return done(base::fail(shard_told(context, *stream->stream, iterator.shard, result.error())));
  std::string body = encode(*result);
  // Other answers may have come since the page was planned, and small records take many times their own bytes. An
  // answer that is alone goes in any case: a record that is larger than the share would else never be read.
  const bool is_alone = context.budget.used(base::MemoryShare::answers) == 0;
  if (!is_alone && body.size() > free_for_answers(context.budget)) {
    return done(base::fail(throttled(context, iterator)));
  }
  if (stream->calls != nullptr) stream->buckets[shard_index]->charge_read(user_bytes(*result), result->now_ms);
  done(std::move(body));
}

std::string Reading::encode(const shard::ReadPage& result) const {
  std::vector<wire::hot::PageRecord> records;
  for (const log::Slice& slice : result.page.slices) {
    model::Position position = slice.position;
    for (auto at = slice.block.begin(slice.first); at.index() < slice.last; at.next(), ++position) {
      const log::RecordView record = at.record();
      records.push_back({.partition_key = record.partition_key,
                         .data = record.data,
                         .position = position,
                         .arrival_ms = slice.block.arrival_ms(),
                         .has_partition_key = record.has_partition_key,
                         .is_encrypted = record.is_encrypted});
    }
  }
  wire::hot::PageTail tail;
  std::string next;
  const catalog::ShardInfo& info = stream->stream->shards[shard_index];
  // A closed shard ends with a page of its own, without records and without an iterator. Its log may be closed a moment
  // before its children are there: a reader must not be told the end without them.
  const bool ended = result.page.closed && records.empty() && !info.is_open();
  if (ended) tail.children = children(info.number);
  if (!ended) {
    next = model::seal(context.sealer, {.stream_uid = iterator.stream_uid,
                                        .stream_name = iterator.stream_name,
                                        .shard = iterator.shard,
                                        .position = result.page.next,
                                        .arrival_min_ms = records.empty() ? iterator.arrival_min_ms : 0,
                                        .issued_ms = result.now_ms});
    tail.next_shard_iterator = next;
  }
  if (result.page.next_arrival_ms) {
    tail.millis_behind_latest = std::max<std::int64_t>(1, result.now_ms - *result.page.next_arrival_ms);
  }
  return wire::hot::encode_get_records(encoding, info.created_s, info.number, records, tail);
}

std::vector<wire::hot::PageTail::Child> Reading::children(model::ShardNo parent) const {
  std::vector<wire::hot::PageTail::Child> children;
  for (const catalog::ShardInfo* child : catalog::children_of(*stream->stream, parent)) {
    std::vector<model::ShardNo> parents = {child->parent.value_or(parent)};
    if (child->adjacent_parent) parents.push_back(*child->adjacent_parent);
    children.push_back(
        {child->number, std::move(parents), base::to_decimal(child->range.first), base::to_decimal(child->range.last)});
  }
  return children;
}

// Everything that can be refused, in the service's order.
base::Result<std::shared_ptr<Reading>> check(Context& context, const GetRequest& request, wire::Encoding encoding) {
  auto iterator = open_iterator(context, request.shard_iterator);
  if (!iterator) return base::fail(std::move(iterator.error()));
  if (!request.stream_arn.empty()) {
    const auto named = stream_address(context, iterator->stream_name, request.stream_arn);
    if (!named) return base::fail(named.error());
  }
  auto stream = find_stream(context, iterator->stream_name);
  if (!stream || (*stream)->stream->uid != iterator->stream_uid) return base::fail(shard_gone(context, *iterator));
  const auto& shards = (*stream)->stream->shards;
  const catalog::ShardInfo* found = (*stream)->stream->shard(iterator->shard);
  if (found == nullptr || catalog::is_expired(*(*stream)->stream, *found, context.clock.now_ms())) {
    return base::fail(shard_gone(context, *iterator));
  }
  if (request.dry_run) return base::fail(dry_run_answer(context, **stream));
  const auto index = static_cast<std::size_t>(found - shards.data());
  if (auto counted = count_read(context, **stream, index); !counted) return base::fail(std::move(counted.error()));
  return std::make_shared<Reading>(context, encoding, Answered(), std::move(*iterator), std::move(*stream), index);
}

// How many bytes of records a page may have, so that the answers being written stay within their share; 0: none now.
std::size_t page_bytes(const base::MemoryBudget& budget) {
  // Base64 and framing take about half as much again.
  const std::size_t bytes = std::min(free_for_answers(budget) / 2, model::limits::get_records_bytes_max);
  return bytes < page_bytes_min ? 0 : bytes;
}

void get(Context& context, const GetRequest& request, wire::Encoding encoding, Answered done) {
  auto reading = check(context, request, encoding);
  if (!reading) return done(base::fail(std::move(reading.error())));
  const std::size_t bytes_max = page_bytes(context.budget);
  Reading& read = **reading;
  if (bytes_max == 0) return done(base::fail(throttled(context, read.iterator)));
  read.done = std::move(done);
  const shard::ReadRequest what{.from = read.iterator.position,
                                .records_max = static_cast<std::uint32_t>(
                                    request.limit.value_or(static_cast<std::int64_t>(model::limits::get_records_max))),
                                .bytes_max = bytes_max,
                                .arrival_min_ms = read.iterator.arrival_min_ms};
  read.stream->shards[read.shard_index]->read(
      what, [reading = std::move(*reading)](base::Result<shard::ReadPage> page) { reading->answer(std::move(page)); });
}

}  // namespace

void get_records(Context& context, const wire::Value& input, wire::Encoding encoding, Answered done) {
  get(context,
      {.shard_iterator = input.view("ShardIterator"),
       .stream_arn = input.view("StreamARN"),
       .limit = input.integer("Limit"),
       .dry_run = input.boolean("DryRun").value_or(false)},
      encoding, std::move(done));
}

bool get_records_hot(Context& context, std::string_view body, wire::Encoding encoding, Answered& done) {
  GetRequest request;
  if (!wire::hot::decode_get_records(encoding, body, request)) return false;
  get(context, request, encoding, std::move(done));
  return true;
}

}  // namespace millrace::api
