#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "io/system.h"
#include "log/segment/index_codec.h"

// docs/formats/index.md is held against the code: its example is what is written, and what is read back.
namespace millrace::log::segment {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes)
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string bytes_of_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoul(std::string(text.substr(at, 2)), nullptr, 16)));
  return bytes;
}

constexpr LogId log{.stream_uid = 3, .shard_no = 4};

// As the page says it in words.
std::vector<IndexRow> example_rows() {
  constexpr std::uint64_t generation = 0x4d4d4d4d00000001;
  return {{.log = log,
           .first = 1,
           .count = 1,
           .arrival_ms = 100,
           .segment = 1,
           .generation = generation,
           .offset = 4160,
           .size = 80},
          {.log = log,
           .first = 2,
           .count = 300,
           .arrival_ms = 107,
           .segment = 1,
           .generation = generation,
           .offset = 4304,
           .size = 5000}};
}
constexpr LogRow example_log{.log = log,
                             .config = {.retention = std::chrono::hours(24), .record_bytes_max = 1 << 20},
                             .epoch = 7,
                             .closed = false,
                             .tail = 301,
                             .last_arrival_ms = 107,
                             .first = 1};
constexpr SegmentUsage example_usage{
    .segment = 1, .generation = 0x4d4d4d4d00000001, .indexed_end = 9304, .live_bytes = 5080};
constexpr Watermark example_watermark{.run = 2};

std::vector<IndexEntry> example_entries() {
  std::vector<IndexEntry> entries = pack(example_rows());
  entries.push_back({log_key(log), encode(example_log)});
  entries.push_back({usage_key(1), encode(example_usage)});
  entries.push_back({value_key("incarnation"), encode_value("incarnation", "1")});
  entries.push_back({watermark_key(), encode(example_watermark)});
  std::ranges::sort(entries, {}, &IndexEntry::key);
  return entries;
}

std::string page() {
  const auto text = io::system_files()->read_all(MILLRACE_SOURCE_DIR "/docs/formats/index.md", 1 << 20);
  EXPECT_TRUE(text.has_value());
  return text.value_or("");
}

// The lines "key = value" of the page.
std::vector<IndexEntry> shown_entries() {
  std::vector<IndexEntry> entries;
  std::istringstream lines(page());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t middle = line.find(" = ");
    if (middle == std::string::npos || line.find_first_not_of("0123456789abcdef") != middle) continue;
    entries.push_back({bytes_of_hex(line.substr(0, middle)), bytes_of_hex(line.substr(middle + 3))});
  }
  return entries;
}

TEST(IndexPageTest, TheExampleIsWhatIsWritten) {
  std::string written;
  for (const IndexEntry& entry : example_entries())
    written += fmt::format("{} = {}\n", hex(entry.key), hex(entry.value));
  EXPECT_NE(page().find("```\n" + written + "```\n"), std::string::npos) << written;
}

TEST(IndexPageTest, TheExampleIsReadBack) {
  const auto entries = shown_entries();
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(decode_log(entries[0].key, entries[0].value), example_log);
  EXPECT_EQ(unpack(entries[1].key, entries[1].value), example_rows());
  EXPECT_EQ(decode_usage(entries[2].key, entries[2].value), example_usage);
  EXPECT_EQ(decode_value("incarnation", entries[3].value), "1");
  EXPECT_EQ(decode_watermark(entries[4].value), example_watermark);
}

TEST(IndexPageTest, TheMaximaAreThoseOfTheCode) {
  EXPECT_NE(page().find(fmt::format("{} blocks", entry_rows_max)), std::string::npos);
  EXPECT_NE(page().find(fmt::format("{} KiB", entry_block_bytes_max >> 10)), std::string::npos);
}

}  // namespace
}  // namespace millrace::log::segment
