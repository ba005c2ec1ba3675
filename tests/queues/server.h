#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/metrics.h"
#include "http/fake_service.h"
#include "http/server.h"
#include "sim/sim_clock.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"

namespace millrace::queues {

// A loop that counts what waits in it.
class CountingLoop final : public io::Loop {
 public:
  explicit CountingLoop(io::Loop& loop) : loop_(loop) {}

  void post(base::Task task) override {
    ++waiting_;
    loop_.post([this, task = std::move(task)]() mutable {
      --waiting_;
      task();
    });
  }
  bool is_current() const override { return loop_.is_current(); }
  io::Timers& timers() override { return loop_.timers(); }
  const io::SteadyClock& steady_clock() const override { return loop_.steady_clock(); }

  std::size_t waiting() const { return waiting_; }

 private:
  io::Loop& loop_;
  std::size_t waiting_ = 0;
};

// A server on a simulated network and on simulated time, over a service that the test holds in its hand.
class ServerFixture : public ::testing::Test {
 protected:
  ~ServerFixture() override { end(); }

  // Memory for as many connections as a test may want, unless it says otherwise.
  void serve(http::Limits limits = {}, std::size_t memory_bytes = std::size_t{8} << 30,
             http::Service* service = nullptr);
  void end();

  sim::SimClient& connect();
  // Sends `bytes` on a new connection and runs until nothing moves.
  sim::SimClient& send(std::string_view bytes);
  void run() { ASSERT_TRUE(scheduler_.run_until_idle()); }
  // The statuses of all answers that have come on a connection, which are then forgotten.
  static std::vector<int> statuses(sim::SimClient& client) { return http::statuses(client.take(), client.ended()); }
  // Whether a new client is served.
  bool serves();
  // What /metrics shows under that name.
  double metric(std::string_view name) const;

  sim::SimClock clock_;
  sim::SimScheduler scheduler_{clock_};
  sim::SimLoop& sim_loop_ = scheduler_.make_loop();
  CountingLoop loop_{sim_loop_};
  sim::SimNetwork network_;
  std::unique_ptr<base::MemoryBudget> budget_;
  base::Metrics metrics_;
  http::FakeService service_;
  std::unique_ptr<http::Server> server_;
  std::vector<std::unique_ptr<sim::SimClient>> clients_;
};

}  // namespace millrace::queues
