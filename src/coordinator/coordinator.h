#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "catalog/catalog.h"
#include "coordinator/directory.h"
#include "io/random.h"
#include "shard/shard.h"

namespace millrace::coordinator {

struct AccountLimits {
  std::uint32_t shards_max = 20'000;
  std::uint32_t on_demand_streams_max = 1'000;
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
                                                         AccountLimits limits);
  // Nobody calls it any more. What still waits for the catalogue is answered with `cancelled`. What waits for the
  // engine goes on using `shared`: the engine is stopped first.
  ~Coordinator();

  // The streams as they are now: a pointer that this thread keeps, compared with one global version. Copying it touches
  // no memory that other threads do. Not kept beyond the coordinator's life.
  std::shared_ptr<const Directory> directory() const;

  // Done once the stream is ACTIVE. `spec.shards_max` and `on_demand_streams_max` are filled in here. Where a log
  // cannot be created the stream is removed again.
  void create_stream(catalog::CreateStream spec, base::Done<void> done);
  // Done once the name is free again; the stream's memory is free before that. guard_failed ("status") where it is
  // being deleted; a deletion that has failed is taken up again.
  void delete_stream(std::string name, std::uint64_t uid, base::Done<void> done);
  // Done once the engine has been told, too.
  void set_retention(catalog::SetRetention change, base::Done<void> done);
  void add_tags(catalog::AddTags change, base::Done<void> done);
  void remove_tags(catalog::RemoveTags change, base::Done<void> done);

  const AccountLimits& limits() const;
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
