#include "bench/signed_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace millrace::bench {
namespace {

constexpr std::size_t block_size = 64;  // of SHA-256, which HMAC pads its key to
constexpr std::string_view region = "us-east-1";
constexpr std::string_view service = "kinesis";
constexpr std::string_view access_key = "AKIDEXAMPLE";
constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view signed_headers =
    "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target";
constexpr std::string_view no_invocation_id = "00000000-0000-4000-8000-000000000000";
constexpr std::string_view no_date = "00000000T000000Z";
constexpr std::string_view no_hash = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::size_t day_size = 8;

void require(int done) {
  // OpenSSL refuses a digest only where it is out of memory or misbuilt: there is nothing to measure then.
  if (done != 1) std::abort();
}

const EVP_MD* algorithm() {
  static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (found == nullptr) std::abort();
  return found;
}

EvpContext keyed_state(std::string_view key, unsigned char pad) {
  std::array<unsigned char, block_size> block{};
  for (std::size_t i = 0; i < block.size(); ++i) {
    const unsigned char byte = i < key.size() ? static_cast<unsigned char>(key[i]) : 0;
    block[i] = static_cast<unsigned char>(byte ^ pad);
  }
  EvpContext state(EVP_MD_CTX_new());
  require(EVP_DigestInit_ex2(state.get(), algorithm(), nullptr));
  require(EVP_DigestUpdate(state.get(), block.data(), block.size()));
  return state;
}

std::string_view text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

void write_hex(const unsigned char* from, std::size_t size, char* to) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < size; ++i) {
    to[2 * i] = digits[from[i] >> 4];
    to[2 * i + 1] = digits[from[i] & 15];
  }
}

std::string day_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace

HmacKey::HmacKey(std::string_view key)
    : inner_(keyed_state(key, 0x36)), outer_(keyed_state(key, 0x5c)), work_(EVP_MD_CTX_new()) {}

Digest HmacKey::sign(std::string_view message) {
  Digest result;
  require(EVP_MD_CTX_copy_ex(work_.get(), inner_.get()));
  require(EVP_DigestUpdate(work_.get(), message.data(), message.size()));
  require(EVP_DigestFinal_ex(work_.get(), result.data(), nullptr));
  require(EVP_MD_CTX_copy_ex(work_.get(), outer_.get()));
  require(EVP_DigestUpdate(work_.get(), result.data(), result.size()));
  require(EVP_DigestFinal_ex(work_.get(), result.data(), nullptr));
  return result;
}

Digest sha256(std::string_view bytes) {
  static thread_local const EvpContext context(EVP_MD_CTX_new());
  Digest result;
  require(EVP_DigestInit_ex2(context.get(), algorithm(), nullptr));
  require(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()));
  require(EVP_DigestFinal_ex(context.get(), result.data(), nullptr));
  return result;
}

std::string hex(const Digest& digest) {
  std::string result(digest.size() * 2, '0');
  write_hex(digest.data(), digest.size(), result.data());
  return result;
}

HmacKey signing_key(std::string_view secret_key, std::string_view day, std::string_view in_region,
                    std::string_view of_service) {
  Digest digest = HmacKey(fmt::format("AWS4{}", secret_key)).sign(day);
  digest = HmacKey(text(digest)).sign(in_region);
  digest = HmacKey(text(digest)).sign(of_service);
  digest = HmacKey(text(digest)).sign("aws4_request");
  return HmacKey(text(digest));
}

SignedRequest::SignedRequest(const Endpoint& endpoint, const Content& content) : key_("") {
  append_head(endpoint, content);

  const std::string start = "POST\n/\n\namz-sdk-invocation-id:";
  canonical_invocation_id_ = start.size();
  canonical_ = fmt::format(
      "{}{}\namz-sdk-request:attempt=1; max=3\ncontent-length:{}\ncontent-type:{}\nhost:{}:{}\nx-amz-date:", start,
      no_invocation_id, content.body.size(), content.content_type, endpoint.host, endpoint.port);
  canonical_date_ = canonical_.size();
  canonical_ += fmt::format("{}\nx-amz-target:Kinesis_20131202.{}\n\n{}\n{}", no_date, content.operation,
                            signed_headers, hex(sha256(content.body)));

  to_sign_ = "AWS4-HMAC-SHA256\n";
  to_sign_date_ = to_sign_.size();
  to_sign_ += fmt::format("{}\n", no_date);
  to_sign_day_ = to_sign_.size();
  to_sign_ += fmt::format("{}/{}/{}/aws4_request\n", no_date.substr(0, day_size), region, service);
  to_sign_hash_ = to_sign_.size();
  to_sign_ += no_hash;

  sign(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

void SignedRequest::append_head(const Endpoint& endpoint, const Content& content) {
  bytes_ = fmt::format(
      "POST / HTTP/1.1\r\nHost: {}:{}\r\n"
      "User-Agent: millrace-bench/1.0 os/linux lang/c++ md/GOARCH#amd64 api/kinesis#1.0 m/E\r\n"
      "Content-Length: {}\r\nAmz-Sdk-Invocation-Id: ",
      endpoint.host, endpoint.port, content.body.size());
  head_.invocation_id = bytes_.size();
  bytes_ += fmt::format("{}\r\nAmz-Sdk-Request: attempt=1; max=3\r\nAuthorization: AWS4-HMAC-SHA256 Credential={}/",
                        no_invocation_id, access_key);
  head_.day = bytes_.size();
  bytes_ += fmt::format("{}/{}/{}/aws4_request, SignedHeaders={}, Signature=", no_date.substr(0, day_size), region,
                        service, signed_headers);
  head_.signature = bytes_.size();
  bytes_ += fmt::format("{}\r\nContent-Type: {}\r\nX-Amz-Date: ", no_hash, content.content_type);
  head_.date = bytes_.size();
  bytes_ += fmt::format("{}\r\nX-Amz-Target: Kinesis_20131202.{}\r\nAccept-Encoding: identity\r\n\r\n{}", no_date,
                        content.operation, content.body);
}

void SignedRequest::patch_date(std::chrono::sys_seconds now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::string day_digits = day_text(day);
  const std::chrono::hh_mm_ss clock(now - day);
  const std::string date = fmt::format("{}T{:02}{:02}{:02}Z", day_digits, clock.hours().count(),
                                       clock.minutes().count(), clock.seconds().count());
  bytes_.replace(head_.date, date.size(), date);
  bytes_.replace(head_.day, day_size, day_digits);
  canonical_.replace(canonical_date_, date.size(), date);
  to_sign_.replace(to_sign_date_, date.size(), date);
  to_sign_.replace(to_sign_day_, day_size, day_digits);
  if (keyed_ != day) {
    key_ = signing_key(secret, day_digits, region, service);
    keyed_ = day;
  }
  dated_ = now;
}

void SignedRequest::patch_invocation_id() {
  // Only its being unique in this process matters: the request's number in the upper 24 bits, its signings below.
  static std::atomic<std::uint32_t> requests{0};
  if (invocations_ == 0) invocations_ = std::uint64_t{requests.fetch_add(1)} << 40;
  ++invocations_;
  std::array<unsigned char, 6> tail{};
  for (std::size_t i = 0; i < tail.size(); ++i)
    tail[i] = static_cast<unsigned char>(invocations_ >> (40 - 8 * i));
  std::array<unsigned char, 2> middle{};
  for (std::size_t i = 0; i < middle.size(); ++i) {
    middle[i] = static_cast<unsigned char>(invocations_ >> (56 - 8 * i));
  }
  char* const id = bytes_.data() + head_.invocation_id;
  write_hex(middle.data(), middle.size(), id + 9);
  write_hex(tail.data(), tail.size(), id + 24);
  std::copy_n(id, no_invocation_id.size(), canonical_.data() + canonical_invocation_id_);
}

void SignedRequest::sign(std::chrono::sys_seconds now) {
  if (now != dated_) patch_date(now);
  patch_invocation_id();
  const Digest hash = sha256(canonical_);
  write_hex(hash.data(), hash.size(), to_sign_.data() + to_sign_hash_);
  const Digest signature = key_.sign(to_sign_);
  write_hex(signature.data(), signature.size(), bytes_.data() + head_.signature);
}

}  // namespace millrace::bench
