#include "http/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "http/fake_service.h"
#include "io/clock.h"
#include "io/system.h"
#include "io/tcp_client.h"

namespace millrace::http {
namespace {

using namespace std::chrono_literals;
using base::MemoryShare;
using io::TcpClient;

constexpr std::chrono::milliseconds wait_max = 30s;

// Answers what FakeService defers from a thread of its own, as an actor does, in batches.
class AnsweringThread {
 public:
  explicit AnsweringThread(FakeService& service) : service_(service), thread_([this] { run(); }) {}
  AnsweringThread(const AnsweringThread&) = delete;
  AnsweringThread& operator=(const AnsweringThread&) = delete;
  ~AnsweringThread() {
    stop_ = true;
    thread_.join();
  }

 private:
  void run() {
    while (!stop_) {
      while (service_.deferred() > 0) {
        auto [reply, body] = service_.take_deferred();
        reply.send(Response{.status = 200, .headers = {}, .body = std::move(body)});
      }
      std::this_thread::yield();
    }
  }

  FakeService& service_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// A server on two loops and real sockets.
class ServerTest : public testing::Test {
 protected:
  static constexpr std::size_t mib = 1024 * 1024;

  void serve(Server::Options options = {.port = 0}, std::size_t memory = std::size_t{1} << 30) {
    budget_ = std::make_unique<base::MemoryBudget>(memory);
    const std::array<io::Loop*, 2> loops = {loops_[0].get(), loops_[1].get()};
    auto server = Server::start(options, *network_, clock_, loops, service_, *budget_, metrics_);
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }
  ~ServerTest() override {
    server_.reset();
    while (service_.deferred() > 0)
      service_.take_deferred();
    for (auto& loop : loops_)
      loop->stop();
  }
  TcpClient connect() {
    auto client = TcpClient::connect("127.0.0.1", server_->port(), wait_max);
    EXPECT_TRUE(client.has_value()) << client.error().message;
    return std::move(*client);
  }
  static std::optional<Answer> receive(TcpClient& client, std::string& bytes) {
    std::array<char, 65536> buffer;
    for (;;) {
      if (auto answer = take_answer(bytes)) return answer;
      const auto got = client.receive(buffer);
      if (!got) return std::nullopt;
      if (*got == 0) return take_answer(bytes, true);
      bytes.append(buffer.data(), *got);
    }
  }
  static Answer ask(TcpClient& client, std::string_view request) {
    EXPECT_TRUE(client.send(request).has_value());
    std::string bytes;
    auto answer = receive(client, bytes);
    EXPECT_TRUE(answer.has_value()) << bytes;
    return answer.value_or(Answer{});
  }
  template <class Condition>
  bool wait_for(Condition condition) {
    const auto deadline = steady_.now() + wait_max;
    while (!condition()) {
      if (steady_.now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  io::SystemWallClock clock_;
  io::SystemSteadyClock steady_;
  std::array<std::unique_ptr<io::ThreadLoop>, 2> loops_ = {io::start_thread_loop("one"), io::start_thread_loop("two")};
  std::unique_ptr<io::Network> network_ = io::system_network();
  std::unique_ptr<base::MemoryBudget> budget_;
  base::Metrics metrics_;
  FakeService service_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, ListensOnBothLoopbacksWithOneNumber) {
  serve();
  ASSERT_GE(server_->addresses().size(), 1U);
  EXPECT_EQ(server_->addresses()[0], "127.0.0.1:" + std::to_string(server_->port()));
  TcpClient client = connect();
  EXPECT_EQ(ask(client, post("/echo", "over IPv4")).body, "over IPv4");
  if (server_->addresses().size() == 1) GTEST_SKIP() << "no ::1 on this machine";
  EXPECT_EQ(server_->addresses()[1], "[::1]:" + std::to_string(server_->port()));
  auto v6 = TcpClient::connect("::1", server_->port(), wait_max);
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(ask(*v6, post("/echo", "over IPv6")).body, "over IPv6");
}

TEST_F(ServerTest, ATakenPortIsAnErrorOfOneSentence) {
  serve();
  const std::array<io::Loop*, 1> loops = {loops_[0].get()};
  const auto second = Server::start({.port = server_->port()}, *network_, clock_, loops, service_, *budget_, metrics_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::Errc::io);
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(server_->port()) + ": Address already in use");
  // The second address taken by somebody else is as bad.
  auto other = network_->listen(*loops_[0], "127.0.0.1", 0);
  ASSERT_TRUE(other.has_value());
  const auto third = Server::start({.addresses = {"127.0.0.2", "127.0.0.1"}, .port = (*other)->port()}, *network_,
                                   clock_, loops, service_, *budget_, metrics_);
  EXPECT_EQ(third.error().sys, EADDRINUSE);
}

TEST_F(ServerTest, GoesOnWithoutAnAddressThatTheMachineLacks) {
  // 192.0.2.1 belongs to no machine (RFC 5737).
  serve({.addresses = {"127.0.0.1", "192.0.2.1"}, .port = 0});
  EXPECT_EQ(server_->addresses().size(), 1U);
  const std::array<io::Loop*, 1> loops = {loops_[0].get()};
  EXPECT_FALSE(
      Server::start({.addresses = {"192.0.2.1"}, .port = 0}, *network_, clock_, loops, service_, *budget_, metrics_)
          .has_value());
}

TEST_F(ServerTest, SpreadsConnectionsOverTheLoops) {
  serve();
  std::vector<TcpClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(connect());
    ask(clients.back(), post("/echo", "x"));
  }
  const std::string text = metrics_.render();
  EXPECT_NE(text.find("millrace_http_connections_accepted_total{loop=\"0\"} 10\n"), std::string::npos) << text;
  EXPECT_NE(text.find("millrace_http_connections_accepted_total{loop=\"1\"} 10\n"), std::string::npos);
}

TEST_F(ServerTest, AnswersFromAnotherThreadReachTheRightClients) {
  serve();
  const AnsweringThread answering(service_);
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([this, c] {
      TcpClient client = connect();
      std::string bytes;
      for (int i = 0; i < 300; ++i) {
        // Two at a time, so that one waits in the connection's buffer.
        const std::string first = std::to_string(c) + ":" + std::to_string(i);
        const std::string second(static_cast<std::size_t>(i) * 97 % 70'000, static_cast<char>('a' + c));
        ASSERT_TRUE(client.send(post("/defer", first) + post(i % 2 == 0 ? "/defer" : "/echo", second)).has_value());
        ASSERT_EQ(receive(client, bytes).value_or(Answer{}).body, first);
        ASSERT_TRUE(receive(client, bytes).value_or(Answer{}).body == second);
      }
    });
  }
  for (auto& client : clients)
    client.join();
}

TEST_F(ServerTest, CarriesLargeBodiesBothWays) {
  serve();
  TcpClient client = connect();
  std::string body(15 * mib, ' ');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 2654435761U >> 24);
  for (int i = 0; i < 3; ++i) {
    std::promise<void> sent;
    std::thread sender([&] {
      EXPECT_TRUE(client.send(post("/echo", body)).has_value());
      sent.set_value();
    });
    std::string bytes;
    const auto answer = receive(client, bytes);
    sender.join();
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(answer->body == body);
  }
}

TEST_F(ServerTest, AClientThatSendsFarTooMuchCanReadTheAnswer) {
  serve();
  TcpClient client = connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n").has_value());
  // As most clients do, it sends everything before it reads.
  const std::string piece(mib, 'x');
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(client.send(std::string_view(piece).substr(0, 1'000'000)).has_value());
  std::string bytes;
  const auto answer = receive(client, bytes);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 413);
}

TEST_F(ServerTest, HoldsAThousandIdleConnections) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 2'200) GTEST_SKIP() << "only " << files.rlim_cur << " descriptors";
  serve();
  std::vector<TcpClient> idle;
  for (int i = 0; i < 1'000; ++i) {
    idle.push_back(connect());
    if (i % 2 == 0) ask(idle.back(), post("/echo", std::string(20'000, 'x')));
  }
  ASSERT_TRUE(wait_for([&] { return server_->connections() == 1'000; }));
  TcpClient client = connect();
  EXPECT_EQ(ask(client, post("/echo", "hello")).body, "hello");
  // Read buffers, the connections themselves, and what two loops keep of used bodies.
  EXPECT_LT(budget_->used(MemoryShare::connections), 1'001 * 6'000 + 2 * mib);
  EXPECT_EQ(budget_->used(MemoryShare::bodies), 0U);
  EXPECT_EQ(budget_->used(MemoryShare::small_bodies), 0U);
  for (std::size_t i = 0; i < idle.size(); i += 100)
    EXPECT_EQ(ask(idle[i], post("/echo", "still")).body, "still");
  idle.clear();
  EXPECT_TRUE(wait_for([&] { return server_->connections() == 1; }));
}

// 64 clients that sent all but the last byte of a body, far more than the share of 15 MiB holds; two more clients, with
// a small body and with a full one, must be answered within a second.
TEST_F(ServerTest, StalledBodiesDoNotKeepOthersWaiting) {
  serve({.port = 0}, 100 * mib);
  const std::string nearly = post("/echo", std::string(10 * mib, 'x'));
  std::vector<TcpClient> stalled;
  for (int i = 0; i < 64; ++i) {
    stalled.push_back(connect());
    // What the system takes: the rest waits in the client, which stands still.
    ASSERT_TRUE(stalled.back().send_some(std::string_view(nearly).substr(0, nearly.size() - 1)).has_value());
  }
#ifdef MILLRACE_SANITIZED
  // Sanitizers make the 20 MiB that cross the loopback several times slower. That the newest is served once a body
  // has stood still for 500 ms is held to 600 ms by ConnectionTest, on simulated time.
  constexpr auto answer_max = 5s;
#else
  constexpr auto answer_max = 1s;
#endif
  for (const std::size_t size : {std::size_t{50'000}, 10 * mib}) {
    // The best of three, since a busy machine may take the processor away for longer than that.
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 3 && best >= answer_max; ++i) {
      const auto start = steady_.now();
      TcpClient client = connect();
      EXPECT_EQ(ask(client, post("/echo", std::string(size, 'y'))).body.size(), size);
      best = std::min(best, steady_.now() - start);
    }
    EXPECT_LT(best, answer_max) << size;
  }
  EXPECT_LE(budget_->used(MemoryShare::bodies), 15 * mib);
}

// ---- Streams ----

TEST_F(ServerTest, AStreamIsHeldByAReaderThatStopsAndGoesOn) {
  serve();
  TcpClient client = connect();
  client.set_receive_buffer(64 * 1024);
  ASSERT_TRUE(client.send(post("/stream", "{}")).has_value());
  ASSERT_TRUE(wait_for([&] { return service_.writers() == 1; }));
  const std::shared_ptr<StreamWriter> writer = service_.take_writer();
  std::mutex mutex;
  std::condition_variable changed;
  int ready = 0;
  writer->on_ready([&] {
    const std::lock_guard lock(mutex);
    ++ready;
    changed.notify_all();
  });
  const auto is_ready_within = [&](std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, limit, [&] { return std::exchange(ready, 0) > 0; });
  };
  writer->start(Response{.status = 200, .headers = {}, .body = {}});
  const std::string part(8'000, 'p');
  std::size_t written = 0;
  // The system's own buffers take some megabytes first, during which the writer is held for moments only.
  do {
    StreamWriter::Pace pace = StreamWriter::Pace::go;
    while (pace == StreamWriter::Pace::go) {
      pace = writer->write(part);
      written += part.size();
      ASSERT_LE(budget_->used(MemoryShare::answers), stream_buffered_max + part.size());
    }
    ASSERT_EQ(pace, StreamWriter::Pace::hold);
    ASSERT_LT(written, 100 * mib) << "nobody reads, and still it goes on";
  } while (is_ready_within(500ms));
  std::string bytes;
  std::array<char, 65536> buffer;
  while (!is_ready_within(0ms)) {
    const auto got = client.receive(buffer);
    ASSERT_TRUE(got.has_value());
    bytes.append(buffer.data(), *got);
  }
  EXPECT_LT(budget_->used(MemoryShare::answers), stream_buffered_max / 2);
  writer->write("the end");
  writer->finish();
  const auto answer = receive(client, bytes);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body.size(), written + 7);
  EXPECT_TRUE(answer->body.ends_with("pthe end"));
}

TEST_F(ServerTest, AStreamEndsWithin100MsOfItsClient) {
  serve();
  for (const bool reset : {false, true}) {
    // The best of three, since a busy machine may take the processor away for longer than that.
    bool in_time = false;
    for (int i = 0; i < 3 && !in_time; ++i) {
      std::optional<TcpClient> client = connect();
      ASSERT_TRUE(client->send(post("/stream", "{}")).has_value());
      ASSERT_TRUE(wait_for([&] { return service_.writers() == 1; }));
      const std::shared_ptr<StreamWriter> writer = service_.take_writer();
      std::promise<void> closed;
      writer->on_closed([&] { closed.set_value(); });
      writer->start(Response{.status = 200, .headers = {}, .body = {}});
      writer->write("x");
      if (reset) client->reset();
      client.reset();
      auto ended = closed.get_future();
      in_time = ended.wait_for(100ms) == std::future_status::ready;
      ASSERT_EQ(ended.wait_for(wait_max), std::future_status::ready);
      EXPECT_EQ(writer->write("y"), StreamWriter::Pace::closed);
    }
    EXPECT_TRUE(in_time) << (reset ? "reset" : "closed");
  }
}

// ---- Stopping ----

TEST_F(ServerTest, StopsAtOnceWhateverIdleConnectionsAndStreamsDo) {
  serve();
  std::vector<TcpClient> idle;
  for (int i = 0; i < 50; ++i)
    idle.push_back(connect());
  TcpClient streaming = connect();
  ASSERT_TRUE(streaming.send(post("/stream", "{}")).has_value());
  ASSERT_TRUE(wait_for([&] { return service_.writers() == 1 && server_->connections() == 51; }));
  const std::shared_ptr<StreamWriter> writer = service_.take_writer();
  writer->start(Response{.status = 200, .headers = {}, .body = {}});
  const auto start = steady_.now();
  server_->stop(20s);
  EXPECT_LT(steady_.now() - start, 5s);
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_EQ(idle[0].receive_all(10), "");
  EXPECT_FALSE(TcpClient::connect("127.0.0.1", server_->port(), wait_max).has_value());
}

TEST_F(ServerTest, StopFinishesWhatIsInFlight) {
  serve();
  TcpClient client = connect();
  ASSERT_TRUE(client.send(post("/defer", "x")).has_value());
  ASSERT_TRUE(wait_for([&] { return service_.deferred() == 1; }));
  std::thread stopping([&] { server_->stop(wait_max); });
  // Once the port is free, stop has begun.
  ASSERT_TRUE(wait_for([&] { return !TcpClient::connect("127.0.0.1", server_->port(), wait_max).has_value(); }));
  service_.take_deferred().first.send(Response{.status = 200, .headers = {}, .body = "done"});
  std::string bytes;
  const auto answer = receive(client, bytes);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "done");
  client.shutdown_write();
  stopping.join();
}

TEST_F(ServerTest, CutEndsTheGrace) {
  serve();
  TcpClient client = connect();
  ASSERT_TRUE(client.send(post("/defer", "x")).has_value());
  ASSERT_TRUE(wait_for([&] { return service_.deferred() == 1; }));
  const auto start = steady_.now();
  std::thread stopping([&] { server_->stop(wait_max); });
  ASSERT_TRUE(wait_for([&] { return !TcpClient::connect("127.0.0.1", server_->port(), wait_max).has_value(); }));
  server_->cut();
  stopping.join();
  EXPECT_LT(steady_.now() - start, wait_max);
  EXPECT_EQ(client.receive_all(10), "");
  // The reply that is still owed is harmless, even after the server.
  server_.reset();
  service_.take_deferred().first.send(Response{.status = 200, .headers = {}, .body = "late"});
}

TEST_F(ServerTest, StopEndsItsGraceByItself) {
  serve();
  TcpClient client = connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe").has_value());
  ASSERT_TRUE(wait_for([&] { return server_->connections() == 1; }));
  const auto start = steady_.now();
  server_->stop(200ms);
  EXPECT_LT(steady_.now() - start, 5s);
}

}  // namespace
}  // namespace millrace::http
