#pragma once

#include <vector>

#include "admin/admin.h"
#include "app/engines.h"
#include "base/memory_budget.h"
#include "base/metrics.h"
#include "coordinator/coordinator.h"
#include "log/engine.h"
#include "shard/tail_cache.h"

namespace millrace::app {

// What no single room can see: memory by share, queues and what the engine holds. All given outlive the last scrape of
// `metrics`.
void add_gauges(base::Metrics& metrics, const base::MemoryBudget& budget, const log::Engine& engine,
                const shard::TailCache& tail_cache, const coordinator::Coordinator& coordinator);
// What only a broker with a data folder has: its files, the index's backlog and the disk they are on.
void add_disk_gauges(base::Metrics& metrics, const EngineHost& host);

// What must hold for the broker to be ready: the engine serves, and the queues for requests are below their maximum.
std::vector<admin::ReadyCheck> ready_checks(const base::MemoryBudget& budget, const log::Engine& engine,
                                            const coordinator::Coordinator& coordinator);

}  // namespace millrace::app
