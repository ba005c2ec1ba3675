#pragma once

#include <cstddef>

#include "wire/shape.h"

// The scalar shapes that operations share, each declared once, and what a file of src/wire/operations declares its own
// with. All of it is constant-initialised: a table may point at a shape of another file.
namespace millrace::wire {

constexpr Shape structure(std::string_view name, std::span<const MemberShape> members) {
  Shape shape{};
  shape.type = Type::structure;
  shape.name = name;
  shape.members = members;
  return shape;
}

constexpr Shape list_of(std::string_view name, const Shape& element, std::optional<std::int64_t> min = {},
                        std::optional<std::int64_t> max = {}) {
  Shape shape{};
  shape.type = Type::list;
  shape.name = name;
  shape.element = &element;
  shape.min = min;
  shape.max = max;
  return shape;
}

constexpr Shape map_of(std::string_view name, const Shape& key, const Shape& value, std::optional<std::int64_t> min,
                       std::optional<std::int64_t> max) {
  Shape shape{};
  shape.type = Type::map;
  shape.name = name;
  shape.key = &key;
  shape.element = &value;
  shape.min = min;
  shape.max = max;
  return shape;
}

constexpr Shape scalar(Type type, std::string_view name, std::optional<std::int64_t> min = {},
                       std::optional<std::int64_t> max = {}, Pattern pattern = Pattern::none) {
  Shape shape{};
  shape.type = type;
  shape.name = name;
  shape.min = min;
  shape.max = max;
  shape.pattern = pattern;
  return shape;
}

constexpr Shape enumeration(std::string_view name, std::span<const std::string_view> values) {
  Shape shape{};
  shape.type = Type::text;
  shape.name = name;
  shape.enumeration = values;
  return shape;
}

inline constexpr bool required = true;

constexpr std::int64_t as_count(std::size_t n) {
  return static_cast<std::int64_t>(n);
}

namespace shapes {

extern const Shape boolean;
extern const Shape channel_count;
extern const Shape child_shard_list;
extern const Shape consumer;
extern const Shape consumer_arn;
extern const Shape consumer_count;
extern const Shape consumer_name;
extern const Shape consumer_status;
extern const Shape data;
extern const Shape encryption_type;
extern const Shape enhanced_monitoring_output;
extern const Shape error_code;
extern const Shape error_message;
extern const Shape hash_key;
extern const Shape hash_key_range;
extern const Shape key_id;
extern const Shape max_record_size_in_kib;
extern const Shape metrics_name;
extern const Shape metrics_name_list;
extern const Shape millis_behind_latest;
extern const Shape minimum_throughput_billing_commitment_output;
extern const Shape natural_integer;
extern const Shape next_token;
extern const Shape partition_key;
extern const Shape policy;
extern const Shape positive_integer;
extern const Shape record_distribution_strategy;
extern const Shape record_list;
extern const Shape resource_arn;
extern const Shape retention_period_hours;
extern const Shape sequence_number;
extern const Shape sequence_number_range;
extern const Shape shard;
extern const Shape shard_count;
extern const Shape shard_id;
extern const Shape shard_iterator;
extern const Shape shard_iterator_type;
extern const Shape shard_list;
extern const Shape stream_arn;
extern const Shape stream_id;
extern const Shape stream_mode_details;
extern const Shape stream_name;
extern const Shape stream_status;
extern const Shape tag_key;
extern const Shape tag_key_list;
extern const Shape tag_list;
extern const Shape tag_map;
extern const Shape tag_value;
extern const Shape timestamp;
extern const Shape enhanced_monitoring_list;
extern const Shape warm_throughput_object;

}  // namespace shapes
}  // namespace millrace::wire
