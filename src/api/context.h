#pragma once

#include "base/memory_budget.h"
#include "base/metrics.h"
#include "coordinator/coordinator.h"
#include "io/clock.h"
#include "model/arn.h"
#include "model/token.h"

namespace millrace::api {

// What an operation may use. All of it outlives every request.
struct Context {
  coordinator::Coordinator& coordinator;
  const io::WallClock& clock;
  const model::Identity& identity;
  const model::TokenSealer& sealer;
  base::MemoryBudget& budget;
};

}  // namespace millrace::api
