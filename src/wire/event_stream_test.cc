#include "wire/event_stream.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/errors.h"

namespace millrace::wire {
namespace {

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 0xf];
  }
  return hex;
}

// Frames whose sums were checked with a decoder that is not ours.
TEST(EventStream, EmptyFrame) {
  EXPECT_EQ(hex_of(event_frame({}, "")), "000000100000000005c248eb7d98c8ff");
}

TEST(EventStream, InitialResponseWithoutPayload) {
  EXPECT_EQ(hex_of(event_frame({{":event-type", "initial-response"}, {":message-type", "event"}}, "")),
            "0000004500000035a382cc73"
            "0b3a6576656e742d74797065070010696e697469616c2d726573706f6e7365"
            "0d3a6d6573736167652d747970650700056576656e74"
            "26a08405");
}

TEST(EventStream, InitialResponseWithPayload) {
  EXPECT_EQ(hex_of(event_frame({{":message-type", "event"},
                                {":event-type", "initial-response"},
                                {":content-type", "application/x-amz-json-1.1"}},
                               "{}")),
            "0000007200000060ab820d9e"
            "0d3a6d6573736167652d747970650700056576656e74"
            "0b3a6576656e742d74797065070010696e697469616c2d726573706f6e7365"
            "0d3a636f6e74656e742d7479706507001a6170706c69636174696f6e2f782d616d7a2d6a736f6e2d312e31"
            "7b7de16e66e4");
}

TEST(EventStream, EmptyEvent) {
  const std::string frame =
      event_frame({{":message-type", "event"},
                   {":event-type", "SubscribeToShardEvent"},
                   {":content-type", "application/x-amz-json-1.1"}},
                  R"({"ContinuationSequenceNumber":"49543463076548007577105092703039560359975228518395012686",)"
                  R"("MillisBehindLatest":0,"Records":[]})");
  ASSERT_EQ(frame.size(), 242U);
  EXPECT_EQ(hex_of(frame).substr(0, 24), "000000f2000000656a0e4983");
  EXPECT_TRUE(hex_of(frame).ends_with("2c225265636f726473223a5b5d7db5bc3f99"));
}

TEST(EventStream, Exception) {
  const std::string headers_and_payload =
      "0d3a6d6573736167652d74797065070009657863657074696f6e"
      "0f3a657863657074696f6e2d747970650700165265736f75726365496e557365457863657074696f6e"
      "0d3a636f6e74656e742d7479706507001a6170706c69636174696f6e2f782d616d7a2d6a736f6e2d312e31"
      "7b226d657373616765223a2278227d";
  EXPECT_EQ(hex_of(exception_frame(Encoding::json, base::Error(base::Errc::resource_in_use, "x"))),
            "0000008d0000006e865ee715" + headers_and_payload + "d6edc97a");
}

TEST(EventStream, ExceptionsUseTheModelsNamesAndTheRequestsEncoding) {
  const std::string frame = exception_frame(Encoding::cbor, base::Error(base::Errc::io, "secret"));
  EXPECT_NE(frame.find("InternalFailureException"), std::string::npos);
  EXPECT_NE(frame.find("application/x-amz-cbor-1.1\xbf\x67message\x78\x18Internal Service Failure\xff"),
            std::string::npos);
  EXPECT_EQ(frame.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace millrace::wire
