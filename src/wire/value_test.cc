#include "wire/value.h"

#include <gtest/gtest.h>

namespace millrace::wire {
namespace {

Value example() {
  Value value;
  value.add("Text", "t");
  value.add("Integer", 7);
  value.add("Truth", false);
  value.add("Time", Timestamp{1'768'469'400'123});
  value.add("Bytes", Blob{std::string("\0\xff", 2)});
  value.add("Items", List{Value("a"), Value()});
  value.add("Nothing", Value());
  Value inner;
  inner.add("k", "v");
  value.add("Map", inner);
  return value;
}

TEST(Value, FindsMembersByNameAndKind) {
  const Value value = example();
  EXPECT_EQ(*value.text("Text"), "t");
  EXPECT_EQ(value.integer("Integer"), 7);
  EXPECT_EQ(value.boolean("Truth"), false);
  EXPECT_EQ(value.timestamp("Time"), Timestamp{1'768'469'400'123});
  EXPECT_EQ(value.blob("Bytes")->bytes.size(), 2U);
  EXPECT_EQ(value.list("Items")->size(), 2U);
  EXPECT_EQ(*value.find("Map")->text("k"), "v");
}

TEST(Value, AbsentNullAndOtherKindsAreNotFound) {
  const Value value = example();
  EXPECT_EQ(value.find("Absent"), nullptr);
  EXPECT_EQ(value.find("Nothing"), nullptr);
  EXPECT_EQ(value.text("Integer"), nullptr);
  EXPECT_EQ(value.integer("Text"), std::nullopt);
  EXPECT_EQ(value.boolean("Integer"), std::nullopt);
  EXPECT_EQ(value.timestamp("Integer"), std::nullopt);
  EXPECT_EQ(value.blob("Text"), nullptr);
  EXPECT_EQ(value.list("Map"), nullptr);
  EXPECT_EQ(value.object("Items"), nullptr);
  EXPECT_EQ(Value().find("Text"), nullptr);
}

TEST(Value, ComparesByContent) {
  EXPECT_EQ(example(), example());
  Value other = example();
  other.add("More", 1);
  EXPECT_NE(example(), other);
  EXPECT_NE(Value("1"), Value(1));
  EXPECT_NE(Value(Timestamp{1}), Value(1));
  EXPECT_NE(Value(Blob{"a"}), Value("a"));
}

}  // namespace
}  // namespace millrace::wire
