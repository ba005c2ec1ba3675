#include "wire/errors.h"

#include <gtest/gtest.h>

#include <set>

namespace millrace::wire {
namespace {

using base::Errc;
using base::Error;

TEST(Errors, EveryCodeHasItsRow) {
  std::set<std::string_view> types;
  for (std::size_t i = 0; i < base::errc_count; ++i) {
    const WireError& row = wire_error(static_cast<Errc>(i));
    EXPECT_EQ(row.code, static_cast<Errc>(i));
    EXPECT_TRUE(row.http_status == 400 || row.http_status == 500 || row.http_status == 503);
    types.insert(row.type);
  }
  // One outside name for each code a client may be told; those of engines and the system share that of a failure.
  EXPECT_EQ(types.size(), static_cast<std::size_t>(Errc::validation) + 1);
}

TEST(Errors, OnlyOurOwnFailuresAreNotTheClients) {
  for (std::size_t i = 0; i < base::errc_count; ++i) {
    const auto code = static_cast<Errc>(i);
    const WireError& row = wire_error(code);
    if (code == Errc::service_unavailable) {
      EXPECT_EQ(row.http_status, 503);
    } else if (code == Errc::internal_failure || code > Errc::validation) {
      EXPECT_EQ(row.http_status, 500);
      EXPECT_EQ(row.type, "InternalFailure");
      EXPECT_EQ(client_message(Error(code, "/data/segment: No space left on device")), "Internal Service Failure");
    } else {
      EXPECT_EQ(row.http_status, 400) << row.type;
      EXPECT_EQ(client_message(Error(code, "sentence")), "sentence");
    }
  }
}

TEST(Errors, BodiesInBothEncodings) {
  const Error error(Errc::resource_not_found, "Stream x under account 1 not found.");
  EXPECT_EQ(render_error(Encoding::json, error),
            R"({"__type":"ResourceNotFoundException","message":"Stream x under account 1 not found."})");
  EXPECT_EQ(
      render_error(Encoding::cbor, error),
      "\xbf\x66__type\x78\x19ResourceNotFoundException\x67message\x78\x23Stream x under account 1 not found.\xff");
  EXPECT_EQ(render_error(Encoding::json, Error(Errc::validation, "a \"b\"\n")),
            R"({"__type":"ValidationException","message":"a \"b\"\n"})");
}

TEST(Errors, SerializationExceptionSpellsItsMessageWithACapital) {
  EXPECT_EQ(render_error(Encoding::json, Error(Errc::serialization, "Expected null")),
            R"({"__type":"SerializationException","Message":"Expected null"})");
}

TEST(Errors, WithoutASentenceThereIsNoMessage) {
  EXPECT_EQ(render_error(Encoding::json, Error(Errc::serialization)), R"({"__type":"SerializationException"})");
  EXPECT_EQ(render_error(Encoding::json, Error(Errc::unknown_operation)), R"({"__type":"UnknownOperationException"})");
  EXPECT_EQ(render_error(Encoding::cbor, Error(Errc::unknown_operation)),
            "\xbf\x66__type\x78\x19UnknownOperationException\xff");
  EXPECT_EQ(render_error(Encoding::json, Error(Errc::io, "secret path", 28)),
            R"({"__type":"InternalFailure","message":"Internal Service Failure"})");
}

TEST(Errors, AreTextWhateverTheyRepeat) {
  EXPECT_EQ(render_error(Encoding::json, Error(Errc::incomplete_signature, "Authorization=\xe9\xff")),
            "{\"__type\":\"IncompleteSignatureException\",\"message\":\"Authorization=\u00e9\u00ff\"}");
}

TEST(Errors, EntriesOfPutRecords) {
  const Error throttle(Errc::throughput_exceeded, "Rate exceeded for shard s in stream x under account 1.");
  EXPECT_EQ(entry_error(throttle).code, "ProvisionedThroughputExceededException");
  EXPECT_EQ(entry_error(throttle).message, throttle.message);
  const Error failed(Errc::unknown_outcome, "engine");
  EXPECT_EQ(entry_error(failed).code, "InternalFailure");
  EXPECT_EQ(entry_error(failed).message, "Internal Service Failure");
}

}  // namespace
}  // namespace millrace::wire
