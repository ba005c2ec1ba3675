// The shares of --memory-max: each is filled, and what its row of base::memory_shares promises is seen.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "http/body_buffers.h"
#include "http/body_gate.h"
#include "http/connection.h"
#include "log/memory/memory_engine.h"
#include "log/testing/scripted_engine.h"
#include "tests/queues/server.h"
#include "tests/queues/world.h"

namespace millrace::queues {
namespace {

using namespace std::chrono_literals;
using base::MemoryShare;
using http::post;
using log::testing::ScriptedEngine;
using Names = std::vector<std::string>;
using Statuses = std::vector<int>;

class MemoryQueue : public ServerFixture {
 protected:
  // Bodies of that size stand still until nothing fits any more: the next one waits, and is served once they have
  // stood still for long enough.
  void fill_with_stalled_bodies(MemoryShare share, std::size_t size) {
    const std::string stalled = post("/echo", std::string(size, 'x')).substr(0, size / 2);
    std::vector<sim::SimClient*> clients;
    while (budget_->max(share) - budget_->used(share) >= http::BodyBuffers::capacity_for(size))
      clients.push_back(&send(stalled));
    ASSERT_GT(clients.size(), 1U);
    sim::SimClient& waiting = send(post("/echo", std::string(size, 'y')));
    EXPECT_EQ(waiting.received(), "");
    EXPECT_GT(waiting.unread(), 0U) << "its socket is not read";
    EXPECT_LE(budget_->used(share), budget_->max(share));
    scheduler_.advance(http::Limits().stall_under_pressure + 100ms);
    EXPECT_EQ(statuses(waiting), Statuses{200});
    EXPECT_EQ(statuses(*clients.front()), Statuses{408}) << "the one that had stalled for longest";
    EXPECT_EQ(clients.back()->received(), "");
    EXPECT_FALSE(clients.back()->closed()) << "nobody waits any more";
    for (sim::SimClient* client : clients)
      client->reset();
    run();
    EXPECT_EQ(budget_->used(share), 0U);
    EXPECT_TRUE(serves());
  }
};

TEST_F(MemoryQueue, MemoryBodies) {
  serve({}, 64 * mib);
  fill_with_stalled_bodies(MemoryShare::bodies, 1'000'000);
}

TEST_F(MemoryQueue, MemorySmallBodies) {
  serve({}, 32 * mib);
  fill_with_stalled_bodies(MemoryShare::small_bodies, http::small_body_max);
}

TEST_F(MemoryQueue, MemoryConnections) {
  serve({}, 16 * mib);
  std::vector<sim::SimClient*> open;
  while (budget_->used(MemoryShare::connections) + 2 * http::read_buffer_bytes <
         budget_->max(MemoryShare::connections)) {
    open.push_back(&send(""));
    ASSERT_LT(open.size(), http::Limits().connections_max);
  }
  ASSERT_GT(open.size(), 10U);
  Statuses last;
  while (last.empty()) {
    sim::SimClient& client = send("");
    open.push_back(&client);
    last = statuses(client);
    ASSERT_LT(open.size(), http::Limits().connections_max);
  }
  EXPECT_EQ(last, Statuses{503});
  EXPECT_TRUE(open.back()->ended());
  open.back()->reset();
  open.front()->reset();
  run();
  EXPECT_TRUE(serves());
}

TEST_F(MemoryQueue, MemoryAnswers) {
  World world(&log::make_memory_engine, 64 * mib);
  // The broker and its server count in the world's budget, as in one process.
  auto started = http::Server::start({.addresses = {"127.0.0.1"}, .port = 0}, network_, clock_.wall(),
                                     std::array<io::Loop*, 1>{&loop_}, *world.gateway, world.budget, metrics_);
  ASSERT_TRUE(started.has_value());
  server_ = std::move(*started);
  world.create("s");
  for (int i = 0; i < 12; ++i)
    ASSERT_EQ(world.put("s", 900 * 1024).status(), 200);
  const std::string body = fmt::format(R"({{"ShardIterator":"{}"}})", world.oldest("s"));
  std::string headers;
  for (const auto& [name, value] : headers_for("GetRecords"))
    headers += name + ": " + value + "\r\n";

  // Readers that take nothing of their answers.
  std::vector<sim::SimClient*> readers;
  int told = 0;
  while (told == 0) {
    sim::SimClient& reader = connect();
    reader.auto_receive(false);
    reader.send(post("/", body, headers));
    run();
    readers.push_back(&reader);
    ASSERT_LT(readers.size(), 100U);
    reader.receive(sim::SimNetwork::pipe_bytes);
    std::string bytes = reader.received();
    if (const auto answer = http::take_answer(bytes)) {
      told = answer->status;
      EXPECT_EQ(answer->body, shard_is_full("s"));
    }
  }
  EXPECT_EQ(told, 400);
  ASSERT_GT(readers.size(), 1U);
  const std::size_t max = world.budget.max(MemoryShare::answers);
  EXPECT_GT(world.budget.used(MemoryShare::answers), max - mib);
  // At least one record is given, however little is left for it.
  EXPECT_LT(world.budget.used(MemoryShare::answers), max + 2 * mib);

  for (sim::SimClient* reader : readers)
    reader->auto_receive(true);
  run();
  for (sim::SimClient* reader : readers)
    EXPECT_EQ(statuses(*reader), Statuses{reader == readers.back() ? 400 : 200});
  EXPECT_EQ(world.budget.used(MemoryShare::answers), 0U);
  EXPECT_EQ(statuses(send(post("/", body, headers))), Statuses{200});
  end();
}

TEST(BrokerMemoryQueue, MemoryLog) {
  World world(&log::make_memory_engine, 16 * mib);
  world.create("s");
  const std::size_t max = world.budget.max(MemoryShare::log);
  constexpr std::size_t record_bytes = 500 * 1024;
  for (std::size_t i = 0; i < 2 * max / record_bytes; ++i) {
    ASSERT_EQ(world.put("s", record_bytes).status(), 200);
    EXPECT_LE(world.budget.used(MemoryShare::log), max);
  }
  EXPECT_GT(world.budget.used(MemoryShare::log), max - record_bytes - 4'096);
  EXPECT_GT(world.metric("millrace_engine_records_dropped"), 0);
  // The oldest that is left is where readers begin.
  const Pending page = world.get(world.oldest("s"));
  EXPECT_EQ(page.status(), 200);
  EXPECT_NE(member(page.body(), "SequenceNumber"), "");
}

TEST(BrokerMemoryQueue, MemoryAppendQueue) {
  ScriptedEngine* engine = nullptr;
  World world(
      [&engine](base::MemoryBudget&, const io::WallClock&) {
        auto made = std::make_unique<ScriptedEngine>();
        engine = made.get();
        return made;
      },
      16 * mib);
  world.create("s", 2);
  engine->hold(ScriptedEngine::Call::append);
  const std::size_t max = world.budget.max(MemoryShare::append_queue);
  constexpr std::size_t record_bytes = 100 * 1024;
  std::vector<Pending> waiting;
  for (;;) {
    waiting.push_back(world.put("s", record_bytes));
    if (waiting.back().is_answered()) break;
    ASSERT_LT(waiting.size(), max / record_bytes + 1);
  }
  EXPECT_EQ(waiting.back().status(), 400);
  EXPECT_EQ(waiting.back().body(), shard_is_full("s"));
  waiting.pop_back();
  EXPECT_GE(waiting.size(), max / record_bytes - 1);
  EXPECT_LE(world.budget.used(MemoryShare::append_queue), max);

  engine->release_all(ScriptedEngine::Call::append);
  for (const Pending& put : waiting)
    EXPECT_EQ(put.status(), 200) << put.body();
  EXPECT_EQ(world.budget.used(MemoryShare::append_queue), 0U);
  EXPECT_EQ(world.put("s", record_bytes).status(), 200);
}

TEST(BrokerMemoryQueue, MemoryCatalogue) {
  World world(&log::make_memory_engine, 1 * mib);
  const auto create = [&world](std::size_t i) {
    return world.send("CreateStream", fmt::format(R"({{"StreamName":"s{}","ShardCount":1}})", i));
  };
  std::size_t made = 0;
  Pending last = create(made);
  while (last.status() == 200) {
    last = create(++made);
    ASSERT_LT(made, 1'000U);
  }
  ASSERT_GT(made, 2U);
  EXPECT_EQ(last.status(), 400);
  EXPECT_EQ(last.body(), error_body("LimitExceededException",
                                    "The broker's memory for streams is full. Its option --memory-max gives it more."));
  EXPECT_LE(world.budget.used(MemoryShare::catalogue), world.budget.max(MemoryShare::catalogue));
  ASSERT_EQ(world.send("DeleteStream", R"({"StreamName":"s0"})").status(), 200);
  EXPECT_EQ(create(made).status(), 200);
}

}  // namespace
}  // namespace millrace::queues
