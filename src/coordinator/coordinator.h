#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "catalog/catalog.h"
#include "coordinator/directory.h"
#include "io/loop.h"
#include "io/random.h"
#include "limits/profile.h"
#include "shard/shard.h"

namespace millrace::coordinator {

struct AccountLimits {
  std::uint32_t shards_max = 20'000;
  std::uint32_t on_demand_streams_max = 1'000;
  std::uint32_t stream_shards_max = 10'000;  // of one stream, by UpdateShardCount
  std::uint32_t consumers_max = 20;          // of a stream
  std::uint32_t consumers_with_commitment_max = 50;
  // What counts by time or by what is under way; 0: not limited.
  std::uint32_t creating_streams_max = 0;
  std::uint32_t creating_consumers_max = 0;
  std::uint32_t rescales_per_day_max = 0;
  std::uint32_t mode_switches_per_day_max = 0;
  std::uint32_t encryption_changes_per_day_max = 0;  // starts and stops, each
  // Of streams that have none of their own: whether rates are counted.
  limits::Profile profile = limits::Profile::relaxed;

  // What the table says for a profile.
  void take_from(limits::Profile from);
};

// How long what is under way stays visible in its state between, by what it is: for those who test their waiting. Zero:
// no longer than the work takes, and the operation's `done` comes when it is over. Otherwise `done` comes at once, and
// the end follows by itself. A start of the broker ends at once whatever was under way.
struct TransitionDelays {
  std::chrono::milliseconds create_stream{0};        // CREATING
  std::chrono::milliseconds delete_stream{0};        // DELETING
  std::chrono::milliseconds reshard{0};              // UPDATING, before the shards change
  std::chrono::milliseconds update_stream{0};        // UPDATING, after mode, encryption, size or throughput changed
  std::chrono::milliseconds register_consumer{0};    // CREATING
  std::chrono::milliseconds deregister_consumer{0};  // DELETING
};

class Core;

// Workflows over the catalogue and the shards. Each is a command first, then the work it asks for, so that a crash
// between two steps is mended at the next start: logs the catalogue does not know are dropped, missing ones created,
// streams left in CREATING become ACTIVE, those left in DELETING are removed.
//
// Threads: any. A `done` comes after the directory's version has moved, so the next request on any connection sees the
// change; it may come before the call returns. Errors are those of catalog::apply; the api room knows their sentences.
// Beside them: limit_exceeded with "memory" (the catalogue's share of it is full) or "operations" (operations_max are
// under way), and what the engine and its log fail with.
class Coordinator {
 public:
  // Control operations under way; one more is refused.
  static constexpr std::size_t operations_max = 1'024;

  // Reconciles the engine's logs with the catalogue, then serves. Waits for the engine, so it is not called on a thread
  // that the engine needs. `shared` and what it names outlive the coordinator and every shard and directory given out.
  static base::Result<std::unique_ptr<Coordinator>> open(shard::Shared& shared, io::Random& random,
                                                         AccountLimits limits, TransitionDelays delays = {});
  // Nobody calls it any more. What still waits for the catalogue is answered with `cancelled`. What waits for the
  // engine goes on using `shared`: the engine is stopped first.
  ~Coordinator();

  // From now on delays and what is due by itself run on that loop, until leave_loop():
  // closed shards expire, on-demand streams scale, what could not be finished is tried again. Called once. Without it
  // delays count as none, and housekeeping is up to tick().
  void run_on(io::Loop& loop);
  // The loop is not used any more; what waits on it is left to the next start. Before it is destroyed.
  void leave_loop();
  // One round of housekeeping, which the loop makes every tick_interval.
  void tick();
  static constexpr std::chrono::milliseconds tick_interval = std::chrono::minutes(1);

  // The streams as they are now: a pointer that this thread keeps, compared with one global version. Copying it touches
  // no memory that other threads do. Not kept beyond the coordinator's life.
  std::shared_ptr<const Directory> directory() const;

  // Done once the stream is ACTIVE. The limits in `spec` are filled in here, as in every other command below. Where a
  // log cannot be created the stream is removed again.
  void create_stream(catalog::CreateStream spec, base::Done<void> done);
  // Done once the name is free again; the stream's memory is free before that. guard_failed ("status") where it is
  // being deleted; a deletion that has failed is taken up again.
  void delete_stream(catalog::MarkDeleting change, base::Done<void> done);
  // Done once the engine has been told, too.
  void set_retention(catalog::SetRetention change, base::Done<void> done);

  // Reshards. Done once the children are open. Puts to the parents wait meanwhile, from the moment at which they are
  // closed, and go to the children: a record of a key is never in a child before its parent has got its last.
  void split_shard(catalog::SplitShard change, base::Done<void> done);
  void merge_shards(catalog::MergeShards change, base::Done<void> done);
  // A step at a time; each has its own children.
  void rescale_stream(catalog::RescaleStream change, base::Done<void> done);

  // Changes that make the stream UPDATING for a while.
  void set_mode(catalog::SetMode change, base::Done<void> done);
  void set_record_size(catalog::SetRecordSize change, base::Done<void> done);
  void set_warm_throughput(catalog::SetWarmThroughput change, base::Done<void> done);
  void set_encryption(catalog::SetEncryption change, base::Done<void> done);

  // Gives the consumer as it was registered, CREATING; it is ACTIVE by then where there is no delay.
  void register_consumer(catalog::RegisterConsumer change, base::Done<catalog::Consumer> done);
  // Done once its name is free again.
  void deregister_consumer(catalog::MarkConsumerDeleting change, base::Done<void> done);

  // Changes that need no further work: tags, policies, monitoring, distribution, an account's settings.
  void change(catalog::CommandBody change, base::Done<void> done);

  const AccountLimits& limits() const;
  // With what the tags of a stream say of them; of one that is to be made, and of one there is.
  AccountLimits limits_by(const limits::Tags& tags) const;
  AccountLimits limits_of(catalog::StreamKeyView stream) const;
  // That of directory().
  std::uint64_t version() const;
  // Control operations under way, and the proposals to the catalogue among what they wait for.
  std::size_t operations() const;
  std::size_t proposals() const;

 private:
  explicit Coordinator(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;
};

}  // namespace millrace::coordinator
