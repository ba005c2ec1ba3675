#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "log/segment/format.h"
#include "log/segment/segment_scan.h"

namespace millrace::log::segment {

// A block on its way into a segment. The segment fills in the header's generation, offset and payload_bytes.
struct NewBlock {
  BlockHeader header;
  std::span<const std::byte> payload{};
};

// Where a block stands.
struct Placed {
  std::uint64_t segment = 0;  // number
  std::uint64_t generation = 0;
  std::uint64_t offset = 0;  // of its header
  std::uint32_t size = 0;    // header and payload
};

// One life of one segment file. A file that was made or recycled by this process takes runs; one that was opened is
// only read and sealed, so that nothing is ever written behind what a crash may have left.
//
// Threads: append is one thread's at a time, and so is sync; both may run beside each other. seal comes once nobody
// appends. Reads are any thread's, at any time, beside them.
class SegmentFile {
 public:
  static std::string name_of(SegmentClass segment_class, std::uint64_t number);  // "day-000000000000002a.seg"
  static std::optional<std::pair<SegmentClass, std::uint64_t>> parse_name(std::string_view name);
  // Bytes that a run with these blocks takes.
  static std::uint64_t run_bytes(std::span<const NewBlock> blocks);

  // Makes the file with its header and `capacity` bytes reserved; file and folder are synced when this returns. After
  // an error there is no such file.
  static base::Result<std::shared_ptr<SegmentFile>> create(io::FileSystem& files, const std::string& folder,
                                                           const SegmentHeader& header, std::uint64_t capacity);
  // Begins another life of a file that holds nothing live: `header` has its number and a generation never used before.
  // From the call on `old` finds nothing. A file that is larger keeps its size. Synced when this returns; after an
  // error nobody knows which life the file has.
  static base::Result<std::shared_ptr<SegmentFile>> recycle(const std::shared_ptr<SegmentFile>& old,
                                                            const SegmentHeader& header, std::uint64_t capacity);
  // data_loss where the file has no good header. One that ends with its seal is known to be sealed from here on; any
  // other has to be scanned before it can be sealed.
  static base::Result<std::shared_ptr<SegmentFile>> open(io::FileSystem& files, const std::string& path);

  SegmentFile(std::shared_ptr<io::File> file, std::string path, const SegmentHeader& header, std::uint64_t capacity,
              bool appendable);

  const SegmentHeader& header() const { return header_; }
  const std::string& path() const { return path_; }
  std::uint64_t capacity() const { return capacity_; }
  // Where the next run goes. Of an opened file that is not sealed: 0 until it was scanned.
  std::uint64_t end() const { return end_; }
  // Number of the last run that was written or, in an opened file, met by a scan; 0: none.
  std::uint64_t last_run() const { return last_run_; }
  std::uint64_t synced_end() const { return synced_end_; }
  bool sealed() const { return sealed_; }
  // Whether a run with so many bytes and a seal behind it have room.
  bool fits(std::uint64_t bytes) const;

  // Writes one run by one write. Errors: too_large (over run_bytes_max), full (does not fit), closed (sealed, opened or
  // failed before), or io: then nobody knows what was written and the file takes nothing more.
  base::Result<std::vector<Placed>> append(std::uint64_t run_number, std::span<const NewBlock> blocks);
  // Every run appended before is on the disk when this returns. After an error (io, also where the disk is full) the
  // file takes nothing more.
  base::Result<void> sync();
  // Ends the segment at end(): syncs what is before, writes the seal (with the number of the last run), syncs it, and
  // gives back the space behind it.
  base::Result<void> seal();

  // Fills `into` with the block at `offset` and checks it whole; the payload begins at block_header_bytes. Errors:
  // not_found (the file has another life by now), data_loss (damaged, or codec or key unknown; the message says which).
  base::Result<BlockHeader> read_block(std::uint64_t generation, std::uint64_t offset, std::span<std::byte> into) const;
  // Bytes as they are, for a reader that takes several neighbouring blocks by one read and checks each by decode_block.
  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const;
  // A hint that the range will be read soon.
  void will_need(std::uint64_t offset, std::uint64_t bytes) const;
  // Bytes it takes on the disk.
  base::Result<std::uint64_t> allocated() const;
  // See scan_segment. Sets end() and sealed() of an opened file, and cuts it off behind its seal where that is still to
  // be done.
  base::Result<ScanResult> scan(ScanFrom from, const std::function<void(const ScannedBlock&)>& on_block,
                                Reporter& reporter);
  // Gives whole file-system blocks inside the range back. Only of a sealed segment, and only what no index row names.
  base::Result<void> punch(std::uint64_t offset, std::uint64_t bytes);
  // The file holds nothing live and may be recycled or removed: reads that find nothing say not_found from here on.
  void retire() { retired_.store(true); }
  bool retired() const { return retired_.load(); }
  // For Mutations::append_after_recovery alone.
  void take_runs_again() { appendable_ = true; }

 private:
  base::Result<void> refuse() const;
  // Nobody knows what reached the disk: the file takes nothing more.
  std::unexpected<base::Error> fail_with(base::Error why);
  // A sealed file ends with its seal.
  base::Result<void> find_seal();

  const std::shared_ptr<io::File> file_;
  const std::string path_;
  const SegmentHeader header_;
  const std::uint64_t capacity_;
  std::atomic<bool> appendable_;
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> end_;
  std::atomic<std::uint64_t> synced_end_;
  std::atomic<std::uint64_t> last_run_ = 0;
  std::atomic<bool> sealed_ = false;
  std::atomic<bool> retired_ = false;
  std::vector<std::byte> buffer_;  // of the run being written; kept for the next
};

}  // namespace millrace::log::segment
