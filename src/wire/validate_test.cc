#include "wire/validate.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/codec.h"
#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

// What is wrong with a request; empty where nothing is.
std::string wrong(std::string_view json, const OperationShape& operation) {
  const auto value = decode(Encoding::json, json, *operation.input);
  EXPECT_TRUE(value) << json;
  if (!value) return "not decoded";
  const auto error = validate(*value, *operation.input);
  if (!error) return {};
  EXPECT_EQ(error->code, base::Errc::validation);
  return error->message;
}

std::string one(const std::string& violation) {
  return "1 validation error detected: " + violation;
}

const std::string name_pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
const std::string not_null = "Member must not be null";

std::string at(const std::string& path, const std::string& constraint, const std::string& value = "''") {
  return "Value " + value + " at '" + path + "' failed to satisfy constraint: " + constraint;
}
std::string at_least(int length) {
  return "Member must have length greater than or equal to " + std::to_string(length);
}
std::string at_most(int length) {
  return "Member must have length less than or equal to " + std::to_string(length);
}
std::string quoted(const std::string& text) {
  return "'" + text + "'";
}

TEST(Validate, ValidRequestsPass) {
  EXPECT_EQ(wrong("{}", op::describe_limits), "");
  EXPECT_EQ(wrong("{}", op::list_streams), "");
  EXPECT_EQ(wrong("{}", op::describe_stream), "");  // the meaning of it is checked later
  EXPECT_EQ(wrong(R"({"StreamName":"a","Data":"","PartitionKey":"é"})", op::put_record), "");
  EXPECT_EQ(wrong(R"({"Data":""})", op::put_record), "");
  EXPECT_EQ(wrong(R"({"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/a","Tags":{"k":""}})",
                  op::add_tags_to_stream),
            "");
}

// The messages below were recorded from the service, save where members or limits have changed since.
TEST(Validate, MissingMembers) {
  EXPECT_EQ(wrong("{}", op::create_stream), one(at("streamName", not_null, "null")));
  EXPECT_EQ(wrong("{}", op::add_tags_to_stream), one(at("tags", not_null, "null")));
  EXPECT_EQ(wrong(R"({"StreamName":null,"Tags":null})", op::add_tags_to_stream), one(at("tags", not_null, "null")));
  EXPECT_EQ(wrong("{}", op::put_record), one(at("data", not_null, "null")));
  EXPECT_EQ(wrong("{}", op::put_records), one(at("records", not_null, "null")));
  EXPECT_EQ(wrong("{}", op::get_records), one(at("shardIterator", not_null, "null")));
  EXPECT_EQ(wrong("{}", op::get_shard_iterator), "2 validation errors detected: " + at("shardId", not_null, "null") +
                                                     "; " + at("shardIteratorType", not_null, "null"));
  EXPECT_EQ(wrong(R"({"StreamModeDetails":{},"StreamName":"a"})", op::create_stream),
            one(at("streamModeDetails.streamMode", not_null, "null")));
}

TEST(Validate, EmptyMembersInTheRecordedOrder) {
  EXPECT_EQ(wrong(R"({"StreamName":"","ShardIteratorType":"","ShardId":"","StartingSequenceNumber":""})",
                  op::get_shard_iterator),
            "6 validation errors detected: " + at("shardId", name_pattern) + "; " + at("shardId", at_least(1)) + "; " +
                at("shardIteratorType",
                   "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
                   "AT_SEQUENCE_NUMBER, TRIM_HORIZON]") +
                "; " +
                at("startingSequenceNumber", "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,128})") +
                "; " + at("streamName", name_pattern) + "; " + at("streamName", at_least(1)));
  EXPECT_EQ(
      wrong(R"({"StreamName":"","PartitionKey":"","Data":"","ExplicitHashKey":"","SequenceNumberForOrdering":""})",
            op::put_record),
      "5 validation errors detected: " +
          at("sequenceNumberForOrdering", "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,128})") +
          "; " + at("partitionKey", at_least(1)) + "; " +
          at("explicitHashKey", "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})") + "; " +
          at("streamName", name_pattern) + "; " + at("streamName", at_least(1)));
  EXPECT_EQ(wrong(R"({"StreamName":"","Records":[]})", op::put_records),
            "3 validation errors detected: " + at("records", at_least(1), "'[]'") + "; " +
                at("streamName", name_pattern) + "; " + at("streamName", at_least(1)));
  EXPECT_EQ(wrong(R"({"StreamName":"","Tags":{}})", op::add_tags_to_stream),
            "3 validation errors detected: " + at("tags", at_least(1), "'{}'") + "; " + at("streamName", name_pattern) +
                "; " + at("streamName", at_least(1)));
  EXPECT_EQ(wrong(R"({"ExclusiveStartStreamName":"","Limit":0})", op::list_streams),
            "3 validation errors detected: " + at("limit", "Member must have value greater than or equal to 1", "'0'") +
                "; " + at("exclusiveStartStreamName", name_pattern) + "; " +
                at("exclusiveStartStreamName", at_least(1)));
}

TEST(Validate, ValuesBeyondTheirBounds) {
  const std::string name(129, 'a');
  EXPECT_EQ(wrong(R"({"StreamName":")" + name + R"(","ShardCount":100000000000})", op::create_stream),
            one(at("streamName", at_most(128), quoted(name))));
  EXPECT_EQ(wrong(R"({"Limit":1000000})", op::list_streams),
            one(at("limit", "Member must have value less than or equal to 10000", "'1000000'")));
  EXPECT_EQ(wrong(R"({"MaxRecordSizeInKiB":1023,"StreamName":"a","WarmThroughputMiBps":-1})", op::create_stream),
            "2 validation errors detected: " +
                at("warmThroughputMiBps", "Member must have value greater than or equal to 0", "'-1'") + "; " +
                at("maxRecordSizeInKiB", "Member must have value greater than or equal to 1024", "'1023'"));
}

TEST(Validate, TextIsCountedInCharacters) {
  std::string key;
  for (int i = 0; i < 256; ++i)
    key += i % 2 == 0 ? "é" : "😀";
  EXPECT_EQ(wrong(R"({"Data":"","PartitionKey":")" + key + "\"}", op::put_record), "");
  EXPECT_EQ(wrong(R"({"Data":"","PartitionKey":")" + key + "é\"}", op::put_record),
            one(at("partitionKey", at_most(256), quoted(key + "é"))));
}

TEST(Validate, BlobsAreCountedInBytesAndPrintedAsBuffers) {
  Value put;
  put.add("Data", Blob{std::string(10'485'760, 'x')});
  EXPECT_FALSE(validate(put, *op::put_record.input));
  Value more;
  more.add("Data", Blob{std::string(10'485'761, 'x')});
  const auto error = validate(more, *op::put_record.input);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message,
            one(at("data", at_most(10485760), "'java.nio.HeapByteBuffer[pos=0 lim=10485761 cap=10485761]'")));
}

TEST(Validate, MembersOfAListOfTexts) {
  const std::string name(129, 'a');
  const std::string constraint =
      "Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length "
      "greater than or equal to 1]";
  EXPECT_EQ(wrong(R"({"TagKeys":["a",")" + name + R"(","b"]})", op::remove_tags_from_stream),
            one(at("tagKeys", constraint, quoted("[a, " + name + ", b]"))));
  EXPECT_EQ(wrong(R"({"TagKeys":["a",""]})", op::remove_tags_from_stream), one(at("tagKeys", constraint, "'[a, ]'")));
  EXPECT_EQ(wrong(R"({"TagKeys":["a",null]})", op::remove_tags_from_stream),
            one(at("tagKeys", constraint, "'[a, null]'")));
  std::string keys = "\"k\"";
  std::string printed = "k";
  for (int i = 1; i < 51; ++i) {
    keys += ",\"k\"";
    printed += ", k";
  }
  EXPECT_EQ(wrong("{\"TagKeys\":[" + keys + "]}", op::remove_tags_from_stream),
            one(at("tagKeys", at_most(50), quoted("[" + printed + "]"))));
}

TEST(Validate, KeysAndValuesOfAMap) {
  const std::string key(129, 'k');
  const std::string value(257, 'v');
  EXPECT_EQ(wrong(R"({"Tags":{"a":"1",")" + key + R"(":"3"}})", op::add_tags_to_stream),
            one(at("tags",
                   "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must "
                   "have length greater than or equal to 1]",
                   quoted("{a=1, " + key + "=3}"))));
  EXPECT_EQ(wrong(R"({"Tags":{"a":"1","c":")" + value + R"("}})", op::add_tags_to_stream),
            one(at("tags",
                   "Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must "
                   "have length greater than or equal to 0]",
                   quoted("{a=1, c=" + value + "}"))));
  EXPECT_NE(wrong(R"({"Tags":{"a":null}})", op::add_tags_to_stream), "");
  EXPECT_NE(wrong(R"({"Tags":{"":"a"}})", op::add_tags_to_stream), "");
}

TEST(Validate, MembersOfAListOfStructures) {
  EXPECT_EQ(
      wrong(R"({"StreamName":"","Records":[{"PartitionKey":"","Data":"","ExplicitHashKey":""}]})", op::put_records),
      "4 validation errors detected: " + at("records.1.member.partitionKey", at_least(1)) + "; " +
          at("records.1.member.explicitHashKey", "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})") +
          "; " + at("streamName", name_pattern) + "; " + at("streamName", at_least(1)));
  EXPECT_EQ(wrong(R"({"Records":[{"Data":""},{},null]})", op::put_records),
            "2 validation errors detected: " + at("records.2.member.data", not_null, "null") + "; " +
                at("records.3.member", not_null, "null"));
}

TEST(Validate, AtMostTenViolationsAreTold) {
  std::string records;
  for (int i = 0; i < 501; ++i)
    records += std::string(i == 0 ? "" : ",") + R"({"PartitionKey":"","Data":""})";
  const std::string message = wrong(R"({"StreamName":"","Records":[)" + records + "]}", op::put_records);
  EXPECT_TRUE(message.starts_with(
      "10 validation errors detected: Value '[com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@"));
  EXPECT_TRUE(message.ends_with("]' at 'records' failed to satisfy constraint: " + at_most(500) + "; " + [] {
    std::string rest;
    for (int i = 1; i < 10; ++i) {
      if (i > 1) rest += "; ";
      rest += at("records." + std::to_string(i) + ".member.partitionKey", at_least(1));
    }
    return rest;
  }()));
  // Equal structures print the same eight digits, others do not.
  const auto digits_at = [&](std::size_t n) {
    std::size_t from = 0;
    for (std::size_t i = 0; i <= n; ++i)
      from = message.find('@', from) + 1;
    return message.substr(from, 8);
  };
  EXPECT_EQ(digits_at(0), digits_at(500));
  EXPECT_EQ(digits_at(0).find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Validate, ListsThatWereCutAreStillTooLong) {
  std::string records = "{}";
  for (std::size_t i = 0; i < elements_max + 10; ++i)
    records += ",{}";
  EXPECT_TRUE(wrong("{\"Records\":[" + records + "]}", op::put_records).starts_with("10 validation errors detected: "));
}

// What none of today's operations has, but the next ones will: structures in a map, lists of bounded numbers.
TEST(Validate, StructuresInAMapAndConstrainedScalarsInAList) {
  static constexpr std::array inner_members = std::to_array<MemberShape>({{"Name", &shapes::stream_name, required}});
  static constexpr Shape inner = structure("Inner", inner_members);
  static constexpr Shape inner_map = map_of("InnerMap", shapes::tag_key, inner, {}, {});
  static constexpr Shape name_list = list_of("NameList", shapes::stream_name);
  static constexpr Shape count_list = list_of("CountList", shapes::positive_integer);
  static constexpr Shape status_list = list_of("StatusList", shapes::stream_status);
  static constexpr Shape flag_list = list_of("FlagList", shapes::boolean);
  static constexpr std::array members = std::to_array<MemberShape>({
      {"Map", &inner_map},
      {"Names", &name_list},
      {"Counts", &count_list},
      {"Statuses", &status_list},
      {"Flags", &flag_list},
  });
  static constexpr Shape outer = structure("Outer", members);
  const auto value = decode(Encoding::json,
                            R"({"Map":{"k":{"Name":"a"},"K2":{}},"Names":["a","b b"],"Counts":[1,0],)"
                            R"("Statuses":["ACTIVE","x"],"Flags":[true,null]})",
                            outer);
  ASSERT_TRUE(value);
  const auto error = validate(*value, outer);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message,
            "5 validation errors detected: " + at("map.K2.member.name", not_null, "null") + "; " +
                at("names",
                   "Member must satisfy constraint: [" + at_most(128) + ", " + at_least(1) + ", " + name_pattern + "]",
                   "'[a, b b]'") +
                "; " + at("counts", "Member must satisfy constraint: [" + at_least(1) + "]", "'[1, 0]'") + "; " +
                at("statuses",
                   "Member must satisfy constraint: [Member must satisfy enum value set: [CREATING, DELETING, ACTIVE, "
                   "UPDATING]]",
                   "'[ACTIVE, x]'") +
                "; " + at("flags", "Member must satisfy constraint: [Member must not be null]", "'[true, null]'"));
}

}  // namespace
}  // namespace millrace::wire
