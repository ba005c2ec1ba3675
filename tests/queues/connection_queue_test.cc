// What a connection and all of them together may hold.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "http/answer.h"
#include "http/body_buffers.h"
#include "http/body_gate.h"
#include "http/chunk_decoder.h"
#include "http/connection.h"
#include "tests/queues/server.h"

namespace millrace::queues {
namespace {

using namespace std::chrono_literals;
using base::MemoryShare;
using http::Limits;
using http::post;
using Statuses = std::vector<int>;

class ConnectionQueue : public ServerFixture {
 protected:
  // What a request that is refused for its form leaves: its own connection ends, and others go on.
  void expect_refused(std::string_view request, int status) {
    sim::SimClient& client = send(request);
    EXPECT_EQ(statuses(client), Statuses{status});
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(serves());
  }
  void expect_served(std::string_view request) { EXPECT_EQ(statuses(send(request)), Statuses{200}); }
};

TEST_F(ConnectionQueue, Connections) {
  const Limits limits;
  // The default of --memory-max has room for the default of --connections-max.
  serve(limits, std::size_t{1} << 30);
  for (std::size_t i = 0; i < limits.connections_max; ++i)
    connect();
  run();
  EXPECT_EQ(server_->connections(), limits.connections_max);
  EXPECT_EQ(metric("millrace_http_connections"), static_cast<double>(limits.connections_max));
  sim::SimClient& over = connect();
  run();
  EXPECT_EQ(statuses(over), Statuses{503});
  EXPECT_TRUE(over.ended());
  over.reset();
  run();
  EXPECT_FALSE(serves());
  clients_.front()->reset();
  run();
  EXPECT_TRUE(serves());
}

TEST_F(ConnectionQueue, RefusedConnections) {
  serve({.connections_max = 1});
  connect();
  run();
  std::vector<sim::SimClient*> told;
  for (std::size_t i = 0; i < http::refusals_max; ++i)
    told.push_back(&connect());
  run();
  for (sim::SimClient* client : told)
    EXPECT_EQ(statuses(*client), Statuses{503});
  // They are there until they have read their answer, or had the time to.
  EXPECT_EQ(server_->connections(), 1 + http::refusals_max);
  sim::SimClient& untold = connect();
  run();
  EXPECT_EQ(untold.received(), "");
  EXPECT_TRUE(untold.closed());
  scheduler_.advance(http::linger_idle_max + 100ms);
  EXPECT_EQ(server_->connections(), 1U);
  EXPECT_EQ(statuses(send(post("/echo", "x"))), Statuses{503});
  clients_.front()->reset();
  run();
  scheduler_.advance(http::linger_idle_max + 100ms);
  EXPECT_TRUE(serves());
}

TEST_F(ConnectionQueue, RequestHeads) {
  const Limits limits;
  serve(limits);
  // A head of `bytes` bytes, with the empty line that ends it.
  const auto head = [](std::size_t bytes) {
    const std::string begin = "POST /echo HTTP/1.1\r\nContent-Length: 0\r\nX-Long: ";
    return begin + std::string(bytes - begin.size() - 4, 'x') + "\r\n\r\n";
  };
  expect_served(head(limits.head_bytes_max));
  expect_refused(head(limits.head_bytes_max + 1), 431);
  expect_served(head(limits.head_bytes_max));
}

TEST_F(ConnectionQueue, RequestHeaders) {
  const Limits limits;
  serve(limits);
  const auto request = [](std::size_t headers) {
    std::string text = "POST /echo HTTP/1.1\r\nContent-Length: 0\r\n";
    for (std::size_t i = 1; i < headers; ++i)
      text += fmt::format("x-{}: y\r\n", i);
    return text + "\r\n";
  };
  expect_served(request(limits.headers_max));
  expect_refused(request(limits.headers_max + 1), 431);
  expect_served(request(limits.headers_max));
}

TEST_F(ConnectionQueue, RequestBodies) {
  const Limits limits;
  serve(limits);
  const std::string largest = post("/echo", std::string(limits.body_bytes_max, 'x'));
  expect_served(largest);
  // Refused before it is read.
  expect_refused(fmt::format("POST /echo HTTP/1.1\r\nContent-Length: {}\r\n\r\n", limits.body_bytes_max + 1), 413);
  expect_served(largest);
  EXPECT_EQ(budget_->used(MemoryShare::bodies), 0U);
}

TEST_F(ConnectionQueue, ChunkLines) {
  serve();
  const auto request = [](std::size_t line_bytes) {
    return "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(line_bytes - 4, 'x') +
           "\r\nz\r\n0\r\n\r\n";
  };
  expect_served(request(http::chunk_line_bytes_max));
  expect_refused(request(http::chunk_line_bytes_max + 1), 431);
  expect_served(request(http::chunk_line_bytes_max));
}

TEST_F(ConnectionQueue, RequestsOfAConnection) {
  serve();
  constexpr std::size_t sent = 10;
  std::string requests;
  for (std::size_t i = 0; i < sent; ++i)
    requests += post("/defer", std::to_string(i));
  sim::SimClient& client = send(requests);
  for (std::size_t i = 0; i < sent; ++i) {
    ASSERT_EQ(service_.deferred(), http::requests_in_flight_max);
    EXPECT_EQ(service_.seen().size(), i + http::requests_in_flight_max);
    auto [reply, body] = service_.take_deferred();
    EXPECT_EQ(body, std::to_string(i));
    reply.send(http::Response{.status = 200, .headers = {}, .body = {}});
    run();
  }
  EXPECT_EQ(statuses(client), Statuses(sent, 200));
}

TEST_F(ConnectionQueue, ReadBuffer) {
  serve();
  sim::SimClient& client = send(post("/defer", "first"));
  constexpr std::size_t bodies = 1000;
  std::string behind;
  for (std::size_t i = 0; i < bodies; ++i)
    behind += post("/echo", std::string(1'000, 'x'));
  client.send(behind);
  run();
  EXPECT_GE(client.unread(), behind.size() - http::read_buffer_bytes);
  EXPECT_EQ(client.received(), "");
  service_.take_deferred().first.send(http::Response{.status = 200, .headers = {}, .body = {}});
  run();
  EXPECT_EQ(client.unread(), 0U);
  EXPECT_EQ(statuses(client), Statuses(bodies + 1, 200));
}

TEST_F(ConnectionQueue, BodyWaiters) {
  // One body takes all the memory for large ones.
  constexpr std::size_t memory = 256 << 20;
  const std::size_t all = base::MemoryBudget(memory).max(MemoryShare::bodies);
  serve({.body_bytes_max = all}, memory);
  sim::SimClient& first = send(post("/defer", std::string(all, 'x')));
  ASSERT_EQ(service_.deferred(), 1U);
  const std::string request = post("/echo", std::string(66'000, 'y'));
  std::vector<sim::SimClient*> waiting;
  for (std::size_t i = 0; i < http::body_waiters_max; ++i)
    waiting.push_back(&send(request));
  EXPECT_EQ(metric("millrace_http_bodies_waiting"), static_cast<double>(http::body_waiters_max));
  sim::SimClient& over = send(request);
  EXPECT_EQ(statuses(over), Statuses{503});
  // Small bodies have a queue of their own, which is empty.
  EXPECT_EQ(statuses(send(post("/echo", std::string(http::small_body_max, 'z')))), Statuses{200});

  service_.take_deferred().first.send(http::Response{.status = 200, .headers = {}, .body = {}});
  run();
  EXPECT_EQ(statuses(first), Statuses{200});
  for (sim::SimClient* client : waiting)
    EXPECT_EQ(statuses(*client), Statuses{200});
  EXPECT_EQ(metric("millrace_http_bodies_waiting"), 0);
  EXPECT_EQ(statuses(send(request)), Statuses{200});
}

TEST(BufferQueue, KeptBodyBuffers) {
  base::MemoryBudget budget(64 << 20);
  http::BodyBuffers buffers(budget);
  constexpr std::size_t size = http::BodyBuffers::reused_bytes_max;
  constexpr std::size_t kept = http::BodyBuffers::kept_bytes_max / size;
  const auto held = [&] { return budget.used(MemoryShare::connections); };
  std::vector<http::BodyBuffer> taken;
  for (std::size_t i = 0; i < kept + 1; ++i)
    taken.push_back(buffers.take(size));
  EXPECT_EQ(held(), 0U);
  for (std::size_t i = 0; i < kept; ++i) {
    buffers.put_back(std::move(taken.back()));
    taken.pop_back();
  }
  EXPECT_EQ(held(), http::BodyBuffers::kept_bytes_max);
  buffers.put_back(std::move(taken.back()));
  EXPECT_EQ(held(), http::BodyBuffers::kept_bytes_max);
  http::BodyBuffer again = buffers.take(size);
  EXPECT_EQ(held(), http::BodyBuffers::kept_bytes_max - size);
  buffers.put_back(std::move(again));
  EXPECT_EQ(held(), http::BodyBuffers::kept_bytes_max);
}

TEST_F(ConnectionQueue, StreamedAnswers) {
  using Pace = http::StreamWriter::Pace;
  serve();
  sim::SimClient& client = send(post("/stream", "{}"));
  client.auto_receive(false);
  const auto writer = service_.take_writer();
  int ready = 0;
  writer->on_ready([&ready] { ++ready; });
  writer->start(http::Response{.status = 200, .headers = {}, .body = {}});
  const std::string part(4'096, 'p');
  std::size_t written = 0;
  const auto write = [&] {
    written += part.size();
    return writer->write(part);
  };
  while (write() == Pace::go) {
    run();
    ASSERT_LT(written, 10 * http::stream_buffered_max);
  }
  // All of it counts until the socket has taken a whole batch.
  EXPECT_GE(budget_->used(MemoryShare::answers), http::stream_buffered_max);
  EXPECT_LE(budget_->used(MemoryShare::answers), http::stream_buffered_max + part.size());
  run();
  EXPECT_EQ(ready, 0);
  EXPECT_EQ(write(), Pace::hold);

  client.auto_receive(true);
  run();
  EXPECT_EQ(ready, 1);
  EXPECT_EQ(write(), Pace::go);
  writer->finish();
  run();
  std::string bytes = client.take();
  const auto answer = http::take_answer(bytes);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body.size(), written);
}

TEST_F(ConnectionQueue, LoopTasks) {
  const Limits limits{.connections_max = 1'000};
  serve(limits);
  // Each sends two, and has one answer on its way at most.
  for (std::size_t i = 0; i < limits.connections_max; ++i)
    connect().send(post("/defer", "one") + post("/defer", "two"));
  run();
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(loop_.waiting(), 0U);
    ASSERT_EQ(service_.deferred(), limits.connections_max) << "round " << round;
    // Not on the loop, as an actor on another thread would.
    while (service_.deferred() > 0)
      service_.take_deferred().first.send(http::Response{.status = 200, .headers = {}, .body = {}});
    EXPECT_EQ(loop_.waiting(), limits.connections_max);
    run();
  }
  EXPECT_EQ(service_.deferred(), 0U);
  for (const auto& client : clients_)
    EXPECT_EQ(statuses(*client), (Statuses{200, 200}));
}

TEST_F(ConnectionQueue, Timers) {
  constexpr std::size_t memory = 256 << 20;
  const std::size_t all = base::MemoryBudget(memory).max(MemoryShare::bodies);
  const Limits limits{.connections_max = 500, .body_bytes_max = all};
  serve(limits, memory);
  send(post("/defer", std::string(all, 'x')));
  // Those who wait for memory have the most.
  while (server_->connections() < limits.connections_max)
    send("POST /echo HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
  const std::size_t waiting = limits.connections_max - 1;
  EXPECT_EQ(metric("millrace_http_bodies_waiting"), static_cast<double>(waiting));
  EXPECT_GE(sim_loop_.timers_set(), http::timers_a_connection_max * waiting);
  EXPECT_LE(sim_loop_.timers_set(), http::timers_a_connection_max * limits.connections_max);
  // However often they fire and are set again.
  scheduler_.advance(10s);
  EXPECT_LE(sim_loop_.timers_set(), http::timers_a_connection_max * limits.connections_max);
  while (service_.deferred() > 0)
    service_.take_deferred();
  server_->cut();
  run();
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_EQ(sim_loop_.timers_set(), 0U);
  EXPECT_TRUE(serves());
}

}  // namespace
}  // namespace millrace::queues
