// What the hot codecs cost, in nanoseconds a record: the best of many short runs, since a shared machine only ever
// adds.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/md5.h"
#include "io/clock.h"
#include "wire/hot.h"

namespace millrace::wire::hot {
namespace {

// Numbers without a pattern that a branch could learn; the same at every run.
class Noise {
 public:
  std::uint64_t next() {
    state_ = state_ * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    return state_ >> 32;
  }

 private:
  std::uint64_t state_ = 20'261'124;
};

// The same request in both encodings, and what the reads need.
struct Sample {
  std::string json;
  std::string cbor;
  std::vector<std::string> data;
  std::vector<std::string> keys;
};

// In the shortest form, as clients write it; sizes up to 4 GiB.
void append_cbor_head(std::string& out, unsigned major, std::size_t size) {
  const unsigned low = size < 24 ? static_cast<unsigned>(size) : size < 256 ? 24 : size < 65'536 ? 25 : 26;
  out.push_back(static_cast<char>(major << 5 | low));
  if (low < 24) return;
  for (int shift = (8 << (low - 24)) - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(size >> shift));
}

void append_cbor_text(std::string& out, std::string_view text) {
  append_cbor_head(out, 3, text.size());
  out += text;
}

Sample make_sample(std::size_t count, std::size_t bytes) {
  Noise noise;
  Sample sample;
  sample.json = R"({"Records":[)";
  sample.cbor = "\xbf";
  append_cbor_text(sample.cbor, "Records");
  sample.cbor += '\x9f';
  for (std::size_t i = 0; i < count; ++i) {
    std::string data(bytes, '\0');
    for (char& c : data)
      c = static_cast<char>(noise.next());
    const std::string key = fmt::format("{:08x}-key-{:08x}-{:06}", static_cast<std::uint32_t>(noise.next()), i, i);
    sample.json +=
        fmt::format(R"({}{{"Data":"{}","PartitionKey":"{}"}})", i == 0 ? "" : ",", base::base64_encode(data), key);
    sample.cbor += '\xbf';
    append_cbor_text(sample.cbor, "Data");
    append_cbor_head(sample.cbor, 2, bytes);
    sample.cbor += data;
    append_cbor_text(sample.cbor, "PartitionKey");
    append_cbor_text(sample.cbor, key);
    sample.cbor += '\xff';
    sample.data.push_back(std::move(data));
    sample.keys.push_back(key);
  }
  sample.json += R"(],"StreamName":"orders"})";
  sample.cbor += '\xff';
  append_cbor_text(sample.cbor, "StreamName");
  append_cbor_text(sample.cbor, "orders");
  sample.cbor += '\xff';
  return sample;
}

// Nothing of what `value` points to may be left out by the compiler.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

template <class Work>
void measure(std::string_view name, std::size_t records, Work work) {
  const io::SystemSteadyClock clock;
  constexpr int runs = 40;
  const std::size_t repeats = std::max<std::size_t>(1, 20'000 / records);
  double best = std::numeric_limits<double>::max();
  for (int run = 0; run < runs; ++run) {
    const auto start = clock.now();
    for (std::size_t i = 0; i < repeats; ++i)
      work();
    const auto spent = std::chrono::duration<double, std::nano>(clock.now() - start).count();
    best = std::min(best, spent / static_cast<double>(repeats * records));
  }
  fmt::print("{:<44} {:>10.1f} ns/record\n", name, best);
}

bool decode_and_store(const PutRequest& request, std::string& arena) {
  std::size_t size = 0;
  for (const RecordView& record : request.records)
    size += data_size(request.data_form, record.data);
  if (arena.size() < size) arena.resize(size);
  char* to = arena.data();
  for (const RecordView& record : request.records) {
    if (!decode_data(request.data_form, record.data, to)) return false;
    to += data_size(request.data_form, record.data);
  }
  return true;
}

void measure_puts(std::size_t count, std::size_t bytes) {
  const Sample sample = make_sample(count, bytes);
  const std::string what = fmt::format("{} x {} B", count, bytes);
  PutRequest request;
  std::string arena;
  for (const Encoding encoding : {Encoding::json, Encoding::cbor}) {
    const std::string_view body = encoding == Encoding::json ? sample.json : sample.cbor;
    const std::string name = fmt::format("PutRecords {} {}", encoding == Encoding::json ? "JSON" : "CBOR", what);
    measure(name + ", scan", count, [&] { keep(decode_put_records(encoding, body, request)); });
    measure(name + ", data", count, [&] { keep(decode_and_store(request, arena)); });
  }
  std::vector<std::string_view> keys;
  std::vector<base::u128> hashes(count);
  measure("MD5 of the keys", count, [&] {
    keys.clear();
    for (const RecordView& record : request.records)
      keys.push_back(record.partition_key);
    base::md5_many(keys, hashes);
    keep(hashes.front());
  });
  measure(fmt::format("PutRecords JSON {}, scan + MD5 + data", what), count, [&] {
    keep(decode_put_records(Encoding::json, sample.json, request));
    keys.clear();
    for (const RecordView& record : request.records)
      keys.push_back(record.partition_key);
    base::md5_many(keys, hashes);
    keep(decode_and_store(request, arena));
  });
}

void measure_put_answers(std::size_t count) {
  std::vector<PutOutcome> outcomes(count);
  for (std::size_t i = 0; i < count; ++i) {
    outcomes[i].number = {.created_s = 1'768'469'398,
                          .shard = static_cast<model::ShardNo>(i * 7 % 8),
                          .position = 1'000'000 + i / 8,
                          .time_s = 1'768'469'400};
  }
  measure(fmt::format("PutRecords JSON answer, {}", count), count,
          [&] { keep(encode_put_records(Encoding::json, outcomes, false)); });
  measure(fmt::format("PutRecords CBOR answer, {}", count), count,
          [&] { keep(encode_put_records(Encoding::cbor, outcomes, false)); });
}

void measure_pages(std::size_t count, std::size_t bytes) {
  const Sample sample = make_sample(count, bytes);
  std::vector<PageRecord> records(count);
  for (std::size_t i = 0; i < count; ++i) {
    records[i] = {.partition_key = sample.keys[i],
                  .data = sample.data[i],
                  .position = 1'000'000 + i,
                  .arrival_ms = 1'768'469'400'123 + static_cast<std::int64_t>(i / 10)};
  }
  const PageTail tail{.next_shard_iterator = "AAAA", .millis_behind_latest = 0, .children = {}};
  for (const Encoding encoding : {Encoding::json, Encoding::cbor}) {
    measure(fmt::format("GetRecords {} answer, {} x {} B", encoding == Encoding::json ? "JSON" : "CBOR", count, bytes),
            count, [&] { keep(encode_get_records(encoding, 1'768'469'398, 0, records, tail)); });
  }
}

void measure_singles() {
  const std::string data = base::base64_encode(std::string(100, 'd'));
  const std::string put = fmt::format(R"({{"StreamName":"orders","PartitionKey":"user-1","Data":"{}"}})", data);
  const std::string by_arn = fmt::format(
      R"({{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/orders","PartitionKey":"user-1","Data":"{}"}})",
      data);
  const std::string get = fmt::format(R"({{"ShardIterator":"{}","Limit":1000}})", std::string(152, 'A'));
  PutRequest request;
  GetRequest get_request;
  measure("PutRecord JSON 100 B, scan", 1, [&] { keep(decode_put_record(Encoding::json, put, request)); });
  measure("PutRecord JSON 100 B by ARN, scan", 1, [&] { keep(decode_put_record(Encoding::json, by_arn, request)); });
  measure("GetRecords JSON, scan", 1, [&] { keep(decode_get_records(Encoding::json, get, get_request)); });
  measure("MD5 of one key", 1, [&] { keep(base::md5(request.records.front().partition_key)); });
  const model::SequenceNumber number{.created_s = 1'768'469'398, .shard = 1, .position = 77, .time_s = 1'768'469'400};
  measure("PutRecord JSON answer", 1, [&] { keep(encode_put_record(Encoding::json, number, false)); });
}

}  // namespace
}  // namespace millrace::wire::hot

int main() {
  using namespace millrace::wire::hot;
  measure_puts(500, 100);
  measure_puts(100, 1'024);
  measure_puts(10, 102'400);
  measure_put_answers(500);
  measure_pages(1'000, 100);
  measure_pages(1'000, 1'024);
  measure_singles();
  return 0;
}
