#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "io/file.h"
#include "log/segment/index_store.h"

// Seams that break a rule while they say that they keep it.
namespace millrace::durability {

enum class Skippable : std::uint8_t { sync, sync_directory };
// Whether the call is not made and a success told. Asked in the order of the calls; `begun` once this life has begun a
// segment.
using Skips = std::function<bool(Skippable call, const std::string& path, bool begun)>;
std::unique_ptr<io::FileSystem> make_lying_files(io::FileSystem& files, Skips skips);

// The watermark, and what is known of segments, reach the disk in a batch of their own, before the rows do.
std::unique_ptr<log::segment::IndexStore> make_watermark_first(std::unique_ptr<log::segment::IndexStore> index);
// A flush behind such a batch does nothing.
using IsLost = std::function<bool(const log::segment::IndexBatch& batch)>;
std::unique_ptr<log::segment::IndexStore> make_lazy_index(std::unique_ptr<log::segment::IndexStore> index,
                                                          IsLost is_lost);

}  // namespace millrace::durability
