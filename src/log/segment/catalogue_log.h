#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "log/segment/committer.h"
#include "log/segment/core.h"
#include "log/segment/indexer.h"

namespace millrace::log::segment {

// data_loss where a command is damaged or gone and no snapshot stands for it: a broker that went on without it would
// take streams for deleted. The first is asked before recovery writes anything (`damaged`: the last command that it met
// and could not read; 0: none), the second of all that the index names. Both block.
base::Result<void> check_met_commands(const Core& core, Position damaged);
// data_loss where the index has rows of the catalogue's log and does not know the log itself: it is about to be taken
// for new. Blocks.
base::Result<void> check_catalogue_is_known(const Core& core);
base::Result<void> check_commands(const Core& core);

// The catalogue's commands as log 0 of the engine, one record a command, and its snapshots as files. The follower runs
// on the commit loop, save for what follow() itself hands it.
class CatalogueLog final : public MetaLog {
 public:
  CatalogueLog(std::shared_ptr<Core> core, std::shared_ptr<Committer> committer, std::shared_ptr<Indexer> indexer);

  void append(std::span<const std::byte> command, Done<Position> done) override;
  // Blocks while it reads what is there.
  void follow(Position from, Follower follower) override;
  void barrier(Done<Position> done) override;
  void save_snapshot(Position position, std::span<const std::byte> bytes, Done<void> done) override;
  // The newest whole one. Blocks.
  std::optional<Snapshot> load_snapshot() override;
  void trim(Position before, Done<void> done) override;

 private:
  struct State;

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<Committer> committer_;
  const std::shared_ptr<Indexer> indexer_;
  const std::shared_ptr<LogState> log_;
  const std::shared_ptr<State> state_;  // outlives this while answers are on their way
};

}  // namespace millrace::log::segment
