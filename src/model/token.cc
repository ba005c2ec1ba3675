#include "model/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/base64.h"
#include "base/log.h"

namespace millrace::model {
namespace {

constexpr std::array<unsigned char, 2> magic = {0x6d, 0x72};
constexpr std::size_t key_id_at = 2;
constexpr std::size_t key_id_bytes = 4;
constexpr std::size_t salt_at = 6;
constexpr std::size_t counter_at = 14;
constexpr std::size_t counter_bytes = 8;
constexpr std::size_t header_bytes = 22;  // authenticated, not encrypted
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t nonce_bytes = 12;

using Header = std::array<unsigned char, header_bytes>;
using Digest = std::array<unsigned char, TokenSealer::key_bytes>;
using Nonce = std::array<unsigned char, nonce_bytes>;

unsigned char* bytes_of(char* text) {
  return reinterpret_cast<unsigned char*>(text);
}
const unsigned char* bytes_of(const char* text) {
  return reinterpret_cast<const unsigned char*>(text);
}

// OpenSSL refuses these calls only where it has no memory left or no AES at all: no broker can run on then.
void must(bool done) {
  if (done) return;
  base::log::error("OpenSSL cannot seal tokens; the broker stops");
  std::abort();
}

// HMAC-SHA256 of a label and a salt, so that the keys and ids made of one key have nothing in common.
Digest derive(const TokenSealer::Key& key, std::string_view label, std::span<const unsigned char> salt) {
  std::string message(label);
  message.append(reinterpret_cast<const char*>(salt.data()), salt.size());
  Digest digest;
  unsigned int size = 0;
  must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(message.data()), message.size(),
            digest.data(), &size) != nullptr &&
       size == digest.size());
  return digest;
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};

EVP_CIPHER_CTX* thread_context() {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  must(context != nullptr);
  return context.get();
}

// A key seals with each value of the counter once, so the counter alone makes the nonce.
Nonce nonce_of(const unsigned char* counter) {
  Nonce nonce{};
  std::memcpy(nonce.data() + nonce_bytes - counter_bytes, counter, counter_bytes);
  return nonce;
}

}  // namespace

struct TokenSealer::Keys {
  Key installation;
  std::array<unsigned char, key_id_bytes> id;
  std::array<unsigned char, salt_bytes> salt;
  Digest own;  // of this process
  std::unique_ptr<EVP_CIPHER, FreeCipher> cipher;

  Digest key_for(std::span<const unsigned char> other_salt) const {
    return std::ranges::equal(other_salt, salt) ? own : derive(installation, "millrace token", other_salt);
  }
};

TokenSealer::TokenSealer(const Key& key, std::span<const std::byte, salt_bytes> salt)
    : keys_(std::make_unique<Keys>()) {
  keys_->installation = key;
  std::memcpy(keys_->salt.data(), salt.data(), salt_bytes);
  const Digest id = derive(key, "millrace token key id", {});
  std::copy_n(id.begin(), key_id_bytes, keys_->id.begin());
  keys_->own = derive(key, "millrace token", keys_->salt);
  keys_->cipher.reset(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  must(keys_->cipher != nullptr);
}

TokenSealer::~TokenSealer() {
  OPENSSL_cleanse(keys_->installation.data(), keys_->installation.size());
  OPENSSL_cleanse(keys_->own.data(), keys_->own.size());
}

std::string TokenSealer::seal(std::string_view plain) const {
  Header header;
  std::ranges::copy(magic, header.begin());
  std::ranges::copy(keys_->id, header.begin() + key_id_at);
  std::ranges::copy(keys_->salt, header.begin() + salt_at);
  const std::uint64_t counter = counter_.fetch_add(1, std::memory_order_relaxed);
  std::memcpy(header.data() + counter_at, &counter, counter_bytes);

  std::string sealed(header_bytes + plain.size() + tag_bytes, '\0');
  std::ranges::copy(header, bytes_of(sealed.data()));
  unsigned char* const body = bytes_of(sealed.data()) + header_bytes;
  const Nonce nonce = nonce_of(header.data() + counter_at);
  EVP_CIPHER_CTX* const context = thread_context();
  int size = 0;
  must(EVP_EncryptInit_ex2(context, keys_->cipher.get(), keys_->own.data(), nonce.data(), nullptr) == 1 &&
       EVP_EncryptUpdate(context, nullptr, &size, header.data(), header_bytes) == 1 &&
       EVP_EncryptUpdate(context, body, &size, bytes_of(plain.data()), static_cast<int>(plain.size())) == 1 &&
       EVP_EncryptFinal_ex(context, body + plain.size(), &size) == 1 &&
       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, body + plain.size()) == 1);
  return base::base64_encode(sealed);
}

std::expected<std::string, TokenSealer::Refusal> TokenSealer::open(std::string_view token) const {
  std::string sealed(base::base64_decoded_size(token), '\0');
  if (sealed.size() < header_bytes + tag_bytes || !base::base64_decode(token, sealed.data())) {
    return std::unexpected(Refusal::malformed);
  }
  const std::span<unsigned char> bytes(bytes_of(sealed.data()), sealed.size());
  if (!std::ranges::equal(bytes.first(magic.size()), magic)) return std::unexpected(Refusal::malformed);
  if (!std::ranges::equal(bytes.subspan(key_id_at, key_id_bytes), keys_->id)) {
    return std::unexpected(Refusal::unknown_key);
  }
  const std::span<unsigned char> body = bytes.subspan(header_bytes, bytes.size() - header_bytes - tag_bytes);
  const std::span<unsigned char> tag = bytes.last(tag_bytes);
  const Digest key = keys_->key_for(bytes.subspan(salt_at, salt_bytes));
  const Nonce nonce = nonce_of(bytes.data() + counter_at);
  EVP_CIPHER_CTX* const context = thread_context();
  std::string plain(body.size(), '\0');
  int size = 0;
  must(EVP_DecryptInit_ex2(context, keys_->cipher.get(), key.data(), nonce.data(), nullptr) == 1 &&
       EVP_DecryptUpdate(context, nullptr, &size, bytes.data(), header_bytes) == 1 &&
       EVP_DecryptUpdate(context, bytes_of(plain.data()), &size, body.data(), static_cast<int>(body.size())) == 1 &&
       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1);
  unsigned char nothing[16];
  if (EVP_DecryptFinal_ex(context, nothing, &size) != 1) return std::unexpected(Refusal::malformed);
  return plain;
}

}  // namespace millrace::model
