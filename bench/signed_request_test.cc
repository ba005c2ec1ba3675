#include "bench/signed_request.h"

#include <gtest/gtest.h>

#include <set>

namespace millrace::bench {
namespace {

using namespace std::chrono_literals;

TEST(HmacKey, MatchesTheFirstCaseOfRfc4231) {
  EXPECT_EQ(hex(HmacKey(std::string(20, '\x0b')).sign("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

// A PutRecord of the day 2026-01-15, worked by hand and with a second implementation.
TEST(SigningKey, MatchesTheWorkedExample) {
  const std::string_view body = R"({"StreamName":"orders","PartitionKey":"user-1","Data":"aGVsbG8="})";
  EXPECT_EQ(hex(sha256(body)), "626121b3e560cddf65f01444d3d1b2fd4c7b8f7292483d0b6b215bac8ac5efe7");
  HmacKey key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20260115", "us-east-1", "kinesis");
  const Digest signature = key.sign(
      "AWS4-HMAC-SHA256\n20260115T093000Z\n20260115/us-east-1/kinesis/aws4_request\n"
      "40f9faef694408cc8156b8043cbc3502865c52c2d34d0062a8c4b4d204351bcd");
  EXPECT_EQ(hex(signature), "da62b16cbb2ae97ee3d79a1e772cf0903cb1e4c1351fa918e5e9428b7208c842");
}

std::string header(std::string_view request, std::string_view name) {
  const std::size_t at = request.find(name);
  if (at == std::string_view::npos) return {};
  return std::string(request.substr(at + name.size(), request.find("\r\n", at) - at - name.size()));
}

// What a server does to check a signature: it takes the headers that are named, as they came.
std::string expected_signature(std::string_view request) {
  const std::string date = header(request, "X-Amz-Date: ");
  const std::string_view body = request.substr(request.find("\r\n\r\n") + 4);
  const std::string canonical =
      "POST\n/\n\namz-sdk-invocation-id:" + header(request, "Amz-Sdk-Invocation-Id: ") +
      "\namz-sdk-request:" + header(request, "Amz-Sdk-Request: ") +
      "\ncontent-length:" + header(request, "Content-Length: ") +
      "\ncontent-type:" + header(request, "Content-Type: ") + "\nhost:" + header(request, "Host: ") +
      "\nx-amz-date:" + date + "\nx-amz-target:" + header(request, "X-Amz-Target: ") +
      "\n\namz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target\n" +
      hex(sha256(body));
  const std::string day = date.substr(0, 8);
  HmacKey key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", day, "us-east-1", "kinesis");
  return hex(key.sign("AWS4-HMAC-SHA256\n" + date + "\n" + day + "/us-east-1/kinesis/aws4_request\n" +
                      hex(sha256(canonical))));
}

TEST(SignedRequest, CarriesAValidSignatureAtEachSigning) {
  SignedRequest request({"localhost", 4567}, {"PutRecord", "application/x-amz-json-1.1", "{}"});
  std::set<std::string> signatures;
  // The seconds of one day, and a change of day, which changes the key.
  for (const auto moment : {1768469400s, 1768469401s, 1768555801s}) {
    for (int again = 0; again < 2; ++again) {
      request.sign(std::chrono::sys_seconds(moment));
      const std::string signature(request.bytes().substr(request.bytes().find("Signature=") + 10, 64));
      EXPECT_EQ(signature, expected_signature(request.bytes()));
      signatures.insert(signature);
    }
  }
  EXPECT_EQ(signatures.size(), 6U);
  EXPECT_EQ(header(request.bytes(), "X-Amz-Date: "), "20260116T093001Z");
  EXPECT_EQ(header(request.bytes(), "Host: "), "localhost:4567");
}

}  // namespace
}  // namespace millrace::bench
