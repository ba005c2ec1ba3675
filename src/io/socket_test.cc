#include "io/socket.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "io/system.h"
#include "io/tcp_client.h"

namespace millrace::io {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds wait_max = 20s;

// Sends back what it receives, and keeps what it was told.
class Echo final : public SocketEvents {
 public:
  explicit Echo(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {
    socket_->set_events(*this);
    socket_->read(buffer_);
  }

  void on_read(base::Result<std::size_t> outcome) override {
    if (!outcome || *outcome == 0) {
      ended_by = outcome ? "end" : "error";
      socket_->close();
      ended.set_value();
      return;
    }
    const std::string_view all(buffer_.data(), *outcome);
    const std::array<std::string_view, 3> pieces = {all.substr(0, 1), std::string_view(), all.substr(1)};
    if (socket_->write(pieces)) socket_->read(buffer_);
  }
  void on_written(base::Result<void> outcome) override {
    if (outcome) socket_->read(buffer_);
  }

  std::string ended_by;
  std::promise<void> ended;

 private:
  std::unique_ptr<Socket> socket_;
  std::array<char, 65536> buffer_;
};

// A listener on two loops whose connections echo.
class SocketTest : public testing::Test {
 protected:
  void listen(const std::string& address = "127.0.0.1") {
    auto listener = network_->listen(*loops_[0], address, 0);
    ASSERT_TRUE(listener.has_value()) << listener.error().message;
    listener_ = std::move(*listener);
    listener_->start([this]() -> Loop& { return *loops_[placed_++ % 2]; },
                     [this](std::unique_ptr<Socket> socket, Loop& home) {
                       auto shared = std::make_shared<std::unique_ptr<Socket>>(std::move(socket));
                       home.post([this, shared] {
                         const std::lock_guard lock(mutex_);
                         echoes_.push_back(std::make_unique<Echo>(std::move(*shared)));
                         accepted_.set_value(echoes_.back().get());
                         accepted_ = {};
                       });
                     });
  }
  ~SocketTest() override {
    if (listener_ != nullptr) listener_->stop();
    for (auto& loop : loops_)
      loop->stop();
    echoes_.clear();
    listener_.reset();
  }
  TcpClient connect(const std::string& address = "127.0.0.1") {
    auto client = TcpClient::connect(address, listener_->port(), wait_max);
    EXPECT_TRUE(client.has_value());
    return std::move(*client);
  }

  std::array<std::unique_ptr<ThreadLoop>, 2> loops_ = {start_thread_loop("one"), start_thread_loop("two")};
  std::unique_ptr<Network> network_ = system_network();
  std::unique_ptr<Listener> listener_;
  std::size_t placed_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Echo>> echoes_;
  std::promise<Echo*> accepted_;
};

TEST_F(SocketTest, EchoesOnBothLoops) {
  listen();
  for (int i = 0; i < 4; ++i) {
    auto client = connect();
    ASSERT_TRUE(client.send("hello").has_value());
    client.shutdown_write();
    EXPECT_EQ(client.receive_all(100), "hello");
  }
}

TEST_F(SocketTest, WorksOverIpv6) {
  auto listener = network_->listen(*loops_[0], "::1", 0);
  if (!listener) GTEST_SKIP() << "no ::1 on this machine: " << listener.error().message;
  listener->reset();
  listen("::1");
  auto client = connect("::1");
  ASSERT_TRUE(client.send("hello").has_value());
  client.shutdown_write();
  EXPECT_EQ(client.receive_all(100), "hello");
}

// More than any socket buffer holds goes both ways at once, so that writes are cut short and go on.
TEST_F(SocketTest, CarriesMuchWhileBuffersAreFull) {
  listen();
  auto client = connect();
  std::string much(32 << 20, ' ');
  for (std::size_t i = 0; i < much.size(); ++i)
    much[i] = static_cast<char>(i * 2654435761U >> 24);
  std::thread sender([&] {
    EXPECT_TRUE(client.send(much).has_value());
    client.shutdown_write();
  });
  const auto back = client.receive_all(2 * much.size());
  sender.join();
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(*back == much);
}

TEST_F(SocketTest, ToldOfAReset) {
  listen();
  auto accepted = accepted_.get_future();
  auto client = connect();
  ASSERT_EQ(accepted.wait_for(wait_max), std::future_status::ready);
  Echo* echo = accepted.get();
  auto ended = echo->ended.get_future();
  client.reset();
  ASSERT_EQ(ended.wait_for(wait_max), std::future_status::ready);
  EXPECT_EQ(echo->ended_by, "error");
}

TEST_F(SocketTest, ATakenPortAndABadAddressAreErrorsOfOneSentence) {
  listen();
  const auto taken = network_->listen(*loops_[0], "127.0.0.1", listener_->port());
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, base::Errc::io);
  EXPECT_EQ(taken.error().sys, EADDRINUSE);
  EXPECT_EQ(taken.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(listener_->port()) + ": Address already in use");
  EXPECT_EQ(network_->listen(*loops_[0], "localhost", 0).error().code, base::Errc::bad_config);
}

TEST_F(SocketTest, AStoppedListenerFreesItsPort) {
  listen();
  const std::uint16_t port = listener_->port();
  listener_->stop();
  EXPECT_FALSE(TcpClient::connect("127.0.0.1", port, wait_max).has_value());
  EXPECT_TRUE(network_->listen(*loops_[0], "127.0.0.1", port).has_value());
}

// Without descriptors the listener neither spins nor gives up: it goes on when there are some again.
TEST_F(SocketTest, RestsWhileThereAreNoDescriptors) {
  listen();
  auto client = connect();
  ASSERT_TRUE(client.send("x").has_value());
  std::array<char, 1> got{};
  ASSERT_TRUE(client.receive(got).has_value());
  // The next descriptor goes to the client's own socket, and none is left for the other side.
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  auto probe = TcpClient::connect("127.0.0.1", listener_->port(), wait_max);
  ASSERT_TRUE(probe.has_value());
  ASSERT_TRUE(probe->send("y").has_value());
  ASSERT_TRUE(probe->receive(got).has_value());
  const int lowest_free = dup(0);
  close(lowest_free);
  // UndefinedBehaviorSanitizer opens a pipe to look at a type it meets for the first time, so the log is used once
  // before.
  base::log::write_limited("rehearsal", 0, base::log::Level::warn, "no descriptors soon", {{"error", "on purpose"}});
  rlimit tight{.rlim_cur = static_cast<rlim_t>(lowest_free) + 1, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  auto late = TcpClient::connect("127.0.0.1", listener_->port(), wait_max);
  ASSERT_TRUE(late.has_value());
  ASSERT_TRUE(late->send("hello").has_value());

  std::promise<long> switches;
  loops_[0]->post([&] {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    loops_[0]->timers().after(400ms, [&switches, before = usage.ru_nvcsw] {
      rusage now{};
      getrusage(RUSAGE_THREAD, &now);
      switches.set_value(now.ru_nvcsw - before);
    });
  });
  auto counted = switches.get_future();
  ASSERT_EQ(counted.wait_for(wait_max), std::future_status::ready);
  EXPECT_LE(counted.get(), 20);

  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  late->shutdown_write();
  EXPECT_EQ(late->receive_all(100), "hello");
}

}  // namespace
}  // namespace millrace::io
