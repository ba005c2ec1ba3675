#include "api/operations.h"

#include <algorithm>
#include <array>
#include <utility>

#include "wire/codec.h"

namespace millrace::api {

// The handlers, one file each, named like it. Nobody else calls them, so they are declared here and not in a header.
void add_tags_to_stream(Context&, const wire::Value& input, base::Done<wire::Value> done);
void create_stream(Context&, const wire::Value& input, base::Done<wire::Value> done);
void decrease_stream_retention_period(Context&, const wire::Value& input, base::Done<wire::Value> done);
void delete_stream(Context&, const wire::Value& input, base::Done<wire::Value> done);
base::Result<wire::Value> describe_limits(Context&, const wire::Value& input);
base::Result<wire::Value> describe_stream(Context&, const wire::Value& input);
base::Result<wire::Value> describe_stream_summary(Context&, const wire::Value& input);
void get_records(Context&, const wire::Value& input, wire::Encoding, Answered done);
bool get_records_hot(Context&, std::string_view body, wire::Encoding, Answered& done);
void get_shard_iterator(Context&, const wire::Value& input, base::Done<wire::Value> done);
void increase_stream_retention_period(Context&, const wire::Value& input, base::Done<wire::Value> done);
base::Result<wire::Value> list_shards(Context&, const wire::Value& input);
base::Result<wire::Value> list_streams(Context&, const wire::Value& input);
base::Result<wire::Value> list_tags_for_stream(Context&, const wire::Value& input);
void put_record(Context&, const wire::Value& input, wire::Encoding, Answered done);
bool put_record_hot(Context&, std::string_view body, wire::Encoding, Answered& done);
void put_records(Context&, const wire::Value& input, wire::Encoding, Answered done);
bool put_records_hot(Context&, std::string_view body, wire::Encoding, Answered& done);
void remove_tags_from_stream(Context&, const wire::Value& input, base::Done<wire::Value> done);

namespace {

constexpr Operation row(const wire::OperationShape& shape, Handler handler) {
  return {.shape = &shape, .handler = handler};
}
constexpr Operation row(const wire::OperationShape& shape, AsyncHandler handler) {
  return {.shape = &shape, .async_handler = handler};
}
constexpr Operation row(const wire::OperationShape& shape, DataHandler handler, HotHandler hot) {
  return {.shape = &shape, .data_handler = handler, .hot_handler = hot};
}

const std::array registry = {
    row(wire::op::add_tags_to_stream, &add_tags_to_stream),
    row(wire::op::create_stream, &create_stream),
    row(wire::op::decrease_stream_retention_period, &decrease_stream_retention_period),
    row(wire::op::delete_stream, &delete_stream),
    row(wire::op::describe_limits, &describe_limits),
    row(wire::op::describe_stream, &describe_stream),
    row(wire::op::describe_stream_summary, &describe_stream_summary),
    row(wire::op::get_records, &get_records, &get_records_hot),
    row(wire::op::get_shard_iterator, &get_shard_iterator),
    row(wire::op::increase_stream_retention_period, &increase_stream_retention_period),
    row(wire::op::list_shards, &list_shards),
    row(wire::op::list_streams, &list_streams),
    row(wire::op::list_tags_for_stream, &list_tags_for_stream),
    row(wire::op::put_record, &put_record, &put_record_hot),
    row(wire::op::put_records, &put_records, &put_records_hot),
    row(wire::op::remove_tags_from_stream, &remove_tags_from_stream),
};

std::string body_of(const wire::OperationShape& shape, const wire::Value& output, wire::Encoding encoding) {
  return shape.output == nullptr ? std::string() : wire::encode(encoding, output, *shape.output);
}

}  // namespace

std::span<const Operation> operations() {
  return registry;
}

const Operation* find_operation(std::string_view name) {
  const auto at = std::ranges::lower_bound(registry, name, {}, [](const Operation& row) { return row.shape->name; });
  return at != registry.end() && at->shape->name == name ? &*at : nullptr;
}

void run(const Operation& operation, Context& context, const wire::Value& input, wire::Encoding encoding,
         Answered done) {
  if (operation.data_handler != nullptr) return operation.data_handler(context, input, encoding, std::move(done));
  const wire::OperationShape& shape = *operation.shape;
  if (operation.handler != nullptr) {
    const base::Result<wire::Value> output = operation.handler(context, input);
    if (!output) return done(base::fail(output.error()));
    return done(body_of(shape, *output, encoding));
  }
  operation.async_handler(context, input,
                          [&shape, encoding, done = std::move(done)](base::Result<wire::Value> output) mutable {
                            if (!output) return done(base::fail(std::move(output.error())));
                            done(body_of(shape, *output, encoding));
                          });
}

}  // namespace millrace::api
