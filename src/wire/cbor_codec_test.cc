// CBOR bodies in and out, through decode() and encode(). Bodies are written in hexadecimal, as in RFC 8949.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "wire/codec.h"
#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  unsigned value = 0;
  bool is_half = false;
  for (const char c : hex) {
    if (c == ' ') continue;
    const unsigned digit = c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'a' + 10);
    value = (value << 4) | digit;
    if (is_half) bytes += static_cast<char>(value & 0xff);
    is_half = !is_half;
  }
  return bytes;
}

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 0xf];
  }
  return hex;
}

// A text item of up to 23 bytes.
std::string text(std::string_view content) {
  return static_cast<char>(0x60 + content.size()) + std::string(content);
}

base::Result<Value> read(std::string_view body, const OperationShape& operation) {
  return decode(Encoding::cbor, body, *operation.input);
}

std::string sentence(std::string_view body, const OperationShape& operation) {
  const base::Result<Value> value = read(body, operation);
  if (value) return "accepted";
  EXPECT_EQ(value.error().code, base::Errc::serialization);
  return value.error().message;
}

// {name: item}
std::string with(std::string_view name, std::string_view hex) {
  return "\xa1" + text(name) + bytes_of(hex);
}

TEST(CborCodec, ReadsTheWorkedExample) {
  const std::string body = bytes_of(
      "bf 6a53747265616d4e616d65 666f7264657273 6c506172746974696f6e4b6579 66757365722d31 6444617461 4568656c6c6f ff");
  ASSERT_EQ(body.size(), 51U);
  const auto value = read(body, op::put_record);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->text("StreamName"), "orders");
  EXPECT_EQ(*value->text("PartitionKey"), "user-1");
  EXPECT_EQ(value->blob("Data")->bytes, "hello");
  // And writes it back the same.
  EXPECT_EQ(encode(Encoding::cbor, *value, *op::put_record.input), body);
}

TEST(CborCodec, WritesTheWorkedExampleOfAnAnswer) {
  const std::string number = "49670868274687592932933929516637151686958241415914586114";
  Value record;
  record.add("SequenceNumber", number);
  record.add("ApproximateArrivalTimestamp", Timestamp{1'768'469'400'123});
  record.add("Data", Blob{"hello"});
  record.add("PartitionKey", "user-1");
  Value answer;
  answer.add("Records", List{record});
  answer.add("NextShardIterator", "AAAA");
  answer.add("MillisBehindLatest", 0);
  EXPECT_EQ(hex_of(encode(Encoding::cbor, answer, *op::get_records.output)),
            "bf675265636f7264739fbf6e53657175656e63654e756d6265727838" + hex_of(number) + "781b" +
                hex_of("ApproximateArrivalTimestamp") +
                "c11b0000019bc0fd8a3b64446174614568656c6c6f6c506172746974696f6e4b657966757365722d31ffff"
                "714e65787453686172644974657261746f726441414141724d696c6c6973426568696e644c617465737400ff");
}

TEST(CborCodec, ReadsDefiniteAndIndefiniteFormsAlike) {
  const std::string a =
      bytes_of("9f") + "\xbf" + text("Data") + bytes_of("5f4168426574ff") + bytes_of("ff") + bytes_of("ff");
  const auto indefinite = read("\xbf" + text("Records") + a + bytes_of("ff"), op::put_records);
  const auto definite =
      read("\xa1" + text("Records") + "\x81" + "\xa1" + text("Data") + bytes_of("43686574"), op::put_records);
  ASSERT_TRUE(indefinite);
  ASSERT_TRUE(definite);
  EXPECT_EQ(*indefinite, *definite);
  // Texts in chunks, keys too; long forms of lengths; empty ones.
  const auto chunked = read(
      "\xbf" + bytes_of("7f") + text("Stream") + text("Name") + bytes_of("ff 7f 6161 60 6162 ff ff"), op::put_records);
  ASSERT_TRUE(chunked);
  EXPECT_EQ(*chunked->text("StreamName"), "ab");
  const auto wide =
      read(bytes_of("b8 01") + text("StreamName") + bytes_of("7b 0000000000000002 6162"), op::put_records);
  ASSERT_TRUE(wide);
  EXPECT_EQ(*wide->text("StreamName"), "ab");
  const auto empty = read(with("Records", "80"), op::put_records);
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->list("Records")->empty());
  EXPECT_EQ(read(bytes_of("a0"), op::put_records)->object()->size(), 0U);
  EXPECT_EQ(read(bytes_of("bfff"), op::put_records)->object()->size(), 0U);
  EXPECT_EQ(read(with("Data", "5fff"), op::put_record)->blob("Data")->bytes, "");
}

TEST(CborCodec, NumbersOfEveryWidth) {
  const auto limit = [](std::string_view hex) {
    const auto value = read(with("Limit", hex), op::get_records);
    return value ? value->integer("Limit") : std::nullopt;
  };
  EXPECT_EQ(limit("00"), 0);
  EXPECT_EQ(limit("17"), 23);
  EXPECT_EQ(limit("1818"), 24);
  EXPECT_EQ(limit("190100"), 256);
  EXPECT_EQ(limit("1a00010000"), 65536);
  EXPECT_EQ(limit("1b0000000000000005"), 5);
  EXPECT_EQ(limit("1bffffffffffffffff"), 2147483647);
  EXPECT_EQ(limit("20"), -1);
  EXPECT_EQ(limit("3bffffffffffffffff"), -2147483648);
  EXPECT_EQ(limit("c105"), 5);
  EXPECT_EQ(limit("d9d9f7c6 05"), 5);
  EXPECT_EQ(limit("f93e00"), 1);       // 1.5
  EXPECT_EQ(limit("fabfc00000"), -2);  // -1.5
  EXPECT_EQ(limit("fb4008000000000000"), 3);
  EXPECT_EQ(limit("f97c00"), 2147483647);  // infinity
  EXPECT_EQ(limit("f6"), std::nullopt);
  EXPECT_EQ(sentence(with("Limit", "f97e00"), op::get_records),
            "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an Integer");
}

TEST(CborCodec, TimestampsAreMillisecondsAndFractionsAreForgiven) {
  const auto ms = [](std::string_view hex) -> std::int64_t {
    const auto value = read(with("Timestamp", hex), op::get_shard_iterator);
    EXPECT_TRUE(value) << hex;
    return value ? value->timestamp("Timestamp")->ms : -1;
  };
  EXPECT_EQ(ms("c11b0000019bc0fd8a3b"), 1'768'469'400'123);
  EXPECT_EQ(ms("1b0000019bc0fd8a3b"), 1'768'469'400'123);
  EXPECT_EQ(ms("c1fb41da5a2d36147ae1"), 1'768'469'720'320);  // 1768469720.32 seconds
  EXPECT_EQ(ms("fb4279bc0fd8a3b000"), 1'768'469'400'123);    // a fraction of milliseconds
  EXPECT_EQ(ms("f94900"), 10'000);                           // 10.0 seconds
  EXPECT_EQ(ms("fa4e6e6b28"), 1'000'000'000'000);            // 1e9 seconds
  EXPECT_EQ(ms("f90001"), 0);                                // the smallest half
  EXPECT_EQ(ms("00"), 0);
  EXPECT_EQ(ms("20"), -1);
  EXPECT_EQ(ms("1bffffffffffffffff"), (std::int64_t{1} << 53) - 1);
  EXPECT_EQ(ms("f97c00"), (std::int64_t{1} << 53) - 1);
  EXPECT_EQ(ms("f9fc00"), -((std::int64_t{1} << 53) - 1));
  EXPECT_EQ(sentence(with("Timestamp", "6130"), op::get_shard_iterator),
            "class java.lang.String can not be converted to milliseconds since epoch");
}

TEST(CborCodec, RefusesOtherTypesWithTheSentencesOfJson) {
  const std::string number = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to ";
  const std::string list = "Start of list found where not expected";
  const std::string map = "Start of structure or map found where not expected.";
  EXPECT_EQ(sentence(with("StreamName", "05"), op::put_record), number + "an String");
  EXPECT_EQ(sentence(with("StreamName", "f5"), op::put_record),
            "class java.lang.Boolean can not be converted to an String");
  EXPECT_EQ(sentence(with("StreamName", "4161"), op::put_record),
            "class java.nio.HeapByteBuffer can not be converted to an String");
  EXPECT_EQ(sentence(with("StreamName", "9fff"), op::put_record), list);
  EXPECT_EQ(sentence(with("StreamName", "a0"), op::put_record), map);
  EXPECT_EQ(sentence(with("Data", "6161"), op::put_record), "class java.lang.String can not be converted to a Blob");
  EXPECT_EQ(sentence(with("Data", "01"), op::put_record), number + "a Blob");
  EXPECT_EQ(sentence(with("Limit", "6131"), op::get_records),
            "class java.lang.String can not be converted to an Integer");
  EXPECT_EQ(sentence(with("DryRun", "01"), op::get_records), number + "an Boolean");
  EXPECT_EQ(sentence(with("DryRun", "6378797a"), op::get_records), "'XYZ' can not be converted to an Boolean");
  EXPECT_EQ(sentence(with("Records", "01"), op::put_records), "Expected list or null");
  EXPECT_EQ(sentence(with("Records", "a0"), op::put_records), map);
  EXPECT_EQ(sentence(with("Records", "8101"), op::put_records), "Expected null");
  EXPECT_EQ(sentence(with("Records", "8180"), op::put_records), list);
  EXPECT_EQ(sentence(with("Tags", "01"), op::add_tags_to_stream), "Expected map or null");
  EXPECT_EQ(sentence(with("Tags", "80"), op::add_tags_to_stream), list);
}

TEST(CborCodec, BignumsAreRefusedWhereTheyAreWanted) {
  EXPECT_EQ(sentence(with("Limit", "c24105"), op::get_records),
            "class java.math.BigInteger can not be converted to an Integer");
  EXPECT_EQ(sentence(with("Data", "c24105"), op::put_record),
            "class java.math.BigInteger can not be converted to a Blob");
  EXPECT_EQ(sentence(with("Unknown", "c34105"), op::put_record), "accepted");
  EXPECT_EQ(sentence(with("Limit", "c205"), op::get_records), "");
  EXPECT_EQ(sentence(with("Limit", "c2 80"), op::get_records), "");
}

TEST(CborCodec, UnknownMembersAndNullsAndDuplicates) {
  const auto value = read("\xbf" + text("Unknown") + bytes_of("9f f6 80 ff") + text("Limit") + bytes_of("01") +
                              text("Limit") + bytes_of("02") + text("StreamName") + bytes_of("f7 ff"),
                          op::describe_stream);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->object()->size(), 1U);
  EXPECT_EQ(value->integer("Limit"), 2);
}

TEST(CborCodec, RefusesWhatIsNotCborWithoutASentence) {
  for (const std::string_view hex : {
           "",
           "00",
           "80",
           "9fff",
           "6161",
           "f6",
           "f5",
           "ff",
           "a1",
           "bf",
           "a16161",
           "bf6161ff",
           "bf6161",
           "a0a0",
           "a000",
           "a1 01 01",    // a key that is no text
           "a1 4161 01",  // a key of bytes
           "a1 f6 01",    // a key that is null
           "a1 6161 1c",
           "a1 6161 1f",
           "a1 6161 3f",
           "a1 6161 df",  // reserved forms
           "a1 6161 f8ff",
           "a1 6161 e0",
           "a1 6161 fc",  // simple values without a meaning
           "a1 6161 18",
           "a1 6161 19ff",
           "a1 6161 fb00",  // heads cut short
           "a1 6161 6261",
           "a1 6161 5a00000005aa",  // content cut short
           "a1 6161 c1",
           "a1 6161 81c1",
           "bf 6161 c1ff",
           "bf c1ff",
           "9f c1ff",  // tags before nothing
           "a1 6161 ff",
           "a1 6161 81ff",
           "a1 6161 a1ff",  // breaks where none may be
           "a1 6161 5f6161ff",
           "a1 6161 7f4161ff",
           "a1 6161 5f01ff",
           "a1 6161 5f5f4161ffff",
           "a1 6161 5f4161",
           "a1 6161 7f6161",
           "a1 6161 61ff",
           "a1 61ff 01",
           "a1 6161 62c080",
           "a1 6161 63eda080",
           "a1 6161 64f4908080",  // not UTF-8
       }) {
    EXPECT_EQ(sentence(bytes_of(hex), op::put_record), "") << hex;
  }
}

TEST(CborCodec, DeclaredLengthsAreHeldAgainstWhatIsLeft) {
  for (const std::string_view hex : {
           "bb ffffffffffffffff",
           "bb 7fffffffffffffff",
           "bb 8000000000000001",
           "ba ffffffff",
           "b9 ffff 6161 01",
           "a1 6161 9b ffffffffffffffff",
           "a1 6161 9b 4000000000000000",
           "a1 6161 9a ffffffff 01",
           "a1 6161 5b ffffffffffffffff 61",
           "a1 6161 7b ffffffffffffffff 61",
           "a1 6161 7b 7fffffffffffffff 61",
           "a1 7b ffffffffffffffff 61",
           "a1 6161 5f 5b ffffffffffffffff 61 ff",
       }) {
    EXPECT_EQ(sentence(bytes_of(hex), op::put_record), "") << hex;
  }
}

TEST(CborCodec, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return with("a", "") + std::string(depth - 1, '\x9f') + std::string(depth - 1, '\xff');
  };
  EXPECT_EQ(sentence(nested(depth_max), op::put_record), "accepted");
  EXPECT_EQ(sentence(nested(depth_max + 1), op::put_record), "");
  EXPECT_EQ(sentence(std::string(1'000'000, '\x81'), op::put_record), "");
  EXPECT_EQ(sentence(std::string(1'000'000, '\xbf'), op::put_record), "");
  EXPECT_EQ(sentence(with("a", "") + std::string(1'000'000, '\xc1') + bytes_of("00"), op::put_record), "accepted");
}

std::string example_body() {
  return bytes_of("bf") + text("Records") + bytes_of("9f bf") + text("Data") + bytes_of("5f4168426574ff") +
         text("PartitionKey") + bytes_of("7f62c3a9ff ff a1") + text("Data") + bytes_of("40 ff") + text("StreamName") +
         text("s") + text("DryRun") + bytes_of("f4") + text("x") +
         bytes_of("83 c1 fb4008000000000000 3903e8 a1 6161 f6 ff");
}

TEST(CborCodec, NoPrefixOfABodyIsAccepted) {
  const std::string body = example_body();
  ASSERT_EQ(sentence(body, op::put_records), "accepted");
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_EQ(sentence(body.substr(0, length), op::put_records), "") << length;
  }
}

// Whatever is accepted is a tree that can be written and read again.
TEST(CborCodec, MutatedBodiesAreReadOrRefused) {
  const std::uint32_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string body = example_body();
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string mutated = body;
    const auto changes = 1 + random() % 3;
    for (std::uint32_t change = 0; change < changes; ++change) {
      mutated[random() % mutated.size()] = static_cast<char>(random());
    }
    const auto value = read(mutated, op::put_records);
    if (!value) continue;
    ++accepted;
    const auto again = read(encode(Encoding::cbor, *value, *op::put_records.input), op::put_records);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *value);
  }
  EXPECT_GT(accepted, 0U);
}

TEST(CborCodec, WritesShortestForms) {
  const auto written = [](std::int64_t number) {
    return hex_of(encode(Encoding::cbor, Value(number), shapes::positive_integer));
  };
  EXPECT_EQ(written(0), "00");
  EXPECT_EQ(written(23), "17");
  EXPECT_EQ(written(24), "1818");
  EXPECT_EQ(written(255), "18ff");
  EXPECT_EQ(written(256), "190100");
  EXPECT_EQ(written(65'535), "19ffff");
  EXPECT_EQ(written(65'536), "1a00010000");
  EXPECT_EQ(written(4'294'967'295), "1affffffff");
  EXPECT_EQ(written(4'294'967'296), "1b0000000100000000");
  EXPECT_EQ(written(-1), "20");
  EXPECT_EQ(written(-24), "37");
  EXPECT_EQ(written(-25), "3818");
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "3b7fffffffffffffff");
  EXPECT_EQ(hex_of(encode(Encoding::cbor, Value(Timestamp{1'768'469'400'123}), shapes::timestamp)),
            "c11b0000019bc0fd8a3b");
  EXPECT_EQ(hex_of(encode(Encoding::cbor, Value(true), shapes::boolean)), "f5");
  EXPECT_EQ(hex_of(encode(Encoding::cbor, Value(), *op::get_records.output)), "bfff");
  EXPECT_EQ(hex_of(encode(Encoding::cbor, Value(Blob{std::string(300, 'x')}), shapes::data)).substr(0, 6), "59012c");
  Value tags;
  tags.add("TagKeys", List{Value("a"), Value()});
  tags.add("StreamName", Value());
  EXPECT_EQ(hex_of(encode(Encoding::cbor, tags, *op::remove_tags_from_stream.input)), "bf675461674b6579739f6161f6ffff");
}

}  // namespace
}  // namespace millrace::wire
