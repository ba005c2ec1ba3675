// How a shard ends, and what becomes of the records that come to it afterwards.
#include <algorithm>
#include <atomic>
#include <utility>

#include "base/mutex.h"
#include "shard/shard.h"

namespace millrace::shard {
namespace {

using base::Errc;

// A block whose records go on in several shards: what is known of each record's place so far. Parts write their own
// records' places only; whoever completes the last one answers.
struct Passage {
  struct Part {
    std::shared_ptr<Shard> shard;
    std::size_t payload_bytes = 0;
    std::vector<std::uint32_t> records;  // by their index in the whole block
  };
  std::vector<Part> parts;
  std::vector<Place> places;
  base::Done<Stored> done;
  std::atomic<std::size_t> remaining{0};
  base::Mutex mutex;
  std::optional<base::Error> error MILLRACE_GUARDED_BY(mutex);

  void complete(const Part& part, const base::Result<Stored>& stored) {
    if (stored) {
      for (std::uint32_t i = 0; i < part.records.size(); ++i)
        places[part.records[i]] = stored->place(i, part.shard->config());
    } else {
      for (const std::uint32_t record : part.records)
        places[record].failed = stored.error().code;
      base::Lock lock(mutex);
      if (!error) error = stored.error();
    }
    if (remaining.fetch_sub(1, std::memory_order_acq_rel) == 1) answer();
  }

 private:
  void answer() {
    std::optional<base::Error> failed;
    {
      base::Lock lock(mutex);
      failed = std::move(error);
    }
    // What one child has stored must not be told to be lost, or it is put again.
    const bool all_failed = std::ranges::all_of(places, [](const Place& place) { return place.failed.has_value(); });
    if (failed && all_failed) return done(base::fail(*std::move(failed)));
    Stored stored;
    stored.moved = std::make_shared<const std::vector<Place>>(std::move(places));
    done(std::move(stored));
  }
};

model::HashKey hash_of(const log::RecordView& record) {
  return record.explicit_hash_key ? *record.explicit_hash_key : model::hash_of(record.partition_key);
}

// Sorts the records by the shard that owns them now.
std::vector<Passage::Part> parts_of(const log::Block& block, const std::vector<Successor>& successors) {
  std::vector<Passage::Part> parts(successors.size());
  for (auto at = block.begin(); at.valid(); at.next()) {
    const log::RecordView record = at.record();
    const model::HashKey hash = hash_of(record);
    // A record that was placed freely lies in no range of this shard's: any of its children will do.
    std::size_t index = 0;
    while (index + 1 < successors.size() && !successors[index].range.contains(hash))
      ++index;
    parts[index].records.push_back(at.index());
    parts[index].payload_bytes += log::BlockBuilder::encoded_size(record.data.size(), record.partition_key.size(),
                                                                  record.explicit_hash_key.has_value());
  }
  for (std::size_t i = 0; i < parts.size(); ++i)
    parts[i].shard = successors[i].shard;
  std::erase_if(parts, [](const Passage::Part& part) { return part.records.empty(); });
  return parts;
}

log::Block block_of(const log::Block& whole, const Passage::Part& part, base::MemoryBudget& budget) {
  // Forced: the memory of the whole comes back in a moment.
  log::BlockBuilder builder = log::BlockBuilder::forced(&budget, part.payload_bytes);
  auto wanted = part.records.begin();
  for (auto at = whole.begin(); wanted != part.records.end(); at.next()) {
    if (at.index() != *wanted) continue;
    ++wanted;
    const log::RecordView record = at.record();
    if (record.is_encrypted) builder.mark_encrypted();
    std::optional<std::string_view> key;
    if (record.has_partition_key) key = record.partition_key;
    std::ranges::copy(record.data, builder.add(key, record.explicit_hash_key, record.data.size()));
  }
  return builder.finish();
}

}  // namespace

void Shard::close(base::Done<Ending> done) {
  inbox_.post(base::Task([this, done = std::move(done)]() mutable {
    if (closing_ == nullptr) closing_ = std::make_unique<Closing>();
    closing_->let_go = false;
    closing_->on_close.push_back(std::move(done));
    // What was not given to the engine yet comes after the end.
    for (Append& append : std::exchange(waiting_, {}))
      closing_->held.push_back(std::move(append));
    if (commits_in_flight_ == 0) close_log();
  }));
}

void Shard::close_log() {
  if (closing_ == nullptr || closing_->on_close.empty() || std::exchange(closing_->log_is_closing, true)) return;
  with_writer([this] {
    if (dropped_) return on_closed(base::fail(Errc::resource_not_found));
    if (writer_ == nullptr) return on_closed(base::fail(Errc::internal_failure, "the shard's log cannot be had"));
    writer_->close([self = shared_from_this()](base::Result<log::Position> last) {
      // Maybe on the stack of the writer, which an error ends.
      self->inbox_.post(base::Task([self, last = std::move(last)]() mutable { self->on_closed(std::move(last)); }));
    });
  });
}

void Shard::on_closed(base::Result<log::Position> last) {
  closing_->log_is_closing = false;
  auto done = std::exchange(closing_->on_close, {});
  if (!last) {
    // The next attempt begins with a new writer, which sees how the log really ends.
    if (writer_ != nullptr) give_up_writer();
    const base::Error error = last.error().code == Errc::resource_not_found || last.error().code == Errc::not_found
                                  ? base::Error(Errc::resource_not_found)
                                  : base::Error(Errc::internal_failure, base::describe(last.error()));
    for (base::Done<Ending>& told : done)
      told(base::fail(error));
    return;
  }
  for (base::Done<Ending>& told : done)
    told(Ending{.last = *last, .last_arrival_ms = last_arrival_ms_});
}

void Shard::go_on_in(std::vector<Successor> children) {
  inbox_.post(base::Task([this, children = std::move(children)]() mutable {
    if (dropped_ || closing_ == nullptr) return;
    closing_->successors = std::move(children);
    for (Append& append : std::exchange(closing_->held, {}))
      pass_on(std::move(append));
  }));
}

void Shard::let_go() {
  inbox_.post(base::Task([this] {
    if (closing_ == nullptr) return;
    closing_->let_go = true;
    fail_held(base::Error(Errc::throughput_exceeded));
  }));
}

void Shard::fail_held(const base::Error& error) {
  if (closing_ == nullptr) return;
  queued_.fetch_sub(closing_->held.size(), std::memory_order_relaxed);
  for (Append& append : std::exchange(closing_->held, {}))
    append.done(base::fail(error));
}

void Shard::pass_on(Append append) {
  queued_.fetch_sub(1, std::memory_order_relaxed);
  auto passage = std::make_shared<Passage>();
  passage->done = std::move(append.done);
  passage->parts = parts_of(append.block, closing_->successors);
  passage->places.resize(append.records);
  passage->remaining.store(passage->parts.size(), std::memory_order_relaxed);
  std::vector<log::Block> blocks;
  if (passage->parts.size() == 1) {
    blocks.push_back(std::move(append.block));
  } else {
    for (const Passage::Part& part : passage->parts)
      blocks.push_back(block_of(append.block, part, shared_.budget));
    append.block = {};
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Passage::Part& part = passage->parts[i];
    part.shard->append(std::move(blocks[i]),
                       [passage, &part](const base::Result<Stored>& stored) { passage->complete(part, stored); });
  }
}

}  // namespace millrace::shard
