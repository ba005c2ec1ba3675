#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "catalog/catalog.h"
#include "coordinator/coordinator.h"
#include "coordinator/directory_cache.h"
#include "coordinator/fan_out.h"
#include "coordinator/traffic_meter.h"

// What the coordinator's files share; nobody else includes it.
namespace millrace::coordinator {

using StreamPtr = std::shared_ptr<const catalog::Stream>;
using base::Done;
using base::Result;

// The coordinator behind its public face: kept alive by the operations under way. Each workflow has a file of its own.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(shard::Shared& s, AccountLimits l, TransitionDelays d) : shared(s), limits(l), delays(d) {}

  // open.cc
  Result<void> open(io::Random& random);
  void close();

  // create_stream.cc
  void create_stream(catalog::CreateStream spec, Done<void> done);
  // delete_stream.cc
  void delete_stream(catalog::MarkDeleting change, Done<void> done);
  // set_retention.cc
  void set_retention(catalog::SetRetention change, Done<void> done);
  // reshard.cc
  // Splits, merges, or rescales.
  void reshard(catalog::CommandBody change, Done<void> done);
  // update.cc
  // A change that holds the stream in UPDATING as long as the delay is.
  template <class Change>
  void update(Change change, Done<void> done);
  // consumers.cc
  void register_consumer(catalog::RegisterConsumer change, Done<catalog::Consumer> done);
  void deregister_consumer(catalog::MarkConsumerDeleting change, Done<void> done);
  // housekeeping.cc
  void run_on(io::Loop& loop);
  void leave_loop();
  void tick();

  // The limits of a stream, with what its tags say of them.
  AccountLimits limits_by(const limits::Tags& tags) const;
  AccountLimits limits_of(catalog::StreamKeyView stream) const;

  // Proposes a command that needs no further work.
  void change(catalog::CommandBody body, Done<void> done);
  bool has_loop() const;
  // Runs the task on the loop after the delay, if the coordinator is still there; false, and the task is not taken,
  // where there is no loop or nothing to wait for.
  bool later(std::chrono::milliseconds delay, base::Task& task);
  // Counts an operation until its end. Empty, and `done` is answered, where operations_max are under way.
  Done<void> begin_operation(Done<void> done);
  std::size_t operations() const;

  // One call to the engine for each shard's log of a stream, those of a reshard under way included.
  void create_logs(const StreamPtr& stream, std::vector<model::ShardNo> shards, Done<void> done);
  void drop_logs(const StreamPtr& stream, std::vector<model::ShardNo> shards, Done<void> done);
  void configure_logs(const StreamPtr& stream, Done<void> done);

  shard::Shared& shared;
  const AccountLimits limits;
  const TransitionDelays delays;
  std::unique_ptr<catalog::Catalog> catalog;  // set by open()
  DirectoryCache directory;

 private:
  // How far open() has come in bringing catalogue and engine together.
  struct Mended {
    std::size_t dropped = 0;    // logs
    std::size_t created = 0;    // logs
    std::size_t closed = 0;     // logs
    std::size_t activated = 0;  // streams
    std::size_t removed = 0;    // streams
    std::size_t updated = 0;    // streams
    std::size_t consumers = 0;
  };

  void refresh_directory(const std::shared_ptr<const catalog::State>& state);

  // open.cc
  Result<void> reconcile();
  Result<void> drop_unknown_logs(const std::vector<log::LogId>& existing, Mended& mended);
  Result<void> create_all_logs(const std::set<log::LogId>& existing, Mended& mended);
  void close_ended_logs(Mended& mended);
  Result<void> finish_creation(const catalog::Stream& stream);
  Result<void> finish_deletion(const StreamPtr& stream);
  Result<void> finish_update(const StreamPtr& stream, Mended& mended);
  Result<void> finish_consumers(const StreamPtr& stream, Mended& mended);
  // create_stream.cc
  void activate(const StreamPtr& stream, Done<void> done);
  void undo_creation(const StreamPtr& stream, base::Error cause, Done<void> done);
  // delete_stream.cc
  void remove_stream(catalog::MarkDeleting change, std::chrono::milliseconds delay, Done<void> done);
  void clear_stream(const StreamPtr& stream, Done<void> done);
  bool begin_removal(std::uint64_t uid);
  void end_removal(std::uint64_t uid);
  // set_retention.cc
  void reconfigure(const StreamPtr& stream, Done<void> done);
  void run_reconfiguration(const catalog::StreamKey& key, std::uint64_t uid);
  // reshard.cc
  void resume_reshards();
  void run_reshard(const StreamPtr& stream, bool may_abort, Done<void> done);
  void abort_reshard(const StreamPtr& stream, base::Error cause, Done<void> done);
  void close_parents(const StreamPtr& stream, Done<std::int64_t> done);
  void commit_reshard(const StreamPtr& stream, std::int64_t last_arrival_ms, Done<void> done);
  void pass_appends_on(const StreamPtr& before);
  void retry_reshards();
  void give_reshard_up(const StreamPtr& stream, base::Error cause, Done<void> done);
  std::vector<std::shared_ptr<shard::Shard>> parents_of(const StreamPtr& stream) const;
  bool begin_reshard(std::uint64_t uid);
  void end_reshard(std::uint64_t uid);
  // housekeeping.cc
  void schedule_tick(io::Loop& loop);
  void expire_shards(const StreamPtr& stream, std::int64_t now_ms);
  // scaling.cc
  void scale_streams(std::int64_t now_ms);
  void scale_stream(const catalog::StreamKey& key, std::uint64_t uid);

  // Callers that wait for a stream's logs to be configured, and are not part of the run under way.
  struct Reconfiguration {
    std::vector<Done<void>> done;
    bool running = false;
  };

  base::Mutex refresh_mutex_;  // held while a directory is made, so that they are published in order
  mutable base::Mutex mutex_;
  std::size_t operations_ MILLRACE_GUARDED_BY(mutex_) = 0;
  std::set<std::uint64_t> removing_ MILLRACE_GUARDED_BY(mutex_);  // uids whose removal is under way
  std::map<std::uint64_t, Reconfiguration> reconfiguring_ MILLRACE_GUARDED_BY(mutex_);
  std::set<std::uint64_t> resharding_ MILLRACE_GUARDED_BY(mutex_);  // uids whose reshard is under way
  bool retry_is_due_ MILLRACE_GUARDED_BY(mutex_) = false;           // of reshards that failed
  io::Loop* loop_ MILLRACE_GUARDED_BY(mutex_) = nullptr;
  base::Mutex traffic_mutex_;
  TrafficMeter traffic_ MILLRACE_GUARDED_BY(traffic_mutex_);
};

log::LogId log_id(const catalog::Stream& stream, const catalog::ShardInfo& shard);
// Numbers of the shards that have logs, or may have.
std::vector<model::ShardNo> shards_with_logs(const catalog::Stream& stream);
std::vector<model::ShardNo> numbers_of(const std::vector<catalog::ShardInfo>& shards);
log::LogConfig log_config(const catalog::Stream& stream);

}  // namespace millrace::coordinator
