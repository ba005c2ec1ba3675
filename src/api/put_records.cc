#include "api/operation.h"
#include "api/put.h"

namespace millrace::api {
void put_records(Context& context, const wire::Value& input, wire::Encoding encoding, Answered done) {
  wire::hot::PutRequest request;
  request.data_form = wire::hot::DataForm::raw;
  request.stream_name = input.view("StreamName");
  request.stream_arn = input.view("StreamARN");
  request.dry_run = input.boolean("DryRun").value_or(false);
  const wire::List& entries = *input.list("Records");
  request.records.reserve(entries.size());
  for (const wire::Value& entry : entries) {
    request.records.push_back({.data = entry.blob("Data")->bytes,
                               .partition_key = entry.view("PartitionKey"),
                               .explicit_hash_key = entry.view("ExplicitHashKey")});
  }
  put(context, request, PutKind::records, encoding, std::move(done));
}

bool put_records_hot(Context& context, std::string_view body, wire::Encoding encoding, Answered& done) {
  thread_local wire::hot::PutRequest request;
  return wire::hot::decode_put_records(encoding, body, request) &&
         put_hot(context, request, PutKind::records, encoding, done);
}

}  // namespace millrace::api
