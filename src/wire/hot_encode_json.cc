#include <algorithm>
#include <string>

#include "base/base64.h"
#include "wire/errors.h"
#include "wire/hot_encoders.h"
#include "wire/hot_output.h"
#include "wire/hot_scan.h"

namespace millrace::wire::hot::json {
namespace {

// The escape of a byte that is_escaped: two characters for a quote and a backslash, six for a control character.
constexpr std::size_t escape_size(char c) {
  return c == '"' || c == '\\' ? 2 : 6;
}

// What put_text writes for `text`.
std::size_t text_size(std::string_view text) {
  std::size_t size = text.size();
  const char* const end = text.data() + text.size();
  for (const char* at = find_escaped(text.data(), end); at != end; at = find_escaped(at + 1, end)) {
    size += escape_size(*at) - 1;
  }
  return size;
}

// The text as a JSON string without its quotes. It is UTF-8 and stays so.
void put_text(Output& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  const char* from = text.data();
  const char* const end = from + text.size();
  for (;;) {
    const char* const at = find_escaped(from, end);
    out.put(std::string_view(from, at));
    if (at == end) return;
    if (escape_size(*at) == 2) {
      out.put('\\');
      out.put(*at);
    } else {
      const auto byte = static_cast<unsigned char>(*at);
      out.put("\\u00");
      out.put(hex[byte >> 4]);
      out.put(hex[byte & 0xf]);
    }
    from = at + 1;
  }
}

// Milliseconds as seconds with exactly three decimals. Records that arrived together show the same time, so the last
// text is kept.
class SecondsText {
 public:
  // At most this many bytes are written at out.at(), of which some may lie beyond the text.
  static constexpr std::size_t chars_max = 24;

  void put(Output& out, std::int64_t ms) {
    if (size_ == 0 || ms != ms_) make(ms);
    std::memcpy(out.at(), text_.data(), chars_max);
    out.skip(size_);
  }

 private:
  void make(std::int64_t ms) {
    ms_ = ms;
    char* at = text_.data();
    std::uint64_t size = static_cast<std::uint64_t>(ms);
    if (ms < 0) {
      *at++ = '-';
      size = 0 - size;
    }
    at = std::to_chars(at, text_.data() + text_.size(), size / 1'000).ptr;
    const auto rest = static_cast<int>(size % 1'000);
    *at++ = '.';
    *at++ = static_cast<char>('0' + rest / 100);
    *at++ = static_cast<char>('0' + rest / 10 % 10);
    *at++ = static_cast<char>('0' + rest % 10);
    size_ = static_cast<std::size_t>(at - text_.data());
  }

  std::int64_t ms_ = 0;
  std::size_t size_ = 0;
  std::array<char, chars_max> text_{};
};

// Every entry ends in a comma, which gives way to the closing bracket after the last.
void close_list(Output& out, bool is_empty) {
  if (!is_empty) out = Output(out.at() - 1);
  out.put(']');
}

// Of the fixed parts of an answer's pieces, rounded up.
constexpr std::size_t put_frame_max = 64;
constexpr std::size_t put_entry_max = 128;
constexpr std::size_t error_entry_max = 40;
constexpr std::size_t page_record_max = 192;
constexpr std::size_t page_frame_max = 128;
constexpr std::string_view encrypted = R"(,"EncryptionType":"KMS")";
constexpr std::size_t child_max = 160;
constexpr std::size_t parent_max = model::shard_id_chars + 3;

void put_child(Output& out, const PageTail::Child& child) {
  out.put(R"({"ShardId":")");
  out.put_shard_id(child.shard);
  out.put(R"(","ParentShards":[)");
  for (const model::ShardNo parent : child.parents) {
    out.put('"');
    out.put_shard_id(parent);
    out.put("\",");
  }
  close_list(out, child.parents.empty());
  out.put(R"(,"HashKeyRange":{"StartingHashKey":")");
  put_text(out, child.starting_hash_key);
  out.put(R"(","EndingHashKey":")");
  put_text(out, child.ending_hash_key);
  out.put("\"}},");
}

std::size_t tail_size_max(const PageTail& tail) {
  std::size_t size = page_frame_max + text_size(tail.next_shard_iterator);
  for (const PageTail::Child& child : tail.children) {
    size += child_max + parent_max * child.parents.size() + text_size(child.starting_hash_key) +
            text_size(child.ending_hash_key);
  }
  return size;
}

void put_tail(Output& out, const PageTail& tail) {
  if (!tail.next_shard_iterator.empty()) {
    out.put(R"(,"NextShardIterator":")");
    put_text(out, tail.next_shard_iterator);
    out.put('"');
  }
  out.put(R"(,"MillisBehindLatest":)");
  out.put_decimal(tail.millis_behind_latest);
  if (!tail.children.empty()) {
    out.put(R"(,"ChildShards":[)");
    for (const PageTail::Child& child : tail.children)
      put_child(out, child);
    close_list(out, false);
  }
  out.put('}');
}

}  // namespace

std::string put_record(const model::SequenceNumber& number, bool is_encrypted) {
  return made(put_entry_max + encrypted.size(), [&](Output& out) {
    out.put(R"({"SequenceNumber":")");
    model::SequenceNumberWriter(number).write_next(out.at());
    out.skip(model::sequence_number_digits);
    out.put(R"(","ShardId":")");
    out.put_shard_id(number.shard);
    out.put('"');
    if (is_encrypted) out.put(encrypted);
    out.put('}');
  });
}

std::string put_records(const std::vector<PutOutcome>& outcomes, bool is_encrypted) {
  std::size_t size_max = put_frame_max + encrypted.size() + put_entry_max * outcomes.size();
  std::int64_t failed = 0;
  for (const PutOutcome& outcome : outcomes) {
    if (outcome.error == nullptr) continue;
    ++failed;
    const EntryError error = entry_error(*outcome.error);
    size_max += error_entry_max + text_size(error.code) + text_size(error.message);
  }
  return made(size_max, [&](Output& out) {
    SequenceNumberTexts numbers;
    out.put(R"({"FailedRecordCount":)");
    out.put_decimal(failed);
    out.put(R"(,"Records":[)");
    for (const PutOutcome& outcome : outcomes) {
      if (outcome.error == nullptr) {
        out.put(R"({"SequenceNumber":")");
        numbers.write(outcome.number, out.at());
        out.skip(model::sequence_number_digits);
        out.put(R"(","ShardId":")");
        out.put_shard_id(outcome.number.shard);
      } else {
        const EntryError error = entry_error(*outcome.error);
        out.put(R"({"ErrorCode":")");
        put_text(out, error.code);
        out.put(R"(","ErrorMessage":")");
        put_text(out, error.message);
      }
      out.put("\"},");
    }
    close_list(out, outcomes.empty());
    if (is_encrypted) out.put(encrypted);
    out.put('}');
  });
}

std::string get_records(std::int64_t created_s, model::ShardNo shard, const std::vector<PageRecord>& records,
                        const PageTail& tail) {
  std::size_t size_max = tail_size_max(tail) + page_record_max * records.size();
  for (const PageRecord& record : records) {
    size_max += base::base64_encoded_size(record.data.size()) + text_size(record.partition_key) +
                (record.is_encrypted ? encrypted.size() : 0);
  }
  return made(size_max, [&](Output& out) {
    SequenceNumberTexts numbers;
    SecondsText seconds;
    out.put(R"({"Records":[)");
    for (const PageRecord& record : records) {
      out.put(R"({"SequenceNumber":")");
      numbers.write(
          {.created_s = created_s, .shard = shard, .position = record.position, .time_s = record.arrival_ms / 1'000},
          out.at());
      out.skip(model::sequence_number_digits);
      out.put(R"(","ApproximateArrivalTimestamp":)");
      seconds.put(out, record.arrival_ms);
      out.put(R"(,"Data":")");
      base::base64_encode(record.data, out.at());
      out.skip(base::base64_encoded_size(record.data.size()));
      if (record.has_partition_key) {
        out.put(R"(","PartitionKey":")");
        put_text(out, record.partition_key);
      }
      out.put('"');
      if (record.is_encrypted) out.put(encrypted);
      out.put("},");
    }
    close_list(out, records.empty());
    put_tail(out, tail);
  });
}

}  // namespace millrace::wire::hot::json
