#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "http/fake_service.h"
#include "http/server.h"
#include "io/random.h"
#include "sim/sim_loop.h"
#include "sim/sim_network.h"

// Random requests, whole and damaged, in random pieces. Goal: the server never crashes, never answers out of order, and
// never takes a request for another one. The model is the generator itself, which knows what each request means, and,
// for damaged ones, a reading of the bytes so strict that only requests it understands may be answered 200.
namespace millrace::http {
namespace {

using namespace std::chrono_literals;

struct Sent {
  std::string bytes;
  std::string method;
  std::string target;
  std::string body;
  bool ends = false;  // the connection ends after it
};

class FuzzTest : public testing::Test {
 protected:
  FuzzTest() {
    const char* given = std::getenv("MILLRACE_SEED");
    seed_ = given != nullptr ? std::strtoull(given, nullptr, 10) : io::SystemRandom().next_u64();
    random_.seed(seed_);
    const char* rounds = std::getenv("MILLRACE_ROUNDS");
    rounds_ = rounds != nullptr ? std::atoi(rounds) : 500;
    auto server = Server::start({.addresses = {"127.0.0.1"}, .port = 0, .limits = limits_}, network_, clock_.wall(),
                                std::array<io::Loop*, 1>{&loop_}, service_, budget_, metrics_);
    server_ = std::move(*server);
  }
  ~FuzzTest() override {
    server_->begin_stop(0ms);
    scheduler_.advance(1ms);
    server_.reset();
    scheduler_.run_until_idle();
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string text(std::size_t size, std::string_view alphabet) {
    std::string out(size, ' ');
    for (char& c : out)
      c = alphabet[below(alphabet.size())];
    return out;
  }

  Sent make_request() {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
    Sent sent;
    sent.method = below(4) == 0 ? "GET" : "POST";
    sent.target = "/" + text(below(20), letters);
    const std::size_t sizes[] = {0, 1, 10, 300, 3'000, 5'000, 40'000, 70'000};
    sent.body = text(sizes[below(8)], std::string_view("abc\r\n\0 :0123456789", 18));
    std::string& out = sent.bytes;
    if (below(8) == 0) out += "\r\n";
    sent.ends = below(10) == 0;
    out += sent.method + " " + sent.target + " HTTP/1.1\r\nHost: x\r\n";
    for (std::size_t i = below(5); i > 0; --i) {
      out += "x-" + text(1 + below(10), letters) + ":" + std::string(below(3), ' ') + text(below(60), letters) + "\r\n";
    }
    if (sent.ends) out += "Connection: close\r\n";
    if (below(3) == 0) {
      out += "Transfer-Encoding: chunked\r\n\r\n";
      for (std::size_t at = 0; at < sent.body.size();) {
        const std::size_t n = 1 + below(std::min<std::size_t>(sent.body.size() - at, 9'000));
        char line[32];
        std::snprintf(line, sizeof line, below(2) == 0 ? "%zx" : "0%zX", n);
        out += line + std::string(below(4) == 0 ? ";a=b" : "") + "\r\n" + sent.body.substr(at, n) + "\r\n";
        at += n;
      }
      out += below(2) == 0 ? "0\r\n\r\n" : "0\r\nTrailer: x\r\n\r\n";
    } else {
      out += "Content-Length: " + std::to_string(sent.body.size()) + "\r\n\r\n" + sent.body;
    }
    return sent;
  }

  void send_in_pieces(sim::SimClient& client, std::string_view bytes) {
    const std::size_t step_max = below(3) == 0 ? 40 : 20'000;
    while (!bytes.empty()) {
      const std::size_t n = std::min(bytes.size(), 1 + below(step_max));
      client.send(bytes.substr(0, n));
      bytes.remove_prefix(n);
      if (below(2) == 0) scheduler_.run_until_idle();
    }
    scheduler_.run_until_idle();
  }

  std::string damaged(std::string bytes) {
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      const std::size_t at = below(std::min<std::size_t>(bytes.size(), 400));
      static constexpr std::string_view marks = std::string_view("\0\r\n :;,\t\x7f\xff/%0aF-", 16);
      switch (below(5)) {
        case 0:
          bytes[at] = static_cast<char>(random_());
          break;
        case 1:
          bytes.insert(at, 1, marks[below(marks.size())]);
          break;
        case 2:
          bytes.erase(at, 1 + below(8));
          break;
        case 3:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(60)));
          break;
        default:
          bytes[at] = marks[below(marks.size())];
      }
      if (bytes.empty()) bytes = "x";
    }
    return bytes;
  }

  std::uint64_t seed_ = 0;
  int rounds_ = 0;
  std::mt19937_64 random_;
  Limits limits_{.head_bytes_max = 8 * 1024, .headers_max = 40, .body_bytes_max = 100'000};
  sim::SimClock clock_;
  sim::SimScheduler scheduler_{clock_};
  sim::SimLoop& loop_ = scheduler_.make_loop();
  sim::SimNetwork network_;
  base::MemoryBudget budget_{std::size_t{1} << 30};
  base::Metrics metrics_;
  FakeService service_;
  std::unique_ptr<Server> server_;
};

TEST_F(FuzzTest, WholeRequestsInAnyPiecesAreAnsweredInOrder) {
  SCOPED_TRACE("MILLRACE_SEED=" + std::to_string(seed_));
  for (int round = 0; round < rounds_; ++round) {
    const auto client = network_.connect(server_->port());
    std::vector<Sent> sent;
    std::string bytes;
    for (std::size_t i = 1 + below(5); i > 0; --i) {
      sent.push_back(make_request());
      bytes += sent.back().bytes;
      if (sent.back().ends) break;
    }
    send_in_pieces(*client, bytes);
    std::string received = client->take();
    const auto seen = service_.take_seen();
    ASSERT_EQ(seen.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const auto answer = take_answer(received);
      ASSERT_TRUE(answer.has_value());
      ASSERT_EQ(answer->status, 200);
      ASSERT_TRUE(answer->body == sent[i].body);
      ASSERT_EQ(seen[i].method, sent[i].method);
      ASSERT_EQ(seen[i].target, sent[i].target);
      ASSERT_TRUE(seen[i].body == sent[i].body);
    }
    ASSERT_EQ(received, "");
    ASSERT_EQ(client->ended(), sent.back().ends);
    client->reset();
    scheduler_.run_until_idle();
  }
}

// The strict reading: a request as this test would accept it, or nothing. Written anew from the standard, without the
// parser's code.
struct Understood {
  std::string method;
  std::string target;
  std::string body;
  std::size_t size = 0;
};

bool is_token(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || std::string_view("\"(),/:;<=>?@[\\]{}").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return !text.empty();
}

std::optional<std::string> unchunk(std::string_view& bytes) {
  std::string body;
  for (;;) {
    const std::size_t line_end = bytes.find("\r\n");
    if (line_end == std::string_view::npos) return std::nullopt;
    std::size_t digits = 0;
    while (digits < line_end && std::isxdigit(static_cast<unsigned char>(bytes[digits])) != 0)
      ++digits;
    if (digits == 0 || digits > 16) return std::nullopt;
    const std::size_t size = std::stoull(std::string(bytes.substr(0, digits)), nullptr, 16);
    bytes.remove_prefix(line_end + 2);
    if (size == 0) break;
    if (size > bytes.size() || bytes.size() - size < 2 || bytes.substr(size, 2) != "\r\n") return std::nullopt;
    body += bytes.substr(0, size);
    bytes.remove_prefix(size + 2);
  }
  for (;;) {
    const std::size_t line_end = bytes.find("\r\n");
    if (line_end == std::string_view::npos) return std::nullopt;
    bytes.remove_prefix(line_end + 2);
    if (line_end == 0) return body;
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::optional<Understood> understand(std::string_view bytes) {
  const std::size_t whole = bytes.size();
  while (bytes.starts_with("\r\n"))
    bytes.remove_prefix(2);
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  std::string_view head = bytes.substr(0, head_end + 2);
  bytes.remove_prefix(head_end + 4);
  const std::size_t line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  head.remove_prefix(line_end + 2);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first + 1) return std::nullopt;
  Understood understood{.method = std::string(line.substr(0, first)),
                        .target = std::string(line.substr(first + 1, last - first - 1)),
                        .body = {}};
  const std::string_view version = line.substr(last + 1);
  if (!is_token(understood.method) || understood.target.find(' ') != std::string::npos) return std::nullopt;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return std::nullopt;
  std::optional<std::size_t> length;
  bool chunked = false;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view field = head.substr(0, end);
    head.remove_prefix(end + 2);
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || !is_token(field.substr(0, colon))) return std::nullopt;
    std::string_view value = field.substr(colon + 1);
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte < 0x20 && c != '\t') || byte == 0x7f) return std::nullopt;
    }
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
      value.remove_suffix(1);
    const std::string name = lower(field.substr(0, colon));
    if (name == "transfer-encoding") {
      if (lower(value) != "chunked" || chunked) return std::nullopt;
      chunked = true;
    }
    if (name == "content-length") {
      if (value.empty() || value.size() > 18 || value.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
      }
      const std::size_t n = std::stoull(std::string(value));
      if (length && *length != n) return std::nullopt;
      length = n;
    }
  }
  if (chunked && (length || version == "HTTP/1.0")) return std::nullopt;
  if (chunked) {
    auto body = unchunk(bytes);
    if (!body) return std::nullopt;
    understood.body = std::move(*body);
  } else if (length) {
    if (*length > bytes.size()) return std::nullopt;
    understood.body = bytes.substr(0, *length);
    bytes.remove_prefix(*length);
  }
  understood.size = whole - bytes.size();
  return understood;
}

TEST_F(FuzzTest, DamagedRequestsAreRefusedOrMeanWhatTheModelReads) {
  SCOPED_TRACE("MILLRACE_SEED=" + std::to_string(seed_));
  int refused = 0;
  int accepted = 0;
  for (int round = 0; round < rounds_; ++round) {
    const auto client = network_.connect(server_->port());
    const std::string bytes = damaged(make_request().bytes + (below(2) == 0 ? make_request().bytes : ""));
    send_in_pieces(*client, bytes);
    client->shutdown_write();
    scheduler_.run_until_idle();
    std::string received = client->take();
    std::string_view rest = bytes;
    for (const FakeService::Seen& seen : service_.take_seen()) {
      const auto understood = understand(rest);
      ASSERT_TRUE(understood.has_value()) << testing::PrintToString(bytes.substr(0, 600));
      ASSERT_EQ(seen.method, understood->method);
      ASSERT_EQ(seen.target, understood->target);
      ASSERT_TRUE(seen.body == understood->body);
      rest.remove_prefix(understood->size);
      const auto answer = take_answer(received);
      ASSERT_TRUE(answer.has_value());
      ASSERT_EQ(answer->status, 200);
      ASSERT_TRUE(answer->body == seen.body);
      ++accepted;
    }
    if (const auto answer = take_answer(received, true)) {
      ASSERT_TRUE(answer->status == 400 || answer->status == 413 || answer->status == 431) << answer->status;
      ++refused;
    }
    ASSERT_EQ(received, "");
    ASSERT_TRUE(client->ended());
    client->reset();
    scheduler_.run_until_idle();
  }
  EXPECT_EQ(server_->connections(), 0U);
  // The damage must be neither without effect nor total, or this test tests nothing.
  EXPECT_GT(refused, rounds_ / 20);
  EXPECT_GT(accepted, rounds_ / 20);
}

}  // namespace
}  // namespace millrace::http
