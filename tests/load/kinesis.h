#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.h"

namespace millrace::load {

// What a record says about itself: who wrote it, under which of the writer's keys, as the key's how manyth.
struct Mark {
  std::uint32_t writer = 0;
  std::uint32_t key = 0;
  std::uint64_t count = 0;

  bool operator==(const Mark&) const = default;
  std::string partition_key() const;
};

// The data of a record in base64: the mark and a checksum over it, 24 bytes.
std::string encode(const Mark& mark);
// Nothing where the data is not what `encode` makes.
std::optional<Mark> decode(std::string_view base64);

struct Acknowledgement {
  std::string_view shard;
  std::string_view sequence_number;
};

struct Record {
  std::string_view sequence_number;
  std::string_view partition_key;
  std::string_view data;  // base64
};

struct Page {
  std::size_t records = 0;
  std::string next_iterator;
  std::int64_t millis_behind_latest = -1;
};

// The operations of the load test over one connection; for one thread. An answer other than 200, and an entry of
// PutRecords that failed, is an error: within its memory the broker must throttle nobody.
class Client {
 public:
  static Result<Client> open(const Endpoint& endpoint);

  Result<void> create_stream(std::string_view stream, int shards);
  Result<void> delete_stream(std::string_view stream);
  Result<std::vector<std::string>> list_shards(std::string_view stream);

  // Calls `acknowledged` once a mark, in the order of the marks.
  Result<void> put_record(std::string_view stream, const Mark& mark,
                          const std::function<void(const Acknowledgement&)>& acknowledged);
  Result<void> put_records(std::string_view stream, const std::vector<Mark>& marks,
                           const std::function<void(const Acknowledgement&)>& acknowledged);

  Result<std::string> iterator(std::string_view stream, std::string_view shard, std::string_view type);
  // Calls `record` once a record, in the order of the answer.
  Result<Page> get_records(std::string_view iterator, const std::function<void(const Record&)>& record);

 private:
  explicit Client(Connection connection) : connection_(std::move(connection)) {}

  Result<std::string_view> call(std::string_view operation);

  Connection connection_;
  std::string body_;
};

}  // namespace millrace::load
