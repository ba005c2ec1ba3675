#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/body.h"
#include "bench/connection.h"
#include "bench/result.h"

namespace millrace::bench {

// The calls around a measurement, over one connection, one at a time.
class Control {
 public:
  static Result<Control> open(const Endpoint& endpoint);

  // The answer's body, which lives until the next call. An answer other than 200 is an error that holds its body.
  Result<std::string_view> call(std::string_view operation, Encoding encoding, std::string_view body);

 private:
  Control(Endpoint endpoint, Connection connection)
      : endpoint_(std::move(endpoint)), connection_(std::move(connection)) {}

  Endpoint endpoint_;
  Connection connection_;
};

// A stream for one measurement: made by create(), deleted by remove() or at the latest by the destructor.
class TemporaryStream {
 public:
  // Ends once the stream is ACTIVE, or after 30 seconds in vain.
  static Result<std::unique_ptr<TemporaryStream>> create(const Endpoint& endpoint, std::string_view purpose,
                                                         std::uint32_t shards);
  TemporaryStream(const TemporaryStream&) = delete;
  TemporaryStream& operator=(const TemporaryStream&) = delete;
  ~TemporaryStream();

  const std::string& name() const { return name_; }
  std::uint32_t shards() const { return static_cast<std::uint32_t>(shard_ids_.size()); }

  // An iterator of the type at a shard, counted from 0.
  Result<std::string> iterator(std::uint32_t shard, std::string_view type);
  // Puts `records` records of `bytes` random bytes each into every shard.
  Result<void> fill(std::uint32_t records, std::uint32_t bytes);
  Result<void> remove();

 private:
  TemporaryStream(Endpoint endpoint, Control control, std::string name)
      : endpoint_(std::move(endpoint)), control_(std::move(control)), name_(std::move(name)) {}

  Result<void> wait_until_active(std::uint32_t shards);

  Endpoint endpoint_;
  Control control_;
  std::string name_;
  std::vector<std::string> shard_ids_;
  std::vector<std::string> first_hash_keys_;
  bool removed_ = false;
};

// Reproducible random bytes, and a partition key of 16 hexadecimal digits, for records.
std::string random_bytes(std::uint32_t size);
std::string random_key();

}  // namespace millrace::bench
