#include "catalog/reshard_plan.h"

#include <algorithm>
#include <utility>

#include "base/u128.h"

namespace millrace::catalog {
namespace {

using model::HashKey;
using model::HashKeyRange;

// Nearer than this two boundaries are one. Ranges of 10,000 shards are 2^114 wide.
constexpr base::u128 sliver = base::u128{1} << 64;

ShardInfo child_of(model::ShardNo number, HashKeyRange range, const ShardInfo& parent,
                   const ShardInfo* adjacent = nullptr) {
  ShardInfo child;
  child.number = number;
  child.range = range;
  child.parent = parent.number;
  if (adjacent != nullptr) child.adjacent_parent = adjacent->number;
  return child;
}

// Gathers what happens to shards, in the order of their ranges.
class StepMaker {
 public:
  explicit StepMaker(const Stream& stream) : next_(stream.next_shard) {}

  void split(const ShardInfo& shard, HashKey upper_start) {
    step_.parents.push_back(shard.number);
    step_.children.push_back(child_of(next_++, {shard.range.first, upper_start - 1}, shard));
    step_.children.push_back(child_of(next_++, {upper_start, shard.range.last}, shard));
  }
  void merge(const ShardInfo& lower, const ShardInfo& upper) {
    step_.parents.push_back(lower.number);
    step_.parents.push_back(upper.number);
    step_.children.push_back(child_of(next_++, {lower.range.first, upper.range.last}, lower, &upper));
  }
  bool empty() const { return step_.parents.empty(); }
  Reshard finish() {
    std::ranges::sort(step_.parents);
    return std::move(step_);
  }

 private:
  Reshard step_;
  model::ShardNo next_;
};

base::u128 distance(HashKey a, HashKey b) {
  return a < b ? b - a : a - b;
}

// Where the target's shards begin, ascending; those that almost are where an open shard begins are exactly there.
std::vector<HashKey> target_starts(const std::vector<const ShardInfo*>& open, std::uint32_t target) {
  std::vector<HashKey> starts;
  starts.reserve(target);
  for (const HashKeyRange& range : model::uniform_ranges(target)) {
    HashKey start = range.first;
    const auto above =
        std::ranges::lower_bound(open, start, {}, [](const ShardInfo* shard) { return shard->range.first; });
    base::u128 nearest = sliver;
    for (const auto candidate : {above, above == open.begin() ? open.end() : std::prev(above)}) {
      if (candidate == open.end()) continue;
      const HashKey existing = (*candidate)->range.first;
      if (const base::u128 far = distance(existing, range.first); far < nearest) {
        nearest = far;
        start = existing;
      }
    }
    starts.push_back(start);
  }
  return starts;
}

void add_splits(const std::vector<const ShardInfo*>& open, const std::vector<HashKey>& starts, StepMaker& step) {
  for (const ShardInfo* shard : open) {
    const auto inside = std::ranges::upper_bound(starts, shard->range.first);
    const auto behind = std::ranges::upper_bound(starts, shard->range.last);
    if (inside < behind) step.split(*shard, *(inside + (behind - inside) / 2));
  }
}

void add_merges(const std::vector<const ShardInfo*>& open, const std::vector<HashKey>& starts, StepMaker& step) {
  for (std::size_t i = 0; i + 1 < open.size();) {
    if (std::ranges::binary_search(starts, open[i + 1]->range.first)) {
      ++i;
      continue;
    }
    step.merge(*open[i], *open[i + 1]);
    i += 2;
  }
}

}  // namespace

std::vector<const ShardInfo*> open_shards_by_range(const Stream& stream) {
  std::vector<const ShardInfo*> open;
  open.reserve(stream.shards.size());
  for (const ShardInfo& shard : stream.shards) {
    if (shard.is_open()) open.push_back(&shard);
  }
  std::ranges::sort(open, {}, [](const ShardInfo* shard) { return shard->range.first; });
  return open;
}

Reshard split_step(const Stream& stream, const ShardInfo& shard, HashKey upper_start) {
  StepMaker step(stream);
  step.split(shard, upper_start);
  return step.finish();
}

Reshard merge_step(const Stream& stream, const ShardInfo& lower, const ShardInfo& upper) {
  StepMaker step(stream);
  step.merge(lower, upper);
  return step.finish();
}

std::optional<Reshard> rescale_step(const Stream& stream, std::uint32_t target) {
  const auto open = open_shards_by_range(stream);
  const auto starts = target_starts(open, target);
  StepMaker step(stream);
  add_splits(open, starts, step);
  if (step.empty()) add_merges(open, starts, step);
  if (step.empty()) return {};
  return step.finish();
}

std::uint32_t rescale_peak(const Stream& stream, std::uint32_t target) {
  const auto open = open_shards_by_range(stream);
  const auto starts = target_starts(open, target);
  auto peak = open.size();
  for (const HashKey start : starts) {
    const auto at =
        std::ranges::lower_bound(open, start, {}, [](const ShardInfo* shard) { return shard->range.first; });
    peak += at == open.end() || (*at)->range.first != start ? 1 : 0;
  }
  return static_cast<std::uint32_t>(peak);
}

}  // namespace millrace::catalog
