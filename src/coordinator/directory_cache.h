#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "coordinator/directory.h"

namespace millrace::coordinator {

// The current directory, for many threads that each ask for it at every request. A thread keeps a pointer of its own
// and compares one version: where nothing changed it takes no lock and writes nothing that another thread reads.
class DirectoryCache {
 public:
  DirectoryCache();
  // No other thread is in get(). What threads have kept is let go of here, not when they end.
  ~DirectoryCache();
  DirectoryCache(const DirectoryCache&) = delete;
  DirectoryCache& operator=(const DirectoryCache&) = delete;

  // Of a higher version than the last. One call at a time.
  void publish(std::shared_ptr<const Directory> directory);
  // The last one published before the call, or a later one; null before the first. Each thread has its own count of
  // references, so that copying the pointer costs a cache line that no other thread touches. It may be kept and handed
  // to other threads like any pointer, but not beyond the life of the cache, since shards end with their directories.
  //
  // A thread that stops asking keeps the directory it was given last.
  std::shared_ptr<const Directory> get() const;
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

 private:
  friend struct ThreadSlots;
  struct Node;
  class Registry;

  Node& refresh() const;

  const std::uint64_t id_;  // of this cache in the process, never used again
  std::shared_ptr<Registry> registry_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace millrace::coordinator
