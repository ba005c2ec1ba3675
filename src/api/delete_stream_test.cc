#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "api/testing/api_fixture.h"
#include "base/base64.h"
#include "model/sequence_number.h"

namespace millrace::api {
namespace {

using base::Errc;

class DeleteStream : public testing::Api {};

TEST_F(DeleteStream, FreesTheNameAndEverythingOfTheOldStream) {
  create("s");
  const std::string number = put("s", "k", "old");
  const std::string old_iterator = iterator("s", "TRIM_HORIZON");
  ok("DeleteStream", R"({"StreamName":"s"})");
  EXPECT_EQ(refused("DescribeStream", R"({"StreamName":"s"})"),
            base::Error(Errc::resource_not_found, "Stream s under account 000000000000 not found."));
  EXPECT_EQ(budget_.used(base::MemoryShare::log), 0U);

  create("s");
  EXPECT_TRUE(
      data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON")))).empty());
  // Neither an iterator nor a number of the old one reads the new one.
  EXPECT_EQ(refused("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", old_iterator)).code,
            Errc::resource_not_found);
  const base::Error error = refused(
      "GetShardIterator",
      fmt::format(
          R"({{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"{}"}})",
          number));
  EXPECT_EQ(error.message,
            fmt::format("StartingSequenceNumber {} used in GetShardIterator on shard shardId-000000000000 "
                        "in stream s under account 000000000000 is invalid because it did not come from "
                        "this stream.",
                        number));
}

TEST_F(DeleteStream, TakesUpARemovalThatFailedHalfWay) {
  create("s");
  register_consumer("s", "reader");
  // Marked, and then neither its logs nor its name are gone.
  apply(catalog::MarkDeleting{.stream = stream("s").key(), .uid = stream("s").uid, .keep_consumers = false});
  ASSERT_EQ(stream("s").status, catalog::StreamStatus::deleting);
  ok("DeleteStream", R"({"StreamName":"s"})");
  EXPECT_EQ(refused("DescribeStream", R"({"StreamName":"s"})").code, Errc::resource_not_found);
}

TEST_F(DeleteStream, WorksByArn) {
  create("s");
  ok("DeleteStream",
     R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","EnforceConsumerDeletion":true})");
  EXPECT_EQ(refused("DeleteStream", R"({"StreamName":"s"})").code, Errc::resource_not_found);
}

}  // namespace
}  // namespace millrace::api
