#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wire/hot.h"

// The two forms behind the encoders of hot.h.
namespace millrace::wire::hot {

namespace json {
std::string put_record(const model::SequenceNumber& number, bool is_encrypted);
std::string put_records(const std::vector<PutOutcome>& outcomes, bool is_encrypted);
std::string get_records(std::int64_t created_s, model::ShardNo shard, const std::vector<PageRecord>& records,
                        const PageTail& tail);
}  // namespace json

namespace cbor {
std::string put_record(const model::SequenceNumber& number, bool is_encrypted);
std::string put_records(const std::vector<PutOutcome>& outcomes, bool is_encrypted);
std::string get_records(std::int64_t created_s, model::ShardNo shard, const std::vector<PageRecord>& records,
                        const PageTail& tail);
}  // namespace cbor

}  // namespace millrace::wire::hot
