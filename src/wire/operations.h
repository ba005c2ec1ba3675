#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/error.h"
#include "wire/shape.h"

namespace millrace::wire {

enum class Plane : std::uint8_t { control, data };

// What the model says of one operation. The api room adds the handler.
struct OperationShape {
  std::string_view name;
  Plane plane;
  const Shape* input;
  const Shape* output;  // null: 200 with an empty body
  std::span<const base::Errc> errors;
};

namespace op {
extern const OperationShape add_tags_to_stream;
extern const OperationShape create_stream;
extern const OperationShape decrease_stream_retention_period;
extern const OperationShape delete_stream;
extern const OperationShape describe_limits;
extern const OperationShape describe_stream;
extern const OperationShape describe_stream_summary;
extern const OperationShape get_records;
extern const OperationShape get_shard_iterator;
extern const OperationShape increase_stream_retention_period;
extern const OperationShape list_shards;
extern const OperationShape list_streams;
extern const OperationShape list_tags_for_stream;
extern const OperationShape put_record;
extern const OperationShape put_records;
extern const OperationShape remove_tags_from_stream;
}  // namespace op

// Every operation, for what walks them all.
inline constexpr std::array operations = {
    &op::add_tags_to_stream,
    &op::create_stream,
    &op::decrease_stream_retention_period,
    &op::delete_stream,
    &op::describe_limits,
    &op::describe_stream,
    &op::describe_stream_summary,
    &op::get_records,
    &op::get_shard_iterator,
    &op::increase_stream_retention_period,
    &op::list_shards,
    &op::list_streams,
    &op::list_tags_for_stream,
    &op::put_record,
    &op::put_records,
    &op::remove_tags_from_stream,
};

}  // namespace millrace::wire
