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
extern const OperationShape delete_resource_policy;
extern const OperationShape delete_stream;
extern const OperationShape deregister_stream_consumer;
extern const OperationShape describe_account_settings;
extern const OperationShape describe_limits;
extern const OperationShape describe_stream;
extern const OperationShape describe_stream_consumer;
extern const OperationShape describe_stream_summary;
extern const OperationShape disable_enhanced_monitoring;
extern const OperationShape enable_enhanced_monitoring;
extern const OperationShape get_records;
extern const OperationShape get_resource_policy;
extern const OperationShape get_shard_iterator;
extern const OperationShape increase_stream_retention_period;
extern const OperationShape list_shards;
extern const OperationShape list_stream_consumers;
extern const OperationShape list_streams;
extern const OperationShape list_tags_for_resource;
extern const OperationShape list_tags_for_stream;
extern const OperationShape merge_shards;
extern const OperationShape put_record;
extern const OperationShape put_records;
extern const OperationShape put_resource_policy;
extern const OperationShape register_stream_consumer;
extern const OperationShape remove_tags_from_stream;
extern const OperationShape split_shard;
extern const OperationShape start_stream_encryption;
extern const OperationShape stop_stream_encryption;
extern const OperationShape subscribe_to_shard;
extern const OperationShape tag_resource;
extern const OperationShape untag_resource;
extern const OperationShape update_account_settings;
extern const OperationShape update_max_record_size;
extern const OperationShape update_shard_count;
extern const OperationShape update_stream_mode;
extern const OperationShape update_stream_record_distribution_strategy;
extern const OperationShape update_stream_warm_throughput;
}  // namespace op

// Every operation, for what walks them all.
inline constexpr std::array operations = {
    &op::add_tags_to_stream,
    &op::create_stream,
    &op::decrease_stream_retention_period,
    &op::delete_resource_policy,
    &op::delete_stream,
    &op::deregister_stream_consumer,
    &op::describe_account_settings,
    &op::describe_limits,
    &op::describe_stream,
    &op::describe_stream_consumer,
    &op::describe_stream_summary,
    &op::disable_enhanced_monitoring,
    &op::enable_enhanced_monitoring,
    &op::get_records,
    &op::get_resource_policy,
    &op::get_shard_iterator,
    &op::increase_stream_retention_period,
    &op::list_shards,
    &op::list_stream_consumers,
    &op::list_streams,
    &op::list_tags_for_resource,
    &op::list_tags_for_stream,
    &op::merge_shards,
    &op::put_record,
    &op::put_records,
    &op::put_resource_policy,
    &op::register_stream_consumer,
    &op::remove_tags_from_stream,
    &op::split_shard,
    &op::start_stream_encryption,
    &op::stop_stream_encryption,
    &op::subscribe_to_shard,
    &op::tag_resource,
    &op::untag_resource,
    &op::update_account_settings,
    &op::update_max_record_size,
    &op::update_shard_count,
    &op::update_stream_mode,
    &op::update_stream_record_distribution_strategy,
    &op::update_stream_warm_throughput,
};

}  // namespace millrace::wire
