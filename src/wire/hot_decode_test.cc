#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/base64.h"
#include "wire/hot.h"
#include "wire/testing/hot_requests.h"

namespace millrace::wire::hot {
namespace {

using namespace std::string_literals;
using testing::Generator;
using testing::Operation;

constexpr Encoding encodings[] = {Encoding::json, Encoding::cbor};

// A body in a block of its exact size, so that the address sanitizer sees a byte read too many.
class Exact {
 public:
  explicit Exact(std::string_view body) : bytes_(body.begin(), body.end()) {}
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

std::optional<testing::Put> decoded_put(Encoding encoding, Operation operation, std::string_view body) {
  const Exact exact(body);
  PutRequest request;
  const bool accepted = operation == Operation::put_record ? decode_put_record(encoding, exact.view(), request)
                                                           : decode_put_records(encoding, exact.view(), request);
  if (!accepted) return std::nullopt;
  EXPECT_EQ(request.data_form, encoding == Encoding::json ? DataForm::base64 : DataForm::raw);
  return testing::copy_of(request);
}

std::optional<testing::Get> decoded_get(Encoding encoding, std::string_view body) {
  const Exact exact(body);
  GetRequest request;
  if (!decode_get_records(encoding, exact.view(), request)) return std::nullopt;
  return testing::copy_of(request);
}

bool takes_put_record(std::string_view body) {
  return decoded_put(Encoding::json, Operation::put_record, body).has_value();
}
bool takes_put_records(std::string_view body) {
  return decoded_put(Encoding::json, Operation::put_records, body).has_value();
}
bool takes_get(std::string_view body) {
  return decoded_get(Encoding::json, body).has_value();
}

TEST(HotDecode, PutRecordOfTheReference) {
  const auto put = decoded_put(Encoding::json, Operation::put_record,
                               R"({"StreamName":"orders","PartitionKey":"user-1","Data":"aGVsbG8="})");
  ASSERT_TRUE(put);
  EXPECT_EQ(*put,
            (testing::Put{
                .stream_name = "orders", .stream_arn = {}, .ordering = {}, .records = {{"aGVsbG8=", "user-1", ""}}}));
}

TEST(HotDecode, PutRecordOfTheReferenceInCbor) {
  const std::string body =
      "\xbf\x6aStreamName\x66orders\x6cPartitionKey\x66user-1\x64"
      "Data\x45hello\xff";
  ASSERT_EQ(body.size(), 51U);
  const auto put = decoded_put(Encoding::cbor, Operation::put_record, body);
  ASSERT_TRUE(put);
  EXPECT_EQ(put->stream_name, "orders");
  EXPECT_EQ(put->records, (std::vector<testing::Record>{{"hello", "user-1", ""}}));
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decoded_put(Encoding::cbor, Operation::put_record, body.substr(0, size))) << size;
  }
}

TEST(HotDecode, ARequestIsReused) {
  PutRequest request;
  ASSERT_TRUE(decode_put_record(
      Encoding::json,
      R"({"StreamName":"a","StreamARN":"arn:aws:kinesis:x:000000000000:stream/a","DryRun":true,"SequenceNumberForOrdering":"1","Data":""})",
      request));
  EXPECT_TRUE(request.dry_run);
  ASSERT_TRUE(
      decode_put_records(Encoding::json, R"({"Records":[{"Data":""},{"Data":"","PartitionKey":"k"}]})", request));
  EXPECT_EQ(testing::copy_of(request),
            (testing::Put{.stream_name = {}, .stream_arn = {}, .ordering = {}, .records = {{}, {"", "k", ""}}}));
}

TEST(HotDecode, SpaceAndOrderAreFree) {
  EXPECT_TRUE(
      takes_put_records(" \t\r\n{ \"DryRun\" : false , \"Records\" : [ { \"PartitionKey\" : \"k\" , \"Data\" : \"\" } "
                        ", {\"Data\":\"AAAA\"} "
                        "] , \"StreamName\":\"s\" } \n"));
  EXPECT_TRUE(takes_get("{\"Limit\":1 \t,\n\"ShardIterator\":\"x\"}"));
}

TEST(HotDecode, WhatIsNotPlainJsonIsRefused) {
  for (const std::string& body : {
           ""s,
           "{"s,
           "}"s,
           "null"s,
           "[]"s,
           "{}"s,
           "\"x\""s,
           "1"s,
           R"({"Data":""} x)"s,
           R"({"Data":""}{})"s,
           R"({"Data":""},)"s,
           R"({"Data":"",})"s,
           R"({,"Data":""})"s,
           R"({"Data" ""})"s,
           R"({"Data":})"s,
           R"({"Data"})"s,
           R"({Data:""})"s,
           R"({'Data':''})"s,
           R"({"Data":"" "PartitionKey":"k"})"s,
           R"({"Data":"","Data":""})"s,
           R"({"data":""})"s,
           R"({"Data":"","Extra":1})"s,
           R"({"Data":"","Records":[]})"s,
           R"({"Data":"","ShardIterator":"x"})"s,
           R"({"Data":"","Limit":1})"s,
           R"({"Data":"","StreamId":"x"})"s,
           R"({"Data":"\u0041AAA"})"s,
           R"({"Data":"A\/AA"})"s,
           R"({"Data":"","PartitionKey":"\n"})"s,
           R"({"D\u0061ta":""})"s,
           R"({"Data":"AAA"})"s,
           R"({"Data":"A"})"s,
           R"({"Data":null})"s,
           R"({"Data":[]})"s,
           R"({"Data":{}})"s,
           R"({"Data":1})"s,
           R"({"Data":true})"s,
           R"({"Data":"","PartitionKey":null})"s,
           R"({"Data":"","PartitionKey":1})"s,
           R"({"Data":"","DryRun":null})"s,
           R"({"Data":"","DryRun":"true"})"s,
           R"({"Data":"","DryRun":True})"s,
           R"({"Data":"","DryRun":truex})"s,
           R"({"Data":"","DryRun":tru})"s,
           R"({"Data":"","DryRun":1})"s,
           "{\"Data\":\"\",\"PartitionKey\":\"a\nb\"}"s,
           "{\"Data\":\"\",\"PartitionKey\":\"a\0b\"}"s,
           "{\"Data\":\"AA\nA\"}"s,
           "{\"Data\":\"\"}\0"s,
           "\xef\xbb\xbf{\"Data\":\"\"}"s,
           "{\"Data\":\"\"}\v"s,
           R"({"Data":"A)"s,
           R"({"PartitionKey":"k"})"s,
       }) {
    EXPECT_FALSE(takes_put_record(body)) << body;
  }
}

TEST(HotDecode, PutRecordsIsRefusedAsAWholeForOneBadEntry) {
  const auto with = [](const std::string& records) { return R"({"StreamName":"s","Records":)" + records + "}"; };
  EXPECT_TRUE(takes_put_records(with(R"([{"Data":"AAAA","PartitionKey":"k"}])")));
  for (const std::string& records :
       {"[]"s, "{}"s, "null"s, "\"\""s, "[null]"s, "[[]]"s, "[{}]"s, R"([{"PartitionKey":"k"}])"s, R"([{"Data":""},])"s,
        R"([,{"Data":""}])"s, R"([{"Data":""} {"Data":""}])"s, R"([{"Data":""},null])"s, R"([{"Data":"","Data":""}])"s,
        R"([{"Data":"","StreamName":"s"}])"s, R"([{"Data":"","DryRun":true}])"s, R"([{"Data":""})"s,
        R"([{"Data":"","PartitionKey":""}])"s, R"([{"Data":"","ExplicitHashKey":""}])"s}) {
    EXPECT_FALSE(takes_put_records(with(records))) << records;
  }
  EXPECT_FALSE(takes_put_records(R"({"StreamName":"s"})"));
  EXPECT_FALSE(takes_put_records(R"({"Records":[{"Data":""}],"Records":[{"Data":""}]})"));
  EXPECT_FALSE(takes_put_records(R"({"Records":[{"Data":""}],"SequenceNumberForOrdering":"1"})"));
}

TEST(HotDecode, LengthsStandAtTheirLimits) {
  const auto key = [](const std::string& text) { return R"({"Data":"","PartitionKey":")" + text + "\"}"; };
  EXPECT_TRUE(takes_put_record(key(std::string(256, 'k'))));
  EXPECT_FALSE(takes_put_record(key(std::string(257, 'k'))));
  EXPECT_FALSE(takes_put_record(key("")));
  std::string wide;
  for (int i = 0; i < 256; ++i)
    wide += "\U0010ffff";
  EXPECT_TRUE(takes_put_record(key(wide)));
  EXPECT_FALSE(takes_put_record(key(wide + "k")));

  const auto name = [](const std::string& text) { return R"({"Data":"","StreamName":")" + text + "\"}"; };
  EXPECT_TRUE(takes_put_record(name(std::string(128, 'n'))));
  EXPECT_FALSE(takes_put_record(name(std::string(129, 'n'))));
  for (const char* bad : {"", " ", "a b", "a/b", "ä", "a:b", "a\\u0041"})
    EXPECT_FALSE(takes_put_record(name(bad))) << bad;

  const auto hash = [](const std::string& text) { return R"({"Data":"","ExplicitHashKey":")" + text + "\"}"; };
  for (const char* good :
       {"0", "7", "340282366920938463463374607431768211456", "999999999999999999999999999999999999999"}) {
    EXPECT_TRUE(takes_put_record(hash(good))) << good;
  }
  for (const char* bad : {"", "00", "01", "-1", "+1", "1.0", "1e3", "1000000000000000000000000000000000000000"}) {
    EXPECT_FALSE(takes_put_record(hash(bad))) << bad;
  }

  const auto ordering = [](const std::string& text) {
    return R"({"Data":"","SequenceNumberForOrdering":")" + text + "\"}";
  };
  EXPECT_TRUE(takes_put_record(ordering("0")));
  EXPECT_TRUE(takes_put_record(ordering(std::string(129, '9'))));
  EXPECT_FALSE(takes_put_record(ordering(std::string(130, '9'))));
  EXPECT_FALSE(takes_put_record(ordering("012")));

  const std::string arn = "arn:aws:kinesis:us-east-1:000000000000:stream/";
  const auto by_arn = [](const std::string& text) { return R"({"Data":"","StreamARN":")" + text + "\"}"; };
  EXPECT_TRUE(takes_put_record(by_arn(arn + "s")));
  EXPECT_TRUE(takes_put_record(by_arn(arn + std::string(2048 - arn.size(), 's'))));
  EXPECT_FALSE(takes_put_record(by_arn(arn + std::string(2049 - arn.size(), 's'))));
  EXPECT_FALSE(takes_put_record(by_arn(arn)));
  EXPECT_FALSE(takes_put_record(by_arn("arn:aws:kinesis:us-east-1:00000000000:stream/s")));
}

TEST(HotDecode, FiveHundredRecordsAndNotOneMore) {
  for (const Encoding encoding : encodings) {
    Generator generator(1);
    testing::Put put{.stream_name = "s", .stream_arn = {}, .ordering = {}, .records = {}};
    put.records.resize(500);
    EXPECT_TRUE(decoded_put(encoding, Operation::put_records, generator.body(encoding, Operation::put_records, put)));
    put.records.resize(501);
    EXPECT_FALSE(decoded_put(encoding, Operation::put_records, generator.body(encoding, Operation::put_records, put)));
  }
}

TEST(HotDecode, TenMebibytesOfDataAndNotOneByteMore) {
  constexpr std::size_t bytes_max = 10'485'760;
  for (const Encoding encoding : encodings) {
    for (const std::size_t size : {bytes_max - 1, bytes_max, bytes_max + 1}) {
      Generator generator(2);
      const std::string bytes(size, 'x');
      testing::Put put{.stream_name = "s", .stream_arn = {}, .ordering = {}, .records = {{}}};
      put.records.front().data = encoding == Encoding::json ? base::base64_encode(bytes) : bytes;
      const std::string body = generator.body(encoding, Operation::put_record, put);
      EXPECT_EQ(decoded_put(encoding, Operation::put_record, body).has_value(), size <= bytes_max) << size;
    }
  }
}

TEST(HotDecode, KeysAreStrictUtf8) {
  const std::vector<std::string> bad = {"\x80",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xc2",
                                        "\xe0\x80\x80",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xed\xbf\xbf",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff",
                                        "\xe2\x82",
                                        "\xf0\x9f\x98"};
  const std::vector<std::string> good = {"\xc2\x80",     "\xe0\xa0\x80",     "\xed\x9f\xbf",
                                         "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
  for (const Encoding encoding : encodings) {
    const auto takes = [encoding](const std::string& key) {
      Generator generator(3);
      testing::Put put{.stream_name = "s", .stream_arn = {}, .ordering = {}, .records = {{"", key, ""}}};
      return decoded_put(encoding, Operation::put_record, generator.body(encoding, Operation::put_record, put))
          .has_value();
    };
    for (const std::string& pad : {""s, "0123456789abcdef0123456789"s}) {
      for (const std::string& text : bad) {
        EXPECT_FALSE(takes(pad + text));
        EXPECT_FALSE(takes(text + pad));
      }
      for (const std::string& text : good) {
        EXPECT_TRUE(takes(pad + text));
        EXPECT_TRUE(takes(text + pad));
      }
    }
  }
}

TEST(HotDecode, GetRecords) {
  EXPECT_EQ(decoded_get(Encoding::json, R"({"ShardIterator":"AAA=","Limit":10000,"DryRun":true})"),
            (testing::Get{"AAA=", "", 10'000, true}));
  EXPECT_TRUE(takes_get("{\"ShardIterator\":\"" + std::string(512, 'i') + "\"}"));
  EXPECT_FALSE(takes_get("{\"ShardIterator\":\"" + std::string(513, 'i') + "\"}"));
  EXPECT_FALSE(takes_get(R"({"Limit":1})"));
  for (const char* limit :
       {"0", "10001", "-1", "01", "1.0", "1e1", "1.", "\"1\"", "null", "true", "", "+1", "1x", "9999999999999999999"}) {
    EXPECT_FALSE(takes_get(std::string(R"({"ShardIterator":"x","Limit":)") + limit + "}")) << limit;
  }
  for (const char* body :
       {R"({"ShardIterator":""})", R"({"ShardIterator":null})", R"({"ShardIterator":"x","StreamName":"s"})",
        R"({"ShardIterator":"x","ShardIterator":"x"})", R"({"ShardIterator":"\"x\""})"}) {
    EXPECT_FALSE(takes_get(body)) << body;
  }
}

TEST(HotDecode, CborFormsThatAreLeftToTheGeneralPath) {
  const auto takes = [](const std::string& body) {
    return decoded_put(Encoding::cbor, Operation::put_record, body).has_value();
  };
  const std::string data =
      "\x64"
      "Data";
  EXPECT_TRUE(takes("\xa1" + data + "\x40"));
  EXPECT_TRUE(takes("\xbf" + data + "\x58\x01x\xff"));
  EXPECT_TRUE(takes("\xbb\0\0\0\0\0\0\0\x01"s + data + "\x40"));
  for (const std::string& body : {
           ""s,
           "\xbf"s,
           "\xff"s,
           "\xf6"s,
           "\xa0"s,
           "\xbf\xff"s,
           "\xbf" + data + "\x5f\x41x\xff\xff",  // bytes in chunks
           "\xbf" + data + "\x61x\xff",          // text for bytes
           "\xbf" + data + "\xc1\x40\xff",       // a tag
           "\xbf" + data + "\xf6\xff",           // null
           "\xbf" + data + "\xff",               // no value
           "\xbf\x44"
           "Data\x40\xff"s,  // a name of bytes
           "\xbf\x7f\x64"
           "Data\xff\x40\xff"s,  // a name in chunks
           "\xbf\xc1\x64"
           "Data\x40\xff"s,
           "\xbf" + data + "\x40\xff\xff",                                  // something behind
           "\xbf" + data + "\x40",                                          // no end
           "\xa2" + data + "\x40",                                          // fewer members than said
           "\xa1" + data + "\x40\xff",                                      // a break without need
           "\xbf" + data + "\x40" + data + "\x40\xff",                      // twice
           "\xbf" + data + "\x5c\x40\xff",                                  // a reserved form of length
           "\xbf" + data + "\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x40\xff",  // longer than there is
           "\xbf" + data +
               "\x40\x6c"
               "PartitionKey\x41k\xff",  // bytes for text
           "\xbf" + data +
               "\x40\x66"
               "DryRun\xf6\xff",
           "\xbf" + data +
               "\x40\x66"
               "DryRun\x01\xff",
           "\xbf\x65"
           "Extra\x01" +
               data + "\x40\xff",
       }) {
    EXPECT_FALSE(takes(body));
  }
  const auto takes_limit = [](const std::string& limit) {
    return decoded_get(Encoding::cbor, "\xbf\x6dShardIterator\x61x\x65Limit" + limit + "\xff").has_value();
  };
  EXPECT_TRUE(takes_limit("\x01"));
  EXPECT_TRUE(takes_limit("\x19\x27\x10"));
  EXPECT_TRUE(takes_limit("\x1b\0\0\0\0\0\0\x27\x10"s));
  for (const std::string& limit :
       {"\0"s, "\x20"s, "\x19\x27\x11"s, "\x1b\xff\xff\xff\xff\xff\xff\xff\xff"s, "\xf9\x3c\0"s, "\xc2\x41\x01"s,
        "\x61"
        "1"s,
        "\x1c"s}) {
    EXPECT_FALSE(takes_limit(limit));
  }
}

TEST(HotDecode, DataIsDecodedExactly) {
  std::mt19937_64 random(20261124);
  for (std::size_t size = 0; size <= 200; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes)
      c = static_cast<char>(random());
    for (const DataForm form : {DataForm::base64, DataForm::raw}) {
      const std::string text = form == DataForm::base64 ? base::base64_encode(bytes) : bytes;
      ASSERT_EQ(data_size(form, text), size);
      std::vector<char> out(size);
      EXPECT_TRUE(decode_data(form, text, out.data()));
      EXPECT_EQ(std::string(out.begin(), out.end()), bytes);
    }
  }
  char byte = 0;
  EXPECT_FALSE(decode_data(DataForm::base64, "AB==", &byte));
  EXPECT_FALSE(decode_data(DataForm::base64, "A!==", &byte));
}

// Generated requests are accepted with every member as it was put in, and the second opinion agrees.
TEST(HotDecodeRandom, ValidRequestsAreTaken) {
  Generator generator(testing::seed_of_run());
  for (int i = 0; i < 3'000; ++i) {
    const Encoding encoding = encodings[i % 2];
    const Operation operation = i % 4 < 2 ? Operation::put_record : Operation::put_records;
    const testing::Put put = generator.put(encoding, operation);
    const std::string body = generator.body(encoding, operation, put);
    ASSERT_EQ(decoded_put(encoding, operation, body), put) << body;
    if (i % 10 < 2) ASSERT_EQ(testing::second_opinion_on_put(encoding, operation, body), put) << body;
    const testing::Get get = generator.get();
    const std::string get_body = generator.body(encoding, get);
    ASSERT_EQ(decoded_get(encoding, get_body), get) << get_body;
    if (i % 10 < 2) ASSERT_EQ(testing::second_opinion_on_get(encoding, get_body), get) << get_body;
  }
}

// Whatever is done to a body, what is accepted is what the second opinion reads from the same bytes.
TEST(HotDecodeRandom, MutatedBodiesAreTakenOnlyForWhatTheySay) {
  Generator generator(testing::seed_of_run());
  int taken = 0;
  int refused = 0;
  for (int i = 0; i < 40'000; ++i) {
    const Encoding encoding = encodings[i % 2];
    const auto operation = static_cast<Operation>(i % 3);
    if (operation == Operation::get_records) {
      const std::string body = generator.mutated(generator.body(encoding, generator.get()));
      const auto get = decoded_get(encoding, body);
      ++(get ? taken : refused);
      if (get) ASSERT_EQ(testing::second_opinion_on_get(encoding, body), get) << body;
    } else {
      const std::string body =
          generator.mutated(generator.body(encoding, operation, generator.put(encoding, operation)));
      const auto put = decoded_put(encoding, operation, body);
      ++(put ? taken : refused);
      if (put) ASSERT_EQ(testing::second_opinion_on_put(encoding, operation, body), put) << body;
    }
  }
  EXPECT_GT(taken, 1'000);
  EXPECT_GT(refused, 1'000);
}

TEST(HotDecodeRandom, NoPrefixOfABodyIsTaken) {
  Generator generator(7);
  for (int i = 0; i < 40; ++i) {
    const Encoding encoding = encodings[i % 2];
    const Operation operation = i % 4 < 2 ? Operation::put_record : Operation::put_records;
    std::string body = generator.body(encoding, operation, generator.put(encoding, operation));
    while (!body.empty() && encoding == Encoding::json && body.back() != '}')
      body.pop_back();
    const std::size_t step = 1 + body.size() / 500;
    for (std::size_t size = 0; size < body.size(); size += step) {
      ASSERT_FALSE(decoded_put(encoding, operation, std::string_view(body).substr(0, size))) << size << ' ' << body;
    }
  }
}

}  // namespace
}  // namespace millrace::wire::hot
