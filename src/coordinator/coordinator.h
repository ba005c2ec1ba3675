#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "coordinator/directory.h"
#include "log/engine.h"
#include "shard/shard.h"

namespace millrace::coordinator {

struct AccountLimits {
  std::uint32_t shards_max = 20'000;
  std::uint32_t on_demand_streams_max = 1'000;
};

// Workflows over the catalogue and the shards. Each is a command first, then the work it asks for, so that a crash between
// two steps is mended at the next start: logs the catalogue does not know are dropped, missing ones created, streams left
// in CREATING become ACTIVE, those left in DELETING are removed.
//
// Threads: any. A `done` comes after the directory's version has moved, so the next request on any connection sees the
// change. Errors are those of catalog::apply; the api room knows their sentences.
class Coordinator {
 public:
  // Reconciles the engine's logs with the catalogue, then serves. `shared.engine` outlives the coordinator.
  static base::Result<std::unique_ptr<Coordinator>> open(shard::Shared& shared, io::Random& random,
                                                         AccountLimits limits);
  ~Coordinator();

  // The streams as they are now: a pointer that this thread keeps, compared with one global version.
  std::shared_ptr<const Directory> directory() const;

  // Done once the stream is ACTIVE. `spec.shards_max` and `on_demand_streams_max` are filled in here.
  void create_stream(catalog::CreateStream spec, base::Done<void> done);
  // Done once the name is free again; the stream's memory is free before that. guard_failed where it is being deleted.
  void delete_stream(std::string name, std::uint64_t uid, base::Done<void> done);
  void set_retention(catalog::SetRetention change, base::Done<void> done);
  void add_tags(catalog::AddTags change, base::Done<void> done);
  void remove_tags(catalog::RemoveTags change, base::Done<void> done);

  const AccountLimits& limits() const;
  std::uint64_t version() const;

 private:
  struct Impl;
  explicit Coordinator(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace millrace::coordinator
