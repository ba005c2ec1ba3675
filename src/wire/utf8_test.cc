#include "wire/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::wire {
namespace {

std::string encoded(unsigned code) {
  std::string text;
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | (code >> 6));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | (code >> 12));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | (code >> 18));
    text += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
  }
  if (code >= 0x80) text += static_cast<char>(0x80 | (code & 0x3f));
  return text;
}

TEST(Utf8, TakesEveryCharacterAndNoSurrogate) {
  for (unsigned code = 0; code < 0x110000; ++code) {
    const bool is_surrogate = code >= 0xd800 && code < 0xe000;
    const std::string text = encoded(code);
    ASSERT_EQ(is_utf8(text), !is_surrogate) << code;
    if (is_surrogate) continue;
    ASSERT_EQ(count_characters(text), 1U) << code;
    ASSERT_EQ(count_utf16_units(text), code < 0x10000 ? 1U : 2U) << code;
    ASSERT_EQ(character_at(text + "x", 0), text) << code;
  }
  EXPECT_FALSE(is_utf8(encoded(0x110000)));
}

TEST(Utf8, RefusesMalformedSequencesAnywhere) {
  for (const std::string bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82",
                                "\xe2(\xac", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf5\x80\x80\x80", "\xff"}) {
    for (std::size_t before = 0; before < 12; ++before) {
      for (const std::string after : {"", "abcdefghijkl"}) {
        EXPECT_FALSE(is_utf8(std::string(before, 'x') + bad + after)) << before;
      }
    }
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("seven bytes and é and 😀 and 日本"));
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(cut_to("aé😀b", 100), "aé😀b");
  EXPECT_EQ(cut_to("aé😀b", 8), "aé😀b");
  EXPECT_EQ(cut_to("aé😀b", 7), "aé😀");
  EXPECT_EQ(cut_to("aé😀b", 6), "aé");
  EXPECT_EQ(cut_to("aé😀b", 3), "aé");
  EXPECT_EQ(cut_to("aé😀b", 2), "a");
  EXPECT_EQ(cut_to("😀", 3), "");
  EXPECT_EQ(cut_to("", 0), "");
}

}  // namespace
}  // namespace millrace::wire
