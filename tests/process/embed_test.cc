// A program that runs brokers inside itself, by the public header.
#include "millrace/broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include "io/tcp_client.h"

namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string call(const millrace::Broker& broker, const std::string& operation, const std::string& body) {
  auto client = millrace::io::TcpClient::connect("127.0.0.1", broker.port(), std::chrono::seconds{10});
  if (!client) return client.error().message;
  const std::string request =
      "POST / HTTP/1.1\r\nHost: millrace\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\n"
      "X-Amz-Target: Kinesis_20131202." +
      operation +
      "\r\nX-Amz-Date: 20260101T000000Z\r\n"
      "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, "
      "SignedHeaders=host;x-amz-date, Signature=0000\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  if (const auto sent = client->send(request); !sent) return sent.error().message;
  const auto answer = client->receive_all(1 << 20);
  return answer ? *answer : answer.error().message;
}

TEST(Embed, TwoBrokersInOneProcessKeepTheirOwnStreams) {
  auto first = millrace::Broker::start({});
  ASSERT_TRUE(first) << first.error();
  auto second = millrace::Broker::start({.region = "eu-west-1", .account_id = "111122223333"});
  ASSERT_TRUE(second) << second.error();
  EXPECT_NE(first->port(), second->port());
  EXPECT_EQ(first->endpoint(), "http://127.0.0.1:" + std::to_string(first->port()));

  EXPECT_THAT(call(*first, "CreateStream", R"({"StreamName":"one","ShardCount":1})"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(call(*second, "CreateStream", R"({"StreamName":"two","ShardCount":1})"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(call(*first, "PutRecord", R"({"StreamName":"one","PartitionKey":"k","Data":"YWJj"})"),
              HasSubstr("SequenceNumber"));
  EXPECT_THAT(call(*second, "PutRecord", R"({"StreamName":"one","PartitionKey":"k","Data":"YWJj"})"),
              HasSubstr("Stream one under account 111122223333 not found."));
}

TEST(Embed, ABrokerCanBeMovedAndItsPortIsFreeAfterIt) {
  std::uint16_t port = 0;
  {
    auto started = millrace::Broker::start({});
    ASSERT_TRUE(started) << started.error();
    millrace::Broker moved = std::move(*started);
    port = moved.port();
    EXPECT_THAT(call(moved, "ListStreams", "{}"), HasSubstr("StreamNames"));
  }
  auto again = millrace::Broker::start({.port = port});
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->port(), port);
}

#ifndef MILLRACE_SANITIZED
// The database of the index is not instrumented.
TEST(Embed, WithADataFolderRecordsOutliveTheBroker) {
  const std::string folder = testing::TempDir() + "millrace-embed-" + std::to_string(getpid());
  for (int life = 0; life < 2; ++life) {
    auto broker = millrace::Broker::start({.data_dir = folder});
    ASSERT_TRUE(broker) << broker.error();
    if (life == 0) {
      EXPECT_THAT(call(*broker, "CreateStream", R"({"StreamName":"s","ShardCount":1})"), StartsWith("HTTP/1.1 200"));
      EXPECT_THAT(call(*broker, "PutRecord", R"({"StreamName":"s","PartitionKey":"k","Data":"YWJj"})"),
                  HasSubstr("SequenceNumber"));
      const auto second = millrace::Broker::start({.data_dir = folder});
      ASSERT_FALSE(second);
      EXPECT_THAT(second.error(), HasSubstr(std::to_string(getpid())));
      continue;
    }
    const std::string found = call(*broker, "GetShardIterator",
                                   R"({"StreamName":"s","ShardId":"shardId-000000000000",)"
                                   R"("ShardIteratorType":"TRIM_HORIZON"})");
    const std::size_t body = found.find("\r\n\r\n");
    ASSERT_NE(body, std::string::npos) << found;
    EXPECT_THAT(call(*broker, "GetRecords", found.substr(body + 4)), HasSubstr("\"Data\":\"YWJj\""));
  }
  std::filesystem::remove_all(folder);
}
#endif

TEST(Embed, WhatCannotStartSaysWhyInOneSentence) {
  auto first = millrace::Broker::start({});
  ASSERT_TRUE(first) << first.error();
  const auto taken = millrace::Broker::start({.port = first->port()});
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error(), HasSubstr(std::to_string(first->port())));
  const auto small = millrace::Broker::start({.memory_max = 1});
  ASSERT_FALSE(small);
  EXPECT_THAT(small.error(), HasSubstr("memory-max"));
}

}  // namespace
