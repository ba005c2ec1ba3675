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
                                       {.budget = &shared.budget, .costs = directory_costs()});
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
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams) {
    if (stream->status == catalog::StreamStatus::deleting) {
      if (auto finished = finish_deletion(stream); !finished) return finished;
      ++mended.removed;
      continue;
    }
    if (stream->status != catalog::StreamStatus::creating) continue;
    if (auto finished = finish_creation(*stream); !finished) return finished;
    ++mended.activated;
  }
  report(mended.dropped, "logs of no stream dropped");
  report(mended.created, "missing logs created");
  report(mended.activated, "streams left in CREATING made ACTIVE");
  report(mended.removed, "streams left in DELETING removed");
  return {};
}

Result<void> Core::drop_unknown_logs(const std::vector<log::LogId>& existing, Mended& mended) {
  std::set<log::LogId> known;
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams) {
    for (const catalog::ShardInfo& shard : stream->shards)
      known.insert(log_id(*stream, shard));
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
    for (const catalog::ShardInfo& shard : stream->shards)
      logs.emplace_back(log_id(*stream, shard), log_config(*stream));
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

Result<void> Core::finish_creation(const catalog::Stream& stream) {
  return await<void>([&](auto done) { change(catalog::ActivateStream{stream.name, stream.uid}, std::move(done)); });
}

Result<void> Core::finish_deletion(const StreamPtr& stream) {
  if (auto dropped = await<void>([&](auto done) { drop_logs(stream, std::move(done)); }); !dropped) return dropped;
  return await<void>([&](auto done) { change(catalog::RemoveStream{stream->name, stream->uid}, std::move(done)); });
}

}  // namespace millrace::coordinator
