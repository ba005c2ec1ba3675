#include "log/segment/segment_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

namespace millrace::log::segment {
namespace {

constexpr std::string_view class_names[segment_class_count] = {"day", "week", "month", "year", "catalogue"};
constexpr std::string_view suffix = ".seg";
constexpr std::size_t number_digits = 16;
constexpr std::size_t kept_buffer_max = std::size_t{4} << 20;  // what a file keeps for its next run

std::uint32_t size_of(const NewBlock& block) {
  return static_cast<std::uint32_t>(block_header_bytes + block.payload.size());
}

base::Result<void> begin_life(io::File& file, const SegmentHeader& header, std::uint64_t capacity) {
  std::array<std::byte, segment_header_bytes> page{};
  encode(header, page);
  // What a block of any age is read by has no neighbours that are asked for next.
  file.expect_random_reads();
  if (auto done = file.allocate(0, capacity); !done) return done;
  if (auto done = file.write_at(0, page); !done) return done;
  return file.sync();
}

}  // namespace

std::string SegmentFile::name_of(SegmentClass segment_class, std::uint64_t number) {
  return fmt::format("{}-{:016x}{}", class_names[static_cast<std::size_t>(segment_class)], number, suffix);
}

std::optional<std::pair<SegmentClass, std::uint64_t>> SegmentFile::parse_name(std::string_view name) {
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || name.size() != dash + 1 + number_digits + suffix.size()) return {};
  const auto found = std::ranges::find(class_names, name.substr(0, dash));
  if (found == std::end(class_names)) return {};
  const auto segment_class = static_cast<SegmentClass>(found - std::begin(class_names));
  std::uint64_t number = 0;
  const char* digits = name.data() + dash + 1;
  const auto parsed = std::from_chars(digits, digits + number_digits, number, 16);
  if (parsed.ec != std::errc() || name != name_of(segment_class, number)) return {};
  return std::pair(segment_class, number);
}

std::uint64_t SegmentFile::run_bytes(std::span<const NewBlock> blocks) {
  std::uint64_t bytes = run_header_bytes;
  for (const NewBlock& block : blocks)
    bytes += aligned(size_of(block));
  return bytes;
}

SegmentFile::SegmentFile(std::shared_ptr<io::File> file, std::string path, const SegmentHeader& header,
                         std::uint64_t capacity, bool appendable)
    : file_(std::move(file)),
      path_(std::move(path)),
      header_(header),
      capacity_(capacity),
      appendable_(appendable),
      end_(appendable ? segment_header_bytes : 0),
      synced_end_(appendable ? segment_header_bytes : 0) {}

base::Result<std::shared_ptr<SegmentFile>> SegmentFile::create(io::FileSystem& files, const std::string& folder,
                                                               const SegmentHeader& header, std::uint64_t capacity) {
  const std::string path = folder + "/" + name_of(header.segment_class, header.number);
  auto file = files.open(path, io::OpenMode::create_new);
  if (!file) return base::fail(std::move(file.error()));
  auto done = begin_life(**file, header, capacity);
  // The name must be there before a block is acknowledged that stands in the file.
  if (done) done = files.sync_directory(folder);
  if (!done) {
    // Best done at once: a start would remove it, too, and until then it takes space.
    file->reset();
    static_cast<void>(files.remove(path));
    return base::fail(std::move(done.error()));
  }
  return std::make_shared<SegmentFile>(std::move(*file), path, header, capacity, true);
}

base::Result<std::shared_ptr<SegmentFile>> SegmentFile::recycle(const std::shared_ptr<SegmentFile>& old,
                                                                const SegmentHeader& header, std::uint64_t capacity) {
  // Before the first byte changes, so that a late reader takes what it then finds for gone and not for damaged.
  old->retire();
  if (auto done = begin_life(*old->file_, header, capacity); !done) return base::fail(std::move(done.error()));
  const auto size = old->file_->size();
  if (!size) return base::fail(size.error());
  return std::make_shared<SegmentFile>(old->file_, old->path_, header, *size, true);
}

base::Result<std::shared_ptr<SegmentFile>> SegmentFile::open(io::FileSystem& files, const std::string& path) {
  auto file = files.open(path, io::OpenMode::write);
  if (!file) return base::fail(std::move(file.error()));
  std::array<std::byte, segment_header_bytes> page{};
  const auto got = (*file)->read_at(0, page);
  if (!got) return base::fail(got.error());
  const auto header = decode_segment_header(std::span(page).first(*got));
  if (!header) return base::fail(base::Errc::data_loss, path + " has no whole segment header");
  const auto size = (*file)->size();
  if (!size) return base::fail(size.error());
  (*file)->expect_random_reads();
  auto segment = std::make_shared<SegmentFile>(std::move(*file), path, *header, *size, false);
  if (auto done = segment->find_seal(); !done) return base::fail(std::move(done.error()));
  return segment;
}

base::Result<void> SegmentFile::find_seal() {
  if (capacity_ < segment_header_bytes + run_header_bytes) return {};
  const std::uint64_t at = capacity_ - run_header_bytes;
  std::array<std::byte, run_header_bytes> bytes{};
  const auto got = file_->read_at(at, bytes);
  if (!got) return base::fail(got.error());
  const auto run = decode_run_header(std::span(bytes).first(*got), header_.generation, at);
  if (!run || (run->flags & RunHeader::sealed) == 0) return {};
  end_ = synced_end_ = at;
  last_run_ = run->number;
  sealed_ = true;
  return {};
}

bool SegmentFile::fits(std::uint64_t bytes) const {
  const std::uint64_t end = end_;
  return appendable_ && !sealed_ && end + bytes + run_header_bytes <= capacity_;
}

base::Result<void> SegmentFile::refuse() const {
  return base::fail(base::Errc::closed, path_ + (sealed_ ? " is sealed" : " takes no more runs"));
}

std::unexpected<base::Error> SegmentFile::fail_with(base::Error why) {
  failed_ = true;
  appendable_ = false;
  // Room was made before the first byte: `full` would promise that nothing has changed.
  why.code = base::Errc::io;
  return base::fail(std::move(why));
}

base::Result<std::vector<Placed>> SegmentFile::append(std::uint64_t run_number, std::span<const NewBlock> blocks) {
  if (sealed_ || !appendable_) return base::fail(refuse().error());
  const std::uint64_t bytes = run_bytes(blocks);
  if (bytes - run_header_bytes > run_bytes_max) {
    return base::fail(base::Errc::too_large, fmt::format("a run of {} bytes is over {}", bytes, run_bytes_max));
  }
  if (!fits(bytes)) return base::fail(base::Errc::full, path_ + " has no room for the run");

  const std::uint64_t begin = end_;
  buffer_.resize(bytes);
  const std::span<std::byte> to = buffer_;
  encode(RunHeader{.generation = header_.generation,
                   .offset = begin,
                   .number = run_number,
                   .synced_end = synced_end_,
                   .bytes = static_cast<std::uint32_t>(bytes - run_header_bytes),
                   .blocks = static_cast<std::uint32_t>(blocks.size()),
                   .flags = 0},
         to.first<run_header_bytes>());
  std::vector<Placed> placed;
  placed.reserve(blocks.size());
  std::size_t at = run_header_bytes;
  for (const NewBlock& block : blocks) {
    BlockHeader header = block.header;
    header.generation = header_.generation;
    header.offset = begin + at;
    encode(header, block.payload, to.subspan(at).first<block_header_bytes>());
    const std::uint32_t size = size_of(block);
    if (!block.payload.empty()) {
      std::memcpy(to.data() + at + block_header_bytes, block.payload.data(), block.payload.size());
    }
    std::ranges::fill(to.subspan(at + size, aligned(size) - size), std::byte{0});
    placed.push_back({.segment = header_.number, .generation = header_.generation, .offset = begin + at, .size = size});
    at += aligned(size);
  }

  auto written = file_->write_at(begin, to);
  if (buffer_.capacity() > kept_buffer_max) buffer_ = std::vector<std::byte>();  // `= {}` would keep the memory
  if (!written) return fail_with(std::move(written.error()));
  last_run_ = run_number;
  end_ = begin + bytes;
  return placed;
}

base::Result<void> SegmentFile::sync() {
  if (failed_) return refuse();
  const std::uint64_t end = end_;  // what is appended beside the sync is not known to be covered by it
  if (auto done = file_->sync(); !done) return fail_with(std::move(done.error()));
  synced_end_ = end;
  return {};
}

base::Result<void> SegmentFile::seal() {
  const std::uint64_t at = end_;
  if (sealed_ || failed_ || at < segment_header_bytes) return refuse();
  // What stands before the seal is on the disk before the seal says so.
  if (synced_end_ < at) {
    if (auto done = sync(); !done) return done;
  }
  appendable_ = false;
  std::array<std::byte, run_header_bytes> seal{};
  encode(RunHeader{.generation = header_.generation,
                   .offset = at,
                   .number = last_run_,
                   .synced_end = at,
                   .bytes = 0,
                   .blocks = 0,
                   .flags = RunHeader::sealed},
         seal);
  if (auto done = file_->write_at(at, seal); !done) return fail_with(std::move(done.error()));
  if (auto done = file_->sync(); !done) return fail_with(std::move(done.error()));
  sealed_ = true;
  buffer_ = std::vector<std::byte>();  // a set has many that are sealed
  return file_->truncate(at + run_header_bytes);
}

base::Result<BlockHeader> SegmentFile::read_block(std::uint64_t generation, std::uint64_t offset,
                                                  std::span<std::byte> into) const {
  const auto gone = [&] { return base::fail(base::Errc::not_found, path_ + " has another life by now"); };
  if (generation != header_.generation) return gone();
  const auto got = file_->read_at(offset, into);
  if (!got) return base::fail(got.error());
  const auto header = decode_block(into.first(*got), generation, offset);
  if (!header || header->payload_bytes + block_header_bytes != into.size()) {
    if (retired_) return gone();
    return base::fail(base::Errc::data_loss, fmt::format("{} is damaged at offset {}", path_, offset));
  }
  if (header->codec != 0 || header->key_id != 0) {
    return base::fail(base::Errc::data_loss, fmt::format("{} has a block of codec {} under key {} at offset {}, which "
                                                         "this program does not know",
                                                         path_, header->codec, header->key_id, offset));
  }
  return *header;
}

base::Result<std::size_t> SegmentFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  return file_->read_at(offset, into);
}

void SegmentFile::will_need(std::uint64_t offset, std::uint64_t bytes) const {
  file_->will_need(offset, bytes);
}

base::Result<std::uint64_t> SegmentFile::allocated() const {
  return file_->allocated();
}

base::Result<ScanResult> SegmentFile::scan(ScanFrom from, const std::function<void(const ScannedBlock&)>& on_block,
                                           Reporter& reporter) {
  auto result = scan_segment(*file_, path_, header_, from, on_block, reporter);
  if (result && end_ == 0) {
    // A power cut took the cut behind the seal.
    const std::uint64_t size = result->end + run_header_bytes;
    if (result->sealed && size < capacity_) {
      if (auto done = file_->truncate(size); !done) return base::fail(std::move(done.error()));
    }
    last_run_ = result->last_run;
    synced_end_ = result->sealed ? result->end : 0;
    sealed_ = result->sealed;
    end_ = result->end;
  }
  return result;
}

base::Result<void> SegmentFile::punch(std::uint64_t offset, std::uint64_t bytes) {
  if (!sealed_) return base::fail(base::Errc::invalid_argument, path_ + " is not sealed");
  return file_->punch(offset, bytes);
}

}  // namespace millrace::log::segment
