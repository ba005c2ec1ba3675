#include "coordinator/directory_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace millrace::coordinator {

// What one thread has of one cache. Touched by that thread only, save when the cache ends.
struct DirectoryCache::Node {
  static constexpr std::uint64_t none = ~std::uint64_t{0};
  std::uint64_t version = none;  // of the directory
  std::shared_ptr<const Directory> directory;
};

// The current directory and the nodes of all threads. Threads know it weakly, to take their node out when they end.
class DirectoryCache::Registry {
 public:
  void set(std::shared_ptr<const Directory>& directory) {
    base::Lock lock(mutex_);
    current_.swap(directory);
  }
  std::shared_ptr<const Directory> current() {
    base::Lock lock(mutex_);
    return current_;
  }
  Node* add() {
    auto node = std::make_unique<Node>();
    Node* added = node.get();
    base::Lock lock(mutex_);
    nodes_.push_back(std::move(node));
    return added;
  }
  void remove(const Node* node) {
    std::unique_ptr<Node> removed;
    base::Lock lock(mutex_);
    const auto found = std::ranges::find(nodes_, node, &std::unique_ptr<Node>::get);
    if (found == nodes_.end()) return;
    removed = std::move(*found);
    nodes_.erase(found);
  }
  void clear() {
    std::vector<std::unique_ptr<Node>> nodes;
    std::shared_ptr<const Directory> directory;
    {
      base::Lock lock(mutex_);
      nodes.swap(nodes_);
      directory.swap(current_);
    }
  }

 private:
  base::Mutex mutex_;
  std::shared_ptr<const Directory> current_ MILLRACE_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Node>> nodes_ MILLRACE_GUARDED_BY(mutex_);
};

// The nodes of this thread, of every cache of the process: a process may hold several brokers.
struct ThreadSlots {
  struct Slot {
    std::uint64_t cache_id = 0;
    DirectoryCache::Node* node = nullptr;
    std::weak_ptr<DirectoryCache::Registry> registry;
  };
  std::vector<Slot> slots;

  ~ThreadSlots() {
    for (const Slot& slot : slots) {
      if (const auto registry = slot.registry.lock()) registry->remove(slot.node);
    }
  }

  DirectoryCache::Node& node_of(std::uint64_t cache_id, const std::shared_ptr<DirectoryCache::Registry>& registry) {
    const auto found = std::ranges::find(slots, cache_id, &Slot::cache_id);
    if (found != slots.end()) return *found->node;
    std::erase_if(slots, [](const Slot& slot) { return slot.registry.expired(); });
    slots.push_back({.cache_id = cache_id, .node = registry->add(), .registry = registry});
    return *slots.back().node;
  }
};

namespace {

// The slot this thread used last. Apart from the others and without a constructor, so that reading it needs no call.
struct LastSlot {
  std::uint64_t cache_id;
  void* node;
};
constinit thread_local LastSlot last_slot{0, nullptr};
thread_local ThreadSlots thread_slots;

std::uint64_t next_cache_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

DirectoryCache::DirectoryCache() : id_(next_cache_id()), registry_(std::make_shared<Registry>()) {}

DirectoryCache::~DirectoryCache() {
  registry_->clear();
}

void DirectoryCache::publish(std::shared_ptr<const Directory> directory) {
  const std::uint64_t version = directory->version;
  registry_->set(directory);
  version_.store(version, std::memory_order_release);
}

std::shared_ptr<const Directory> DirectoryCache::get() const {
  if (last_slot.cache_id == id_) {
    const auto* node = static_cast<const Node*>(last_slot.node);
    if (node->version == version_.load(std::memory_order_acquire)) return node->directory;
  }
  return refresh().directory;
}

DirectoryCache::Node& DirectoryCache::refresh() const {
  Node& node = thread_slots.node_of(id_, registry_);
  last_slot = {.cache_id = id_, .node = &node};
  if (node.version == version_.load(std::memory_order_acquire)) return node;
  auto current = registry_->current();
  if (current == nullptr) return node;
  // A count of this thread's own around the one that all threads share.
  auto own = std::make_shared<const std::shared_ptr<const Directory>>(std::move(current));
  node.version = (*own)->version;
  node.directory = std::shared_ptr<const Directory>(own, own->get());
  return node;
}

}  // namespace millrace::coordinator
