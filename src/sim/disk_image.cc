#include "sim/disk_image.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

namespace millrace::sim {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_root(const std::string& path) {
  return path == "/" || path == ".";
}

// How likely a piece is kept, out of 8, drawn anew for each file and each cut: so that cuts with nearly nothing and
// with nearly everything are met as well as those in between.
std::uint64_t draw_bias(SimRandom& random) {
  static constexpr std::array<std::uint64_t, 5> biases = {0, 1, 4, 7, 8};
  return biases[random.below(biases.size())];
}

}  // namespace

std::size_t SparseBytes::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset >= size_) return 0;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset));
  for (std::size_t done = 0; done < count;) {
    const std::uint64_t at = offset + done;
    const std::size_t begin = at % page_bytes;
    const std::size_t part = std::min(count - done, page_bytes - begin);
    const auto page = pages_.find(at / page_bytes);
    if (page == pages_.end()) {
      std::memset(into.data() + done, 0, part);
    } else {
      std::memcpy(into.data() + done, page->second->data() + begin, part);
    }
    done += part;
  }
  return count;
}

SparseBytes::Page& SparseBytes::writable(std::uint64_t page) {
  std::shared_ptr<Page>& at = pages_[page];
  if (at == nullptr) {
    at = std::make_shared<Page>();
  } else if (at.use_count() > 1) {
    at = std::make_shared<Page>(*at);
  }
  return *at;
}

void SparseBytes::write_pages(std::uint64_t offset, std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const std::uint64_t at = offset + done;
    const std::size_t begin = at % page_bytes;
    const std::size_t part = std::min(bytes.size() - done, page_bytes - begin);
    std::memcpy(writable(at / page_bytes).data() + begin, bytes.data() + done, part);
    done += part;
  }
}

void SparseBytes::write(std::uint64_t offset, std::string_view bytes) {
  write_pages(offset, bytes);
  size_ = std::max<std::uint64_t>(size_, offset + bytes.size());
}

void SparseBytes::clear(std::uint64_t begin, std::uint64_t end) {
  for (auto at = pages_.lower_bound(begin / page_bytes); at != pages_.end() && at->first * page_bytes < end;) {
    const std::uint64_t page_begin = at->first * page_bytes;
    const std::uint64_t from = std::max(begin, page_begin) - page_begin;
    const std::uint64_t to = std::min(end, page_begin + page_bytes) - page_begin;
    if (from == 0 && to == page_bytes) {
      at = pages_.erase(at);
      continue;
    }
    Page& page = writable(at->first);
    std::fill(page.begin() + static_cast<std::ptrdiff_t>(from), page.begin() + static_cast<std::ptrdiff_t>(to), '\0');
    ++at;
  }
}

void SparseBytes::resize(std::uint64_t size) {
  clear(size, UINT64_MAX);
  size_ = size;
}

std::optional<Inode> DiskImage::find(const std::string& path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

bool DiskImage::is_folder(const std::string& path) const {
  if (is_root(path)) return true;
  const auto inode = find(path);
  return inode && nodes_.at(*inode).folder;
}

std::vector<std::string> DiskImage::list(const std::string& folder) const {
  std::vector<std::string> names;
  for (const auto& [path, inode] : entries_) {
    if (parent_of(path) == folder) names.push_back(path.substr(path.rfind('/') + 1));
  }
  std::ranges::sort(names);
  return names;
}

std::uint64_t DiskImage::missing_bytes(Inode inode, std::uint64_t offset, std::uint64_t size) const {
  if (size == 0) return 0;
  const Node& node = nodes_.at(inode);
  std::uint64_t missing = 0;
  for (std::uint64_t page = offset / SparseBytes::page_bytes; page <= (offset + size - 1) / SparseBytes::page_bytes;
       ++page) {
    if (page >= node.reserved.size() || !node.reserved[page]) ++missing;
  }
  return missing * SparseBytes::page_bytes;
}

void DiskImage::reserve(Node& node, std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return;
  const std::uint64_t end = (offset + size - 1) / SparseBytes::page_bytes + 1;
  if (node.reserved.size() < end) node.reserved.resize(end);
  for (std::uint64_t page = offset / SparseBytes::page_bytes; page < end; ++page) {
    if (node.reserved[page]) continue;
    node.reserved[page] = true;
    ++node.pages;
    if (node.links > 0) ++used_pages_;
  }
}

void DiskImage::release(Node& node, std::uint64_t begin_page, std::uint64_t end_page) {
  end_page = std::min<std::uint64_t>(end_page, node.reserved.size());
  for (std::uint64_t page = begin_page; page < end_page; ++page) {
    if (!node.reserved[page]) continue;
    node.reserved[page] = false;
    --node.pages;
    if (node.links > 0) --used_pages_;
  }
}

void DiskImage::unlink(Inode inode) {
  Node& node = nodes_.at(inode);
  if (--node.links == 0) used_pages_ -= node.pages;
}

void DiskImage::apply_to(SparseBytes& content, const DiskEvent& event) {
  switch (event.kind) {
    case DiskEvent::Kind::write:
      content.write(event.offset, *event.bytes);
      break;
    case DiskEvent::Kind::truncate:
      content.resize(event.size);
      break;
    case DiskEvent::Kind::allocate:
      if (content.size() < event.offset + event.size) content.resize(event.offset + event.size);
      break;
    case DiskEvent::Kind::punch:
      content.clear(event.offset, event.offset + event.size);
      break;
    default:
      break;
  }
}

void DiskImage::apply_to(Entries& entries, const EntryChange& change) {
  if (!change.erased.empty()) entries.erase(change.erased);
  if (!change.set.empty()) entries[change.set] = change.inode;
}

void DiskImage::change_entry(EntryChange change) {
  if (!change.set.empty()) {
    ++nodes_.at(change.inode).links;
    if (nodes_.at(change.inode).links == 1) used_pages_ += nodes_.at(change.inode).pages;
    if (const auto replaced = find(change.set)) unlink(*replaced);
  }
  if (!change.erased.empty()) unlink(*find(change.erased));
  apply_to(entries_, change);
  unsynced_.push_back(std::move(change));
}

void DiskImage::change_content(const DiskEvent& event) {
  Node& node = nodes_.at(event.inode);
  const std::uint64_t page_bytes = SparseBytes::page_bytes;
  apply_to(node.now, event);
  node.unsynced.push_back({.event = event});
  switch (event.kind) {
    case DiskEvent::Kind::write:
      reserve(node, event.offset, event.bytes->size());
      break;
    case DiskEvent::Kind::allocate:
      reserve(node, event.offset, event.size);
      break;
    case DiskEvent::Kind::truncate:
      release(node, (event.size + page_bytes - 1) / page_bytes, UINT64_MAX);
      break;
    case DiskEvent::Kind::punch:
      release(node, (event.offset + page_bytes - 1) / page_bytes, (event.offset + event.size) / page_bytes);
      break;
    default:
      break;
  }
}

void DiskImage::apply(const DiskEvent& event) {
  using Kind = DiskEvent::Kind;
  switch (event.kind) {
    case Kind::nothing:
      break;
    case Kind::write:
    case Kind::truncate:
    case Kind::allocate:
    case Kind::punch:
      change_content(event);
      break;
    case Kind::sync: {
      Node& node = nodes_.at(event.inode);
      for (const Change& change : std::exchange(node.unsynced, {})) {
        if (!change.lost) apply_to(node.synced, change.event);
      }
      break;
    }
    case Kind::failed_sync:
      for (Change& change : nodes_.at(event.inode).unsynced)
        change.lost = true;
      break;
    case Kind::create:
    case Kind::make_directory:
      next_inode_ = std::max(next_inode_, event.inode + 1);
      nodes_[event.inode].folder = event.kind == Kind::make_directory;
      change_entry({.folder = parent_of(event.path), .erased = {}, .set = event.path, .inode = event.inode});
      break;
    case Kind::rename:
      change_entry(
          {.folder = parent_of(event.to), .erased = event.path, .set = event.to, .inode = entries_.at(event.path)});
      break;
    case Kind::remove:
      change_entry({.folder = parent_of(event.path), .erased = event.path, .set = {}, .inode = 0});
      break;
    case Kind::sync_directory:
      std::erase_if(unsynced_, [&](const EntryChange& change) {
        if (change.folder != event.path) return false;
        apply_to(durable_, change);
        return true;
      });
      break;
    case Kind::store_write:
      stores_.push_back(event.store);
      break;
    case Kind::store_flush:
      flushed_store_ = event.store;
      stores_.clear();
      break;
  }
}

void DiskImage::flip_bit(Inode inode, std::uint64_t offset, unsigned bit) {
  Node& node = nodes_.at(inode);
  for (SparseBytes* const content : {&node.now, &node.synced}) {
    std::byte byte{};
    if (content->read(offset, std::span(&byte, 1)) == 0) continue;
    byte ^= std::byte{1} << bit;
    content->write(offset, std::string_view(reinterpret_cast<const char*>(&byte), 1));
  }
}

DiskImage::Entries DiskImage::entries_after_cut(CutKind kind, SimRandom& random) const {
  Entries left = durable_;
  if (kind == CutKind::random) {
    const std::uint64_t bias = draw_bias(random);
    std::set<std::string> dropped;
    for (const EntryChange& change : unsynced_) {
      if (random.below(8) < bias && !dropped.contains(change.erased) && !dropped.contains(change.set)) {
        apply_to(left, change);
        continue;
      }
      if (!change.erased.empty()) dropped.insert(change.erased);
      if (!change.set.empty()) dropped.insert(change.set);
    }
  }
  // What lies below a folder that did not survive cannot be reached. Paths are sorted, so parents come first.
  for (auto entry = left.begin(); entry != left.end();) {
    const std::string parent = parent_of(entry->first);
    const auto folder = left.find(parent);
    const bool reachable = is_root(parent) || (folder != left.end() && nodes_.at(folder->second).folder);
    entry = reachable ? std::next(entry) : left.erase(entry);
  }
  return left;
}

SparseBytes DiskImage::random_content(const Node& node, SimRandom& random) {
  const std::uint64_t bias = draw_bias(random);
  const std::size_t count = node.unsynced.size();
  // Everything before that change has reached the disk. Most draws are one of the ends.
  const auto draw_reached = [&] {
    if (random.below(4) == 0) return static_cast<std::size_t>(random.below(count + 1));
    return random.below(8) < bias ? count : 0;
  };
  const std::size_t sizes_reached = draw_reached();
  std::map<std::uint64_t, std::size_t> sectors_reached;
  const auto reached = [&](std::uint64_t sector) {
    const auto found = sectors_reached.find(sector);
    return found != sectors_reached.end() ? found->second
                                          : sectors_reached.emplace(sector, draw_reached()).first->second;
  };

  SparseBytes content = node.synced;
  std::uint64_t size = content.size();
  for (std::size_t i = 0; i < count; ++i) {
    const DiskEvent& event = node.unsynced[i].event;
    const bool is_write = event.kind == DiskEvent::Kind::write;
    if (i < sizes_reached) {
      if (event.kind == DiskEvent::Kind::truncate) {
        content.clear(event.size, UINT64_MAX);
        size = event.size;
      } else if (event.kind != DiskEvent::Kind::punch) {
        size = std::max(size, event.offset + (is_write ? event.bytes->size() : event.size));
      }
    }
    if (!is_write && event.kind != DiskEvent::Kind::punch) continue;
    const std::uint64_t end = event.offset + (is_write ? event.bytes->size() : event.size);
    for (std::uint64_t at = event.offset; at < end;) {
      const std::uint64_t sector_end = std::min(end, (at / sector_bytes + 1) * sector_bytes);
      if (i < reached(at / sector_bytes)) {
        if (is_write) {
          content.write_pages(at, std::string_view(*event.bytes).substr(at - event.offset, sector_end - at));
        } else {
          content.clear(at, sector_end);
        }
      }
      at = sector_end;
    }
  }
  content.resize(size);
  return content;
}

DiskImage DiskImage::after_cut(CutKind kind, SimRandom& random) const {
  if (kind == CutKind::all) {
    DiskImage same = *this;
    same.stores_.clear();  // the store kept them in the memory of the process
    return same;
  }
  DiskImage left;
  left.next_inode_ = next_inode_;
  left.entries_ = entries_after_cut(kind, random);
  left.durable_ = left.entries_;
  for (const auto& [path, inode] : left.entries_) {
    const Node& node = nodes_.at(inode);
    Node& copy = left.nodes_[inode];
    ++copy.links;
    copy.folder = node.folder;
    copy.now = kind == CutKind::none ? node.synced : random_content(node, random);
    copy.synced = copy.now;
    copy.reserved = node.reserved;
    copy.reserved.resize((copy.now.size() + SparseBytes::page_bytes - 1) / SparseBytes::page_bytes);
    copy.pages = static_cast<std::size_t>(std::ranges::count(copy.reserved, true));
    left.used_pages_ += copy.pages;
  }
  left.flushed_store_ = flushed_store_;
  if (kind == CutKind::random && !stores_.empty()) {
    const std::uint64_t reached = random.below(stores_.size() + 1);
    if (reached > 0) left.flushed_store_ = stores_[reached - 1];
  }
  return left;
}

}  // namespace millrace::sim
