// At start: the catalogue is the truth, and what a crash left between two steps of a workflow is brought to its end.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

#include "base/log.h"
#include "coordinator/core.h"

namespace millrace::coordinator {
namespace {

// The outcome of a call that may end on another thread.
template <class T, class Start>
Result<T> await(Start start) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto outcome = promise->get_future();
  start(Done<T>([promise](Result<T> result) { promise->set_value(std::move(result)); }));
  return outcome.get();
}

// Where nothing else runs yet.
struct AtOnce final : base::Executor {
  void post(base::Task task) override { task(); }
};

void report(std::size_t count, std::string_view what) {
  if (count != 0) base::log::info(fmt::format("reconciled at start: {}", what), {{"count", fmt::format("{}", count)}});
}

}  // namespace

Result<void> Core::open(io::Random& random) {
  auto opened = catalog::Catalog::open(shared.engine.meta(), shared.clock, random,
                                       {.budget = &shared.budget, .costs = directory_costs(limits.profile)});
  if (!opened) return base::fail(std::move(opened.error()));
  catalog = std::move(*opened);
  catalog->on_change([weak = weak_from_this()](const std::shared_ptr<const catalog::State>& state) {
    if (const auto self = weak.lock()) self->refresh_directory(state);
  });
  refresh_directory(catalog->state());
  return reconcile();
}

Result<void> Core::reconcile() {
  auto listed = await<std::vector<log::LogId>>([&](auto done) { shared.engine.list(std::move(done)); });
  if (!listed) return base::fail(std::move(listed.error()));
  Mended mended;
  if (auto dropped = drop_unknown_logs(*listed, mended); !dropped) return dropped;

  const std::set<log::LogId> existing(listed->begin(), listed->end());
  if (auto made = create_all_logs(existing, mended); !made) return made;
  close_ended_logs(mended);
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams) {
    if (stream->status == catalog::StreamStatus::deleting) {
      if (auto finished = finish_deletion(stream); !finished) return finished;
      ++mended.removed;
      continue;
    }
    if (auto finished = finish_consumers(stream, mended); !finished) return finished;
    if (stream->status == catalog::StreamStatus::creating) {
      if (auto finished = finish_creation(*stream); !finished) return finished;
      ++mended.activated;
    } else if (stream->status == catalog::StreamStatus::updating) {
      if (auto finished = finish_update(stream, mended); !finished) return finished;
    }
  }
  report(mended.dropped, "logs of no stream dropped");
  report(mended.created, "missing logs created");
  report(mended.closed, "logs of closed shards ended again");
  report(mended.activated, "streams left in CREATING made ACTIVE");
  report(mended.removed, "streams left in DELETING removed");
  report(mended.updated, "streams left in UPDATING made ACTIVE");
  report(mended.consumers, "consumers left in CREATING or DELETING");
  return {};
}

Result<void> Core::drop_unknown_logs(const std::vector<log::LogId>& existing, Mended& mended) {
  std::set<log::LogId> known;
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams) {
    for (const model::ShardNo number : shards_with_logs(*stream))
      known.insert({stream->uid, number});
  }
  std::vector<log::LogId> unknown;
  std::ranges::copy_if(existing, std::back_inserter(unknown), [&](log::LogId id) { return !known.contains(id); });
  mended.dropped = unknown.size();
  return await<void>([&](auto done) {
    fan_out(
        unknown.size(), OnError::stop,
        [&](std::size_t i, Done<void> dropped) { shared.engine.drop(unknown[i], std::move(dropped)); },
        std::move(done));
  });
}

// Of every shard that the catalogue knows, in one go over all streams. Logs that are there are told their configuration
// again: a change may have reached the catalogue and not the engine.
Result<void> Core::create_all_logs(const std::set<log::LogId>& existing, Mended& mended) {
  std::vector<std::pair<log::LogId, log::LogConfig>> logs;
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams) {
    if (stream->status == catalog::StreamStatus::deleting) continue;
    for (const model::ShardNo number : shards_with_logs(*stream))
      logs.emplace_back(log::LogId{stream->uid, number}, log_config(*stream));
  }
  mended.created = static_cast<std::size_t>(
      std::ranges::count_if(logs, [&](const auto& log) { return !existing.contains(log.first); }));
  return await<void>([&](auto done) {
    fan_out(
        logs.size(), OnError::stop,
        [&](std::size_t i, Done<void> ready) { shared.engine.create(logs[i].first, logs[i].second, std::move(ready)); },
        std::move(done));
  });
}

// The catalogue may remember an end that the log itself has lost: by a power cut in `os`, or with an index that was
// made anew. Nothing was put behind it, and a reader must not wait there for more.
void Core::close_ended_logs(Mended& mended) {
  std::vector<log::LogId> ended;
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams) {
    if (stream->status == catalog::StreamStatus::deleting) continue;
    for (const catalog::ShardInfo& shard : stream->shards) {
      if (!shard.is_open()) ended.push_back(log_id(*stream, shard));
    }
  }
  AtOnce executor;
  // Held until no call of theirs is on any stack.
  std::vector<std::unique_ptr<log::Writer>> writers(ended.size());
  std::atomic<std::size_t> closed = 0;
  auto outcome = await<void>([&](auto done) {
    fan_out(
        ended.size(), OnError::stop,
        [&](std::size_t i, Done<void> ready) {
          shared.engine.acquire(ended[i], log::Epoch{1}, executor,
                                [&, i, ready = std::move(ready)](Result<std::unique_ptr<log::Writer>> writer) mutable {
                                  if (!writer) return ready(base::fail(std::move(writer.error())));
                                  if ((*writer)->is_closed()) return ready({});
                                  ++closed;
                                  writers[i] = std::move(*writer);
                                  writers[i]->close([ready = std::move(ready)](Result<log::Position> end) mutable {
                                    if (!end) return ready(base::fail(std::move(end.error())));
                                    ready({});
                                  });
                                });
        },
        std::move(done));
  });
  mended.closed = closed;
  // The next start tries again: what there is can be served meanwhile.
  if (!outcome) {
    base::log::warn("logs of closed shards could not be ended again", {{"cause", base::describe(outcome.error())}});
  }
}

Result<void> Core::finish_creation(const catalog::Stream& stream) {
  return await<void>([&](auto done) { change(catalog::ActivateStream{stream.key(), stream.uid}, std::move(done)); });
}

Result<void> Core::finish_deletion(const StreamPtr& stream) {
  if (auto dropped = await<void>([&](auto done) { drop_logs(stream, shards_with_logs(*stream), std::move(done)); });
      !dropped)
    return dropped;
  return await<void>([&](auto done) { change(catalog::RemoveStream{stream->key(), stream->uid}, std::move(done)); });
}

// A reshard is finished, whatever step of it had been reached; anything else that holds a stream is a delay. One that
// cannot be finished now, on an engine that only reads, say, stays under way: it is tried again once the broker runs.
Result<void> Core::finish_update(const StreamPtr& stream, Mended& mended) {
  auto finished = await<void>([&](auto done) {
    if (!stream->reshard) return change(catalog::EndUpdate{stream->key(), stream->uid}, std::move(done));
    begin_reshard(stream->uid);
    run_reshard(stream, false, std::move(done));
  });
  mended.updated += finished ? 1 : 0;
  if (stream->reshard) return {};
  return finished;
}

Result<void> Core::finish_consumers(const StreamPtr& stream, Mended& mended) {
  for (const auto& [name, consumer] : stream->consumers) {
    if (consumer.status == catalog::ConsumerStatus::active) continue;
    ++mended.consumers;
    const catalog::ConsumerRef ref{name, consumer.created_s};
    auto finished = await<void>([&](auto done) {
      if (consumer.status == catalog::ConsumerStatus::creating) {
        change(catalog::ActivateConsumer{stream->key(), stream->uid, ref}, std::move(done));
      } else {
        change(catalog::RemoveConsumer{stream->key(), stream->uid, ref}, std::move(done));
      }
    });
    if (!finished) return finished;
  }
  return {};
}

}  // namespace millrace::coordinator
