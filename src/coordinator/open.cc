// At start: the catalogue is the truth, and what a crash left between two steps of a workflow is brought to its end.
#include <fmt/format.h>

#include <algorithm>
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
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams) {
    if (stream->status == catalog::StreamStatus::deleting) {
      if (auto finished = finish_deletion(stream); !finished) return finished;
      ++mended.removed;
      continue;
    }
    if (auto made = mend_logs(*stream, existing, mended); !made) return made;
    if (auto finished = finish_consumers(stream, mended); !finished) return finished;
    if (stream->status == catalog::StreamStatus::creating) {
      if (auto finished = finish_creation(*stream); !finished) return finished;
      ++mended.activated;
    } else if (stream->status == catalog::StreamStatus::updating) {
      if (auto finished = finish_update(stream); !finished) return finished;
      ++mended.updated;
    }
  }
  report(mended.dropped, "logs of no stream dropped");
  report(mended.created, "missing logs created");
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

// Logs that are there are told their retention again: a change may have reached the catalogue and not the engine.
Result<void> Core::mend_logs(const catalog::Stream& stream, const std::set<log::LogId>& existing, Mended& mended) {
  const log::LogConfig config = log_config(stream);
  for (const catalog::ShardInfo& shard : stream.shards) {
    mended.created += existing.contains(log_id(stream, shard)) ? 0 : 1;
  }
  return await<void>([&](auto done) {
    fan_out(
        stream.shards.size(), OnError::stop,
        [&](std::size_t i, Done<void> ready) {
          const log::LogId id = log_id(stream, stream.shards[i]);
          if (existing.contains(id)) return shared.engine.configure(id, config, std::move(ready));
          shared.engine.create(id, config, std::move(ready));
        },
        std::move(done));
  });
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

// A reshard is finished, whatever step of it had been reached; anything else that holds a stream is a delay.
Result<void> Core::finish_update(const StreamPtr& stream) {
  if (stream->reshard) {
    return await<void>([&](auto done) {
      begin_reshard(stream->uid);
      run_reshard(stream, false, std::move(done));
    });
  }
  return await<void>([&](auto done) { change(catalog::EndUpdate{stream->key(), stream->uid}, std::move(done)); });
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
