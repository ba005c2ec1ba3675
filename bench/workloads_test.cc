#include "bench/workloads.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace::bench {
namespace {

// A server of scripted answers: a thread a connection, blocking.
class FakeServer {
 public:
  struct Reply {
    int status = 200;
    std::string body = {};
    bool close = false;  // instead of an answer
  };
  using Script = std::function<Reply(std::string_view operation, std::string_view body)>;

  explicit FakeServer(Script script) : script_(std::move(script)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      ADD_FAILURE() << "no listener";
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    // The clients have closed their ends by now, which ends these.
    for (std::thread& thread : threads_)
      thread.join();
    close(listener_);
  }

  Endpoint endpoint() const { return {"127.0.0.1", port_}; }

 private:
  void accept_all() {
    for (;;) {
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      threads_.emplace_back([this, client] {
        while (serve_one(client)) {
        }
        close(client);
      });
    }
  }

  bool serve_one(int client) {
    std::string request;
    std::size_t head = std::string::npos;
    std::size_t body_size = 0;
    while (head == std::string::npos || request.size() < head + 4 + body_size) {
      std::string part(65536, '\0');
      const ssize_t size = recv(client, part.data(), part.size(), 0);
      if (size <= 0) return false;
      request.append(part, 0, static_cast<std::size_t>(size));
      if (head != std::string::npos) continue;
      head = request.find("\r\n\r\n");
      if (head != std::string::npos) body_size = std::stoul(after(request, "Content-Length: "));
    }
    const Reply reply = script_(after(request, "Kinesis_20131202."), request.substr(head + 4));
    if (reply.close) return false;
    const std::string answer = "HTTP/1.1 " + std::to_string(reply.status) +
                               " X\r\ncontent-length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
    return send(client, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
  }

  static std::string after(std::string_view request, std::string_view mark) {
    const std::size_t at = request.find(mark) + mark.size();
    return std::string(request.substr(at, request.find('\r', at) - at));
  }

  const Script script_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> threads_;
};

// Answers the calls around a measurement as a broker with one stream of one shard does.
FakeServer::Reply control_reply(std::string_view operation) {
  if (operation == "DescribeStream") {
    return {.body = R"({"StreamDescription":{"StreamStatus":"ACTIVE","Shards":[{"ShardId":"shardId-000000000000",)"
                    R"("HashKeyRange":{"StartingHashKey":"0"}}]}})"};
  }
  if (operation == "GetShardIterator") return {.body = R"({"ShardIterator":"AAAA"})"};
  return {};
}

Options options_for(const FakeServer& server, std::string workload) {
  Options options;
  options.workload = std::move(workload);
  options.endpoint = server.endpoint();
  options.connections = 3;
  options.threads = 2;
  options.warm_up = 0;
  options.seconds = 20;  // the limit; the requests end the runs
  options.requests = 40;
  return options;
}

TEST(Workloads, CountsAcknowledgedRecordsAndDeletesTheStream) {
  std::atomic<int> deleted = 0;
  const FakeServer server([&](std::string_view operation, std::string_view body) -> FakeServer::Reply {
    if (operation == "DeleteStream") ++deleted;
    if (operation != "PutRecord") return control_reply(operation);
    EXPECT_TRUE(body.starts_with("{\"Data\":\""));
    return {.body = "{}"};
  });
  const auto result = run_workload(options_for(server, "put"));
  ASSERT_TRUE(result) << result.error();
  EXPECT_TRUE(result->clean());
  EXPECT_GE(result->tally.requests, 40U);
  EXPECT_EQ(result->tally.records, result->tally.requests);
  EXPECT_EQ(result->tally.latency.count(), result->tally.requests);
  EXPECT_EQ(deleted, 1);
}

TEST(Workloads, TellsThrottlesFromErrors) {
  std::atomic<int> calls = 0;
  const FakeServer server([&](std::string_view operation, std::string_view) -> FakeServer::Reply {
    if (operation != "PutRecord") return control_reply(operation);
    switch (++calls % 4) {
      case 0:
        return {.status = 400, .body = R"({"__type":"ProvisionedThroughputExceededException","message":"slow"})"};
      case 1:
        return {.status = 500, .body = R"({"__type":"com.example#InternalFailure"})"};
      case 2:
        return {.status = 503};
      default:
        return {.body = "{}"};
    }
  });
  const auto result = run_workload(options_for(server, "put"));
  ASSERT_TRUE(result) << result.error();
  EXPECT_FALSE(result->clean());
  const Tally& tally = result->tally;
  EXPECT_GT(tally.throttles.at("ProvisionedThroughputExceededException"), 0U);
  EXPECT_GT(tally.errors.at("InternalFailure"), 0U);
  EXPECT_GT(tally.errors.at("HTTP 503"), 0U);
  EXPECT_EQ(tally.records + tally.throttles.at("ProvisionedThroughputExceededException") +
                tally.errors.at("InternalFailure") + tally.errors.at("HTTP 503"),
            tally.requests);
}

TEST(Workloads, SubtractsFailedEntriesOfPutRecords) {
  const FakeServer server([&](std::string_view operation, std::string_view) -> FakeServer::Reply {
    if (operation != "PutRecords") return control_reply(operation);
    // The count stands in the middle of a long answer.
    return {.body = "{\"Padding\":\"" + std::string(500, 'x') +
                    R"(","FailedRecordCount":2,"Records":[{"ErrorCode":"InternalFailure"},)" + std::string(500, ' ') +
                    R"({"ErrorCode":"InternalFailure"},{}]})"};
  });
  Options options = options_for(server, "puts");
  options.records = 3;
  const auto result = run_workload(options);
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->tally.records, result->tally.requests);
  EXPECT_EQ(result->tally.errors.at("InternalFailure"), 2 * result->tally.requests);
}

TEST(Workloads, ReportsAShortPage) {
  const std::string whole = R"({"Records":[{"Data":"AAAA"},{"Data":"AAAA"}],"NextShardIterator":"B"})";
  std::atomic<int> calls = 0;
  const FakeServer server([&](std::string_view operation, std::string_view) -> FakeServer::Reply {
    if (operation == "PutRecords") return {.body = R"({"FailedRecordCount":0})"};
    if (operation != "GetRecords") return control_reply(operation);
    return {.body = ++calls % 10 == 0 ? R"({"Records":[{"Data":"AAAA"}]})" : whole + std::string(100, ' ')};
  });
  Options options = options_for(server, "get");
  options.records = 2;
  const auto result = run_workload(options);
  ASSERT_TRUE(result) << result.error();
  EXPECT_GT(result->tally.errors.at("short page"), 0U);
  EXPECT_EQ(result->tally.records, 2 * (result->tally.requests - result->tally.errors.at("short page")));
}

TEST(Workloads, GoesOnAfterABrokenConnection) {
  std::atomic<int> calls = 0;
  const FakeServer server([&](std::string_view operation, std::string_view) -> FakeServer::Reply {
    if (operation != "PutRecord") return control_reply(operation);
    return {.body = "{}", .close = ++calls == 20};
  });
  const auto result = run_workload(options_for(server, "put"));
  ASSERT_TRUE(result) << result.error();
  EXPECT_GE(result->tally.records, 40U);
  EXPECT_EQ(result->tally.errors.at("recv: closed by the server"), 1U);
}

TEST(Workloads, MeasuresVisibilityAndNoticesALostRecord) {
  for (const bool lose : {false, true}) {
    std::mutex mutex;
    std::vector<std::string> stored;
    std::size_t read = 0;
    const FakeServer server([&](std::string_view operation, std::string_view body) -> FakeServer::Reply {
      const std::lock_guard lock(mutex);
      if (operation == "PutRecord") {
        std::size_t at = 0;
        stored.push_back(base64(next_data(Encoding::json, body, at).value_or("")));
        return {.body = "{}"};
      }
      if (operation != "GetRecords") return control_reply(operation);
      std::string records;
      for (; read < stored.size(); ++read) {
        if (!lose || read != 5) records += "{\"Data\":\"" + stored[read] + "\"}";
      }
      return {.body = "{\"Records\":[" + records + "],\"NextShardIterator\":\"B\"}"};
    });
    Options options = options_for(server, "visible");
    options.rate = 500;
    options.seconds = 0.1;
    const auto result = run_workload(options);
    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(result->clean(), !lose);
    EXPECT_EQ(result->tally.records, lose ? 49U : 50U);
    EXPECT_EQ(result->further.at("put").count(), 50U);
  }
}

TEST(Workloads, RefusesAnUnknownName) {
  Options options;
  options.workload = "read";
  EXPECT_FALSE(run_workload(options));
}

}  // namespace
}  // namespace millrace::bench
