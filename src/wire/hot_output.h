#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "model/sequence_number.h"
#include "model/shard_id.h"

// What the encoders of the hot answers write with.
namespace millrace::wire::hot {

// Writes into a buffer whose size was reckoned beforehand, so that nothing is checked here.
class Output {
 public:
  explicit Output(char* to) : at_(to) {}

  char* at() const { return at_; }
  void skip(std::size_t bytes) { at_ += bytes; }

  // A literal, without its terminating zero.
  template <std::size_t n>
  void put(const char (&text)[n]) {
    std::memcpy(at_, text, n - 1);
    at_ += n - 1;
  }
  void put(char c) { *at_++ = c; }
  void put(std::string_view text) {
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put_shard_id(model::ShardNo shard) {
    model::write_shard_id(shard, at_);
    at_ += model::shard_id_chars;
  }
  void put_decimal(std::int64_t value) { at_ = std::to_chars(at_, at_ + decimal_chars_max, value).ptr; }

  static constexpr std::size_t decimal_chars_max = 20;

 private:
  char* at_;
};

// Makes a string of at most `size_max` bytes, which `write(output)` fills.
template <class Write>
std::string made(std::size_t size_max, Write write) {
  std::string text;
  text.resize_and_overwrite(size_max, [&write](char* to, std::size_t) {
    Output out(to);
    write(out);
    return static_cast<std::size_t>(out.at() - to);
  });
  return text;
}

// Turns sequence numbers into text. The numbers of an answer are runs of neighbouring positions, a run for each shard,
// which may be interleaved; in a run each number costs an addition instead of divisions.
class SequenceNumberTexts {
 public:
  void write(const model::SequenceNumber& number, char* to) {
    Run& run = runs_[number.shard % runs_.size()];
    if (!run.writer || run.next != number) run.writer.emplace(number);
    run.writer->write_next(to);
    run.next = number;
    ++run.next.position;
  }

 private:
  struct Run {
    std::optional<model::SequenceNumberWriter> writer;
    model::SequenceNumber next;
  };
  // Shards beyond these share runs, which is slower and nothing worse.
  std::array<Run, 32> runs_;
};

}  // namespace millrace::wire::hot
