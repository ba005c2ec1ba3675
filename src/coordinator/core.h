#pragma once

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

// What the coordinator's files share; nobody else includes it.
namespace millrace::coordinator {

using StreamPtr = std::shared_ptr<const catalog::Stream>;
using base::Done;
using base::Result;

// The coordinator behind its public face: kept alive by the operations under way. Each workflow has a file of its own.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(shard::Shared& s, AccountLimits l) : shared(s), limits(l) {}

  // open.cc
  Result<void> open(io::Random& random);
  void close();

  // create_stream.cc
  void create_stream(catalog::CreateStream spec, Done<void> done);
  // delete_stream.cc
  void delete_stream(const std::string& name, std::uint64_t uid, Done<void> done);
  // set_retention.cc
  void set_retention(catalog::SetRetention change, Done<void> done);

  // Proposes a command that needs no further work.
  void change(catalog::CommandBody body, Done<void> done);
  // Counts an operation until its end. Empty, and `done` is answered, where operations_max are under way.
  Done<void> begin_operation(Done<void> done);
  std::size_t operations() const;

  // One call to the engine for each shard's log of a stream.
  void create_logs(const StreamPtr& stream, Done<void> done);
  void drop_logs(const StreamPtr& stream, Done<void> done);
  void configure_logs(const StreamPtr& stream, Done<void> done);

  shard::Shared& shared;
  const AccountLimits limits;
  std::unique_ptr<catalog::Catalog> catalog;  // set by open()
  DirectoryCache directory;

 private:
  // How far open() has come in bringing catalogue and engine together.
  struct Mended {
    std::size_t dropped = 0;    // logs
    std::size_t created = 0;    // logs
    std::size_t activated = 0;  // streams
    std::size_t removed = 0;    // streams
  };

  void refresh_directory(const std::shared_ptr<const catalog::State>& state);

  // open.cc
  Result<void> reconcile();
  Result<void> drop_unknown_logs(const std::vector<log::LogId>& existing, Mended& mended);
  Result<void> create_all_logs(const std::set<log::LogId>& existing, Mended& mended);
  Result<void> finish_creation(const catalog::Stream& stream);
  Result<void> finish_deletion(const StreamPtr& stream);
  // create_stream.cc
  void activate(const StreamPtr& stream, Done<void> done);
  void undo_creation(const StreamPtr& stream, base::Error cause, Done<void> done);
  // delete_stream.cc
  void remove_stream(const std::string& name, std::uint64_t uid, Done<void> done);
  void clear_stream(const StreamPtr& stream, Done<void> done);
  bool begin_removal(std::uint64_t uid);
  void end_removal(std::uint64_t uid);
  // set_retention.cc
  void reconfigure(const StreamPtr& stream, Done<void> done);
  void run_reconfiguration(const std::string& name, std::uint64_t uid);

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
};

log::LogId log_id(const catalog::Stream& stream, const catalog::ShardInfo& shard);
log::LogConfig log_config(const catalog::Stream& stream);

}  // namespace millrace::coordinator
