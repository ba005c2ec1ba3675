#include "catalog/counts.h"

#include <algorithm>

#include "catalog/reshard_plan.h"

namespace millrace::catalog {
namespace {

struct Counts {
  std::uint64_t open_shards = 0;
  std::uint64_t on_demand_streams = 0;
  std::uint64_t creating_streams = 0;
};

// What the stream has open now or will have before its reshard is over, whichever is more: so that two reshards at once
// cannot pass the account's limit together.
std::uint64_t shards_of(const Stream& stream) {
  const std::uint64_t open = stream.open_shards();
  if (stream.rescale_target) return std::max<std::uint64_t>(open, rescale_peak(stream, *stream.rescale_target));
  if (!stream.reshard) return open;
  return std::max<std::uint64_t>(open, open - stream.reshard->parents.size() + stream.reshard->children.size());
}

Counts counts_of(const Stream& stream) {
  if (stream.status == StreamStatus::deleting) return {};
  return {.open_shards = shards_of(stream),
          .on_demand_streams = stream.mode == StreamMode::on_demand ? 1U : 0U,
          .creating_streams = stream.status == StreamStatus::creating ? 1U : 0U};
}

template <class Change>
void change_account(State& state, const Place& place, Change change) {
  Account account = state.account(place);
  change(account);
  if (account == Account()) {
    state.accounts.erase(place);
  } else {
    state.accounts.set(place, account);
  }
}

}  // namespace

void count_in(State& state, const Stream& stream) {
  const Counts counts = counts_of(stream);
  state.open_shards += counts.open_shards;
  state.on_demand_streams += counts.on_demand_streams;
  change_account(state, stream.place, [&](Account& account) {
    account.open_shards += counts.open_shards;
    account.on_demand_streams += counts.on_demand_streams;
    account.creating_streams += counts.creating_streams;
  });
}

void count_out(State& state, const Stream& stream) {
  const Counts counts = counts_of(stream);
  state.open_shards -= counts.open_shards;
  state.on_demand_streams -= counts.on_demand_streams;
  change_account(state, stream.place, [&](Account& account) {
    account.open_shards -= counts.open_shards;
    account.on_demand_streams -= counts.on_demand_streams;
    account.creating_streams -= counts.creating_streams;
  });
}

}  // namespace millrace::catalog
