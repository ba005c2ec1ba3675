#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sim_random.h"

namespace millrace::sim {

// What of the unsynced survives a power cut.
enum class CutKind : std::uint8_t {
  none,    // nothing
  all,     // everything, and what was not synced is not safer than before: the death of the process alone
  random,  // of each file any of its 512-byte sectors, of each folder any of its entries, in any order
};

using Inode = std::uint64_t;

// One change of a disk, or one sync.
struct DiskEvent {
  enum class Kind : std::uint8_t {
    nothing,         // an attempt that failed and changed nothing
    write,           // inode, offset, bytes
    truncate,        // inode, size
    allocate,        // inode, offset, size
    punch,           // inode, offset, size
    sync,            // inode
    failed_sync,     // inode; what was not synced never will be
    create,          // path, inode
    make_directory,  // path, inode
    rename,          // path, to
    remove,          // path
    sync_directory,  // path
    store_write,     // store
    store_flush,     // store
  };
  Kind kind = Kind::nothing;
  std::string path{};  // of files: as it was opened
  std::string to{};
  Inode inode = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::shared_ptr<const std::string> bytes{};
  std::shared_ptr<const void> store{};
};

// Bytes of a file; pages that hold only zeros take nothing. Copies share pages until one of them writes.
class SparseBytes {
 public:
  static constexpr std::size_t page_bytes = 4096;

  std::uint64_t size() const { return size_; }
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  void write(std::uint64_t offset, std::string_view bytes);  // grows where it must
  void clear(std::uint64_t begin, std::uint64_t end);        // zeros; does not grow
  void resize(std::uint64_t size);
  // Writes behind the end, too, and does not grow: resize then says how much of it is seen.
  void write_pages(std::uint64_t offset, std::string_view bytes);
  void set_size(std::uint64_t size) { size_ = size; }

 private:
  using Page = std::array<char, page_bytes>;
  Page& writable(std::uint64_t page);

  std::uint64_t size_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Page>> pages_;
};

// A disk as a value: what processes see of it, and what a power cut would leave. Copies are cheap, so one recorded run
// can be cut at every event.
//
// A file's content and its entry are separate, as on a real disk: a synced file whose folder was not synced is gone
// after a cut. A rename is kept whole or not at all, and only together with earlier changes of the same names. A sector
// of a file is left as it was after any of the unsynced writes to it, its size as after any of the changes of the size.
//
// Beside files, one store whose own bytes are not simulated may live on it (a database): its pictures are events.
class DiskImage {
 public:
  static constexpr std::uint64_t sector_bytes = 512;

  // The event must be possible here.
  void apply(const DiskEvent& event);
  // As a machine finds it that starts after a power cut. `random` is asked for CutKind::random only.
  DiskImage after_cut(CutKind kind, SimRandom& random) const;

  std::optional<Inode> find(const std::string& path) const;
  bool is_folder(const std::string& path) const;
  std::vector<std::string> list(const std::string& folder) const;  // names, sorted
  const SparseBytes& content(Inode inode) const { return nodes_.at(inode).now; }
  bool is_folder(Inode inode) const { return nodes_.at(inode).folder; }
  std::uint64_t allocated_bytes(Inode inode) const { return nodes_.at(inode).pages * SparseBytes::page_bytes; }
  // Of all files that have a name.
  std::uint64_t used_bytes() const { return used_pages_ * SparseBytes::page_bytes; }
  void flip_bit(Inode inode, std::uint64_t offset, unsigned bit);
  // As if its folder had been removed while nothing ran.
  void remove_store() { flushed_store_.reset(); }
  // What writing or reserving there would add to used_bytes.
  std::uint64_t missing_bytes(Inode inode, std::uint64_t offset, std::uint64_t size) const;
  Inode next_inode() const { return next_inode_; }
  // The newest picture of the store that was flushed, or that a cut has left; null: none was taken.
  const std::shared_ptr<const void>& store() const { return flushed_store_; }

 private:
  using Entries = std::map<std::string, Inode>;  // by path
  struct Change {
    DiskEvent event;
    bool lost = false;  // a sync of it failed
  };
  struct Node {
    bool folder = false;
    std::size_t links = 0;
    SparseBytes now;
    SparseBytes synced;
    std::vector<Change> unsynced;
    std::vector<bool> reserved;  // pages that take room
    std::size_t pages = 0;       // of them
  };
  struct EntryChange {
    std::string folder;
    std::string erased;  // empty: none
    std::string set;     // empty: none
    Inode inode = 0;
  };

  static void apply_to(SparseBytes& content, const DiskEvent& event);
  static void apply_to(Entries& entries, const EntryChange& change);
  static SparseBytes random_content(const Node& node, SimRandom& random);
  Entries entries_after_cut(CutKind kind, SimRandom& random) const;
  void change_entry(EntryChange change);
  void change_content(const DiskEvent& event);
  void reserve(Node& node, std::uint64_t offset, std::uint64_t size);
  void release(Node& node, std::uint64_t begin_page, std::uint64_t end_page);
  void unlink(Inode inode);

  std::map<Inode, Node> nodes_;
  Entries entries_;                    // as processes see them
  Entries durable_;                    // as a cut leaves them at least
  std::vector<EntryChange> unsynced_;  // what is between the two, in order
  Inode next_inode_ = 1;
  std::uint64_t used_pages_ = 0;
  std::shared_ptr<const void> flushed_store_;
  std::vector<std::shared_ptr<const void>> stores_;  // written since; any of them may be on the disk
};

}  // namespace millrace::sim
