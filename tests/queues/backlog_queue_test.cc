// Connections that the kernel holds for us: the only queue that is not ours.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "io/socket.h"
#include "io/system.h"
#include "io/tcp_client.h"

namespace millrace::queues {
namespace {

using namespace std::chrono_literals;
using io::TcpClient;

std::size_t backlog_of_this_machine() {
  const auto text = io::system_files()->read_all("/proc/sys/net/core/somaxconn", 64);
  EXPECT_TRUE(text.has_value());
  return std::min<std::size_t>(io::backlog_max, text ? std::stoul(*text) : 0);
}

// Raises the soft limit of descriptors as far as it goes. False where that is not enough.
bool may_open(std::size_t files) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur >= files;
}

TEST(BacklogQueue, ListenerBacklog) {
  const std::size_t max = backlog_of_this_machine();
  if (!may_open(max + 100)) GTEST_SKIP() << "this process may not open " << max << " files";
  const auto loop = io::start_thread_loop("backlog");
  const auto network = io::system_network();
  auto listening = network->listen(*loop, "127.0.0.1", 0);
  ASSERT_TRUE(listening.has_value()) << base::describe(listening.error());
  const std::uint16_t port = (*listening)->port();

  // The kernel counts one more than it was told.
  std::vector<TcpClient> waiting;
  for (std::size_t i = 0; i < max + 1; ++i) {
    auto client = TcpClient::connect("127.0.0.1", port, 30s);
    ASSERT_TRUE(client.has_value()) << i << ": " << base::describe(client.error());
    waiting.push_back(std::move(*client));
  }
  EXPECT_FALSE(TcpClient::connect("127.0.0.1", port, 200ms).has_value()) << "one more than " << waiting.size();

  (*listening)
      ->start([&]() -> io::Loop& { return *loop; },
              [](const std::unique_ptr<io::Socket>& socket, io::Loop&) { socket->close(); });
  std::array<char, 1> byte{};
  for (TcpClient& client : waiting)
    EXPECT_EQ(client.receive(byte).value_or(1), 0U) << "accepted, and closed by the test";
  EXPECT_TRUE(TcpClient::connect("127.0.0.1", port, 30s).has_value());
  (*listening)->stop();
  loop->stop();
}

}  // namespace
}  // namespace millrace::queues
