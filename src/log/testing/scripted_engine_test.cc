#include "log/testing/scripted_engine.h"

#include "log/testing/engine_contract.h"
#include "log/testing/meta_log_contract.h"

namespace millrace::log::testing {
namespace {

struct ScriptedHost {
  Engine& engine() { return scripted; }
  ScriptedEngine scripted;
};

// Every block with gaps inside it, and before it.
struct GappyHost {
  GappyHost() { scripted.split_blocks(1, 9); }
  Engine& engine() { return scripted; }
  ScriptedEngine scripted;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Scripted, EngineContract, ScriptedHost);
INSTANTIATE_TYPED_TEST_SUITE_P(Gappy, EngineContract, GappyHost);
INSTANTIATE_TYPED_TEST_SUITE_P(Scripted, MetaLogContract, ScriptedHost);

class ScriptedEngineTest : public ::testing::Test {
 protected:
  using Call = ScriptedEngine::Call;
  using Fault = ScriptedEngine::Fault;
  static constexpr LogId id{1, 0};

  void SetUp() override {
    ASSERT_TRUE(await<void>([&](auto done) { engine_.create(id, {}, std::move(done)); }).has_value());
  }
  base::Result<std::unique_ptr<Writer>> acquire() {
    return await<std::unique_ptr<Writer>>([&](auto done) { engine_.acquire(id, Epoch{1}, loop_, std::move(done)); });
  }
  std::vector<std::string> data() {
    return data_of(await<Page>([&](auto done) { engine_.read(id, 1, all_records, std::move(done)); }).value());
  }

  TestLoop loop_;
  ScriptedEngine engine_;
};

TEST_F(ScriptedEngineTest, HeldAppendsAreNotInTheLogAndGoThroughInOrder) {
  const auto writer = acquire().value();
  engine_.hold(Call::append);
  std::vector<Outcome<Appended>> calls(3);
  for (std::size_t i = 0; i < calls.size(); ++i)
    writer->append(named_block(std::to_string(i), 1), calls[i].done());
  EXPECT_EQ(engine_.held(Call::append), 3U);
  EXPECT_EQ(engine_.appends(), 3U);
  EXPECT_TRUE(data().empty());
  EXPECT_FALSE(calls[0].is_there());

  engine_.release(Call::append, 1);
  EXPECT_EQ(calls[0].get().value().front().first, 1U);
  EXPECT_EQ(data(), (std::vector<std::string>{"0-0"}));
  EXPECT_EQ(engine_.held(Call::append), 2U);
  engine_.release_all(Call::append);
  EXPECT_EQ(calls[2].get().value().front().first, 3U);
  EXPECT_TRUE(calls[1].is_there());
  EXPECT_EQ(data(), (std::vector<std::string>{"0-0", "1-0", "2-0"}));
}

TEST_F(ScriptedEngineTest, FaultsDoWhatTheyAreCalled) {
  struct Row {
    Fault fault;
    base::Errc code;
    bool stored;
    bool dead;
  };
  for (const Row& row : {Row{Fault::unavailable, base::Errc::unavailable, false, false},
                         Row{Fault::unknown_stored, base::Errc::unknown_outcome, true, true},
                         Row{Fault::unknown_lost, base::Errc::unknown_outcome, false, true},
                         Row{Fault::fenced, base::Errc::fenced, false, true}}) {
    const auto writer = acquire().value();
    const std::size_t before = data().size();
    engine_.fail_append(row.fault);
    EXPECT_EQ(code_of(await<Appended>([&](auto done) { writer->append(named_block("b", 1), std::move(done)); })),
              row.code);
    EXPECT_EQ(data().size(), before + (row.stored ? 1 : 0));
    const auto next = await<Appended>([&](auto done) { writer->append(named_block("c", 1), std::move(done)); });
    EXPECT_EQ(next.has_value(), !row.dead);
    if (row.dead) {
      EXPECT_EQ(code_of(next), row.code);
    }
  }
}

TEST_F(ScriptedEngineTest, PositionsHaveTheScriptedGaps) {
  const auto writer = acquire().value();
  engine_.skip_positions(100);
  engine_.split_blocks(2, 5);
  const auto runs = await<Appended>([&](auto done) { writer->append(named_block("b", 5), std::move(done)); }).value();
  EXPECT_EQ(positions_of(runs), (std::vector<Position>{101, 102, 108, 109, 115}));
  EXPECT_EQ(writer->tail(), 115U);
  const Page page = await<Page>([&](auto done) { engine_.read(id, 103, all_records, std::move(done)); }).value();
  std::vector<Position> positions;
  for (const ReadRecord& record : records_of(page))
    positions.push_back(record.position);
  EXPECT_EQ(positions, (std::vector<Position>{108, 109, 115}));
}

TEST_F(ScriptedEngineTest, AcquiresFailAsOftenAsTheyAreTold) {
  engine_.fail_acquires(2, base::Errc::unavailable);
  EXPECT_EQ(code_of(acquire()), base::Errc::unavailable);
  EXPECT_EQ(code_of(acquire()), base::Errc::unavailable);
  EXPECT_TRUE(acquire().has_value());
  EXPECT_EQ(engine_.acquires(), 3U);
}

TEST_F(ScriptedEngineTest, ReadsCanBeHeld) {
  engine_.hold(Call::read);
  Outcome<Page> page;
  engine_.read(id, 1, all_records, page.done());
  EXPECT_EQ(engine_.held(Call::read), 1U);
  EXPECT_FALSE(page.is_there());
  engine_.release_all(Call::read);
  EXPECT_TRUE(page.get().has_value());
}

TEST_F(ScriptedEngineTest, StopWaitsForHeldAppends) {
  const auto writer = acquire().value();
  engine_.hold(Call::append);
  Outcome<Appended> appended;
  Outcome<void> stopped;
  writer->append(named_block("b", 1), appended.done());
  engine_.stop(stopped.done());
  EXPECT_FALSE(stopped.is_there());
  engine_.release_all(Call::append);
  EXPECT_TRUE(appended.get().has_value());
  EXPECT_TRUE(stopped.get().has_value());
}

}  // namespace
}  // namespace millrace::log::testing
