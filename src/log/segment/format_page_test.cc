#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <sstream>
#include <string>
#include <vector>

#include "io/system.h"
#include "log/segment/catalogue_snapshot.h"
#include "log/segment/folder.h"
#include "log/segment/segment_file.h"
#include "log/testing/segments.h"
#include "sim/sim_files.h"

// docs/formats/segment.md and folder.md are held against the code: their examples are what is written and are read
// back, and the tables of the segments have the sizes that the code has.
namespace millrace::log::segment {
namespace {

const std::string file_path = "/s/day-0000000000000001.seg";
constexpr SegmentHeader header{
    .segment_class = SegmentClass::day, .number = 1, .generation = 0x4d4d4d4d00000001, .created_ms = 5};

std::string page(const std::string& name) {
  const auto text = io::system_files()->read_all(MILLRACE_SOURCE_DIR "/docs/formats/" + name, 1 << 20);
  EXPECT_TRUE(text.has_value());
  return text.value_or("");
}

// Sixteen bytes a line behind their offset; lines of zeros are left out.
std::string dump(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view line = bytes.substr(at, 16);
    if (line.find_first_not_of('\0') == std::string_view::npos) continue;
    text += fmt::format("{:08x}:", at);
    for (const char c : line)
      text += fmt::format(" {:02x}", static_cast<unsigned char>(c));
    text += '\n';
  }
  return text;
}

// What the page shows between backquotes behind those words.
std::string shown(const std::string& text, const std::string& behind) {
  const std::size_t begin = text.find(behind + "\n```\n");
  EXPECT_NE(begin, std::string::npos) << behind;
  if (begin == std::string::npos) return "";
  const std::size_t first = begin + behind.size() + 5;
  return text.substr(first, text.find("```", first) - first);
}

// The bytes that the lines "offset: bytes" of a page give.
std::string bytes_of_dump(const std::string& text) {
  std::string bytes;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() < 10 || line[8] != ':' || line.find_first_not_of("0123456789abcdef") != 8) continue;
    bytes.resize(std::stoul(line.substr(0, 8), nullptr, 16));
    std::istringstream digits(line.substr(9));
    for (std::string two; digits >> two;)
      bytes.push_back(static_cast<char>(std::stoul(two, nullptr, 16)));
  }
  return bytes;
}

TEST(SegmentPageTest, TheExampleIsWhatIsWritten) {
  sim::SimFileSystem files;
  ASSERT_TRUE(files.make_directory("/s").has_value());
  auto file = SegmentFile::create(files, "/s", header, 8192);
  ASSERT_TRUE(file.has_value());
  const std::vector<NewBlock> blocks = {
      {.header = {.log = {.stream_uid = 3, .shard_no = 4}, .first = 1, .count = 1, .arrival_ms = 100},
       .payload = bytes_of("record 1")}};
  ASSERT_TRUE((*file)->append(1, blocks).has_value());
  ASSERT_TRUE((*file)->seal().has_value());
  const auto written = files.read_all(file_path, 8192);
  ASSERT_TRUE(written.has_value());
  EXPECT_EQ(dump(bytes_of_dump(page("segment.md"))), dump(*written));
}

TEST(SegmentPageTest, TheExampleIsReadBack) {
  sim::SimFileSystem files;
  ASSERT_TRUE(files.make_directory("/s").has_value());
  const std::string bytes = bytes_of_dump(page("segment.md"));
  auto made = files.open(file_path, io::OpenMode::create);
  ASSERT_TRUE((*made)->write_at(0, bytes_of(bytes)).has_value());
  auto file = SegmentFile::open(files, file_path);
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE((*file)->sealed());
  EXPECT_EQ((*file)->header().created_ms, 5);
  KeepingReporter reporter;
  std::vector<std::string> met;
  const auto result = (*file)->scan(
      {},
      [&](const ScannedBlock& block) {
        met.push_back(fmt::format("run {} uid {} shard {} first {} count {} arrival {}: {}", block.run,
                                  block.header.log.stream_uid, block.header.log.shard_no, block.header.first,
                                  block.header.count, block.header.arrival_ms, text_of(block.payload)));
      },
      reporter);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->sealed);
  EXPECT_TRUE(reporter.pieces.empty());
  EXPECT_EQ(met, std::vector<std::string>{"run 1 uid 3 shard 4 first 1 count 1 arrival 100: record 1"});
}

// Of each table: its fields stand one behind the other, and the last one ends where the header does.
TEST(SegmentPageTest, TheTablesHaveTheSizesOfTheCode) {
  std::vector<std::size_t> ends;
  std::size_t end = 0;
  std::istringstream lines(page("segment.md"));
  for (std::string line; std::getline(lines, line);) {
    std::size_t at = 0;
    std::size_t bytes = 0;
    if (std::sscanf(line.c_str(), "| %zu | %zu |", &at, &bytes) == 2) {
      EXPECT_EQ(at, end) << line;
      end = at + bytes;
    } else if (end > 0) {
      ends.push_back(end);
      end = 0;
    }
  }
  EXPECT_EQ(ends, (std::vector<std::size_t>{64, run_header_bytes, block_header_bytes}));
}

// The key of the example in docs/formats/folder.md.
class CountingBytes final : public io::Random {
 public:
  void fill(std::span<std::byte> into) override {
    for (std::size_t i = 0; i < into.size(); ++i)
      into[i] = static_cast<std::byte>(i);
  }
};

TEST(FolderPageTest, TheExampleIsWhatIsWrittenAndReadBack) {
  const std::string text = page("folder.md");
  sim::SimFileSystem files;
  CountingBytes random;
  ASSERT_TRUE(Folder::open("/d", files, random).has_value());
  EXPECT_EQ(shown(text, "`FORMAT`:"), dump(*files.read_all("/d/FORMAT", 100)));
  EXPECT_EQ(shown(text, "`KEY`:"), dump(*files.read_all("/d/KEY", 100)));
  EXPECT_EQ(shown(text, "`catalogue/" + snapshot_name(42) + "`:"), dump(encode_snapshot(42, "state")));

  const std::string snapshot = bytes_of_dump(shown(text, "`catalogue/" + snapshot_name(42) + "`:"));
  EXPECT_EQ(decode_snapshot(42, snapshot), "state");
  EXPECT_FALSE(decode_snapshot(43, snapshot).has_value());
  for (std::size_t bit = 0; bit < snapshot.size() * 8; ++bit) {
    std::string damaged = snapshot;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(decode_snapshot(42, damaged), "state") << "one copy is damaged at bit " << bit;
    const std::size_t other = (bit / 8 + snapshot.size() / 2) % snapshot.size();
    damaged[other] = static_cast<char>(damaged[other] ^ 1);
    EXPECT_FALSE(decode_snapshot(42, damaged).has_value()) << "both copies are damaged at bit " << bit;
  }
}

}  // namespace
}  // namespace millrace::log::segment
