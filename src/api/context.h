#pragma once

#include "base/memory_budget.h"
#include "base/metrics.h"
#include "coordinator/coordinator.h"
#include "io/clock.h"
#include "limits/call_buckets.h"
#include "limits/profile.h"
#include "model/arn.h"
#include "model/token.h"

namespace millrace::api {

// What an operation may use. All of it, and the context itself, outlives the requests that are given it.
struct Context {
  coordinator::Coordinator& coordinator;
  const io::WallClock& clock;
  const model::Identity& identity;  // the caller's account, in the region it addresses: whose streams it means
  const model::TokenSealer& sealer;
  base::MemoryBudget& budget;
  // How many calls of the account have come of late; null: nobody counts them.
  limits::AccountCalls* calls = nullptr;
  // The limits of what is about no stream, and of streams that have none of their own.
  limits::Profile limits = limits::Profile::relaxed;
  // An ARN means the caller's own stream of the name in it, whatever account and region stand beside the name.
  bool lenient_arns = false;
};

}  // namespace millrace::api
