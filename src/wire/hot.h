#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/sequence_number.h"
#include "wire/encoding.h"

// Decoders and encoders of the hot operations: one pass over the body, no tree, no allocation a record. A decoder never
// makes an error: it returns false for whatever it does not accept, and the general path (codec.h, validate.h) then
// finds out what is wrong. What it accepts satisfies every constraint of the shape. One property test holds both paths
// to the same answers.
namespace millrace::wire::hot {

// How the Data of a request stands in its body.
enum class DataForm : std::uint8_t {
  base64,  // text that was not decoded yet, without escapes, of a length that is a multiple of 4
  raw,     // the bytes themselves
};

// One record of a request; the views point into the body (or into what the general path decoded).
struct RecordView {
  std::string_view data;
  std::string_view partition_key;      // empty: absent
  std::string_view explicit_hash_key;  // empty: absent; else digits
};

struct PutRequest {
  DataForm data_form = DataForm::base64;
  std::string_view stream_name;                   // empty: absent
  std::string_view stream_arn;                    // empty: absent
  std::string_view sequence_number_for_ordering;  // PutRecord only; empty: absent
  bool dry_run = false;
  std::vector<RecordView> records;  // exactly one for PutRecord

  void clear();
};
// `request` is reused: its vector keeps its memory. Where the answer is false its content means nothing.
bool decode_put_record(Encoding encoding, std::string_view body, PutRequest& request);
bool decode_put_records(Encoding encoding, std::string_view body, PutRequest& request);

// The size of the decoded data; for base64 from length and padding, without looking at the text.
std::size_t data_size(DataForm form, std::string_view data);
// Writes exactly data_size bytes. False where base64 text is not valid: the request then takes the general path.
bool decode_data(DataForm form, std::string_view data, char* to);

struct GetRequest {
  std::string_view shard_iterator;
  std::string_view stream_arn;  // empty: absent
  std::optional<std::int64_t> limit;
  bool dry_run = false;
};
bool decode_get_records(Encoding encoding, std::string_view body, GetRequest& request);

// The answer to one record of a put: a number or an error.
struct PutOutcome {
  model::SequenceNumber number;
  const base::Error* error = nullptr;
};
// `is_encrypted`: the stream's records are, and the answer says so.
std::string encode_put_record(Encoding encoding, const model::SequenceNumber& number, bool is_encrypted);
std::string encode_put_records(Encoding encoding, const std::vector<PutOutcome>& outcomes, bool is_encrypted);

// One record of a page, as views into its block.
struct PageRecord {
  std::string_view partition_key;  // absent where has_partition_key is false
  std::string_view data;
  model::Position position = 0;
  std::int64_t arrival_ms = 0;
  bool has_partition_key = true;
  bool is_encrypted = false;
};
struct PageTail {
  std::string_view next_shard_iterator;  // empty: absent, the shard has ended
  std::int64_t millis_behind_latest = 0;
  // Of a shard that has ended; only then.
  struct Child {
    model::ShardNo shard;
    std::vector<model::ShardNo> parents;
    std::string starting_hash_key;
    std::string ending_hash_key;
  };
  std::vector<Child> children;
};
// `created_s` and `shard` complete the sequence numbers. The buffer is sized once, from the records' sizes.
std::string encode_get_records(Encoding encoding, std::int64_t created_s, model::ShardNo shard,
                               const std::vector<PageRecord>& records, const PageTail& tail);

}  // namespace millrace::wire::hot
