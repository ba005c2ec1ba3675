#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/state.h"

// Which shards come of which. Pure: what a rescale does next follows from the stream as it is and from the target, so
// that a start after a crash goes on where it was.
namespace millrace::catalog {

// The open shards, ascending by range.
std::vector<const ShardInfo*> open_shards_by_range(const Stream& stream);

// The steps of single changes; the shards are open, and what is asked for is possible. Children are numbered from
// stream.next_shard on, in the order of their ranges.
Reshard split_step(const Stream& stream, const ShardInfo& shard, model::HashKey upper_start);
Reshard merge_step(const Stream& stream, const ShardInfo& lower, const ShardInfo& upper);

// The next step of a rescale to `target` shards of equal size; nothing where it is done. First every open shard that a
// boundary of the target falls into is split, at the middle one of its boundaries, until none does; then neighbours
// between two boundaries are merged by pairs until there are `target` shards. To double and to halve is one step each.
//
// Equal to within a part in 2^50: a boundary of the target that almost is one of the stream's already counts as it, or
// doubling three shards would take slivers of one key off each, because 2^128 / 3 and 2^128 / 6 round differently.
std::optional<Reshard> rescale_step(const Stream& stream, std::uint32_t target);

// The most shards that are open at once on the way from here.
std::uint32_t rescale_peak(const Stream& stream, std::uint32_t target);

}  // namespace millrace::catalog
