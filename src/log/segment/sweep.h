#pragma once

#include "log/segment/core.h"

namespace millrace::log::segment {

// Whether a sealed segment takes so much more on the disk than what lives in it that looking for what is dead pays.
bool is_worth_sweeping(const SegmentFile& file, const SegmentUsage& usage);

// Reads a sealed segment whole and says to the usage table which of its blocks no row names: ranges that died in an
// earlier life of the process and were not given back before its end. On the index loop; blocks.
base::Result<void> sweep(Core& core, SegmentFile& file);

}  // namespace millrace::log::segment
