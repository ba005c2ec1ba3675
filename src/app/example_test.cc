#include "app/example.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::app {
namespace {

using testing::HasSubstr;

TEST(Example, AnAddressForAllIsAskedOnTheLoopback) {
  EXPECT_EQ(endpoint_of("127.0.0.1:4567", 4567), "http://127.0.0.1:4567");
  EXPECT_EQ(endpoint_of("0.0.0.0:80", 80), "http://127.0.0.1:80");
  EXPECT_EQ(endpoint_of("[::]:80", 80), "http://[::1]:80");
  EXPECT_EQ(endpoint_of("[::1]:80", 80), "http://[::1]:80");
}

TEST(Example, TheCommandsCarryEndpointRegionAndCredentials) {
  const std::string example = aws_cli_example("http://127.0.0.1:4567", "eu-west-1");
  EXPECT_THAT(example, HasSubstr("--endpoint-url http://127.0.0.1:4567"));
  EXPECT_THAT(example, HasSubstr("AWS_DEFAULT_REGION=eu-west-1"));
  EXPECT_THAT(example, HasSubstr("AWS_ACCESS_KEY_ID=test"));
  EXPECT_THAT(example, HasSubstr("--data fileb://"));
}

}  // namespace
}  // namespace millrace::app
