#pragma once

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/connection.h"

namespace millrace::bench {

struct EvpDelete {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using EvpContext = std::unique_ptr<EVP_MD_CTX, EvpDelete>;
using Digest = std::array<unsigned char, 32>;

// HMAC-SHA256 with the two keyed halves of its state prepared once, so that a message costs two copies of a state
// and no look-up of an algorithm. One thread at a time.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  Digest sign(std::string_view message);

 private:
  EvpContext inner_;
  EvpContext outer_;
  EvpContext work_;
};

Digest sha256(std::string_view bytes);
std::string hex(const Digest& digest);

// Signature V4's key for one day: a chain of HMACs over day, region and service.
HmacKey signing_key(std::string_view secret, std::string_view day, std::string_view region, std::string_view service);

// One HTTP request with a Signature V4, built once with the headers that an SDK sends, as one run of bytes ready for
// the socket. sign() gives it a new invocation id, date and signature in place: all three have fixed lengths. The
// body's hash is taken once, at construction. One thread at a time; not to be signed while it is being sent.
class SignedRequest {
 public:
  struct Content {
    std::string_view operation;     // "PutRecord"
    std::string_view content_type;  // "application/x-amz-json-1.1"
    std::string_view body;
  };

  // Signed for the moment of the call.
  SignedRequest(const Endpoint& endpoint, const Content& content);

  void sign(std::chrono::sys_seconds now);
  std::string_view bytes() const { return bytes_; }

 private:
  void append_head(const Endpoint& endpoint, const Content& content);
  void patch_date(std::chrono::sys_seconds now);
  void patch_invocation_id();

  std::string bytes_;
  std::string canonical_;
  std::string to_sign_;
  // Where the changing parts stand.
  struct Places {
    std::size_t invocation_id;
    std::size_t date;
    std::size_t day;
    std::size_t signature;
  } head_{};
  std::size_t canonical_invocation_id_ = 0;
  std::size_t canonical_date_ = 0;
  std::size_t to_sign_date_ = 0;
  std::size_t to_sign_day_ = 0;
  std::size_t to_sign_hash_ = 0;
  std::chrono::sys_seconds dated_{};
  std::chrono::sys_days keyed_{};
  HmacKey key_;
  std::uint64_t invocations_ = 0;
};

}  // namespace millrace::bench
