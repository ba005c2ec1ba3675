#include "api/operation.h"
#include "api/put.h"

namespace millrace::api {
void put_record(Context& context, const wire::Value& input, wire::Encoding encoding, Answered done) {
  wire::hot::PutRequest request;
  request.data_form = wire::hot::DataForm::raw;
  request.stream_name = input.view("StreamName");
  request.stream_arn = input.view("StreamARN");
  request.sequence_number_for_ordering = input.view("SequenceNumberForOrdering");
  request.dry_run = input.boolean("DryRun").value_or(false);
  request.records.push_back({.data = input.blob("Data")->bytes,
                             .partition_key = input.view("PartitionKey"),
                             .explicit_hash_key = input.view("ExplicitHashKey")});
  put(context, request, PutKind::record, encoding, std::move(done));
}

bool put_record_hot(Context& context, std::string_view body, wire::Encoding encoding, Answered& done) {
  thread_local wire::hot::PutRequest request;
  return wire::hot::decode_put_record(encoding, body, request) &&
         put_hot(context, request, PutKind::record, encoding, done);
}

}  // namespace millrace::api
