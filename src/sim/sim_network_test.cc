#include "sim/sim_network.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include "sim/sim_loop.h"

namespace millrace::sim {
namespace {

class Server final : public io::SocketEvents {
 public:
  explicit Server(std::unique_ptr<io::Socket> s) : socket(std::move(s)) {
    socket->set_events(*this);
    socket->read(buffer);
  }
  void on_read(base::Result<std::size_t> outcome) override {
    if (!outcome) {
      failed = outcome.error().sys;
    } else if (*outcome == 0) {
      ended = true;
    } else {
      received.append(buffer.data(), *outcome);
      socket->read(buffer);
    }
  }
  void on_written(base::Result<void> outcome) override {
    ++writes_done;
    if (!outcome) failed = outcome.error().sys;
  }

  std::unique_ptr<io::Socket> socket;
  std::array<char, 8> buffer{};
  std::string received;
  int writes_done = 0;
  int failed = 0;
  bool ended = false;
};

class SimNetworkTest : public testing::Test {
 protected:
  SimNetworkTest() {
    listener_ = std::move(*network_.listen(loop_, "127.0.0.1", 0));
    listener_->start([this]() -> io::Loop& { return loop_; },
                     [this](std::unique_ptr<io::Socket> socket, io::Loop&) {
                       server_ = std::make_unique<Server>(std::move(socket));
                     });
    client_ = network_.connect(listener_->port());
    scheduler_.run_until_idle();
  }

  SimClock clock_;
  SimScheduler scheduler_{clock_};
  SimLoop& loop_ = scheduler_.make_loop();
  SimNetwork network_;
  std::unique_ptr<io::Listener> listener_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<SimClient> client_;
};

TEST_F(SimNetworkTest, CarriesBytesBothWays) {
  client_->send("hello, ");
  client_->send("server");
  EXPECT_EQ(client_->unread(), 13U);
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->received, "hello, server");
  const std::array<std::string_view, 2> pieces = {"hello, ", "client"};
  EXPECT_TRUE(server_->socket->write(pieces));
  EXPECT_EQ(client_->received(), "hello, client");
  EXPECT_EQ(client_->take(), "hello, client");
  EXPECT_EQ(client_->received(), "");
}

TEST_F(SimNetworkTest, AReaderThatStopsMakesTheWriterWait) {
  client_->auto_receive(false);
  const std::string much(SimNetwork::pipe_bytes + 1'000, 'x');
  const std::string_view piece = much;
  EXPECT_FALSE(server_->socket->write(std::span(&piece, 1)));
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->writes_done, 0);
  EXPECT_EQ(server_->socket->written_so_far(), SimNetwork::pipe_bytes);
  client_->receive(400);
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->writes_done, 0);
  client_->receive(700);
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->writes_done, 1);
  client_->receive(SIZE_MAX);
  EXPECT_EQ(client_->received(), much);
}

TEST_F(SimNetworkTest, TellsHalfClosedFromGone) {
  client_->send("x");
  client_->shutdown_write();
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->received, "x");
  EXPECT_TRUE(server_->ended);
  const std::string_view piece = "y";
  EXPECT_TRUE(server_->socket->write(std::span(&piece, 1)));
  EXPECT_EQ(client_->received(), "y");

  client_->reset();
  EXPECT_FALSE(server_->socket->write(std::span(&piece, 1)));
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->failed, EPIPE);
}

TEST_F(SimNetworkTest, AResetEndsAPendingRead) {
  client_->reset();
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->failed, ECONNRESET);
}

TEST_F(SimNetworkTest, NoEventFollowsAClose) {
  client_->send("x");
  server_->socket->close();
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->received, "");
  EXPECT_TRUE(client_->closed());
  EXPECT_TRUE(client_->ended());
}

TEST_F(SimNetworkTest, PortsAndAddresses) {
  const std::uint16_t port = listener_->port();
  EXPECT_EQ(network_.listen(loop_, "127.0.0.1", port).error().sys, EADDRINUSE);
  EXPECT_TRUE(network_.listen(loop_, "::1", port).has_value());
  network_.remove_address("::1");
  EXPECT_EQ(network_.listen(loop_, "::1", port).error().sys, EADDRNOTAVAIL);
  listener_->stop();
  EXPECT_EQ(network_.connect(port), nullptr);
  EXPECT_TRUE(network_.listen(loop_, "127.0.0.1", port).has_value());
}

}  // namespace
}  // namespace millrace::sim
