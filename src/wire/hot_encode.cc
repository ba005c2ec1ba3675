#include "wire/hot.h"
#include "wire/hot_encoders.h"

namespace millrace::wire::hot {

std::string encode_put_record(Encoding encoding, const model::SequenceNumber& number, bool is_encrypted) {
  return encoding == Encoding::json ? json::put_record(number, is_encrypted) : cbor::put_record(number, is_encrypted);
}

std::string encode_put_records(Encoding encoding, const std::vector<PutOutcome>& outcomes, bool is_encrypted) {
  return encoding == Encoding::json ? json::put_records(outcomes, is_encrypted)
                                    : cbor::put_records(outcomes, is_encrypted);
}

std::string encode_get_records(Encoding encoding, std::int64_t created_s, model::ShardNo shard,
                               const std::vector<PageRecord>& records, const PageTail& tail) {
  return encoding == Encoding::json ? json::get_records(created_s, shard, records, tail)
                                    : cbor::get_records(created_s, shard, records, tail);
}

}  // namespace millrace::wire::hot
