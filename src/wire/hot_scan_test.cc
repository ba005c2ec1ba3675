#include "wire/hot_scan.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::wire::hot {
namespace {

using Find = const char* (*)(const char*, const char*);
using Is = bool (*)(char);

// Every byte value at every place of texts of every length, in blocks of their exact size.
void expect_finds_first(Find find, Is is) {
  for (std::size_t size = 0; size <= 150; ++size) {
    std::vector<char> text(size, 'a');
    const char* const end = text.data() + size;
    EXPECT_EQ(find(text.data(), end), end) << size;
    for (std::size_t at = 0; at < size; ++at) {
      for (int value = 0; value < 256; ++value) {
        text[at] = static_cast<char>(value);
        const char* const expected = is(text[at]) ? text.data() + at : end;
        ASSERT_EQ(find(text.data(), end), expected) << size << ' ' << at << ' ' << value;
      }
      text[at] = 'a';
    }
    // The first of two counts.
    for (std::size_t at = 0; at + 1 < size; ++at) {
      text[at] = '"';
      text[size - 1] = '\\';
      ASSERT_EQ(find(text.data(), end), text.data() + at) << size << ' ' << at;
      text[at] = text[size - 1] = 'a';
    }
  }
}

TEST(HotScan, FindsWhatIsSpecialInARequest) {
  expect_finds_first([](const char* from, const char* end) { return find_special(from, end); }, &is_special);
}

TEST(HotScan, FindsWhatAnAnswerEscapes) {
  expect_finds_first(&find_escaped, &is_escaped);
}

}  // namespace
}  // namespace millrace::wire::hot
