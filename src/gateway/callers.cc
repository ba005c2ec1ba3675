#include "gateway/callers.h"

#include <array>
#include <atomic>
#include <utility>

namespace millrace::gateway {
namespace {

std::atomic<std::uint64_t> last_id{0};

std::string name_of(const model::Identity& identity) {
  return identity.account + "/" + identity.region;
}

}  // namespace

// One account in one region.
struct Callers::Caller {
  Caller(const api::Context& pattern, model::Identity i)
      : identity(std::move(i)),
        context{.coordinator = pattern.coordinator,
                .clock = pattern.clock,
                .identity = identity,
                .sealer = pattern.sealer,
                .budget = pattern.budget,
                .calls = &calls,
                .limits = pattern.limits,
                .lenient_arns = pattern.lenient_arns} {}
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  const model::Identity identity;
  limits::AccountCalls calls;
  api::Context context;
};

// What a thread remembers of a claim.
struct Callers::Kept {
  std::uint64_t callers = 0;  // whose; 0: nobody's
  std::string access_key;
  std::string region;
  std::shared_ptr<api::Context> context;

  bool is_of(std::uint64_t id, const auth::Claim& claim) const {
    return callers == id && access_key == claim.access_key && region == claim.region;
  }
};

Callers::Callers(const api::Context& pattern, Accounts accounts)
    : pattern_(pattern), accounts_(std::move(accounts)), id_(++last_id) {}

Callers::~Callers() = default;

model::Identity Callers::identity_of(const auth::Claim& claim) const {
  model::Identity identity = pattern_.identity;
  if (model::is_region(claim.region)) identity.region = claim.region;
  if (model::is_account(claim.access_key)) {
    identity.account = claim.access_key;
  } else if (const auto found = accounts_.find(claim.access_key); found != accounts_.end()) {
    identity.account = found->second;
  }
  return identity;
}

std::shared_ptr<api::Context> Callers::of(const auth::Claim& claim) {
  constexpr std::size_t kept_count = 16;
  thread_local std::array<Kept, kept_count> kept;
  const std::size_t hash =
      std::hash<std::string_view>{}(claim.access_key) ^ std::hash<std::string_view>{}(claim.region);
  Kept& place = kept[hash % kept_count];
  if (!place.is_of(id_, claim)) {
    // A key or a region of any length can be claimed; long ones are not worth keeping.
    if (claim.access_key.size() + claim.region.size() > 256) return find(claim);
    auto found = find(claim);
    // The thread counts references of its own, all of them one to everybody else.
    api::Context* const context = found.get();
    const auto counted = std::make_shared<std::shared_ptr<api::Context>>(std::move(found));
    place = {.callers = id_,
             .access_key = std::string(claim.access_key),
             .region = std::string(claim.region),
             .context = std::shared_ptr<api::Context>(counted, context)};
  }
  return place.context;
}

std::shared_ptr<api::Context> Callers::find(const auth::Claim& claim) {
  model::Identity identity = identity_of(claim);
  std::string name = name_of(identity);
  const base::Lock lock(mutex_);
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
  } else {
    if (recent_.size() >= callers_max) forget_oldest();
    recent_.push_front(std::make_shared<Caller>(pattern_, std::move(identity)));
    by_name_.emplace(std::move(name), recent_.begin());
  }
  return {recent_.front(), &recent_.front()->context};
}

void Callers::forget_oldest() {
  // Those that a request or a thread has are passed over; they count as used now.
  for (std::size_t tries = recent_.size(); tries > 0; --tries) {
    const auto oldest = std::prev(recent_.end());
    if (oldest->use_count() == 1) {
      by_name_.erase(name_of((*oldest)->identity));
      recent_.erase(oldest);
      return;
    }
    recent_.splice(recent_.begin(), recent_, oldest);
  }
}

std::size_t Callers::size() const {
  const base::Lock lock(mutex_);
  return recent_.size();
}

}  // namespace millrace::gateway
