#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/memory_budget.h"
#include "base/u128.h"

namespace millrace::log {

// One record inside a block; the views live as long as any reference to the block.
struct RecordView {
  std::string_view partition_key;  // empty where has_partition_key is false
  std::string_view data;
  std::optional<base::u128> explicit_hash_key;
  bool has_partition_key = true;
  bool is_encrypted = false;  // written while its stream was encrypted: what readers are told
};

// Some records of one log, in the encoding that is stored: immutable, reference-counted, shared by the engine, the tail
// cache and every reader. All records of a block have one arrival time, which the shard actor gives at commit.
//
// Encoding of a record, little-endian: u32 data size, u16 partition key size, u8 flags, u8 zero, [16 bytes explicit
// hash key], partition key, data.
//
// A block's bytes, its own overhead included, count in one share of the memory at a time, until the last reference
// goes. Threads: references may be copied and dropped on any thread; set_arrival and charge only while the actor or the
// engine is the block's one owner.
class Block {
 public:
  Block() = default;
  Block(const Block& other) : rep_(other.rep_) { retain(); }
  Block(Block&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
  Block& operator=(Block other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~Block() { release(); }

  explicit operator bool() const { return rep_ != nullptr; }
  std::uint32_t record_count() const { return rep_->records; }
  // Data and keys, without the encoding's own bytes: what the service's limits count.
  std::size_t user_bytes() const { return rep_->user_bytes; }
  // What it costs in memory, wherever it is held.
  std::size_t memory_bytes() const { return memory_bytes_of(rep_->payload_size); }
  static constexpr std::size_t memory_bytes_of(std::size_t payload_bytes) {
    return sizeof(Rep) + payload_bytes + bookkeeping_bytes;
  }
  std::string_view payload() const { return {payload_of(rep_), rep_->payload_size}; }
  std::int64_t arrival_ms() const { return rep_->arrival_ms; }
  void set_arrival_ms(std::int64_t ms) { rep_->arrival_ms = ms; }
  // Moves the block's bytes to another share, even where that goes over its maximum thereby.
  void charge(base::MemoryShare share);

  // Walks the records from the `first`-th on. Usage: for (auto at = block.begin(3); at.valid(); at.next()) at.record();
  class Cursor {
   public:
    bool valid() const { return index_ < count_; }
    std::uint32_t index() const { return index_; }
    RecordView record() const;
    // Data and key of the record.
    std::size_t user_bytes() const;
    void next();

   private:
    friend class Block;
    Cursor(const char* at, std::uint32_t count) : at_(at), count_(count) {}
    const char* at_;
    std::uint32_t index_ = 0;
    std::uint32_t count_;
  };
  Cursor begin(std::uint32_t first = 0) const;

 private:
  friend class BlockBuilder;
  struct Rep {
    std::atomic<std::uint32_t> references{1};
    std::uint32_t records = 0;
    std::uint32_t payload_size = 0;
    base::MemoryShare share = base::MemoryShare::append_queue;
    std::size_t user_bytes = 0;
    std::int64_t arrival_ms = 0;
    base::MemoryBudget* budget = nullptr;
  };
  // What the allocator rounds up to, and an entry and a place (24 bytes each) in the fifo of the engine and in that of
  // the tail cache: more than half of what a block with one small record costs.
  static constexpr std::size_t bookkeeping_bytes = 128;
  static const char* payload_of(const Rep* rep) { return reinterpret_cast<const char*>(rep + 1); }
  static char* payload_of(Rep* rep) { return reinterpret_cast<char*>(rep + 1); }

  explicit Block(Rep* rep) : rep_(rep) {}
  void retain() const {
    if (rep_ != nullptr) rep_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release();

  Rep* rep_ = nullptr;
};

// Fills one block whose exact size is known beforehand, so that each record is copied once.
class BlockBuilder {
 public:
  // Bytes a record takes in a block.
  static std::size_t encoded_size(std::size_t data_size, std::size_t key_size, bool has_explicit_hash_key);

  // Largest payload; a block holds at most one PutRecords request's records for one shard, with their headers.
  static constexpr std::size_t payload_bytes_max = 16 * 1024 * 1024;

  // Takes the memory from the append_queue share of `budget` (none where null). `ok()` is false where it does not fit,
  // or where the system has none.
  BlockBuilder(base::MemoryBudget* budget, std::size_t payload_bytes);
  // The same for a block that is needed to free others: taken even where the share is full.
  static BlockBuilder forced(base::MemoryBudget* budget, std::size_t payload_bytes);
  BlockBuilder(BlockBuilder&&) noexcept = default;
  BlockBuilder& operator=(BlockBuilder&&) noexcept = default;

  // A block of stored bytes, which are checked to be whole records; nothing where they are not. Its memory is taken
  // from that share even where the share is full.
  static std::optional<Block> from_payload(base::MemoryBudget* budget, base::MemoryShare share,
                                           std::span<const std::byte> payload, std::int64_t arrival_ms);

  bool ok() const { return static_cast<bool>(block_); }
  // Writes header and key, and returns where exactly `data_size` bytes of data are to be written.
  char* add(std::optional<std::string_view> partition_key, std::optional<base::u128> explicit_hash_key,
            std::size_t data_size);
  // Records added from now on belong to an encrypted stream.
  void mark_encrypted() { is_encrypted_ = true; }
  // Appends all records of another block.
  void add_all(const Block& other);
  // The block; everything announced must have been added.
  Block finish();

 private:
  BlockBuilder() = default;
  static Block::Rep* allocate(std::size_t payload_bytes);
  Block block_;
  std::size_t used_ = 0;
  bool is_encrypted_ = false;
};

}  // namespace millrace::log
