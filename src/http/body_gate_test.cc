#include "http/body_gate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/sim_loop.h"

namespace millrace::http {
namespace {

using base::MemoryShare;
using Admission = BodyGate::Admission;

class FakeMember final : public BodyGate::Member {
 public:
  FakeMember(io::Loop& loop, std::string name, std::vector<std::string>& log)
      : Member(loop), name_(std::move(name)), log_(log) {}
  void on_admitted() override { log_.push_back(name_ + " admitted"); }
  void on_stalled() override { log_.push_back(name_ + " stalled"); }

 private:
  std::string name_;
  std::vector<std::string>& log_;
};

class BodyGateTest : public testing::Test {
 protected:
  static constexpr std::size_t mib = 1024 * 1024;

  std::shared_ptr<BodyGate::Member> member(std::string name) {
    return std::make_shared<FakeMember>(loop_, std::move(name), log_);
  }
  std::vector<std::string> told() {
    scheduler_.run_until_idle();
    return std::exchange(log_, {});
  }

  sim::SimClock clock_;
  sim::SimScheduler scheduler_{clock_};
  io::Loop& loop_ = scheduler_.make_loop();
  base::MemoryBudget budget_{100 * mib};  // 15 MiB for large bodies, 3 for small ones
  BodyGate gate_{budget_, std::chrono::milliseconds(500)};
  std::vector<std::string> log_;
};

TEST_F(BodyGateTest, AdmitsWhileThereIsRoomThenInOrder) {
  const auto a = member("a");
  const auto b = member("b");
  const auto c = member("c");
  EXPECT_EQ(gate_.admit(a, MemoryShare::bodies, 10 * mib), Admission::admitted);
  EXPECT_EQ(gate_.admit(b, MemoryShare::bodies, 10 * mib), Admission::waiting);
  // It would fit, but b came first.
  EXPECT_EQ(gate_.admit(c, MemoryShare::bodies, 1 * mib), Admission::waiting);
  EXPECT_EQ(gate_.waiting(), 2U);
  EXPECT_EQ(told(), std::vector<std::string>());
  gate_.release(MemoryShare::bodies, 10 * mib);
  EXPECT_EQ(told(), (std::vector<std::string>{"b admitted", "c admitted"}));
  EXPECT_EQ(gate_.waiting(), 0U);
  EXPECT_EQ(budget_.used(MemoryShare::bodies), 11 * mib);
}

TEST_F(BodyGateTest, SmallBodiesDoNotWaitForLargeOnes) {
  EXPECT_EQ(BodyGate::share_for(small_body_max), MemoryShare::small_bodies);
  EXPECT_EQ(BodyGate::share_for(small_body_max + 1), MemoryShare::bodies);
  EXPECT_EQ(gate_.admit(member("a"), MemoryShare::bodies, 15 * mib), Admission::admitted);
  const auto waiting = member("b");
  EXPECT_EQ(gate_.admit(waiting, MemoryShare::bodies, 1), Admission::waiting);
  EXPECT_EQ(gate_.admit(member("c"), MemoryShare::small_bodies, small_body_max), Admission::admitted);
}

TEST_F(BodyGateTest, WhoLeavesLetsTheNextThrough) {
  const auto b = member("b");
  const auto c = member("c");
  EXPECT_EQ(gate_.admit(member("a"), MemoryShare::bodies, 10 * mib), Admission::admitted);
  EXPECT_EQ(gate_.admit(b, MemoryShare::bodies, 10 * mib), Admission::waiting);
  EXPECT_EQ(gate_.admit(c, MemoryShare::bodies, 1 * mib), Admission::waiting);
  gate_.leave(*b);
  EXPECT_EQ(told(), std::vector<std::string>{"c admitted"});
  gate_.leave(*c);
  EXPECT_EQ(gate_.waiting(), 0U);
}

TEST_F(BodyGateTest, ABodyLargerThanItsShareIsAdmittedAlone) {
  const auto a = member("a");
  const auto huge = member("huge");
  EXPECT_EQ(gate_.admit(a, MemoryShare::bodies, 1), Admission::admitted);
  EXPECT_EQ(gate_.admit(huge, MemoryShare::bodies, 16 * mib), Admission::waiting);
  gate_.release(MemoryShare::bodies, 1);
  EXPECT_EQ(told(), std::vector<std::string>{"huge admitted"});
  const auto next = member("next");
  EXPECT_EQ(gate_.admit(next, MemoryShare::bodies, 1), Admission::waiting);
  gate_.release(MemoryShare::bodies, 16 * mib);
  EXPECT_EQ(told(), std::vector<std::string>{"next admitted"});
}

TEST_F(BodyGateTest, RefusesOverItsMaximum) {
  EXPECT_EQ(gate_.admit(member("a"), MemoryShare::bodies, 15 * mib), Admission::admitted);
  std::vector<std::shared_ptr<BodyGate::Member>> waiting;
  for (std::size_t i = 0; i < body_waiters_max; ++i) {
    waiting.push_back(member("w"));
    ASSERT_EQ(gate_.admit(waiting.back(), MemoryShare::bodies, 1), Admission::waiting);
  }
  EXPECT_EQ(gate_.admit(member("b"), MemoryShare::bodies, 1), Admission::refused);
  EXPECT_EQ(gate_.admit(member("c"), MemoryShare::small_bodies, 1), Admission::admitted);
}

TEST_F(BodyGateTest, CutsTheLongestStalledAsFarAsNeeded) {
  std::vector<std::shared_ptr<BodyGate::Member>> receiving;
  for (int i = 0; i < 5; ++i) {
    receiving.push_back(member(std::to_string(i)));
    ASSERT_EQ(gate_.admit(receiving.back(), MemoryShare::bodies, 3 * mib), Admission::admitted);
    gate_.enrol(receiving.back(), MemoryShare::bodies, 3 * mib, 1'000 + i);
  }
  gate_.progress(*receiving[0], 1'400);
  gate_.relieve(10'000);
  EXPECT_EQ(told(), std::vector<std::string>()) << "nobody waits";

  const auto waiting = member("w");
  EXPECT_EQ(gate_.admit(waiting, MemoryShare::bodies, 5 * mib), Admission::waiting);
  gate_.relieve(1'500);
  EXPECT_EQ(told(), std::vector<std::string>()) << "nobody stood still for 500 ms";
  gate_.relieve(1'530);
  EXPECT_EQ(told(), (std::vector<std::string>{"1 stalled", "2 stalled"}));
  // They were told once; a member that moved meanwhile enrols again.
  gate_.enrol(receiving[1], MemoryShare::bodies, 3 * mib, 1'530);
  gate_.enrol(receiving[1], MemoryShare::bodies, 3 * mib, 1'530);
  gate_.release(MemoryShare::bodies, 3 * mib);
  EXPECT_EQ(told(), std::vector<std::string>());
  gate_.release(MemoryShare::bodies, 3 * mib);
  EXPECT_EQ(told(), std::vector<std::string>{"w admitted"});
  for (const auto& one : receiving)
    gate_.leave(*one);
}

}  // namespace
}  // namespace millrace::http
