#include <fmt/format.h>

#include "api/testing/api_fixture.h"
#include "base/base64.h"

namespace millrace::api {
namespace {

using base::Errc;

class UpdateMaxRecordSizeTest : public testing::Api {
 protected:
  static std::string size(std::string_view name, int kib) {
    return fmt::format(R"({{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/{}","MaxRecordSizeInKiB":{}}})",
                       name, kib);
  }
  static std::string record(std::size_t bytes) {
    return fmt::format(R"({{"StreamName":"orders","PartitionKey":"k","Data":"{}"}})",
                       base::base64_encode(std::string(bytes, 'x')));
  }
};

TEST_F(UpdateMaxRecordSizeTest, LargerRecordsGoInAndComeOut) {
  create("orders");
  constexpr std::size_t two_mib = 2 << 20;
  EXPECT_EQ(refused("PutRecord", record(two_mib - 1)).code, Errc::invalid_argument);
  ok("UpdateMaxRecordSize", size("orders", 2048));
  EXPECT_EQ(ok("DescribeStreamSummary", R"({"StreamName":"orders"})")
                .find("StreamDescriptionSummary")
                ->integer("MaxRecordSizeInKiB"),
            2048);
  ok("PutRecord", record(two_mib - 1));
  EXPECT_EQ(refused("PutRecord", record(two_mib)).code, Errc::invalid_argument) << "the key counts, too";
  ok("UpdateMaxRecordSize", size("orders", 1024));
  EXPECT_EQ(refused("PutRecord", record(two_mib - 1)).code, Errc::invalid_argument);
  const wire::Value page =
      ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("orders", "TRIM_HORIZON")));
  ASSERT_EQ(page.list("Records")->size(), 1U) << "what is in stays";
  EXPECT_EQ(data_of(page).front().size(), two_mib - 1);
}

TEST_F(UpdateMaxRecordSizeTest, BoundsAndNamesAreChecked) {
  create("orders");
  EXPECT_EQ(refused("UpdateMaxRecordSize", size("orders", 1023)).code, Errc::validation);
  EXPECT_EQ(refused("UpdateMaxRecordSize", size("orders", 10'241)).code, Errc::validation);
  EXPECT_EQ(refused("UpdateMaxRecordSize", R"({"MaxRecordSizeInKiB":2048})").code, Errc::invalid_argument);
  EXPECT_EQ(refused("UpdateMaxRecordSize", size("none", 2048)).code, Errc::resource_not_found);
}

}  // namespace
}  // namespace millrace::api
