// What a body of the largest size can make the codecs allocate. An executable of its own, since it counts every
// allocation of the process.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "wire/codec.h"
#include "wire/operations.h"
#include "wire/validate.h"

namespace {

std::atomic<std::size_t> held{0};
std::atomic<std::size_t> held_peak{0};

void count(void* memory) {
  const std::size_t now = held.fetch_add(malloc_usable_size(memory)) + malloc_usable_size(memory);
  std::size_t peak = held_peak.load();
  while (peak < now && !held_peak.compare_exchange_weak(peak, now)) {
  }
}

}  // namespace

void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  count(memory);
  return memory;
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) held.fetch_sub(malloc_usable_size(memory));
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace millrace::wire {
namespace {

constexpr std::size_t body_max = 16 * 1024 * 1024;

// `start`, then `unit` until the body is full.
std::string filled(std::string_view start, std::string_view unit, std::string_view end = {}) {
  std::string body(start);
  body.reserve(body_max);
  std::string block;
  while (block.size() < 64 * 1024)
    block += unit;
  const auto append_while_it_fits = [&](std::string_view more) {
    while (body.size() + more.size() + end.size() <= body_max)
      body += more;
  };
  append_while_it_fits(block);
  append_while_it_fits(unit);
  body += end;
  return body;
}

struct Cost {
  std::size_t peak;  // bytes beyond those held before
  base::Result<Value> value;
};

Cost cost_of(Encoding encoding, const std::string& body, const OperationShape& operation) {
  const std::size_t before = held.load();
  held_peak = before;
  auto value = decode(encoding, body, *operation.input);
  return {held_peak.load() - before, std::move(value)};
}

// Nothing of these bodies is kept but a few thousand small elements.
constexpr std::size_t little = 4 * 1024 * 1024;

TEST(HostileBodies, NothingIsKeptOfWhatCannotBeAnInput) {
  const struct {
    Encoding encoding;
    std::string body;
    const OperationShape& operation;
  } cases[] = {
      {Encoding::json, filled("", "["), op::put_records},
      {Encoding::json, filled("", "{\"a\":"), op::put_records},
      {Encoding::json, filled("{\"Records\":[{}", ",{}", "]}"), op::put_records},
      {Encoding::json, filled("{\"Records\":[{}", ",{}"), op::put_records},
      {Encoding::json, filled("{\"Records\":[null", ",null", "]}"), op::put_records},
      {Encoding::json, filled("{\"Records\":[1", ",1", "]}"), op::put_records},
      {Encoding::json, filled("{\"TagKeys\":[\"\"", ",\"\"", "]}"), op::remove_tags_from_stream},
      {Encoding::json, filled("{\"Tags\":{\"a\":\"\"", ",\"a\":\"\"", "}}"), op::add_tags_to_stream},
      {Encoding::json, filled("{\"Unknown\":[1", ",1", "]}"), op::put_record},
      {Encoding::json, filled("{\"Unknown\":[{}", ",{\"x\":[]}", "]}"), op::put_record},
      {Encoding::json, filled("{\"Limit\":1", ",\"Limit\":1", "}"), op::get_records},
      {Encoding::json, filled("{\"Limit\":1", "1"), op::get_records},
      {Encoding::json, filled("{\"Unknown\":\"", "\\u0041", "\"}"), op::put_record},
      {Encoding::cbor, filled("", "\x81"), op::put_records},
      {Encoding::cbor, filled("", "\x9f"), op::put_records},
      {Encoding::cbor, filled("\xbf\x67Records\x9f", "\xa0", "\xff\xff"), op::put_records},
      {Encoding::cbor, filled("\xbf\x67Records\x9f", "\xbf\xff", "\xff"), op::put_records},
      {Encoding::cbor, filled("\xbf\x67TagKeys\x9f", "\x60", "\xff\xff"), op::remove_tags_from_stream},
      {Encoding::cbor, filled("\xbf\x61x\x9f", "\xf6", "\xff\xff"), op::put_records},
      {Encoding::cbor, filled("\xbf\x61x", "\xc1"), op::put_records},
      {Encoding::cbor, filled("\xbf\x64Tags\xbf", "\x61\x61\x60", "\xff\xff"), op::add_tags_to_stream},
  };
  for (const auto& [encoding, body, operation] : cases) {
    SCOPED_TRACE(body.substr(0, 24));
    EXPECT_LE(cost_of(encoding, body, operation).peak, little);
  }
}

TEST(HostileBodies, DistinctEntriesOfAMapAreBounded) {
  std::string body = R"({"Tags":{"":"")";
  for (int i = 0; body.size() < body_max - 32; ++i)
    body += ",\"" + std::to_string(i) + "\":\"\"";
  body += "}}";
  const Cost cost = cost_of(Encoding::json, body, op::add_tags_to_stream);
  ASSERT_TRUE(cost.value);
  EXPECT_EQ(cost.value->object("Tags")->size(), elements_max);
  EXPECT_LE(cost.peak, little);
}

// Text is held once, or, where it comes in parts, in memory that doubles as it grows, and then once more.
TEST(HostileBodies, TextCostsASmallMultipleOfItsSize) {
  const struct {
    Encoding encoding;
    std::string body;
    const OperationShape& operation;
  } cases[] = {
      {Encoding::json, filled("{\"StreamName\":\"", "a", "\"}"), op::put_record},
      {Encoding::json, filled("{\"StreamName\":\"", "\\n", "\"}"), op::put_record},
      {Encoding::json, filled("{\"", "\\n", "\":1}"), op::put_record},
      {Encoding::json, filled("{\"Data\":\"", "YWJj", "\"}"), op::put_record},
      {Encoding::json, filled("{\"Data\":\"", "?", "\"}"), op::put_record},
      {Encoding::json, filled("{\"DryRun\":\"", "y", "\"}"), op::put_record},
      {Encoding::cbor,
       filled("\xbf\x64"
              "Data\x5f",
              "\x41"
              "a",
              "\xff\xff"),
       op::put_record},
      {Encoding::cbor,
       filled("\xbf\x7f",
              "\x61"
              "a",
              "\xff\xf6\xff"),
       op::put_record},
  };
  for (const auto& [encoding, body, operation] : cases) {
    SCOPED_TRACE(body.substr(0, 24));
    EXPECT_LE(cost_of(encoding, body, operation).peak, 3 * body_max);
  }
}

// Sentences repeat what they refuse, but not all of it.
TEST(HostileBodies, SentencesAreBoundedToo) {
  const auto name = decode(Encoding::json, filled("{\"StreamName\":\"", "/", "\"}"), *op::put_record.input);
  const auto records = decode(Encoding::json, filled("{\"Records\":[{}", ",{}", "]}"), *op::put_records.input);
  const auto tags = decode(Encoding::json, filled("{\"Tags\":{\"", "k", "\":\"\"}}"), *op::add_tags_to_stream.input);
  ASSERT_TRUE(name);
  ASSERT_TRUE(records);
  ASSERT_TRUE(tags);
  const std::size_t before = held.load();
  held_peak = before;
  const auto bad_name = validate(*name, *op::put_record.input);
  const auto too_many = validate(*records, *op::put_records.input);
  const auto bad_tags = validate(*tags, *op::add_tags_to_stream.input);
  ASSERT_TRUE(bad_name && too_many && bad_tags);
  EXPECT_LE(held_peak.load() - before, little);
  EXPECT_TRUE(
      bad_name->message.ends_with("///...' at 'streamName' failed to satisfy constraint: Member must have length "
                                  "less than or equal to 128"));
  for (const std::string_view body : {"{\"Data\":\"", "{\"DryRun\":\""}) {
    const auto refused = decode(Encoding::json, filled(body, "?", "\"}"), *op::put_record.input);
    ASSERT_FALSE(refused);
    EXPECT_LE(refused.error().message.size(), 200U * 1024);
  }
}

TEST(HostileBodies, TheCounterCounts) {
  const std::size_t before = held.load();
  held_peak = before;
  {
    const std::string text(1'000'000, 'x');
  }
  EXPECT_GE(held_peak.load() - before, 1'000'000U);
  EXPECT_EQ(held.load(), before);
}

}  // namespace
}  // namespace millrace::wire
