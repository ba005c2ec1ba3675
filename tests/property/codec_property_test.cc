// Random requests, half of them wrong in a chosen place, through everything in wire that reads a request: JSON and CBOR
// give the same value and the same answer of the validator, which says what the place says; other ways of writing the
// same give the same; the hot decoders accept only what the general path accepts, and read the same from it.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "tests/property/generator.h"
#include "tests/property/rendition.h"
#include "wire/codec.h"
#include "wire/hot.h"
#include "wire/operations.h"
#include "wire/validate.h"

namespace millrace::property {
namespace {

using wire::Encoding;
using wire::OperationShape;
using wire::Value;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t seed() {
  static const std::uint64_t value = from_environment("MILLRACE_PROPERTY_SEED", std::random_device{}());
  return value;
}

std::size_t requests() {
  return from_environment("MILLRACE_PROPERTY_REQUESTS", 5'000);
}

class Codecs : public testing::TestWithParam<const OperationShape*> {
 protected:
  void SetUp() override { std::printf("MILLRACE_PROPERTY_SEED=%llu\n", static_cast<unsigned long long>(seed())); }
  const OperationShape& operation() const { return *GetParam(); }
  const wire::Shape& input() const { return *GetParam()->input; }
};

bool is_of_wrong_type(const Request& request) {
  for (const Site& site : request.broken) {
    if (site.kind == Break::wrong_type) return true;
  }
  return false;
}

// What the general path says of a body.
struct Verdict {
  base::Result<Value> value;
  std::optional<base::Error> error;  // of decoding, else of validation
};

Verdict verdict_on(Encoding encoding, std::string_view body, const wire::Shape& shape) {
  Verdict verdict{wire::decode(encoding, body, shape), {}};
  verdict.error = verdict.value ? wire::validate(*verdict.value, shape) : std::optional(verdict.value.error());
  return verdict;
}

void expect_told(const Request& request, const std::optional<base::Error>& error) {
  if (request.broken.empty()) {
    EXPECT_FALSE(error) << error->message;
    return;
  }
  ASSERT_TRUE(error) << request.broken.front().text();
  const bool is_type = is_of_wrong_type(request);
  EXPECT_EQ(error->code, is_type ? base::Errc::serialization : base::Errc::validation);
  EXPECT_FALSE(error->message.empty());
  if (is_type) return;
  for (const Site& site : request.broken) {
    EXPECT_NE(error->message.find(site.constraint()), std::string::npos)
        << site.text() << ": " << error->message.substr(0, 300);
  }
}

TEST_P(Codecs, AgreeOnEveryRequest) {
  Generator generator(seed());
  std::map<std::string, std::size_t> met;
  std::size_t valid = 0;
  for (std::size_t i = 0; i < requests(); ++i) {
    const Request request = i % 2 == 0 ? generator.valid(input()) : generator.invalid(input());
    SCOPED_TRACE("request " + std::to_string(i));
    const Verdict json = verdict_on(Encoding::json, wire::encode(Encoding::json, request.value, input()), input());
    const Verdict cbor = verdict_on(Encoding::cbor, wire::encode(Encoding::cbor, request.value, input()), input());
    EXPECT_EQ(json.value, cbor.value);
    EXPECT_EQ(json.error, cbor.error);
    expect_told(request, json.error);
    if (!is_of_wrong_type(request)) {
      ASSERT_TRUE(json.value);
      EXPECT_TRUE(*json.value == request.value)
          << wire::encode(Encoding::json, request.value, input()).substr(0, 2'000);
    }
    if (request.broken.empty()) ++valid;
    for (const Site& site : request.broken)
      ++met[site.text()];
    if (HasFailure()) return;
  }
  EXPECT_GE(valid, requests() / 2);
  if (requests() < 5'000) return;  // too few to meet every place
  for (const Site& site : sites_of(input()))
    EXPECT_GT(met[site.text()], 0U) << site.text() << " was never wrong";
}

TEST_P(Codecs, ReadTheSameHoweverItIsWritten) {
  Generator generator(seed() + 1);
  for (std::size_t i = 0; i < requests() / 2; ++i) {
    const Request request = generator.valid(input());
    SCOPED_TRACE("request " + std::to_string(i));
    for (const Encoding encoding : {Encoding::json, Encoding::cbor}) {
      const std::string body = rendition(encoding, request.value, generator.random());
      const auto value = wire::decode(encoding, body, input());
      ASSERT_TRUE(value) << value.error().message << body;
      ASSERT_EQ(*value, request.value) << body;
    }
  }
}

TEST_P(Codecs, AnswersComeBackTheSame) {
  const wire::Shape* output = operation().output;
  if (output == nullptr) GTEST_SKIP() << "answers without a body";
  Generator generator(seed() + 2);
  for (std::size_t i = 0; i < requests() / 10; ++i) {
    const Value answer = generator.valid(*output).value;
    for (const Encoding encoding : {Encoding::json, Encoding::cbor}) {
      const auto value = wire::decode(encoding, wire::encode(encoding, answer, *output), *output);
      ASSERT_TRUE(value);
      ASSERT_EQ(*value, answer);
    }
  }
}

TEST_P(Codecs, BodiesChangedAtRandomAreReadOrRefused) {
  Generator generator(seed() + 3);
  Random& random = generator.random();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < requests(); ++i) {
    const Encoding encoding = i % 2 == 0 ? Encoding::json : Encoding::cbor;
    std::string body = wire::encode(encoding, generator.valid(input()).value, input());
    for (std::size_t changes = 1 + random.below(4); changes > 0; --changes) {
      body[random.below(body.size())] = static_cast<char>(random.next());
    }
    if (random.once_in(8)) body.resize(random.below(body.size()));
    const auto value = wire::decode(encoding, body, input());
    if (!value) {
      ++refused;
      continue;
    }
    // What was accepted can be written and read again, and the validator has an answer to it.
    const auto again = wire::decode(encoding, wire::encode(encoding, *value, input()), input());
    ASSERT_TRUE(again) << body;
    EXPECT_EQ(wire::validate(*again, input()), wire::validate(*value, input()));
  }
  EXPECT_GT(refused, 0U);
}

INSTANTIATE_TEST_SUITE_P(, Codecs, testing::ValuesIn(wire::operations),
                         [](const auto& info) { return std::string(info.param->name); });

// The hot operations.

std::string text_or_empty(const Value& value, std::string_view name) {
  const std::string* text = value.text(name);
  return text == nullptr ? std::string() : *text;
}

void expect_same_record(const wire::hot::PutRequest& hot, const wire::hot::RecordView& record, const Value& value) {
  EXPECT_EQ(record.partition_key, text_or_empty(value, "PartitionKey"));
  EXPECT_EQ(record.explicit_hash_key, text_or_empty(value, "ExplicitHashKey"));
  std::string data(wire::hot::data_size(hot.data_form, record.data), '\0');
  ASSERT_TRUE(wire::hot::decode_data(hot.data_form, record.data, data.data()));
  EXPECT_EQ(data, value.blob("Data")->bytes);
}

void expect_same_put(const wire::hot::PutRequest& hot, const Value& value) {
  EXPECT_EQ(hot.stream_name, text_or_empty(value, "StreamName"));
  EXPECT_EQ(hot.stream_arn, text_or_empty(value, "StreamARN"));
  EXPECT_EQ(hot.sequence_number_for_ordering, text_or_empty(value, "SequenceNumberForOrdering"));
  EXPECT_EQ(hot.dry_run, value.boolean("DryRun").value_or(false));
  if (const wire::List* records = value.list("Records")) {
    ASSERT_EQ(hot.records.size(), records->size());
    for (std::size_t i = 0; i < records->size(); ++i)
      expect_same_record(hot, hot.records[i], (*records)[i]);
  } else {
    ASSERT_EQ(hot.records.size(), 1U);
    expect_same_record(hot, hot.records.front(), value);
  }
}

// The data of a hot put is looked at later: what does not decode takes the general path, too.
bool all_data_decodes(const wire::hot::PutRequest& hot) {
  for (const wire::hot::RecordView& record : hot.records) {
    std::string data(wire::hot::data_size(hot.data_form, record.data), '\0');
    if (!wire::hot::decode_data(hot.data_form, record.data, data.data())) return false;
  }
  return true;
}

enum class Hot : std::uint8_t { put_record, put_records, get_records };

const OperationShape& operation_of(Hot hot) {
  switch (hot) {
    case Hot::put_record:
      return wire::op::put_record;
    case Hot::put_records:
      return wire::op::put_records;
    case Hot::get_records:
      break;
  }
  return wire::op::get_records;
}

class HotDecoders : public testing::TestWithParam<Hot> {
 protected:
  // Whether the hot path takes the body; what it then reads is held against the general path.
  bool is_taken(Encoding encoding, std::string_view body) {
    const wire::Shape& shape = *operation_of(GetParam()).input;
    if (GetParam() == Hot::get_records) {
      wire::hot::GetRequest get;
      if (!wire::hot::decode_get_records(encoding, body, get)) return false;
      const Verdict verdict = verdict_on(encoding, body, shape);
      EXPECT_FALSE(verdict.error) << verdict.error->message << body;
      if (verdict.error) return true;
      EXPECT_EQ(get.shard_iterator, text_or_empty(*verdict.value, "ShardIterator"));
      EXPECT_EQ(get.stream_arn, text_or_empty(*verdict.value, "StreamARN"));
      EXPECT_EQ(get.limit, verdict.value->integer("Limit"));
      EXPECT_EQ(get.dry_run, verdict.value->boolean("DryRun").value_or(false));
      return true;
    }
    const bool is_taken = GetParam() == Hot::put_record ? wire::hot::decode_put_record(encoding, body, put_)
                                                        : wire::hot::decode_put_records(encoding, body, put_);
    if (!is_taken || !all_data_decodes(put_)) return false;
    const Verdict verdict = verdict_on(encoding, body, shape);
    EXPECT_FALSE(verdict.error) << verdict.error->message << body;
    if (!verdict.error) expect_same_put(put_, *verdict.value);
    return true;
  }

  wire::hot::PutRequest put_;  // reused, as in the broker
};

TEST_P(HotDecoders, TakeOnlyWhatTheGeneralPathTakes) {
  std::printf("MILLRACE_PROPERTY_SEED=%llu\n", static_cast<unsigned long long>(seed()));
  const wire::Shape& shape = *operation_of(GetParam()).input;
  Generator generator(seed() + 4);
  Random& random = generator.random();
  std::size_t taken[2] = {};
  for (std::size_t i = 0; i < requests() && !HasFailure(); ++i) {
    SCOPED_TRACE("request " + std::to_string(i));
    const Request request = i % 2 == 0 ? generator.valid(shape) : generator.invalid(shape);
    for (const Encoding encoding : {Encoding::json, Encoding::cbor}) {
      std::string body = wire::encode(encoding, request.value, shape);
      if (is_taken(encoding, body)) {
        ++taken[encoding == Encoding::json ? 0 : 1];
        EXPECT_TRUE(request.broken.empty());
      }
      if (request.broken.empty()) is_taken(encoding, rendition(encoding, request.value, random));
      if (body.size() > 100'000) continue;
      for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) {
        body[random.below(body.size())] = static_cast<char>(random.next());
      }
      is_taken(encoding, body);
    }
  }
  // Half of the requests are valid; those with escapes or a StreamId are left to the general path.
  RecordProperty("taken_json", std::to_string(taken[0]));
  RecordProperty("taken_cbor", std::to_string(taken[1]));
  EXPECT_GT(taken[0], requests() / 20);
  EXPECT_GT(taken[1], requests() / 20);
}

INSTANTIATE_TEST_SUITE_P(, HotDecoders, testing::Values(Hot::put_record, Hot::put_records, Hot::get_records),
                         [](const auto& info) { return std::string(operation_of(info.param).name); });

}  // namespace
}  // namespace millrace::property
