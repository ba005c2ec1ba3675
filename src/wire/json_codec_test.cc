// JSON bodies in and out, through decode() and encode().
#include <gtest/gtest.h>

#include <string>

#include "wire/codec.h"
#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

base::Result<Value> read(std::string_view body, const OperationShape& operation) {
  return decode(Encoding::json, body, *operation.input);
}

// The sentence with which a body is refused; "accepted" where it is not.
std::string sentence(std::string_view body, const OperationShape& operation) {
  const base::Result<Value> value = read(body, operation);
  if (value) return "accepted";
  EXPECT_EQ(value.error().code, base::Errc::serialization);
  return value.error().message;
}

constexpr std::string_view list_start = "Start of list found where not expected";
constexpr std::string_view map_start = "Start of structure or map found where not expected.";

TEST(JsonCodec, ReadsEveryTypeOfMember) {
  const auto put =
      read(R"({"StreamName":"orders","PartitionKey":"user-1","Data":"aGVsbG8=","DryRun":true})", op::put_record);
  ASSERT_TRUE(put);
  EXPECT_EQ(*put->text("StreamName"), "orders");
  EXPECT_EQ(*put->text("PartitionKey"), "user-1");
  EXPECT_EQ(put->blob("Data")->bytes, "hello");
  EXPECT_EQ(put->boolean("DryRun"), true);

  const auto create = read(R"({"StreamName":"s","ShardCount":3,"StreamModeDetails":{"StreamMode":"PROVISIONED"},)"
                           R"("Tags":{"b":"1","a":""}})",
                           op::create_stream);
  ASSERT_TRUE(create);
  EXPECT_EQ(create->integer("ShardCount"), 3);
  EXPECT_EQ(*create->find("StreamModeDetails")->text("StreamMode"), "PROVISIONED");
  const Object& tags = *create->object("Tags");
  ASSERT_EQ(tags.size(), 2U);
  EXPECT_EQ(tags[0].name, "b");
  EXPECT_EQ(*tags[1].value.text(), "");

  const auto puts =
      read(R"({"Records":[{"Data":"","PartitionKey":"a"},{"Data":"/+8=","PartitionKey":"b"}]})", op::put_records);
  ASSERT_TRUE(puts);
  const List& records = *puts->list("Records");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].blob("Data")->bytes, "");
  EXPECT_EQ(records[1].blob("Data")->bytes, "\xff\xef");
}

TEST(JsonCodec, UnknownMembersAreIgnoredWhateverTheyHold) {
  const auto value = read(R"({"Unknown":{"a":[1,{"b":null}],"StreamName":5},"streamname":7,"Limit":2,)"
                          R"("Other":[[[]]],"Third":"x","StreamName":"s"})",
                          op::describe_stream);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->object()->size(), 2U);
  EXPECT_EQ(*value->text("StreamName"), "s");
  EXPECT_EQ(value->integer("Limit"), 2);
}

TEST(JsonCodec, NullIsAbsentAndTheLastOfDuplicatesCounts) {
  const auto value = read(R"({"StreamName":null,"Limit":1,"Limit":2})", op::describe_stream);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->object()->size(), 1U);
  EXPECT_EQ(value->integer("Limit"), 2);

  const auto taken_back = read(R"({"Limit":1,"StreamName":"s","Limit":null})", op::describe_stream);
  ASSERT_TRUE(taken_back);
  EXPECT_EQ(taken_back->find("Limit"), nullptr);

  const auto tags = read(R"({"Tags":{"a":"1","b":"2","a":"3"}})", op::add_tags_to_stream);
  ASSERT_TRUE(tags);
  ASSERT_EQ(tags->object("Tags")->size(), 2U);
  EXPECT_EQ(*tags->find("Tags")->text("a"), "3");
}

TEST(JsonCodec, NullElementsAreKept) {
  const auto value = read(R"({"TagKeys":["a",null]})", op::remove_tags_from_stream);
  ASSERT_TRUE(value);
  ASSERT_EQ(value->list("TagKeys")->size(), 2U);
  EXPECT_TRUE((*value->list("TagKeys"))[1].is_null());
}

TEST(JsonCodec, NumbersBecomeWholeAndStayIn32Bits) {
  const auto limit = [](std::string_view number) {
    const auto value = read(R"({"Limit":)" + std::string(number) + "}", op::describe_stream);
    return value ? value->integer("Limit") : std::nullopt;
  };
  EXPECT_EQ(limit("0"), 0);
  EXPECT_EQ(limit("-0"), 0);
  EXPECT_EQ(limit("12.9"), 12);
  EXPECT_EQ(limit("-1.5"), -2);
  EXPECT_EQ(limit("1e3"), 1000);
  EXPECT_EQ(limit("2147483647"), 2147483647);
  EXPECT_EQ(limit("2147483648"), 2147483647);
  EXPECT_EQ(limit("100000000000"), 2147483647);
  EXPECT_EQ(limit("9223372036854775808"), 2147483647);
  EXPECT_EQ(limit("99999999999999999999999"), 2147483647);
  EXPECT_EQ(limit("1e300"), 2147483647);
  EXPECT_EQ(limit("-99999999999"), -2147483648);
  EXPECT_EQ(limit("-99999999999999999999999"), -2147483648);

  const auto answer = decode(Encoding::json, R"({"MillisBehindLatest":100000000000})", *op::get_records.output);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->integer("MillisBehindLatest"), 100'000'000'000);
}

TEST(JsonCodec, TimestampsAreSecondsWithMilliseconds) {
  const auto ms = [](std::string_view number) -> std::int64_t {
    const auto value = read(R"({"Timestamp":)" + std::string(number) + "}", op::get_shard_iterator);
    EXPECT_TRUE(value);
    return value->timestamp("Timestamp")->ms;
  };
  EXPECT_EQ(ms("1768469400.123"), 1'768'469'400'123);
  EXPECT_EQ(ms("1.441215410867E9"), 1'441'215'410'867);
  EXPECT_EQ(ms("1768469400"), 1'768'469'400'000);
  EXPECT_EQ(ms("1768469400.1234"), 1'768'469'400'123);
  EXPECT_EQ(ms("1768469400.1236"), 1'768'469'400'124);
  EXPECT_EQ(ms("0"), 0);
  EXPECT_EQ(ms("-1.5"), -1500);
  EXPECT_EQ(ms("1e300"), (std::int64_t{1} << 53) - 1);
  EXPECT_EQ(ms("9223372036854775807"), (std::int64_t{1} << 53) - 1);
  EXPECT_EQ(ms("-9223372036854775808"), -((std::int64_t{1} << 53) - 1));
}

TEST(JsonCodec, BooleansComeAsTextToo) {
  const auto dry_run = [](std::string_view text) {
    const auto value = read(R"({"DryRun":)" + std::string(text) + "}", op::put_record);
    return value ? value->boolean("DryRun") : std::nullopt;
  };
  for (const char* text : {"true", R"("true")", R"("TRUE")", R"("1")", R"("yes")", "34.56"}) {
    EXPECT_EQ(dry_run(text), true) << text;
  }
  for (const char* text : {"false", R"("false")", R"("False")", R"("0")", R"("no")"}) {
    EXPECT_EQ(dry_run(text), false) << text;
  }
  EXPECT_EQ(sentence(R"({"DryRun":"hello"})", op::put_record), "'HELLO' can not be converted to an Boolean");
  EXPECT_EQ(sentence(R"({"DryRun":""})", op::put_record), "'' can not be converted to an Boolean");
  EXPECT_EQ(sentence(R"({"DryRun":23})", op::put_record),
            "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an Boolean");
  EXPECT_EQ(sentence(R"({"DryRun":[]})", op::put_record), list_start);
  EXPECT_EQ(sentence(R"({"DryRun":{}})", op::put_record), map_start);
}

// The service's recorded sentences for each wanted type: one row a given value.
TEST(JsonCodec, RefusesTextWhereOtherTypesCome) {
  const std::string number =
      "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String";
  for (const char* given : {"23", "-2147483648", "2147483648", "34.56"}) {
    EXPECT_EQ(sentence(std::string(R"({"StreamName":)") + given + "}", op::put_record), number);
  }
  EXPECT_EQ(sentence(R"({"StreamName":true})", op::put_record),
            "class java.lang.Boolean can not be converted to an String");
  EXPECT_EQ(sentence(R"({"StreamName":[]})", op::put_record), list_start);
  EXPECT_EQ(sentence(R"({"StreamName":{}})", op::put_record), map_start);
  EXPECT_EQ(sentence(R"({"Tags":{"a":1}})", op::add_tags_to_stream), number);
  EXPECT_EQ(sentence(R"({"TagKeys":["a",2]})", op::remove_tags_from_stream), number);
}

TEST(JsonCodec, RefusesNumbersAndTimesWhereOtherTypesCome) {
  EXPECT_EQ(sentence(R"({"Limit":"23"})", op::get_records),
            "class java.lang.String can not be converted to an Integer");
  EXPECT_EQ(sentence(R"({"Limit":true})", op::get_records),
            "class java.lang.Boolean can not be converted to an Integer");
  EXPECT_EQ(sentence(R"({"Limit":[]})", op::get_records), list_start);
  EXPECT_EQ(sentence(R"({"Limit":{}})", op::get_records), map_start);
  EXPECT_EQ(sentence(R"({"Timestamp":"2026-01-01T00:00:00Z"})", op::get_shard_iterator),
            "class java.lang.String can not be converted to milliseconds since epoch");
  EXPECT_EQ(sentence(R"({"Timestamp":false})", op::get_shard_iterator),
            "class java.lang.Boolean can not be converted to milliseconds since epoch");
  const auto answer = decode(Encoding::json, R"({"MillisBehindLatest":"1"})", *op::get_records.output);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "class java.lang.String can not be converted to an Long");
}

TEST(JsonCodec, RefusesListsMapsAndStructuresWhereOtherTypesCome) {
  for (const char* given : {"\"23\"", "true", "23", "-2147483648", "34.56"}) {
    const std::string text(given);
    EXPECT_EQ(sentence(R"({"Records":)" + text + "}", op::put_records), "Expected list or null");
    EXPECT_EQ(sentence(R"({"Tags":)" + text + "}", op::add_tags_to_stream), "Expected map or null");
    EXPECT_EQ(sentence(R"({"Records":[)" + text + "]}", op::put_records), "Expected null");
    EXPECT_EQ(sentence(R"({"ShardFilter":)" + text + "}", op::list_shards), "Expected null");
  }
  EXPECT_EQ(sentence(R"({"Records":{}})", op::put_records), map_start);
  EXPECT_EQ(sentence(R"({"Tags":[]})", op::add_tags_to_stream), list_start);
  EXPECT_EQ(sentence(R"({"Records":[[]]})", op::put_records), list_start);
  EXPECT_EQ(sentence(R"({"ShardFilter":[]})", op::list_shards), list_start);
}

TEST(JsonCodec, RefusesBase64ThatIsNotStrict) {
  const auto blob = [](const std::string& text) { return sentence(R"({"Data":")" + text + "\"}", op::put_record); };
  EXPECT_EQ(
      blob("23456"),
      "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5");
  EXPECT_EQ(blob("=+/="), "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='");
  EXPECT_EQ(blob("+/+="), "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected");
  EXPECT_EQ(blob("ab=="), "'ab==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected");
  EXPECT_EQ(blob("a==="), "'a===' can not be converted to a Blob: Invalid Base64 character: '='");
  EXPECT_EQ(blob("===="), "'====' can not be converted to a Blob: Invalid Base64 character: '='");
  EXPECT_EQ(blob("ab=c"), "'ab=c' can not be converted to a Blob: Invalid Base64 character: '='");
  EXPECT_EQ(blob("ab-_"), "'ab-_' can not be converted to a Blob: Invalid Base64 character: '-'");
  EXPECT_EQ(blob("aGVs bG8"), "'aGVs bG8' can not be converted to a Blob: Invalid Base64 character: ' '");
  EXPECT_EQ(blob("YQ==YQ=="), "'YQ==YQ==' can not be converted to a Blob: Invalid Base64 character: '='");
  // Lengths are counted in UTF-16 units, characters are told whole.
  EXPECT_EQ(blob("abcé"), "'abcé' can not be converted to a Blob: Invalid Base64 character: 'é'");
  EXPECT_EQ(blob("ab😀"), "'ab😀' can not be converted to a Blob: Invalid Base64 character: '😀'");
  EXPECT_EQ(
      blob("é😀"),
      "'é😀' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 3");
  EXPECT_EQ(blob(""), "accepted");
  EXPECT_EQ(blob("YQ=="), "accepted");
  EXPECT_EQ(blob("\\u0059Q=="), "accepted");
  EXPECT_EQ(sentence(R"({"Data":true})", op::put_record), "class java.lang.Boolean can not be converted to a Blob");
  EXPECT_EQ(sentence(R"({"Data":34.56})", op::put_record),
            "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a Blob");
}

TEST(JsonCodec, TheFirstValueThatCannotBeConvertedIsTold) {
  EXPECT_EQ(sentence(R"({"Limit":"a","ShardIterator":5,"StreamARN":[]})", op::get_records),
            "class java.lang.String can not be converted to an Integer");
  // Even where a later duplicate would be right, and whatever else follows.
  EXPECT_EQ(sentence(R"({"Limit":"a","Limit":5,"Deep":[[{"a":[1,2,{"b":{}}]}]]})", op::get_records),
            "class java.lang.String can not be converted to an Integer");
  // But a body that cannot be parsed is not looked at at all.
  EXPECT_EQ(sentence(R"({"Limit":"a",})", op::get_records), "");
}

TEST(JsonCodec, TextComesUnescapedAndMayHoldAnyCharacter) {
  const auto value = read(R"({"PartitionKey":"\ud83d\ude00\u00e9\"\\\/\b\f\n\r\té😀\u0000"})", op::put_record);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->text("PartitionKey"), std::string("😀é\"\\/\b\f\n\r\té😀\0", 21));
  const auto key = read(R"({"\u0053treamName":"s"})", op::put_record);
  ASSERT_TRUE(key);
  EXPECT_EQ(*key->text("StreamName"), "s");
  // A long text arrives in parts.
  std::string body = R"({"PartitionKey":")";
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    body += "x\\n";
    expected += "x\n";
  }
  const auto many = read(body + "\"}", op::put_record);
  ASSERT_TRUE(many);
  EXPECT_EQ(*many->text("PartitionKey"), expected);
}

TEST(JsonCodec, RefusesWhatIsNotJsonWithoutASentence) {
  for (const std::string_view body : {
           "",
           " ",
           "{",
           "}",
           "[]",
           "[{}]",
           "null",
           "true",
           "5",
           "\"x\"",
           "{]",
           "{\"a\"}",
           "{\"a\":}",
           "{\"a\":1,}",
           "{a:1}",
           "{'a':1}",
           "{} {}",
           "{}x",
           "{\"a\":01}",
           "{\"a\":+1}",
           "{\"a\":.5}",
           "{\"a\":1.}",
           "{\"a\":NaN}",
           "{\"a\":Infinity}",
           "{\"a\":tru}",
           "{\"a\":\"\t\"}",
           "{\"a\":\"\\x\"}",
           "{\"a\":\"\\u12\"}",
           "{\"a\":\"b",
           "{\"a\":1} //",
           "{\"a\":[1,2}",
           "\xef\xbb\xbf{}",
       }) {
    EXPECT_EQ(sentence(body, op::put_record), "") << body;
  }
  EXPECT_EQ(sentence(" \t\r\n{ \"StreamName\" : \"s\" } \r\n", op::put_record), "accepted");
}

TEST(JsonCodec, RefusesSurrogatesAloneAndInvalidUtf8) {
  for (const std::string text : {"\\ud800", "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\ude00\\ud83d", "\xff", "\xc3",
                                 "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_EQ(sentence("{\"PartitionKey\":\"" + text + "\"}", op::put_record), "") << text;
    EXPECT_EQ(sentence("{\"Unknown\":\"" + text + "\"}", op::put_record), "") << text;
    EXPECT_EQ(sentence("{\"" + text + "\":1}", op::put_record), "") << text;
  }
}

TEST(JsonCodec, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(sentence(nested(depth_max), op::put_record), "accepted");
  EXPECT_EQ(sentence(nested(depth_max + 1), op::put_record), "");
  EXPECT_EQ(sentence(nested(100'000), op::put_record), "");
  EXPECT_EQ(sentence(std::string(1'000'000, '['), op::put_record), "");
}

TEST(JsonCodec, NoPrefixOfABodyIsAccepted) {
  const std::string body = R"({"Records":[{"Data":"aGVsbG8=","PartitionKey":"\u00e9\ud83d\ude00"},)"
                           R"({"Data":"","ExplicitHashKey":"12"}],"StreamName":"s","DryRun":false,"x":-1.5e3})";
  ASSERT_EQ(sentence(body, op::put_records), "accepted");
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_EQ(sentence(body.substr(0, length), op::put_records), "") << length;
  }
}

TEST(JsonCodec, LongListsAreCutButStillHeldToTheirTypes) {
  std::string body = R"({"TagKeys":[)";
  for (std::size_t i = 0; i < elements_max + 5; ++i)
    body += "\"k\",";
  const auto value = read(body + "\"k\"]}", op::remove_tags_from_stream);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->list("TagKeys")->size(), elements_max);
  EXPECT_EQ(sentence(body + "{}]}", op::remove_tags_from_stream), map_start);
}

TEST(JsonCodec, WritesWhatTheServiceWrites) {
  Value record;
  record.add("SequenceNumber", "1");
  record.add("ApproximateArrivalTimestamp", Timestamp{1'768'469'400'123});
  record.add("Data", Blob{"hello"});
  record.add("PartitionKey", "a\"\\\b\f\n\r\t\x01\x1f/é😀\x7f");
  Value answer;
  answer.add("Records", List{record, record});
  answer.add("NextShardIterator", Value());
  answer.add("MillisBehindLatest", std::int64_t{100'000'000'000});
  const std::string item = R"({"SequenceNumber":"1","ApproximateArrivalTimestamp":1768469400.123,"Data":"aGVsbG8=",)"
                           R"("PartitionKey":"a\"\\\b\f\n\r\t\u0001\u001f/é😀)"
                           "\x7f\"}";
  EXPECT_EQ(encode(Encoding::json, answer, *op::get_records.output),
            "{\"Records\":[" + item + "," + item + R"(],"MillisBehindLatest":100000000000})");
  EXPECT_EQ(encode(Encoding::json, Value(), *op::get_records.output), "{}");
  Value empty;
  empty.add("Records", List{});
  EXPECT_EQ(encode(Encoding::json, empty, *op::get_records.output), R"({"Records":[]})");
  Value flags;
  flags.add("HasMoreStreams", false);
  flags.add("StreamNames", List{Value("a"), Value()});
  EXPECT_EQ(encode(Encoding::json, flags, *op::list_streams.output),
            R"({"HasMoreStreams":false,"StreamNames":["a",null]})");
  Value tags;
  tags.add("Tags", Value(Object{Member{"k", Value("v")}, Member{"n", Value()}}));
  EXPECT_EQ(encode(Encoding::json, tags, *op::add_tags_to_stream.input), R"({"Tags":{"k":"v","n":null}})");
}

TEST(JsonCodec, WritesTimesWithNoMoreDecimalsThanTheyNeed) {
  const auto written = [](std::int64_t ms) { return encode(Encoding::json, Value(Timestamp{ms}), shapes::timestamp); };
  EXPECT_EQ(written(1'768'469'400'123), "1768469400.123");
  EXPECT_EQ(written(1'768'469'400'120), "1768469400.12");
  EXPECT_EQ(written(1'768'469'400'100), "1768469400.1");
  EXPECT_EQ(written(1'768'469'400'005), "1768469400.005");
  EXPECT_EQ(written(1'768'469'400'000), "1768469400");
  EXPECT_EQ(written(0), "0");
  EXPECT_EQ(written(-1500), "-1.5");
  EXPECT_EQ(written(-1), "-0.001");
}

}  // namespace
}  // namespace millrace::wire
