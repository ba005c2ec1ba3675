#include "tests/property/world.h"

#include <fmt/format.h>

#include <utility>

#include "http/testing/fake_request.h"
#include "model/sequence_number.h"
#include "model/shard_id.h"
#include "wire/codec.h"

namespace millrace::property {

http::Response World::ask(const wire::OperationShape& operation, wire::Encoding encoding, const wire::Value& input) {
  http::testing::FakeRequest::Headers headers = {
      {"content-type", std::string(content_type(encoding))},
      {"x-amz-target", fmt::format("Kinesis_20131202.{}", operation.name)},
      {"authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=x"},
      {"x-amz-date", "20260115T093000Z"}};
  return http::testing::answer_of(
      gateway_,
      http::testing::FakeRequest("POST", "/", std::move(headers), wire::encode(encoding, input, *operation.input)));
}

std::string Adaptor::name() {
  return fmt::format("stream-{}", random_.below(8));
}

std::string Adaptor::one_of(const std::vector<std::string>& known, std::string otherwise) {
  return known.empty() || random_.once_in(16) ? std::move(otherwise) : known[random_.below(known.size())];
}

void Adaptor::remember(std::vector<std::string>& known, std::string text) {
  if (known.size() < remembered_max) {
    known.push_back(std::move(text));
  } else {
    known[random_.below(known.size())] = std::move(text);
  }
}

void Adaptor::adapt_member(wire::Member& member, std::int64_t now_ms) {
  const auto set = [&member](wire::Value value) { member.value = std::move(value); };
  if (member.name == "StreamName") {
    set(name());
  } else if (member.name == "StreamARN") {
    set("arn:aws:kinesis:us-east-1:000000000000:stream/" + name());
  } else if (member.name == "ShardCount") {
    set(random_.between(1, 12));
  } else if (member.name == "ShardId" || member.name == "ExclusiveStartShardId") {
    if (!random_.once_in(16)) set(model::shard_id(static_cast<model::ShardNo>(random_.below(5))));
  } else if (member.name == "StartingSequenceNumber" || member.name == "SequenceNumberForOrdering") {
    set(one_of(numbers_, *member.value.text()));
  } else if (member.name == "ShardIterator") {
    set(one_of(iterators_, *member.value.text()));
  } else if (member.name == "NextToken") {
    set(one_of(tokens_, "no token"));
  } else if (member.name == "Timestamp") {
    set(wire::Timestamp{now_ms + random_.between(-40'000, 10'000)});
  } else if (member.name == "RetentionPeriodHours") {
    set(random_.between(20, random_.once_in(8) ? 9'000 : 60));
  } else if (member.name == "DryRun") {
    set(random_.once_in(4));
  }
}

void Adaptor::adapt(wire::Value& input, std::int64_t now_ms) {
  auto* members = std::get_if<wire::Object>(&input.variant());
  if (members == nullptr) return;
  // What excludes another member goes more often than it stays, so that most requests get behind that check.
  std::erase_if(*members, [&](const wire::Member& member) {
    const bool excludes = member.name == "StreamARN" || member.name == "NextToken" ||
                          member.name == "StreamCreationTimestamp" || member.name == "ExplicitHashKey" ||
                          member.name == "RecordDistributionStrategy" || member.name == "WarmThroughputMiBps" ||
                          member.name == "ExclusiveStartShardId";
    return excludes && !random_.once_in(4);
  });
  for (wire::Member& member : *members)
    adapt_member(member, now_ms);
}

void Adaptor::learn(const wire::Value& output) {
  if (const std::string* text = output.text("SequenceNumber")) remember(numbers_, *text);
  for (const char* member : {"ShardIterator", "NextShardIterator"}) {
    if (const std::string* text = output.text(member)) remember(iterators_, *text);
  }
  if (const std::string* text = output.text("NextToken")) remember(tokens_, *text);
  if (const wire::List* records = output.list("Records")) {
    for (const wire::Value& record : *records) {
      if (const std::string* text = record.text("SequenceNumber"); text != nullptr && random_.once_in(8)) {
        remember(numbers_, *text);
      }
    }
  }
}

}  // namespace millrace::property
