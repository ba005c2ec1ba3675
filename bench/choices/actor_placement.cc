// Where does a shard's actor run? Two event loops, as the broker has one a core, and three answers:
//
//   pinned  each actor belongs to one loop; requests and answers travel in batches through the loops' mailboxes
//   token   each actor has an inbox; who finds it idle runs it on the spot, who finds it busy only leaves a message
//   mutex   each actor has a lock, and the requester holds it: no inbox, waiting threads block (a yardstick)
//
// Measured alone (one request at a time over a socket: latency, CPU) and under load (requests in flight on both loops).
// A request costs its own loop about what reading, parsing and answering a small put costs in user space; the actor
// copies 100 bytes and numbers them.

#include <fmt/format.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/histogram.h"

namespace {

using Clock = std::chrono::steady_clock;
using millrace::bench::Histogram;

constexpr std::size_t loop_count = 2;
constexpr std::size_t record_size = 100;

class Loop;

struct Message {
  Loop* home = nullptr;  // where the answer belongs
  std::size_t actor = 0;
  Clock::time_point started;
  std::array<unsigned char, 320> request{};  // of which 100 bytes are the record
  std::uint64_t position = 0;                // the answer
};

// One event loop: the requests of its own connections, and a mailbox for what other loops send.
class Loop {
 public:
  struct Letter {
    Message* message;
    bool answer;
  };

  Loop() : wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() { close(wake_); }

  // From any thread. A sleeping loop is woken once; a busy one finds the letters on its next turn.
  void post(std::vector<Letter>& letters) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      mailbox_.insert(mailbox_.end(), letters.begin(), letters.end());
      wake = std::exchange(sleeping_, false);
    }
    letters.clear();
    if (wake) wake_up();
  }
  void wake_up() { eventfd_write(wake_, 1); }

  // An answer for one of this loop's own messages, on this loop's thread.
  void finish(Message* message) {
    digest(message->request.data(), 64);
    latency.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - message->started).count()));
    ++finished;
    if (client >= 0) {
      const char done = 1;
      if (write(client, &done, 1) != 1) std::abort();
    } else {
      ready.push_back(message);
    }
  }

  // What reading and checking a request costs: a SHA-256 over its bytes, as for a signature. Every request goes to
  // an actor taken at random from [first_actor, first_actor + actors).
  void begin(Message* message) {
    message->started = Clock::now();
    digest(message->request.data(), message->request.size());
    random_ = random_ * 6364136223846793005U + 1442695040888963407U;
    message->actor = first_actor + static_cast<std::size_t>(random_ >> 33) % actors;
  }

  // Waits for letters, or for the client's next byte, unless there is something to do. True: the client has asked.
  bool wait(std::vector<Letter>& letters) {
    {
      const std::lock_guard lock(mutex_);
      letters.swap(mailbox_);
      sleeping_ = letters.empty() && ready.empty();
      if (!sleeping_) return false;
    }
    std::array<pollfd, 2> sources{pollfd{wake_, POLLIN, 0}, pollfd{client, POLLIN, 0}};
    poll(sources.data(), client >= 0 ? 2 : 1, -1);
    eventfd_t ignored = 0;
    if ((sources[0].revents & POLLIN) != 0) eventfd_read(wake_, &ignored);
    char asked = 0;
    const bool request = (sources[1].revents & POLLIN) != 0 && read(client, &asked, 1) == 1;
    const std::lock_guard lock(mutex_);
    sleeping_ = false;
    letters.swap(mailbox_);
    return request;
  }

  std::vector<Message*> ready;  // connections whose next request has arrived
  int client = -1;              // the lonely client's socket, else -1
  std::size_t first_actor = 0;
  std::size_t actors = 1;
  Histogram latency;
  std::uint64_t finished = 0;
  std::array<std::vector<Letter>, loop_count> outbox;

 private:
  void digest(const unsigned char* bytes, std::size_t size) {
    std::array<unsigned char, 32> hash;
    EVP_DigestInit_ex2(context_.get(), EVP_sha256(), nullptr);
    EVP_DigestUpdate(context_.get(), bytes, size);
    EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr);
    sink_ = sink_ + hash[0];
  }

  const int wake_;
  std::mutex mutex_;
  std::vector<Letter> mailbox_;
  bool sleeping_ = false;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  volatile unsigned sink_ = 0;
  std::uint64_t random_ = reinterpret_cast<std::uintptr_t>(this);
};

using Loops = std::array<std::unique_ptr<Loop>, loop_count>;

// The state of a shard as far as a put is concerned: the next position, and the block that is being filled.
struct Shard {
  std::uint64_t next = 0;
  std::vector<unsigned char> block = std::vector<unsigned char>(64 * 1024);
  std::size_t used = 0;

  void append(Message* message) {
    if (used + record_size > block.size()) used = 0;
    std::memcpy(block.data() + used, message->request.data(), record_size);
    used += record_size;
    message->position = next++;
  }
};

class Placement {
 public:
  virtual ~Placement() = default;
  virtual void submit(Loop& here, Message* message) = 0;
  virtual void receive(Loop& here, Message* message) = 0;  // a request that came by mailbox
};

class Pinned : public Placement {
 public:
  Pinned(const Loops& loops, std::size_t actors) : loops_(loops), shards_(actors) {}

  void submit(Loop& here, Message* message) override {
    const std::size_t owner = message->actor % loop_count;
    if (loops_[owner].get() != &here) return here.outbox[owner].push_back({message, false});
    shards_[message->actor].append(message);
    here.finish(message);
  }

  void receive(Loop& here, Message* message) override {
    shards_[message->actor].append(message);
    const std::size_t home = message->home == loops_[0].get() ? 0 : 1;
    here.outbox[home].push_back({message, true});
  }

 private:
  const Loops& loops_;
  std::vector<Shard> shards_;
};

class Token : public Placement {
 public:
  Token(const Loops& loops, std::size_t actors) : loops_(loops) {
    for (std::size_t i = 0; i < actors; ++i)
      actors_.push_back(std::make_unique<Actor>());
  }

  void submit(Loop& here, Message* message) override {
    Actor& actor = *actors_[message->actor];
    {
      const std::lock_guard lock(actor.mutex);
      if (actor.taken) return actor.inbox.push_back(message);
      actor.taken = true;
    }
    actor.shard.append(message);
    drain(here, actor);
    here.finish(message);
  }

  void receive(Loop&, Message*) override { std::abort(); }  // requests never travel here, only answers

 private:
  struct Actor {
    std::mutex mutex;
    bool taken = false;
    std::vector<Message*> inbox;
    // Only for the holder of the token.
    Shard shard;
    std::vector<Message*> batch;
  };

  // What was left meanwhile belongs to other loops: this one would have found the actor free.
  void drain(Loop& here, Actor& actor) {
    for (;;) {
      {
        const std::lock_guard lock(actor.mutex);
        if (actor.inbox.empty()) {
          actor.taken = false;
          return;
        }
        actor.batch.swap(actor.inbox);
      }
      for (Message* const message : actor.batch) {
        actor.shard.append(message);
        const std::size_t home = message->home == loops_[0].get() ? 0 : 1;
        here.outbox[home].push_back({message, true});
      }
      actor.batch.clear();
    }
  }

  const Loops& loops_;
  std::vector<std::unique_ptr<Actor>> actors_;
};

class Locked : public Placement {
 public:
  Locked(const Loops&, std::size_t actors) {
    for (std::size_t i = 0; i < actors; ++i)
      actors_.push_back(std::make_unique<Actor>());
  }

  void submit(Loop& here, Message* message) override {
    Actor& actor = *actors_[message->actor];
    {
      const std::lock_guard lock(actor.mutex);
      actor.shard.append(message);
    }
    here.finish(message);
  }

  void receive(Loop&, Message*) override { std::abort(); }

 private:
  struct Actor {
    std::mutex mutex;
    Shard shard;
  };
  std::vector<std::unique_ptr<Actor>> actors_;
};

std::unique_ptr<Placement> make_placement(std::string_view name, const Loops& loops, std::size_t actors) {
  if (name == "pinned") return std::make_unique<Pinned>(loops, actors);
  if (name == "token") return std::make_unique<Token>(loops, actors);
  return std::make_unique<Locked>(loops, actors);
}

void run_loop(Loop& here, const Loops& loops, Placement& placement, const std::atomic<bool>& over,
              std::vector<Message>& own) {
  std::vector<Loop::Letter> letters;
  std::vector<Message*> turn;
  while (!over.load(std::memory_order_relaxed)) {
    if (here.wait(letters)) here.ready.push_back(&own.front());
    for (const Loop::Letter& letter : letters) {
      if (letter.answer) {
        here.finish(letter.message);
      } else {
        placement.receive(here, letter.message);
      }
    }
    letters.clear();
    turn.swap(here.ready);
    for (Message* const message : turn) {
      here.begin(message);
      placement.submit(here, message);
    }
    turn.clear();
    for (std::size_t i = 0; i < loop_count; ++i) {
      if (!here.outbox[i].empty()) loops[i]->post(here.outbox[i]);
    }
  }
}

// Both loops on threads of their own, until stop().
class Server {
 public:
  Server(std::string_view placement, std::size_t actors, std::size_t in_flight) {
    for (auto& loop : loops_) {
      loop = std::make_unique<Loop>();
      loop->actors = actors;
    }
    placement_ = make_placement(placement, loops_, actors);
    for (std::size_t i = 0; i < loop_count; ++i) {
      messages_[i].resize(in_flight);
      for (Message& message : messages_[i])
        message.home = loops_[i].get();
    }
  }

  Loop& loop(std::size_t index) { return *loops_[index]; }

  void start(bool under_load) {
    for (std::size_t i = 0; i < loop_count; ++i) {
      if (under_load) {
        for (Message& message : messages_[i])
          loops_[i]->ready.push_back(&message);
      }
      threads_[i] = std::jthread([this, i] { run_loop(*loops_[i], loops_, *placement_, over_, messages_[i]); });
    }
  }

  double cpu_us() {
    double sum = 0;
    for (std::jthread& thread : threads_) {
      clockid_t clock{};
      timespec now{};
      pthread_getcpuclockid(thread.native_handle(), &clock);
      clock_gettime(clock, &now);
      sum += static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
    }
    return sum;
  }

  void stop() {
    over_ = true;
    for (const auto& loop : loops_)
      loop->wake_up();
    for (std::jthread& thread : threads_)
      thread.join();
  }

 private:
  Loops loops_;
  std::unique_ptr<Placement> placement_;
  std::array<std::vector<Message>, loop_count> messages_;
  std::atomic<bool> over_ = false;
  std::array<std::jthread, loop_count> threads_;
};

struct Sample {
  double cpu_us;  // of both loops, a message
  double rate;    // messages a second
  double p50_us;
  double p99_us;
};

// One request at a time, from a client thread, to the first loop. `actor` 0 is pinned to that loop, 1 to the other.
Sample run_lonely(std::string_view placement, std::size_t actor) {
  constexpr int requests = 10'000;
  Server server(placement, 2, 1);
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) std::abort();
  server.loop(0).client = sockets[0];
  server.loop(0).first_actor = actor;
  server.loop(0).actors = 1;
  server.start(false);
  Histogram latency;
  double before = 0;
  Clock::time_point begin;
  for (int i = -requests / 10; i < requests; ++i) {  // the negative ones warm up
    if (i == 0) {
      before = server.cpu_us();
      begin = Clock::now();
    }
    const auto sent = Clock::now();
    char byte = 1;
    if (write(sockets[1], &byte, 1) != 1 || read(sockets[1], &byte, 1) != 1) std::abort();
    if (i < 0) continue;
    latency.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - sent).count()));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double used = server.cpu_us() - before;
  server.stop();
  close(sockets[0]);
  close(sockets[1]);
  return {used / requests, requests / seconds, static_cast<double>(latency.quantile(0.5)) / 1e3,
          static_cast<double>(latency.quantile(0.99)) / 1e3};
}

// Keeps `in_flight` requests on their way on each loop, for 0.3 s.
Sample run_load(std::string_view placement, std::size_t actors, std::size_t in_flight) {
  Server server(placement, actors, in_flight);
  const auto begin = Clock::now();
  server.start(true);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const double used = server.cpu_us();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  server.stop();
  Histogram latency;
  std::uint64_t finished = 0;
  for (std::size_t i = 0; i < loop_count; ++i) {
    latency.merge(server.loop(i).latency);
    finished += server.loop(i).finished;
  }
  return {used / static_cast<double>(finished), static_cast<double>(finished) / seconds,
          static_cast<double>(latency.quantile(0.5)) / 1e3, static_cast<double>(latency.quantile(0.99)) / 1e3};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void print_medians(std::string_view name, const std::vector<Sample>& samples) {
  const auto over = [&](double Sample::* member) {
    std::vector<double> values;
    for (const Sample& sample : samples)
      values.push_back(sample.*member);
    return median(values);
  };
  fmt::print("{:<44} {:>10.3f} {:>12.0f} {:>10.1f} {:>10.1f}\n", name, over(&Sample::cpu_us), over(&Sample::rate),
             over(&Sample::p50_us), over(&Sample::p99_us));
}

struct Case {
  std::string name;
  std::function<Sample()> run;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases{
      {"alone: pinned, actor on the same loop", [] { return run_lonely("pinned", 0); }},
      {"alone: pinned, actor on the other loop", [] { return run_lonely("pinned", 1); }},
      {"alone: token", [] { return run_lonely("token", 0); }},
      {"alone: mutex", [] { return run_lonely("mutex", 0); }},
  };
  for (const std::size_t in_flight : {1U, 32U}) {
    for (const std::size_t actors : {1U, 8U, 64U}) {
      for (const char* const placement : {"pinned", "token", "mutex"}) {
        cases.push_back({fmt::format("load: {} a loop, {} actors, {}", in_flight, actors, placement),
                         [=] { return run_load(placement, actors, in_flight); }});
      }
    }
  }
  return cases;
}

}  // namespace

int main() {
  constexpr int rounds = 7;
  const std::vector<Case> cases = all_cases();
  std::vector<std::vector<Sample>> samples(cases.size());
  std::vector<std::size_t> order(cases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // A changing order spreads what the machine does meanwhile over all cases; its seed is fixed.
  std::minstd_rand random(7);
  for (int round = 0; round < rounds; ++round) {
    std::ranges::shuffle(order, random);
    for (const std::size_t i : order)
      samples[i].push_back(cases[i].run());
  }
  fmt::print("{:<44} {:>10} {:>12} {:>10} {:>10}\n", fmt::format("actor placement, medians of {}", rounds), "us CPU",
             "messages/s", "p50 us", "p99 us");
  for (std::size_t i = 0; i < cases.size(); ++i)
    print_medians(cases[i].name, samples[i]);
}
