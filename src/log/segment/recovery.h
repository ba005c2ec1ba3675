#pragma once

#include <cstdint>
#include <set>

#include "log/segment/core.h"

namespace millrace::log::segment {

// Brings what the folder holds into a fresh Core: sets, logs, positions. What the index does not cover is read from the
// segments and indexed; every segment is ended, so that nothing recovered is appended to. What is repaired or dropped
// is said in one line each. Nothing is served before it returns. Gives the uids of streams with records that were
// passed over. Blocks.
base::Result<std::set<std::uint64_t>> recover(Core& core);

// The generation that segments of this life begin at: above every one that a life before may have used.
base::Result<std::uint64_t> first_generation(IndexStore& index, io::Random& random);

}  // namespace millrace::log::segment
