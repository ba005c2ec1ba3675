#include "model/sequence_number.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/u128.h"

namespace millrace::model {
namespace {

// The examples of a shard created at 2026-01-15T09:29:58Z.
constexpr std::int64_t created_s = 1'768'469'398;

struct Example {
  SequenceNumber number;
  std::string text;
};
const std::vector<Example>& examples() {
  static const std::vector<Example> all = {
      {starting_sequence_number(created_s, 0), "49670868274687592932933929516635942761138624518997147650"},
      {starting_sequence_number(created_s, 1), "49670868274709893678132460139777478479411272880503128082"},
      {{.created_s = created_s, .shard = 0, .position = 1, .time_s = created_s + 33},
       "49670868274687592932933929516637151686958241415914586114"},
      {ending_sequence_number(created_s, 0, created_s + 602),
       "49670868274698743305533194828205501694455375439700426754"},
  };
  return all;
}

SequenceNumber random_number(std::mt19937_64& random) {
  return {.created_s = static_cast<std::int64_t>(random() % 16'025'175'000ULL),
          .shard = static_cast<ShardNo>(random()),
          .position = random() >> (1 + random() % 63),
          .time_s = static_cast<std::int64_t>(random() % (std::uint64_t{1} << 36))};
}

// The same number made of its 47 hexadecimal digits, by plain long multiplication.
std::string slow_text(const SequenceNumber& number) {
  char hex[48];
  const int size = std::snprintf(hex, sizeof hex, "2%09llx%01x%016llx00%09llx%08x2",
                                 static_cast<unsigned long long>(number.created_s), number.shard & 0xf,
                                 static_cast<unsigned long long>(number.position),
                                 static_cast<unsigned long long>(number.time_s), number.shard);
  EXPECT_EQ(size, 47);
  std::string decimal = "0";  // lowest digit first
  for (const char* c = hex; *c != '\0'; ++c) {
    int carry = *c <= '9' ? *c - '0' : *c - 'a' + 10;
    for (char& digit : decimal) {
      carry += (digit - '0') * 16;
      digit = static_cast<char>('0' + carry % 10);
      carry /= 10;
    }
    for (; carry != 0; carry /= 10)
      decimal.push_back(static_cast<char>('0' + carry % 10));
  }
  return {decimal.rbegin(), decimal.rend()};
}

TEST(SequenceNumber, ExamplesOfTheService) {
  for (const Example& example : examples()) {
    EXPECT_EQ(to_text(example.number), example.text);
    EXPECT_EQ(parse_sequence_number(example.text), example.number);
  }
}

TEST(SequenceNumber, NeighbouringInitialShardsDifferByTheKnownStep) {
  const std::string step = "22300745198530623141535718272648361505980432";
  const std::string low = to_text(starting_sequence_number(created_s, 0));
  const std::string high = to_text(starting_sequence_number(created_s, 1));
  // Held in the last 38 digits, which are what fits u128.
  const auto tail = [](const std::string& text) {
    const std::size_t digits = 38;
    std::string cut = text.substr(text.size() - digits);
    cut.erase(0, cut.find_first_not_of('0'));
    return *base::parse_u128(cut);
  };
  base::u128 ten_38 = 1;
  for (int i = 0; i < 38; ++i)
    ten_38 *= 10;
  EXPECT_EQ((tail(low) + tail(step)) % ten_38, tail(high));
}

TEST(SequenceNumber, RandomNumbersAreTheirHexadecimalDigits) {
  std::mt19937_64 random(20261124);
  for (int i = 0; i < 5'000; ++i) {
    const SequenceNumber number = random_number(random);
    const std::string text = to_text(number);
    ASSERT_EQ(text, slow_text(number));
    ASSERT_EQ(parse_sequence_number(text), number) << text;
  }
}

TEST(SequenceNumber, OrderOfTextIsOrderOfPositions) {
  std::string last = to_text(starting_sequence_number(created_s, 3));
  for (const Position position :
       {Position{1}, Position{2}, Position{9}, Position{10}, Position{1} << 32, position_end - 1}) {
    const std::string text = to_text({.created_s = created_s, .shard = 3, .position = position, .time_s = created_s});
    EXPECT_LT(last, text);
    last = text;
  }
  EXPECT_LT(last, to_text(ending_sequence_number(created_s, 3, created_s)));
  EXPECT_LT(to_text(ending_sequence_number(created_s, 3, created_s)),
            to_text(starting_sequence_number(created_s + 1, 4)))
      << "a child's numbers are above its parent's";
}

TEST(SequenceNumberWriter, EqualsToTextAcrossCarries) {
  std::mt19937_64 random(20261125);
  for (int i = 0; i < 300; ++i) {
    SequenceNumber number = random_number(random);
    if (number.position > position_end - 200) number.position -= 200;
    SequenceNumberWriter writer(number);
    for (int k = 0; k < 200; ++k, ++number.position) {
      std::string text(sequence_number_digits, '\0');
      writer.write_next(text.data());
      ASSERT_EQ(text, to_text(number)) << number.position;
    }
  }
}

// A carry into the eight highest digits stands in about every third thousand of creation seconds, somewhere among the
// shards and positions; it is found by halving.
TEST(SequenceNumberWriter, CarriesIntoTheHighestDigits) {
  const auto top = [](const SequenceNumber& number) { return to_text(number).substr(0, 8); };
  int carried = 0;
  for (int i = 0; i < 160'000; ++i) {
    SequenceNumber low = starting_sequence_number(created_s + i / 16, static_cast<ShardNo>(i % 16));
    SequenceNumber high = low;
    high.position = position_end - 1;
    if (top(low) == top(high)) continue;
    while (high.position - low.position > 1) {
      SequenceNumber middle = low;
      middle.position += (high.position - low.position) / 2;
      (top(middle) == top(low) ? low : high).position = middle.position;
    }
    SequenceNumberWriter writer(low);
    std::string text(sequence_number_digits, '\0');
    writer.write_next(text.data());
    EXPECT_EQ(text, slow_text(low));
    writer.write_next(text.data());
    EXPECT_EQ(text, slow_text(high));
    ++carried;
  }
  EXPECT_GT(carried, 0);
}

TEST(SequenceNumber, ParseIsStrict) {
  const std::string good = examples().front().text;
  EXPECT_FALSE(parse_sequence_number(""));
  EXPECT_FALSE(parse_sequence_number("0"));
  EXPECT_FALSE(parse_sequence_number(good.substr(1)));
  EXPECT_FALSE(parse_sequence_number(good + "0"));
  EXPECT_FALSE(parse_sequence_number("0" + good));
  EXPECT_FALSE(parse_sequence_number(std::string(56, '9')));
  EXPECT_FALSE(parse_sequence_number(std::string(56, '0')));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'a', ' ', '-', '/', ':', '\0'}) {
      std::string bad = good;
      bad[i] = c;
      EXPECT_FALSE(parse_sequence_number(bad)) << bad;
    }
  }
  // A number one or sixteen above has another version, or another shard number than its low bits say.
  for (const char* text : {"49670868274687592932933929516635942761138624518997147651",
                           "49670868274687592932933929516635942761138624518997147666"}) {
    EXPECT_FALSE(parse_sequence_number(text)) << text;
  }
}

TEST(SequenceNumber, ParseRefusesWhatNoFieldCanHold) {
  // 16025175000 is the first creation second that the service refuses.
  const SequenceNumber last{.created_s = 16'025'174'999, .shard = 1, .position = 1, .time_s = 0};
  EXPECT_TRUE(parse_sequence_number(to_text(last)));
  SequenceNumber late = last;
  ++late.created_s;
  EXPECT_FALSE(parse_sequence_number(to_text(late)));
  SequenceNumber top_bit = last;
  top_bit.position = position_end;
  EXPECT_TRUE(parse_sequence_number(to_text(top_bit)));
  ++top_bit.position;
  EXPECT_FALSE(parse_sequence_number(to_text(top_bit)));
}

}  // namespace
}  // namespace millrace::model
