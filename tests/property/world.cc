#include "tests/property/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/u128.h"
#include "http/testing/fake_request.h"
#include "model/sequence_number.h"
#include "model/shard_id.h"
#include "wire/codec.h"

namespace millrace::property {

http::Response World::ask(const wire::OperationShape& operation, wire::Encoding encoding, const wire::Value& input) {
  http::testing::FakeRequest::Headers headers = {
      {"content-type", std::string(content_type(encoding))},
      {"x-amz-target", fmt::format("Kinesis_20131202.{}", operation.name)},
      {"authorization",
       "AWS4-HMAC-SHA256 Credential=a/20260115/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=x"},
      {"x-amz-date", "20260115T093000Z"}};
  return http::testing::answer_of(
      gateway_,
      http::testing::FakeRequest("POST", "/", std::move(headers), wire::encode(encoding, input, *operation.input)));
}

std::string Adaptor::name() {
  return fmt::format("stream-{}", random_.below(8));
}

std::string Adaptor::stream_arn() {
  return "arn:aws:kinesis:us-east-1:000000000000:stream/" + name();
}

// One of the 63 that cut the key space into equal parts, where shards are likely to be cut.
std::string Adaptor::hash_key() {
  return base::to_decimal(base::u128{1 + random_.below(63)} << 122);
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

bool Adaptor::adapt_place(wire::Member& member) {
  const auto set = [&member](wire::Value value) { member.value = std::move(value); };
  const auto is_one_of = [&member](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, member.name) != names.end();
  };
  if (is_one_of({"ShardId", "ExclusiveStartShardId", "ShardToSplit", "ShardToMerge", "AdjacentShardToMerge"})) {
    if (!random_.once_in(16)) set(model::shard_id(static_cast<model::ShardNo>(random_.below(5))));
  } else if (is_one_of({"StartingSequenceNumber", "SequenceNumberForOrdering", "SequenceNumber"})) {
    set(one_of(numbers_, *member.value.text()));
  } else if (member.name == "NewStartingHashKey") {
    set(hash_key());
  } else if (is_one_of({"ShardCount", "TargetShardCount"})) {
    set(random_.between(1, 12));
  } else {
    return false;
  }
  return true;
}

void Adaptor::adapt_member(wire::Member& member, std::int64_t now_ms) {
  const auto set = [&member](wire::Value value) { member.value = std::move(value); };
  if (adapt_place(member)) return;
  if (member.name == "StreamName") {
    set(name());
  } else if (member.name == "StreamARN") {
    set(stream_arn());
  } else if (member.name == "ConsumerName") {
    set(fmt::format("consumer-{}", random_.below(3)));
  } else if (member.name == "ConsumerARN") {
    set(one_of(consumers_, stream_arn() + "/consumer/c:1"));
  } else if (member.name == "ResourceARN") {
    set(random_.once_in(2) ? stream_arn() : one_of(consumers_, *member.value.text()));
  } else if (member.name == "Tags") {
    // Random characters are hardly ever such as tags may have.
    if (!random_.once_in(4)) set(wire::Object{{fmt::format("tag-{}", random_.below(60)), "value"}});
  } else if (member.name == "TagKeys") {
    if (!random_.once_in(4)) set(wire::List{fmt::format("tag-{}", random_.below(60))});
  } else if (member.name == "Policy") {
    if (!random_.once_in(4)) set(R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}})");
  } else if (member.name == "StartingPosition") {
    if (auto* members = std::get_if<wire::Object>(&member.value.variant())) {
      for (wire::Member& inner : *members)
        adapt_member(inner, now_ms);
    }
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
  leave_out(*members);
  for (wire::Member& member : *members)
    adapt_member(member, now_ms);
}

// It goes more often than it stays, so that most requests get behind that check.
void Adaptor::leave_out(wire::Object& members) {
  const auto has = [&members](std::string_view name) {
    return std::ranges::find(members, name, &wire::Member::name) != members.end();
  };
  const bool by_arn = !has("StreamName");
  const bool is_consumer_meant = has("ConsumerARN");
  const bool is_creation = has("ShardCount") || has("StreamModeDetails");
  std::erase_if(members, [&](const wire::Member& member) {
    const bool excludes =
        (member.name == "StreamARN" && (!by_arn || is_consumer_meant)) || member.name == "NextToken" ||
        member.name == "StreamCreationTimestamp" || member.name == "ExplicitHashKey" ||
        (member.name == "RecordDistributionStrategy" && is_creation) ||
        (member.name == "WarmThroughputMiBps" && is_creation) || (member.name == "ConsumerName" && is_consumer_meant) ||
        member.name == "ExclusiveStartShardId";
    return excludes && !random_.once_in(4);
  });
}

void Adaptor::learn(const wire::Value& output) {
  if (const std::string* text = output.text("SequenceNumber")) remember(numbers_, *text);
  for (const char* member : {"ShardIterator", "NextShardIterator"}) {
    if (const std::string* text = output.text(member)) remember(iterators_, *text);
  }
  if (const std::string* text = output.text("NextToken")) remember(tokens_, *text);
  for (const char* member : {"Consumer", "ConsumerDescription"}) {
    const wire::Value* consumer = output.find(member);
    if (consumer != nullptr) remember(consumers_, *consumer->text("ConsumerARN"));
  }
  if (const wire::List* records = output.list("Records")) {
    for (const wire::Value& record : *records) {
      if (const std::string* text = record.text("SequenceNumber"); text != nullptr && random_.once_in(8)) {
        remember(numbers_, *text);
      }
    }
  }
}

}  // namespace millrace::property
