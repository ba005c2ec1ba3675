#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/context.h"
#include "auth/signature_form.h"
#include "base/mutex.h"
#include "limits/call_buckets.h"
#include "model/arn.h"

namespace millrace::gateway {

// Account numbers by access key.
using Accounts = std::map<std::string, std::string, std::less<>>;

// Tells whose streams a request means: those of the access key's account in the region of the signature's scope.
//
// An access key of 12 digits is its account's number. Any other belongs to the account that the table says, or to the
// default one; a scope without the name of a region means the default region.
//
// Threads: of() on any.
class Callers {
 public:
  // `pattern` is the context of the default account and region; it, and what it names, outlive the callers.
  Callers(const api::Context& pattern, Accounts accounts);
  ~Callers();
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  // The context of a request, which keeps it until it is answered. A thread remembers the last ones it asked for:
  // copying the pointer then touches no memory that other threads do.
  std::shared_ptr<api::Context> of(const auth::Claim& claim);

  // Accounts and regions that are remembered beside those in use; then the one that was not used for the longest time
  // is forgotten, and what it has called of late with it.
  static constexpr std::size_t callers_max = 4'096;
  std::size_t size() const;

 private:
  struct Caller;
  struct Kept;

  model::Identity identity_of(const auth::Claim& claim) const;
  std::shared_ptr<api::Context> find(const auth::Claim& claim);
  void forget_oldest() MILLRACE_REQUIRES(mutex_);

  const api::Context& pattern_;
  const Accounts accounts_;
  const std::uint64_t id_;  // of these callers in the process, never used again
  mutable base::Mutex mutex_;
  using Recent = std::list<std::shared_ptr<Caller>>;
  Recent recent_ MILLRACE_GUARDED_BY(mutex_);                                    // the last used first
  std::map<std::string, Recent::iterator> by_name_ MILLRACE_GUARDED_BY(mutex_);  // "account/region"
};

}  // namespace millrace::gateway
