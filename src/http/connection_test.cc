#include "http/connection.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

#include "http/fake_service.h"
#include "http/server.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"

namespace millrace::http {
namespace {

using namespace std::chrono_literals;
using base::MemoryShare;

// A server on a simulated network: time moves only where a test moves it.
class ConnectionTest : public testing::Test {
 protected:
  static constexpr std::size_t mib = 1024 * 1024;

  ~ConnectionTest() override {
    if (server_ != nullptr) {
      server_->begin_stop(0ms);
      scheduler_.advance(1ms);
      clients_.clear();
      service_drop_all();
      scheduler_.run_until_idle();
      EXPECT_EQ(server_->connections(), 0U);
      server_.reset();
    }
    scheduler_.run_until_idle();
    for (const auto share : {MemoryShare::bodies, MemoryShare::small_bodies, MemoryShare::answers}) {
      EXPECT_EQ(budget_->used(share), 0U) << "share " << static_cast<int>(share);
    }
  }

  void service_drop_all() {
    while (service_.deferred() > 0)
      service_.take_deferred();
    while (service_.writers() > 0)
      service_.take_writer();
  }

  void serve(Limits limits = {}, std::size_t memory = std::size_t{1} << 30) {
    budget_ = std::make_unique<base::MemoryBudget>(memory);
    auto server = Server::start({.addresses = {"127.0.0.1"}, .port = 0, .limits = limits}, network_, clock_.wall(),
                                std::array<io::Loop*, 1>{&loop_}, service_, *budget_, metrics_);
    ASSERT_TRUE(server.has_value());
    server_ = std::move(*server);
  }
  sim::SimClient& connect() {
    if (server_ == nullptr) serve();
    clients_.push_back(network_.connect(server_->port()));
    scheduler_.run_until_idle();
    return *clients_.back();
  }
  // Sends `bytes` on a new connection and returns all that comes back at once.
  sim::SimClient& send(std::string_view bytes) {
    sim::SimClient& client = connect();
    client.send(bytes);
    scheduler_.run_until_idle();
    return client;
  }
  Answer answer_of(sim::SimClient& client) {
    std::string bytes = client.take();
    auto answer = take_answer(bytes, client.ended());
    EXPECT_TRUE(answer.has_value()) << bytes;
    EXPECT_EQ(bytes, "");
    return answer.value_or(Answer{});
  }
  std::uint64_t metric(const std::string& line_start) {
    const std::string text = metrics_.render();
    const std::size_t at = text.find("\n" + line_start + " ");
    if (at == std::string::npos) return UINT64_MAX;
    return std::stoull(text.substr(at + line_start.size() + 2));
  }

  sim::SimClock clock_;
  sim::SimScheduler scheduler_{clock_};
  sim::SimLoop& loop_ = scheduler_.make_loop();
  sim::SimNetwork network_;
  std::unique_ptr<base::MemoryBudget> budget_;
  base::Metrics metrics_;
  FakeService service_;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<sim::SimClient>> clients_;
};

// ---- Requests and answers ----

TEST_F(ConnectionTest, AnswersARequest) {
  sim::SimClient& client = send(post("/a", "hello", "X-Mine: 1\r\n"));
  EXPECT_EQ(client.received(),
            "HTTP/1.1 200 OK\r\nDate: Thu, 15 Jan 2026 09:30:00 GMT\r\nContent-Type: text/plain\r\nx-answer: yes\r\n"
            "Content-Length: 5\r\n\r\nhello");
  EXPECT_FALSE(client.ended());
  const FakeService::Seen seen = service_.seen().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/a");
  EXPECT_EQ(seen.body, "hello");
  EXPECT_EQ(seen.headers.at(1), (std::pair<std::string, std::string>("X-Mine", "1")));
  EXPECT_EQ(seen.peer, "127.0.0.1:50001");
  EXPECT_EQ(metric("millrace_http_connections"), 1U);
  EXPECT_EQ(metric("millrace_http_connections_accepted_total{loop=\"0\"}"), 1U);
  EXPECT_EQ(metric("millrace_http_received_bytes_total{loop=\"0\"}"), post("/a", "hello", "X-Mine: 1\r\n").size());
  EXPECT_EQ(metric("millrace_http_sent_bytes_total{loop=\"0\"}"), client.received().size());
}

TEST_F(ConnectionTest, AnswersAHeadWithoutABodyAndGoesOn) {
  sim::SimClient& client = send("HEAD /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
  const std::string head = client.take();
  EXPECT_TRUE(head.ends_with("Content-Length: 5\r\n\r\n")) << head;
  client.send(post("/echo", "next"));
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body, "next");
}

TEST_F(ConnectionTest, KeepsTheConnectionForRequestsOfAllSizesHoweverTheyArrive) {
  sim::SimClient& client = connect();
  for (const std::size_t size : {0U, 1U, 3'900U, 4'096U, 5'000U, 65'536U, 65'537U, 300'000U, 2'000'000U}) {
    std::string body(size, ' ');
    for (std::size_t i = 0; i < size; ++i)
      body[i] = static_cast<char>('a' + i * 7 % 23);
    for (const std::size_t step : {SIZE_MAX, std::size_t{10'007}, std::size_t{17}}) {
      if (size / step > 50'000) continue;
      const std::string request = post("/echo", body);
      for (std::size_t at = 0; at < request.size();) {
        const std::size_t n = std::min(step, request.size() - at);
        client.send(std::string_view(request).substr(at, n));
        scheduler_.run_until_idle();
        at += n;
      }
      const Answer answer = answer_of(client);
      EXPECT_EQ(answer.status, 200);
      EXPECT_TRUE(answer.body == body) << size << " in steps of " << step;
    }
  }
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ConnectionTest, AnswersPipelinedRequestsInOrder) {
  std::string requests;
  for (int i = 0; i < 200; ++i)
    requests += post("/echo", std::string(static_cast<std::size_t>(i) * 11, 'x') + std::to_string(i));
  sim::SimClient& client = send(requests);
  std::string bytes = client.take();
  for (int i = 0; i < 200; ++i) {
    const auto answer = take_answer(bytes);
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->body, std::string(static_cast<std::size_t>(i) * 11, 'x') + std::to_string(i));
  }
  EXPECT_EQ(bytes, "");
}

TEST_F(ConnectionTest, WaitsForOneAnswerBeforeTheNextRequest) {
  sim::SimClient& client = send(post("/defer", "one") + post("/echo", "two"));
  EXPECT_EQ(client.received(), "");
  EXPECT_EQ(service_.seen().size(), 1U);
  auto [reply, body] = service_.take_deferred();
  EXPECT_EQ(body, "one");
  // Not on the loop, as an actor on another thread would.
  reply.send(Response{.status = 200, .headers = {}, .body = "first"});
  scheduler_.run_until_idle();
  std::string bytes = client.take();
  EXPECT_EQ(take_answer(bytes)->body, "first");
  EXPECT_EQ(take_answer(bytes)->body, "two");
}

TEST_F(ConnectionTest, ALostReplyIsA500) {
  sim::SimClient& client = send(post("/drop", "x"));
  EXPECT_EQ(answer_of(client).status, 500);
}

TEST_F(ConnectionTest, EndsWhereEitherSideAsks) {
  for (const std::string& request : {post("/echo", "x", "Connection: close\r\n"), post("/close", "x"),
                                     std::string("POST /echo HTTP/1.0\r\nContent-Length: 1\r\n\r\nx")}) {
    sim::SimClient& client = send(request + post("/echo", "not read any more"));
    EXPECT_TRUE(client.ended()) << request;
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_EQ(answer.body, "x");
    client.shutdown_write();
    scheduler_.run_until_idle();
    EXPECT_TRUE(client.closed());
  }
  EXPECT_EQ(service_.seen().size(), 3U);
}

TEST_F(ConnectionTest, AnswersAClientThatHasEndedItsSide) {
  sim::SimClient& client = connect();
  client.send(post("/echo", "x"));
  client.shutdown_write();
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body, "x");
  EXPECT_TRUE(client.closed());
}

TEST_F(ConnectionTest, OverlooksAnEmptyLineBetweenRequests) {
  sim::SimClient& client = send("\r\n" + post("/echo", "1") + "\r\n\r\n" + post("/echo", "2") + "\r");
  EXPECT_EQ(statuses(client.take()), (std::vector<int>{200, 200}));
  client.send("\n" + post("/echo", "3"));
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body, "3");
}

TEST_F(ConnectionTest, AcceptsHeadsUpToTheLimitAndShrinksAgain) {
  sim::SimClient& client = connect();
  const std::size_t idle = budget_->used(MemoryShare::connections);
  client.send("GET /" + std::string(30'000, 'a') + " HTTP/1.1\r\n\r\n");
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).status, 200);
  EXPECT_EQ(service_.seen().at(0).target.size(), 30'001U);
  EXPECT_EQ(budget_->used(MemoryShare::connections), idle);
}

TEST_F(ConnectionTest, SaysContinueBeforeItReadsABody) {
  sim::SimClient& client = send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_EQ(client.take(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(std::string(100'000, 'x'));
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body.size(), 100'000U);
  // Small, in chunks, and with the body partly there.
  client.send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhe");
  scheduler_.run_until_idle();
  EXPECT_EQ(client.take(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("lloPOST /echo HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  scheduler_.run_until_idle();
  std::string bytes = client.take();
  EXPECT_EQ(take_answer(bytes)->body, "hello");
  EXPECT_EQ(bytes, "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("3\r\nabc\r\n0\r\n\r\n");
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body, "abc");
  // The whole body came along: nobody waits.
  client.send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx");
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body, "x");
}

TEST_F(ConnectionTest, ReadsChunkedBodiesOfAllSizes) {
  sim::SimClient& client = connect();
  for (const std::size_t size : {0U, 1U, 5'000U, 65'536U, 65'537U, 3'000'000U}) {
    std::string body(size, ' ');
    for (std::size_t i = 0; i < size; ++i)
      body[i] = static_cast<char>('a' + i * 7 % 23);
    std::string request = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < size;) {
      const std::size_t n = std::min<std::size_t>(9'999, size - at);
      append_chunk_size(request, n);
      request += body.substr(at, n) + "\r\n";
      at += n;
    }
    request += "0\r\n\r\n";
    client.send(request + post("/echo", "next"));
    scheduler_.run_until_idle();
    std::string bytes = client.take();
    EXPECT_TRUE(take_answer(bytes).value().body == body) << size;
    EXPECT_EQ(take_answer(bytes).value().body, "next");
  }
}

// ---- What is refused ----

struct Refused {
  const char* name;
  std::string bytes;
  int status;
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

class ConnectionRefuses : public ConnectionTest, public testing::WithParamInterface<Refused> {};

TEST_P(ConnectionRefuses, AndEndsSoThatTheAnswerIsRead) {
  serve({.head_bytes_max = 8'000, .headers_max = 50, .body_bytes_max = 10'000});
  sim::SimClient& client = send(GetParam().bytes);
  const Answer answer = answer_of(client);
  EXPECT_EQ(answer.status, GetParam().status);
  EXPECT_EQ(answer.body, "refused");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(client.closed()) << "closing at once would reset the connection under the answer";
  EXPECT_EQ(service_.seen().size(), 0U);
  // What the client still sends is dropped.
  client.send(std::string(100'000, 'x'));
  scheduler_.run_until_idle();
  EXPECT_EQ(client.unread(), 0U);
  scheduler_.advance(linger_idle_max + 1ms);
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(metric("millrace_http_refused_total{loop=\"0\",status=\"" + std::to_string(GetParam().status) + "\"}"), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, ConnectionRefuses,
    testing::Values(
        Refused{"http2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        Refused{"both_lengths", "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400},
        Refused{"conflicting_lengths", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
        Refused{"negative_length", "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nhello", 400},
        Refused{"injected_header", "GET /a\r\nX: y HTTP/1.1\r\n\r\n", 400},
        Refused{"folded_header", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400},
        Refused{"nul", std::string("GET / HTTP/1.1\r\nA: b\0\r\n\r\n", 26), 400},
        Refused{"binary", std::string("\x16\x03\x01\x02\x00", 5), 400},
        Refused{"huge_head", "GET / HTTP/1.1\r\nA: " + std::string(9'000, 'a'), 431},
        Refused{"huge_target", "GET /" + std::string(9'000, 'a'), 431},
        Refused{"many_headers",
                [] {
                  std::string text = "GET / HTTP/1.1\r\n";
                  for (int i = 0; i < 51; ++i)
                    text += "a: b\r\n";
                  return text + "\r\n";
                }(),
                431},
        Refused{"large_body", post("/", std::string(10'001, 'x')), 413},
        Refused{"large_body_expected", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10001\r\n\r\n", 413},
        Refused{"large_chunks",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n" + std::string(10'001, 'x'), 413},
        Refused{"bad_chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", 400},
        Refused{"endless_extension",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(9'000, 'a'), 431}),
    [](const testing::TestParamInfo<Refused>& info) { return info.param.name; });

TEST_F(ConnectionTest, AHalfSentRequestOfAClientThatEndsIsA400) {
  for (const char* bytes : {"GET / HTT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel",
                            "POST / HTTP/1.1\r\nContent-Length: 50000\r\n\r\nhel",
                            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"}) {
    sim::SimClient& client = connect();
    client.send(bytes);
    client.shutdown_write();
    scheduler_.run_until_idle();
    EXPECT_EQ(answer_of(client).status, 400) << bytes;
    EXPECT_TRUE(client.closed());
  }
}

TEST_F(ConnectionTest, AClientThatVanishesLeavesNothing) {
  for (const char* bytes : {"", "GET / HTT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel",
                            "POST / HTTP/1.1\r\nContent-Length: 50000\r\n\r\nhel"}) {
    sim::SimClient& client = send(bytes);
    client.reset();
    scheduler_.run_until_idle();
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(client.received(), "");
  }
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_EQ(budget_->used(MemoryShare::connections), 0U + BodyBuffers::capacity_for(50'000)) << "one buffer is kept";
}

// The answer comes after the client went: the request's bytes stay valid until then.
TEST_F(ConnectionTest, StaysUntilTheReplyOfAVanishedClient) {
  sim::SimClient& client = send(post("/defer", std::string(100'000, 'x')));
  server_->cut();
  scheduler_.run_until_idle();
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_GT(budget_->used(MemoryShare::bodies), 0U);
  {
    auto [reply, body] = service_.take_deferred();
    EXPECT_TRUE(body == std::string(100'000, 'x'));
    reply.send(Response{.status = 200, .headers = {}, .body = "late"});
  }
  scheduler_.run_until_idle();
  EXPECT_EQ(budget_->used(MemoryShare::bodies), 0U);
  EXPECT_EQ(client.received(), "");
}

TEST_F(ConnectionTest, TellsAClientOverTheMaximum) {
  serve({.connections_max = 2});
  connect();
  connect();
  sim::SimClient& third = connect();
  EXPECT_EQ(answer_of(third).status, 503);
  EXPECT_TRUE(third.ended());
  clients_[0]->reset();
  third.reset();
  scheduler_.run_until_idle();
  sim::SimClient& fourth = send(post("/echo", "x"));
  EXPECT_EQ(answer_of(fourth).status, 200);
}

TEST_F(ConnectionTest, TellsAClientWhenTheMemoryOfConnectionsIsFull) {
  serve({}, 1 * mib);
  const std::size_t fit = budget_->max(MemoryShare::connections) / (sizeof(Connection) + read_buffer_bytes);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < fit + 5; ++i) {
    sim::SimClient& client = send(post("/echo", "x"));
    if (answer_of(client).status == 503) ++refused;
  }
  EXPECT_EQ(refused, 5U);
}

// ---- Time ----

TEST_F(ConnectionTest, ClosesIdleConnectionsWithoutAWord) {
  sim::SimClient& fresh = connect();
  sim::SimClient& used = send(post("/echo", "x"));
  used.take();
  scheduler_.advance(74'000ms);
  EXPECT_FALSE(fresh.closed());
  used.send(post("/echo", "y"));
  scheduler_.advance(1'100ms);
  EXPECT_TRUE(fresh.closed());
  EXPECT_EQ(fresh.received(), "");
  EXPECT_EQ(answer_of(used).body, "y");
  scheduler_.advance(73'000ms);
  EXPECT_FALSE(used.closed());
  scheduler_.advance(3'000ms);
  EXPECT_TRUE(used.closed());
  EXPECT_EQ(metric("millrace_http_timeouts_total{loop=\"0\",waited_for=\"request\"}"), 2U);
}

TEST_F(ConnectionTest, CutsAHeadThatDripsAndABodyThatDrips) {
  sim::SimClient& head = send("GET / HTTP/1.1\r\n");
  sim::SimClient& small = send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n");
  sim::SimClient& large = send("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
  sim::SimClient& chunks = send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int second = 1; second <= 14; ++second) {
    scheduler_.advance(1s);
    head.send("a: b\r\n");
    small.send("x");
    large.send("x");
    chunks.send("1\r\nx\r\n");
  }
  EXPECT_EQ(head.received(), "");
  scheduler_.advance(1'100ms);
  EXPECT_EQ(answer_of(head).status, 408);
  scheduler_.advance(43'000ms);
  for (sim::SimClient* body : {&small, &large, &chunks})
    EXPECT_EQ(body->received(), "");
  scheduler_.advance(2'000ms);
  for (sim::SimClient* body : {&small, &large, &chunks})
    EXPECT_EQ(answer_of(*body).status, 408);
  scheduler_.advance(linger_idle_max + 1ms);
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_EQ(metric("millrace_http_timeouts_total{loop=\"0\",waited_for=\"head\"}"), 1U);
  EXPECT_EQ(metric("millrace_http_timeouts_total{loop=\"0\",waited_for=\"body\"}"), 3U);
}

TEST_F(ConnectionTest, AnAnswerCountsAsSoonAsTheServiceGivesIt) {
  sim::SimClient& client = send(post("/defer", ""));
  sim::SimClient& gone = send(post("/defer", ""));
  for (int i = 0; i < 2; ++i) {
    service_.take_deferred().first.send(
        {.status = 200, .content_type = "a/b", .headers = {}, .body = std::string(1'000'000, 'x')});
  }
  EXPECT_EQ(budget_->used(MemoryShare::answers), 2'000'000U) << "its loop has not seen it yet";
  gone.reset();
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body.size(), 1'000'000U);
  EXPECT_EQ(budget_->used(MemoryShare::answers), 0U);
  sim::SimClient& cut = send(post("/defer", ""));
  server_->cut();
  scheduler_.run_until_idle();
  EXPECT_TRUE(cut.closed());
  service_.take_deferred().first.send(
      {.status = 200, .content_type = "a/b", .headers = {}, .body = std::string(1'000'000, 'x')});
  EXPECT_EQ(budget_->used(MemoryShare::answers), 1'000'000U);
  scheduler_.run_until_idle();
  EXPECT_EQ(budget_->used(MemoryShare::answers), 0U);
}

#ifndef MILLRACE_SANITIZED
TEST_F(ConnectionTest, KeepsNothingOfALargeAnswer) {
  constexpr std::size_t bytes = 8'000'000;
  const auto in_use = [] {
    const struct mallinfo2 all = mallinfo2();
    return all.uordblks + all.hblkhd;
  };
  sim::SimClient& client = send(post("/echo", "small"));
  client.take();
  const std::size_t before = in_use();
  {
    auto [reply, body] = [&] {
      client.send(post("/defer", ""));
      scheduler_.run_until_idle();
      return service_.take_deferred();
    }();
    reply.send({.status = 200, .content_type = "a/b", .headers = {}, .body = std::string(bytes, 'x')});
  }
  scheduler_.run_until_idle();
  EXPECT_GT(client.take().size(), bytes);
  EXPECT_LT(in_use(), before + bytes / 8);
}
#endif

TEST_F(ConnectionTest, CutsAReaderThatStopsButNotASlowOne) {
  service_.big_bytes = 1'000'000;
  sim::SimClient& stopped = connect();
  sim::SimClient& slow = connect();
  for (sim::SimClient* client : {&stopped, &slow}) {
    client->auto_receive(false);
    client->send(post("/big", ""));
  }
  scheduler_.run_until_idle();
  EXPECT_GT(budget_->used(MemoryShare::answers), 2'000'000U);
  for (int second = 0; second < 70; ++second) {
    scheduler_.advance(1s);
    slow.receive(1'000);
  }
  EXPECT_TRUE(stopped.closed());
  EXPECT_FALSE(slow.closed());
  for (int i = 0; i < 20; ++i) {
    slow.receive(SIZE_MAX);
    scheduler_.run_until_idle();
  }
  EXPECT_EQ(answer_of(slow).body.size(), 1'000'000U);
  EXPECT_EQ(metric("millrace_http_timeouts_total{loop=\"0\",waited_for=\"reader\"}"), 1U);
}

TEST_F(ConnectionTest, TheServiceMayTakeItsTime) {
  sim::SimClient& client = send(post("/defer", ""));
  scheduler_.advance(1h);
  EXPECT_FALSE(client.closed());
  service_.take_deferred().first.send(Response{.status = 200, .headers = {}, .body = "late"});
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body, "late");
}

TEST_F(ConnectionTest, AnIdleConnectionHoldsOneTimer) {
  connect();
  EXPECT_EQ(loop_.timers_set(), 1U);
  for (int i = 0; i < 100; ++i) {
    clients_[0]->send(post("/echo", std::string(10'000, 'x')));
    scheduler_.run_until_idle();
    clients_[0]->take();
  }
  EXPECT_EQ(loop_.timers_set(), 1U);
}

// ---- Memory ----

TEST_F(ConnectionTest, StalledBodiesAreCutWhenOthersWaitAndOnlyThen) {
  serve({}, 100 * mib);  // 15 MiB for large bodies
  std::vector<sim::SimClient*> stalled;
  for (int i = 0; i < 64; ++i) {
    stalled.push_back(&send("POST /echo HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(900'000, 'x')));
  }
  const std::size_t held = budget_->used(MemoryShare::bodies);
  EXPECT_LE(held, 15 * mib);
  EXPECT_GE(held, 14 * mib);

  // Fifteen were admitted, the others wait. When the first have stood still for long enough, they make room for the
  // newest, which is the client that works, and then for others, which stand still in turn.
  sim::SimClient& working = connect();
  const std::string request = post("/echo", std::string(1'000'000, 'y'));
  working.send(request);
  sim::SimClient& small = send(post("/echo", std::string(50'000, 'z')));
  EXPECT_EQ(answer_of(small).status, 200) << "small bodies have memory of their own";
  EXPECT_EQ(working.received(), "");
  scheduler_.advance(600ms);
  EXPECT_EQ(answer_of(working).status, 200);
  EXPECT_GT(metric("millrace_http_stalled_bodies_cut_total{loop=\"0\"}"), 0U);
  scheduler_.advance(40s);

  std::size_t told = 0;
  for (sim::SimClient* client : stalled) {
    if (client->closed()) {
      EXPECT_EQ(answer_of(*client).status, 408);
      ++told;
    }
  }
  EXPECT_GE(told, 49U);
  EXPECT_LE(told, 64U);
  EXPECT_LE(budget_->used(MemoryShare::bodies), 15 * mib);
  // Nobody waits any more, so those that are left may stand still.
  scheduler_.advance(10s);
  std::size_t now = 0;
  for (sim::SimClient* client : stalled)
    now += client->closed() ? 1 : 0;
  EXPECT_EQ(now, told);
}

TEST_F(ConnectionTest, ABodyThatMovesIsNotCut) {
  serve({}, 100 * mib);
  sim::SimClient& moving = send("POST /echo HTTP/1.1\r\nContent-Length: 15000000\r\n\r\n");
  sim::SimClient& waiting = send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 15000000\r\n\r\n");
  for (int i = 0; i < 30; ++i) {
    moving.send(std::string(500'000, 'x'));
    EXPECT_EQ(waiting.received(), "") << "it is asked for its body only once there is room";
    scheduler_.advance(400ms);
  }
  EXPECT_EQ(answer_of(moving).status, 200);
  EXPECT_EQ(waiting.take(), "HTTP/1.1 100 Continue\r\n\r\n");
  waiting.send(std::string(15'000'000, 'y'));
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(waiting).status, 200);
}

TEST_F(ConnectionTest, ABodyThatABusyLoopDidNotReadIsNotCut) {
  serve({}, 100 * mib);
  sim::SimClient& moving = send("POST /echo HTTP/1.1\r\nContent-Length: 15000000\r\n\r\n");
  sim::SimClient& waiting = send(post("/echo", std::string(15'000'000, 'y')));
  // Its loop sleeps, and the first that it sees is that the body has stood still.
  clock_.advance(700ms);
  scheduler_.run_until_idle(1);
  moving.send(std::string(15'000'000, 'x'));
  scheduler_.run_until_idle();
  scheduler_.advance(100ms);
  EXPECT_EQ(answer_of(moving).status, 200);
  EXPECT_EQ(answer_of(waiting).status, 200);
  EXPECT_EQ(metric("millrace_http_stalled_bodies_cut_total{loop=\"0\"}"), 0U);
}

TEST_F(ConnectionTest, ABodyHasItsWholeTimeOnceItIsAdmitted) {
  serve({}, 100 * mib);
  send(post("/defer", std::string(15'000'000, 'x')));
  sim::SimClient& waiting = send("POST /echo HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n");
  scheduler_.advance(50s);
  service_.take_deferred();
  scheduler_.advance(50s);
  EXPECT_FALSE(waiting.closed());
  waiting.send(std::string(10'000'000, 'y'));
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(waiting).status, 200);
}

TEST_F(ConnectionTest, ChunkedBodiesWaitForMemoryToo) {
  serve({}, 100 * mib);
  const auto chunked = [](std::size_t size) {
    std::string request = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    append_chunk_size(request, size);
    return request + std::string(size, 'x');
  };
  sim::SimClient& first = send(chunked(200'000));
  sim::SimClient& second = send(chunked(200'000));
  EXPECT_EQ(second.unread() > 0, true) << "its socket is not read";
  first.send("\r\n0\r\n\r\n");
  second.send("\r\n0\r\n\r\n");
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(first).body.size(), 200'000U);
  EXPECT_EQ(answer_of(second).body.size(), 200'000U);
}

TEST_F(ConnectionTest, AClientThatWaitsTooLongForMemoryIsToldSo) {
  serve({}, 100 * mib);
  send(post("/defer", std::string(15'000'000, 'x')));
  sim::SimClient& waiting = send(post("/echo", std::string(10'000'000, 'x')));
  scheduler_.advance(61s);
  EXPECT_EQ(answer_of(waiting).status, 503);
  sim::SimClient& gone = send(post("/echo", std::string(10'000'000, 'x')));
  server_->cut();
  scheduler_.run_until_idle();
  EXPECT_TRUE(gone.closed());
}

// ---- Streams ----

class StreamTest : public ConnectionTest {
 protected:
  sim::SimClient& open(std::string_view version = "1.1") {
    sim::SimClient& client = send("POST /stream HTTP/" + std::string(version) + "\r\nContent-Length: 2\r\n\r\n{}");
    writer_ = service_.take_writer();
    writer_->on_ready([this] { ++ready_; });
    writer_->on_closed([this] { ++closed_; });
    return client;
  }
  void start() { writer_->start(Response{.status = 200, .content_type = "a/b", .headers = {}, .body = {}}); }

  std::shared_ptr<StreamWriter> writer_;
  int ready_ = 0;
  int closed_ = 0;
};

TEST_F(StreamTest, SendsPartsAsTheyComeAndTheConnectionGoesOn) {
  sim::SimClient& client = open();
  EXPECT_EQ(client.received(), "");
  start();
  scheduler_.run_until_idle();
  EXPECT_EQ(client.take(),
            "HTTP/1.1 200 OK\r\nDate: Thu, 15 Jan 2026 09:30:00 GMT\r\nContent-Type: a/b\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(writer_->write("hello"), StreamWriter::Pace::go);
  EXPECT_EQ(writer_->write(""), StreamWriter::Pace::go);
  EXPECT_EQ(writer_->write(", world"), StreamWriter::Pace::go);
  scheduler_.run_until_idle();
  EXPECT_EQ(client.take(), "c\r\nhello, world\r\n");
  // A request that comes meanwhile waits its turn.
  client.send(post("/echo", "next"));
  scheduler_.run_until_idle();
  writer_->write("!");
  writer_->finish();
  writer_.reset();
  scheduler_.run_until_idle();
  std::string bytes = client.take();
  EXPECT_TRUE(bytes.starts_with("1\r\n!\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n")) << bytes;
  EXPECT_TRUE(bytes.ends_with("next"));
  EXPECT_EQ(closed_, 0);
  client.send(post("/echo", "again"));
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body, "again");
}

TEST_F(StreamTest, EndsWithTheConnectionForHttp10) {
  sim::SimClient& client = open("1.0");
  start();
  writer_->write("hello");
  writer_->finish();
  scheduler_.run_until_idle();
  EXPECT_TRUE(client.ended());
  const Answer answer = answer_of(client);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_FALSE(answer.headers.contains("transfer-encoding"));
}

TEST_F(StreamTest, MayBeAnOrdinaryAnswer) {
  sim::SimClient& client = open();
  writer_->reply(Response{.status = 400, .headers = {}, .body = "no such shard"});
  writer_->write("nothing more");
  writer_.reset();
  scheduler_.run_until_idle();
  const Answer answer = answer_of(client);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "no such shard");
  EXPECT_EQ(closed_, 0);
  client.send(post("/echo", "again"));
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body, "again");
}

TEST_F(StreamTest, AWriterThatIsLostIsSeen) {
  sim::SimClient& unstarted = open();
  writer_.reset();
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(unstarted).status, 500);
  sim::SimClient& begun = open();
  start();
  writer_->write("part");
  scheduler_.run_until_idle();
  writer_.reset();
  scheduler_.run_until_idle();
  EXPECT_TRUE(begun.closed());
  std::string bytes = begun.take();
  EXPECT_FALSE(take_answer(bytes).has_value()) << "the last chunk must be missing";
}

TEST_F(StreamTest, AReaderThatStopsHoldsTheWriter) {
  sim::SimClient& client = open();
  client.auto_receive(false);
  start();
  const std::string part(10'000, 'p');
  std::size_t written = 0;
  StreamWriter::Pace pace = StreamWriter::Pace::go;
  while (pace == StreamWriter::Pace::go) {
    pace = writer_->write(part);
    written += part.size();
    scheduler_.run_until_idle();
    ASSERT_LT(written, 10 * mib);
  }
  EXPECT_EQ(pace, StreamWriter::Pace::hold);
  // What the simulated socket took counts only once a whole batch went.
  EXPECT_GE(written, stream_buffered_max);
  EXPECT_LE(written, stream_buffered_max + sim::SimNetwork::pipe_bytes + 2 * part.size());
  EXPECT_LE(budget_->used(MemoryShare::answers), stream_buffered_max + part.size());
  EXPECT_EQ(ready_, 0);

  for (int i = 0; i < 20 && ready_ == 0; ++i) {
    client.receive(50'000);
    scheduler_.run_until_idle();
  }
  EXPECT_EQ(ready_, 1);
  EXPECT_LT(budget_->used(MemoryShare::answers), stream_buffered_max / 2);
  // A second hold is followed by a second call.
  while (writer_->write(part) == StreamWriter::Pace::go) {
    written += part.size();
  }
  written += part.size();
  writer_->finish();
  client.auto_receive(true);
  scheduler_.run_until_idle();
  EXPECT_EQ(answer_of(client).body.size(), written);
}

TEST_F(StreamTest, AClientThatVanishesEndsIt) {
  for (const bool reset : {false, true}) {
    const int before = closed_;
    sim::SimClient& client = open();
    start();
    writer_->write("x");
    scheduler_.run_until_idle();
    if (reset) {
      client.reset();
    } else {
      client.shutdown_write();
    }
    scheduler_.run_until_idle();
    EXPECT_EQ(closed_, before + 1);
    EXPECT_EQ(writer_->write("y"), StreamWriter::Pace::closed);
    EXPECT_TRUE(client.closed());
    writer_.reset();
    scheduler_.run_until_idle();
    EXPECT_EQ(closed_, before + 1);
  }
}

TEST_F(StreamTest, AClientThatVanishedBeforeAnybodyAskedIsReportedStill) {
  sim::SimClient& client = send("POST /stream HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  writer_ = service_.take_writer();
  client.reset();
  scheduler_.run_until_idle();
  writer_->on_closed([this] { ++closed_; });
  scheduler_.run_until_idle();
  EXPECT_EQ(closed_, 1);
  start();
  EXPECT_EQ(writer_->write("y"), StreamWriter::Pace::closed);
}

TEST_F(StreamTest, VanishingIsSeenEvenWhenTheRequestFillsTheBuffer) {
  std::string request = "POST /stream HTTP/1.1\r\nContent-Length: 0\r\nx: \r\n\r\n";
  request.insert(request.size() - 4, std::string(read_buffer_bytes - request.size(), 'x'));
  ASSERT_EQ(request.size(), read_buffer_bytes);
  sim::SimClient& client = send(request);
  writer_ = service_.take_writer();
  writer_->on_closed([this] { ++closed_; });
  client.reset();
  scheduler_.run_until_idle();
  EXPECT_EQ(closed_, 1);
}

TEST_F(StreamTest, StopEndsAllOfThem) {
  sim::SimClient& client = open();
  start();
  writer_->write("x");
  scheduler_.run_until_idle();
  server_->begin_stop(5s);
  scheduler_.run_until_idle();
  EXPECT_EQ(closed_, 1);
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(writer_->write("y"), StreamWriter::Pace::closed);
}

// ---- Stopping ----

TEST_F(ConnectionTest, StopFinishesWhatIsInFlightAndClosesTheRest) {
  sim::SimClient& idle = connect();
  sim::SimClient& handled = send(post("/defer", "x"));
  sim::SimClient& arriving = send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe");
  server_->begin_stop(5s);
  scheduler_.run_until_idle();
  EXPECT_TRUE(idle.closed());
  EXPECT_EQ(network_.connect(server_->port()), nullptr);
  scheduler_.advance(1s);
  arriving.send("llo");
  service_.take_deferred().first.send(Response{.status = 200, .headers = {}, .body = "done"});
  scheduler_.run_until_idle();
  for (sim::SimClient* client : {&handled, &arriving}) {
    const Answer answer = answer_of(*client);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("connection"), "close");
  }
  handled.shutdown_write();
  scheduler_.run_until_idle();
  EXPECT_EQ(server_->connections(), 1U) << "the other client has not looked yet";
  scheduler_.advance(linger_stopping_max);
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(ConnectionTest, StopCutsWhatDoesNotFinishInItsGrace) {
  sim::SimClient& handled = send(post("/defer", "x"));
  sim::SimClient& stalled = send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe");
  server_->begin_stop(5s);
  scheduler_.advance(4'900ms);
  EXPECT_EQ(server_->connections(), 2U);
  scheduler_.advance(200ms);
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_TRUE(handled.closed());
  EXPECT_TRUE(stalled.closed());
}

}  // namespace
}  // namespace millrace::http
