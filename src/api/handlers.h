#pragma once

#include "api/operation.h"

// The handlers, one file each, named like it.
namespace millrace::api {

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

}  // namespace millrace::api
