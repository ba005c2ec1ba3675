#include <string>

#include "wire/errors.h"
#include "wire/hot_encoders.h"
#include "wire/hot_output.h"

namespace millrace::wire::hot::cbor {
namespace {

constexpr unsigned major_unsigned = 0;
constexpr unsigned major_negative = 1;
constexpr unsigned major_bytes = 2;
constexpr unsigned major_text = 3;

constexpr std::size_t head_max = 9;  // an initial byte and eight of a number

// The initial byte of a major type and its number, in the shortest form.
void put_head(Output& out, unsigned major, std::uint64_t number) {
  const auto initial = [&](unsigned low) { out.put(static_cast<char>(major << 5 | low)); };
  int bytes = 0;
  if (number < 24) {
    initial(static_cast<unsigned>(number));
  } else if (number <= 0xff) {
    initial(24);
    bytes = 1;
  } else if (number <= 0xffff) {
    initial(25);
    bytes = 2;
  } else if (number <= 0xffff'ffff) {
    initial(26);
    bytes = 4;
  } else {
    initial(27);
    bytes = 8;
  }
  while (bytes-- != 0)
    out.put(static_cast<char>(number >> (8 * bytes)));
}

void put_text(Output& out, std::string_view text) {
  put_head(out, major_text, text.size());
  out.put(text);
}

void put_integer(Output& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  put_head(out, value < 0 ? major_negative : major_unsigned, value < 0 ? ~bits : bits);
}

constexpr char open_map = '\xbf';  // of indefinite length, as is what the service writes
constexpr char open_list = '\x9f';
constexpr char close = '\xff';
constexpr char milliseconds_tag = '\xc1';

// The head of a text of a size that is known here.
template <std::size_t size>
void put_text_head(Output& out) {
  static_assert(size <= 0xff);
  if constexpr (size < 24) {
    out.put(static_cast<char>(major_text << 5 | size));
  } else {
    out.put(static_cast<char>(major_text << 5 | 24));
    out.put(static_cast<char>(size));
  }
}

template <std::size_t n>
void put_name(Output& out, const char (&name)[n]) {
  put_text_head<n - 1>(out);
  out.put(name);
}

// Of the fixed parts of an answer's pieces, rounded up.
constexpr std::size_t put_frame_max = 64;
constexpr std::size_t put_entry_max = 128;
constexpr std::size_t error_entry_max = 32 + 2 * head_max;
constexpr std::size_t page_record_max = 160 + 3 * head_max;
constexpr std::size_t page_frame_max = 96 + 2 * head_max;
constexpr std::size_t encrypted_max = 20;  // the member and its value
constexpr std::size_t child_max = 128 + 2 * head_max;
constexpr std::size_t parent_max = model::shard_id_chars + 1;

void put_encrypted(Output& out) {
  put_name(out, "EncryptionType");
  put_name(out, "KMS");
}

void put_shard_id(Output& out, model::ShardNo shard) {
  put_text_head<model::shard_id_chars>(out);
  out.put_shard_id(shard);
}

void put_child(Output& out, const PageTail::Child& child) {
  out.put(open_map);
  put_name(out, "ShardId");
  put_shard_id(out, child.shard);
  put_name(out, "ParentShards");
  out.put(open_list);
  for (const model::ShardNo parent : child.parents)
    put_shard_id(out, parent);
  out.put(close);
  put_name(out, "HashKeyRange");
  out.put(open_map);
  put_name(out, "StartingHashKey");
  put_text(out, child.starting_hash_key);
  put_name(out, "EndingHashKey");
  put_text(out, child.ending_hash_key);
  out.put(close);
  out.put(close);
}

std::size_t tail_size_max(const PageTail& tail) {
  std::size_t size = page_frame_max + tail.next_shard_iterator.size();
  for (const PageTail::Child& child : tail.children) {
    size +=
        child_max + parent_max * child.parents.size() + child.starting_hash_key.size() + child.ending_hash_key.size();
  }
  return size;
}

void put_tail(Output& out, const PageTail& tail) {
  if (!tail.next_shard_iterator.empty()) {
    put_name(out, "NextShardIterator");
    put_text(out, tail.next_shard_iterator);
  }
  put_name(out, "MillisBehindLatest");
  put_integer(out, tail.millis_behind_latest);
  if (!tail.children.empty()) {
    put_name(out, "ChildShards");
    out.put(open_list);
    for (const PageTail::Child& child : tail.children)
      put_child(out, child);
    out.put(close);
  }
  out.put(close);
}

}  // namespace

std::string put_record(const model::SequenceNumber& number, bool is_encrypted) {
  return made(put_entry_max + encrypted_max, [&](Output& out) {
    out.put(open_map);
    put_name(out, "SequenceNumber");
    put_text_head<model::sequence_number_digits>(out);
    model::SequenceNumberWriter(number).write_next(out.at());
    out.skip(model::sequence_number_digits);
    put_name(out, "ShardId");
    put_shard_id(out, number.shard);
    if (is_encrypted) put_encrypted(out);
    out.put(close);
  });
}

std::string put_records(const std::vector<PutOutcome>& outcomes, bool is_encrypted) {
  std::size_t size_max = put_frame_max + encrypted_max + put_entry_max * outcomes.size();
  std::int64_t failed = 0;
  for (const PutOutcome& outcome : outcomes) {
    if (outcome.error == nullptr) continue;
    ++failed;
    const EntryError error = entry_error(*outcome.error);
    size_max += error_entry_max + error.code.size() + error.message.size();
  }
  return made(size_max, [&](Output& out) {
    SequenceNumberTexts numbers;
    out.put(open_map);
    put_name(out, "FailedRecordCount");
    put_integer(out, failed);
    put_name(out, "Records");
    out.put(open_list);
    for (const PutOutcome& outcome : outcomes) {
      if (outcome.error == nullptr) {
        out.put(open_map);
        put_name(out, "SequenceNumber");
        put_text_head<model::sequence_number_digits>(out);
        numbers.write(outcome.number, out.at());
        out.skip(model::sequence_number_digits);
        put_name(out, "ShardId");
        put_shard_id(out, outcome.number.shard);
      } else {
        const EntryError error = entry_error(*outcome.error);
        out.put(open_map);
        put_name(out, "ErrorCode");
        put_text(out, error.code);
        put_name(out, "ErrorMessage");
        put_text(out, error.message);
      }
      out.put(close);
    }
    out.put(close);
    if (is_encrypted) put_encrypted(out);
    out.put(close);
  });
}

std::string get_records(std::int64_t created_s, model::ShardNo shard, const std::vector<PageRecord>& records,
                        const PageTail& tail) {
  std::size_t size_max = tail_size_max(tail) + page_record_max * records.size();
  for (const PageRecord& record : records) {
    size_max += record.data.size() + record.partition_key.size() + (record.is_encrypted ? encrypted_max : 0);
  }
  return made(size_max, [&](Output& out) {
    SequenceNumberTexts numbers;
    out.put(open_map);
    put_name(out, "Records");
    out.put(open_list);
    for (const PageRecord& record : records) {
      out.put(open_map);
      put_name(out, "SequenceNumber");
      put_text_head<model::sequence_number_digits>(out);
      numbers.write(
          {.created_s = created_s, .shard = shard, .position = record.position, .time_s = record.arrival_ms / 1'000},
          out.at());
      out.skip(model::sequence_number_digits);
      // A tagged integer of milliseconds, where RFC 8949 would have seconds: what the service and its clients do.
      put_name(out, "ApproximateArrivalTimestamp");
      out.put(milliseconds_tag);
      put_integer(out, record.arrival_ms);
      put_name(out, "Data");
      put_head(out, major_bytes, record.data.size());
      out.put(record.data);
      if (record.has_partition_key) {
        put_name(out, "PartitionKey");
        put_text(out, record.partition_key);
      }
      if (record.is_encrypted) put_encrypted(out);
      out.put(close);
    }
    out.put(close);
    put_tail(out, tail);
  });
}

}  // namespace millrace::wire::hot::cbor
