#include "base/base64.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/base64_kernels.h"

namespace millrace::base {
namespace {

using namespace std::string_literals;

// One of the two forms behind base64.h, and the front that chooses among them.
struct Form {
  std::string name;
  void (*encode)(std::string_view, char*);
  bool (*decode)(std::string_view, char*);
};

std::vector<Form> forms() {
  std::vector<Form> all = {{"front", &base64_encode, &base64_decode},
                           {"table", &base64_kernels::encode_table, &base64_kernels::decode_table}};
  if (base64_kernels::have_avx2()) {
    all.push_back({"avx2", &base64_kernels::encode_avx2, &base64_kernels::decode_avx2});
  }
  return all;
}

std::string encoded(const Form& form, std::string_view bytes) {
  std::string text(base64_encoded_size(bytes.size()), '\0');
  form.encode(bytes, text.data());
  return text;
}

// A heap block of the exact size, so that the address sanitizer sees one byte too many; and guard bytes for runs
// without it.
bool decode_guarded(const Form& form, std::string_view text, std::string& bytes) {
  constexpr std::size_t guard = 40;
  const std::vector<char> exact(text.begin(), text.end());
  const std::size_t size = base64_decoded_size(text);
  std::vector<char> with_guard(size + guard, '\x5a');
  const bool fine = form.decode({exact.data(), exact.size()}, with_guard.data());
  for (std::size_t i = size; i < with_guard.size(); ++i)
    EXPECT_EQ(with_guard[i], '\x5a') << form.name << " wrote at " << i;
  std::vector<char> precise(size);
  EXPECT_EQ(form.decode({exact.data(), exact.size()}, precise.data()), fine);
  bytes.assign(precise.begin(), precise.end());
  return fine;
}

TEST(Base64, VectorsOfTheRfc) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {"\xfb\xff\xbf"s, "+/+/"}};
  for (const Form& form : forms()) {
    for (const auto& [bytes, text] : vectors) {
      EXPECT_EQ(encoded(form, bytes), text) << form.name;
      std::string back;
      EXPECT_TRUE(decode_guarded(form, text, back)) << form.name << ' ' << text;
      EXPECT_EQ(back, bytes) << form.name;
    }
  }
}

TEST(Base64, EveryLengthComesBack) {
  std::mt19937_64 random(20261124);
  for (std::size_t length = 0; length <= 300; ++length) {
    std::string bytes(length, '\0');
    for (char& c : bytes)
      c = static_cast<char>(random());
    const std::string expected = encoded(forms()[1], bytes);
    for (const Form& form : forms()) {
      const std::vector<char> exact(bytes.begin(), bytes.end());
      EXPECT_EQ(encoded(form, {exact.data(), exact.size()}), expected) << form.name << ' ' << length;
      EXPECT_EQ(base64_encode(bytes), expected) << length;
      EXPECT_EQ(base64_decoded_size(expected), length);
      std::string back;
      EXPECT_TRUE(decode_guarded(form, expected, back)) << form.name << ' ' << length;
      EXPECT_EQ(back, bytes) << form.name << ' ' << length;
    }
  }
}

TEST(Base64, EveryCharacterAtEveryPlaceOfABlock) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string good(96, 'B');
  for (const Form& form : forms()) {
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text = good;
        text[at] = static_cast<char>(c);
        // A '=' as the very last character is padding: "BBB=" has stray bits, since 'B' is 1.
        const bool belongs = alphabet.find(text[at]) != std::string_view::npos;
        std::string bytes;
        EXPECT_EQ(decode_guarded(form, text, bytes), belongs) << form.name << ' ' << at << ' ' << c;
        if (belongs) EXPECT_EQ(encoded(form, bytes), text);
      }
    }
  }
}

TEST(Base64, WrongLengthsPaddingAndStrayBits) {
  const std::string block(64, 'A');
  for (const Form& form : forms()) {
    for (const std::string& start : {""s, block}) {
      for (const char* bad : {"A", "AA", "AAA", "A=", "A===", "====", "=AAA", "A=AA", "AA=A", "AAAA====", "AA==AAAA",
                              "AB==", "AAB=", "A\0=="}) {
        std::string bytes;
        EXPECT_FALSE(decode_guarded(form, start + bad, bytes)) << form.name << ' ' << bad;
      }
      for (const char* good : {"AA==", "AQ==", "AAA=", "AAE="}) {
        std::string bytes;
        EXPECT_TRUE(decode_guarded(form, start + good, bytes)) << form.name << ' ' << good;
      }
    }
  }
}

TEST(Base64, FormsAgreeOnNoise) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 160, '\0');
    for (char& c : text)
      c = "ABYZabyz0189+/=\n@"[random() % (random() % 64 == 0 ? 17 : 14)];
    std::string expected;
    const bool fine = decode_guarded(forms()[1], text, expected);
    for (const Form& form : forms()) {
      std::string bytes;
      ASSERT_EQ(decode_guarded(form, text, bytes), fine) << form.name << ' ' << text;
      if (fine) ASSERT_EQ(bytes, expected) << form.name << ' ' << text;
    }
  }
}

}  // namespace
}  // namespace millrace::base
