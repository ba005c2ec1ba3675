#include "log/block.h"

#include <cassert>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace millrace::log {
namespace {

constexpr std::size_t header_bytes = 8;
constexpr std::size_t hash_key_bytes = 16;
constexpr std::uint8_t flag_explicit_hash_key = 1;
constexpr std::uint8_t flag_no_partition_key = 2;
constexpr std::uint8_t flag_encrypted = 4;

struct Header {
  std::uint32_t data_size;
  std::uint16_t key_size;
  std::uint8_t flags;
  std::uint8_t zero;
};
static_assert(sizeof(Header) == header_bytes);

Header header_at(const char* at) {
  Header header;
  std::memcpy(&header, at, sizeof header);
  return header;
}

std::size_t hash_size(const Header& header) {
  return (header.flags & flag_explicit_hash_key) != 0 ? hash_key_bytes : 0;
}

}  // namespace

void Block::release() {
  if (rep_ == nullptr || rep_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  base::MemoryBudget* const budget = rep_->budget;
  const std::size_t bytes = memory_bytes();
  if (budget != nullptr) budget->give_back(rep_->share, bytes);
  rep_->~Rep();
  std::free(rep_);
  if (budget != nullptr) budget->on_freed(bytes);
}

void Block::charge(base::MemoryShare share) {
  if (rep_->budget == nullptr || rep_->share == share) return;
  rep_->budget->take(share, memory_bytes());
  rep_->budget->give_back(rep_->share, memory_bytes());
  rep_->share = share;
}

Block::Cursor Block::begin(std::uint32_t first) const {
  Cursor cursor(payload_of(rep_), rep_->records);
  while (cursor.valid() && cursor.index() < first)
    cursor.next();
  return cursor;
}

RecordView Block::Cursor::record() const {
  const Header header = header_at(at_);
  RecordView record;
  const char* key = at_ + header_bytes;
  if ((header.flags & flag_explicit_hash_key) != 0) {
    base::u128 hash;
    std::memcpy(&hash, key, sizeof hash);
    record.explicit_hash_key = hash;
    key += hash_key_bytes;
  }
  record.has_partition_key = (header.flags & flag_no_partition_key) == 0;
  record.is_encrypted = (header.flags & flag_encrypted) != 0;
  record.partition_key = {key, header.key_size};
  record.data = {key + header.key_size, header.data_size};
  return record;
}

std::size_t Block::Cursor::user_bytes() const {
  const Header header = header_at(at_);
  return std::size_t{header.data_size} + header.key_size;
}

void Block::Cursor::next() {
  const Header header = header_at(at_);
  at_ += header_bytes + hash_size(header) + header.key_size + header.data_size;
  ++index_;
}

std::size_t BlockBuilder::encoded_size(std::size_t data_size, std::size_t key_size, bool has_explicit_hash_key) {
  return header_bytes + (has_explicit_hash_key ? hash_key_bytes : 0) + key_size + data_size;
}

Block::Rep* BlockBuilder::allocate(std::size_t payload_bytes) {
  assert(payload_bytes <= payload_bytes_max);
  void* const memory = std::malloc(sizeof(Block::Rep) + payload_bytes);
  if (memory == nullptr) return nullptr;
  auto* const rep = new (memory) Block::Rep;
  rep->payload_size = static_cast<std::uint32_t>(payload_bytes);
  return rep;
}

BlockBuilder::BlockBuilder(base::MemoryBudget* budget, std::size_t payload_bytes) {
  const std::size_t cost = Block::memory_bytes_of(payload_bytes);
  if (budget != nullptr && !budget->try_take(base::MemoryShare::append_queue, cost)) return;
  Block::Rep* const rep = allocate(payload_bytes);
  if (rep != nullptr) {
    rep->budget = budget;
    block_ = Block(rep);
  } else if (budget != nullptr) {
    budget->give_back(base::MemoryShare::append_queue, cost);
  }
}

BlockBuilder BlockBuilder::forced(base::MemoryBudget* budget, std::size_t payload_bytes) {
  Block::Rep* const rep = allocate(payload_bytes);
  if (rep == nullptr) throw std::bad_alloc();
  if (budget != nullptr) budget->take(base::MemoryShare::append_queue, Block::memory_bytes_of(payload_bytes));
  rep->budget = budget;
  BlockBuilder builder;
  builder.block_ = Block(rep);
  return builder;
}

std::optional<Block> BlockBuilder::from_payload(base::MemoryBudget* budget, base::MemoryShare share,
                                                std::span<const std::byte> payload, std::int64_t arrival_ms) {
  const char* const bytes = reinterpret_cast<const char*>(payload.data());
  std::size_t at = 0;
  std::uint32_t records = 0;
  std::size_t user_bytes = 0;
  while (at < payload.size()) {
    if (payload.size() - at < header_bytes) return std::nullopt;
    const Header header = header_at(bytes + at);
    const std::size_t user = std::size_t{header.data_size} + header.key_size;
    const std::size_t size = header_bytes + hash_size(header) + user;
    if (payload.size() - at < size) return std::nullopt;
    at += size;
    user_bytes += user;
    ++records;
  }
  if (payload.size() > payload_bytes_max) return std::nullopt;
  BlockBuilder builder = forced(budget, payload.size());
  if (!builder.ok()) return std::nullopt;
  Block::Rep& rep = *builder.block_.rep_;
  if (!payload.empty()) std::memcpy(Block::payload_of(&rep), payload.data(), payload.size());
  rep.records = records;
  rep.user_bytes = user_bytes;
  rep.arrival_ms = arrival_ms;
  builder.block_.charge(share);
  return std::move(builder.block_);
}

char* BlockBuilder::add(std::optional<std::string_view> partition_key, std::optional<base::u128> explicit_hash_key,
                        std::size_t data_size) {
  Block::Rep& rep = *block_.rep_;
  const std::string_view key = partition_key.value_or(std::string_view());
  assert(key.size() <= std::numeric_limits<std::uint16_t>::max());
  Header header{static_cast<std::uint32_t>(data_size), static_cast<std::uint16_t>(key.size()), 0, 0};
  if (explicit_hash_key) header.flags |= flag_explicit_hash_key;
  if (!partition_key) header.flags |= flag_no_partition_key;
  if (is_encrypted_) header.flags |= flag_encrypted;
  assert(used_ + encoded_size(data_size, key.size(), explicit_hash_key.has_value()) <= rep.payload_size);

  char* to = Block::payload_of(&rep) + used_;
  char* const begin = to;
  std::memcpy(to, &header, sizeof header);
  to += sizeof header;
  if (explicit_hash_key) {
    std::memcpy(to, &*explicit_hash_key, hash_key_bytes);
    to += hash_key_bytes;
  }
  if (!key.empty()) std::memcpy(to, key.data(), key.size());
  to += key.size();
  used_ += static_cast<std::size_t>(to - begin) + data_size;
  ++rep.records;
  rep.user_bytes += key.size() + data_size;
  return to;
}

void BlockBuilder::add_all(const Block& other) {
  Block::Rep& rep = *block_.rep_;
  const std::string_view payload = other.payload();
  assert(used_ + payload.size() <= rep.payload_size);
  std::memcpy(Block::payload_of(&rep) + used_, payload.data(), payload.size());
  used_ += payload.size();
  rep.records += other.record_count();
  rep.user_bytes += other.user_bytes();
}

Block BlockBuilder::finish() {
  assert(used_ == block_.rep_->payload_size);
  return std::move(block_);
}

}  // namespace millrace::log
