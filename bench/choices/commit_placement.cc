// Where do commits run? One event loop serves requests, and commits are made
//
//   inline    on the loop's own thread
//   thread    on one commit thread, fed through a queue, which reports back through the loop's eventfd
//   io_uring  by the kernel: a write and a linked data sync, reported through the loop's eventfd (where liburing is)
//
// A commit of the memory engine copies its bytes; one of a disk engine writes them into a file that was written
// before, as a recycled segment, and syncs it. Two questions:
//
//   memory  a request that waits for its commit, one at a time: what does the detour cost?
//   disk    commits back to back, one on its way: what do they cost, and what happens to 2,000 other requests a second
//           on the same loop, counted from the moment at which each was due?

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#ifdef MILLRACE_HAVE_LIBURING
#include <liburing.h>
#endif

#include "bench/histogram.h"

namespace {

using Clock = std::chrono::steady_clock;
using millrace::bench::Histogram;

constexpr std::size_t file_size = std::size_t{64} * 1024 * 1024;
constexpr double requests_a_second = 2000;

void require(bool done, const char* what) {
  if (done) return;
  fmt::print(stderr, "commit_placement: {}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

std::uint64_t nanoseconds(Clock::duration duration) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(duration).count());
}

double cpu_us(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// What a commit does with its bytes.
class Target {
 public:
  virtual ~Target() = default;
  virtual void commit(std::string_view bytes) = 0;
};

class MemoryTarget : public Target {
 public:
  void commit(std::string_view bytes) override {
    if (used_ + bytes.size() > log_.size()) used_ = 0;
    std::memcpy(log_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }

 private:
  std::vector<char> log_ = std::vector<char>(file_size);
  std::size_t used_ = 0;
};

class FileTarget : public Target {
 public:
  explicit FileTarget(const std::string& path) : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    require(fd_ >= 0, path.c_str());
    unlink(path.c_str());
    const std::vector<char> zeros(std::size_t{1024} * 1024);
    for (std::size_t done = 0; done < file_size; done += zeros.size()) {
      require(pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(done)) > 0, "write");
    }
    require(fsync(fd_) == 0, "fsync");
  }
  FileTarget(const FileTarget&) = delete;
  FileTarget& operator=(const FileTarget&) = delete;
  ~FileTarget() override { close(fd_); }

  void commit(std::string_view bytes) override {
    require(pwrite(fd_, bytes.data(), bytes.size(), place(bytes.size())) == static_cast<ssize_t>(bytes.size()),
            "pwrite");
    require(fdatasync(fd_) == 0, "fdatasync");
  }

  int fd() const { return fd_; }
  // Where the next commit goes; it counts as used from now on.
  off_t place(std::size_t size) {
    if (used_ + size > file_size) used_ = 0;
    return static_cast<off_t>(std::exchange(used_, used_ + size));
  }

 private:
  int fd_;
  std::size_t used_ = 0;
};

// Runs commits one after the other. Used by the loop's thread alone; completions are fetched there.
class Committer {
 public:
  virtual ~Committer() = default;
  virtual void start(std::string_view bytes) = 0;
  // True once the commit that was started is done; then the next may start.
  virtual bool done() = 0;
  // Readable when a commit may be done; -1: commits are done when start() returns.
  virtual int event() const { return -1; }
};

class Inline : public Committer {
 public:
  explicit Inline(Target& target) : target_(target) {}
  void start(std::string_view bytes) override { target_.commit(bytes); }
  bool done() override { return true; }

 private:
  Target& target_;
};

class CommitThread : public Committer {
 public:
  explicit CommitThread(Target& target) : target_(target), thread_([this] { run(); }) {}
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;
  ~CommitThread() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_one();
    thread_.join();
    close(event_);
  }

  void start(std::string_view bytes) override {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(bytes);
    }
    wake_.notify_one();
  }
  bool done() override {
    eventfd_t count = 0;
    return eventfd_read(event_, &count) == 0;
  }
  int event() const override { return event_; }

 private:
  void run() {
    std::vector<std::string_view> work;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return over_ || !queue_.empty(); });
        if (over_) return;
        work.swap(queue_);
      }
      for (const std::string_view bytes : work)
        target_.commit(bytes);
      work.clear();
      eventfd_write(event_, 1);
    }
  }

  Target& target_;
  const int event_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string_view> queue_;
  bool over_ = false;
  std::thread thread_;
};

#ifdef MILLRACE_HAVE_LIBURING
class Ring : public Committer {
 public:
  explicit Ring(FileTarget& target) : target_(target) {
    require(io_uring_queue_init(8, &ring_, 0) == 0, "io_uring_queue_init");
    require(io_uring_register_eventfd(&ring_, event_) == 0, "io_uring_register_eventfd");
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() override {
    io_uring_queue_exit(&ring_);
    close(event_);
  }

  void start(std::string_view bytes) override {
    io_uring_sqe* const write = io_uring_get_sqe(&ring_);
    io_uring_prep_write(write, target_.fd(), bytes.data(), static_cast<unsigned>(bytes.size()),
                        static_cast<std::uint64_t>(target_.place(bytes.size())));
    io_uring_sqe_set_flags(write, IOSQE_IO_LINK);
    io_uring_sqe* const sync = io_uring_get_sqe(&ring_);
    io_uring_prep_fsync(sync, target_.fd(), IORING_FSYNC_DATASYNC);
    waiting_ = 2;
    require(io_uring_submit(&ring_) == 2, "io_uring_submit");
  }
  bool done() override {
    eventfd_t count = 0;
    eventfd_read(event_, &count);
    io_uring_cqe* result = nullptr;
    while (waiting_ > 0 && io_uring_peek_cqe(&ring_, &result) == 0) {
      require(result->res >= 0, "io_uring");
      io_uring_cqe_seen(&ring_, result);
      --waiting_;
    }
    return waiting_ == 0;
  }
  int event() const override { return event_; }

 private:
  FileTarget& target_;
  const int event_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  io_uring ring_{};
  int waiting_ = 0;
};
#endif

// The event loop of one run: answers every byte of the client's socket. In a memory run after a commit of its own; in
// a disk run at once, while commits run back to back.
class Server {
 public:
  Server(int client, Committer* committer, std::string_view bytes, bool commit_each)
      : client_(client), committer_(committer), bytes_(bytes), commit_each_(commit_each) {}

  void run() {
    if (committer_ != nullptr && !commit_each_) start_commit();
    bool open = true;
    while (open) {
      const bool back_to_back = on_its_way_ && committer_->event() < 0;
      std::array<pollfd, 2> sources{pollfd{client_, POLLIN, 0},
                                    pollfd{on_its_way_ ? committer_->event() : -1, POLLIN, 0}};
      poll(sources.data(), sources.size(), back_to_back ? 0 : -1);
      if (on_its_way_ && (back_to_back || (sources[1].revents & POLLIN) != 0) && committer_->done()) finish_commit();
      if ((sources[0].revents & (POLLIN | POLLHUP)) != 0) open = serve();
    }
    while (on_its_way_ && !committer_->done()) {
      pollfd event{committer_->event(), POLLIN, 0};
      poll(&event, 1, -1);
    }
  }

  Histogram commit_latency;
  std::uint64_t commits = 0;

 private:
  bool serve() {
    std::array<char, 512> asked{};
    const ssize_t count = read(client_, asked.data(), asked.size());
    if (count <= 0) return false;
    if (!commit_each_ || committer_ == nullptr) return answer(count);
    start_commit();
    if (committer_->event() < 0) finish_commit();
    return true;
  }

  bool answer(ssize_t count) {
    static constexpr std::array<char, 512> answers{};
    return write(client_, answers.data(), static_cast<std::size_t>(count)) == count;
  }

  void start_commit() {
    on_its_way_ = true;
    started_ = Clock::now();
    committer_->start(bytes_);
  }

  void finish_commit() {
    on_its_way_ = false;
    commit_latency.add(nanoseconds(Clock::now() - started_));
    ++commits;
    if (commit_each_) {
      answer(1);
    } else {
      start_commit();
    }
  }

  const int client_;
  Committer* const committer_;
  const std::string_view bytes_;
  const bool commit_each_;
  bool on_its_way_ = false;
  Clock::time_point started_;
};

struct Sample {
  double cpu_us = 0;  // a commit, without the client's; of a run without commits: a second
  double commit_p50 = 0;
  double commit_p99 = 0;
  double request_p50 = 0;
  double request_p99 = 0;
  double commits_a_second = 0;
};

double us(const Histogram& histogram, double share) {
  return static_cast<double>(histogram.quantile(share)) / 1e3;
}

// One request at a time, for 0.3 s.
void ask_alone(int socket, Histogram& latency) {
  const auto limit = Clock::now() + std::chrono::milliseconds(300);
  while (Clock::now() < limit) {
    const auto sent = Clock::now();
    char byte = 1;
    require(write(socket, &byte, 1) == 1 && read(socket, &byte, 1) == 1, "client");
    latency.add(nanoseconds(Clock::now() - sent));
  }
}

// Requests at a fixed pace, for 0.7 s; the answers come in the order of the requests.
void ask_paced(int socket, Histogram& latency) {
  prctl(PR_SET_TIMERSLACK, 1);
  const auto interval = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / requests_a_second));
  const auto begin = Clock::now();
  constexpr int requests = static_cast<int>(0.7 * requests_a_second);
  for (int i = 0; i < requests; ++i) {
    const auto due = begin + interval * i;
    std::this_thread::sleep_until(due);
    char byte = 1;
    require(write(socket, &byte, 1) == 1 && read(socket, &byte, 1) == 1, "client");
    latency.add(nanoseconds(Clock::now() - due));
  }
}

Sample run(Committer* committer, std::string_view bytes, bool commit_each) {
  std::array<int, 2> sockets{};
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) == 0, "socketpair");
  Server server(sockets[0], committer, bytes, commit_each);
  Histogram requests;
  double client_us = 0;
  const double before = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
  const auto begin = Clock::now();
  {
    const std::jthread serving([&] { server.run(); });
    std::jthread([&] {
      (commit_each ? ask_alone : ask_paced)(sockets[1], requests);
      client_us = cpu_us(CLOCK_THREAD_CPUTIME_ID);
    }).join();
    close(sockets[1]);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double used = cpu_us(CLOCK_PROCESS_CPUTIME_ID) - before - client_us;
  close(sockets[0]);
  return {.cpu_us = server.commits == 0 ? used / seconds : used / static_cast<double>(server.commits),
          .commit_p50 = us(server.commit_latency, 0.5),
          .commit_p99 = us(server.commit_latency, 0.99),
          .request_p50 = us(requests, 0.5),
          .request_p99 = us(requests, 0.99),
          .commits_a_second = static_cast<double>(server.commits) / seconds};
}

struct Case {
  std::string name;
  std::function<Sample()> run;
};

std::vector<Case> all_cases(const std::string& folder) {
  std::vector<Case> cases{{"disk: no commits (us CPU a second)", [] { return run(nullptr, {}, false); }}};
  for (const std::size_t size : {std::size_t{4096}, std::size_t{65536}}) {
    const auto bytes = std::make_shared<std::string>(size, 'x');
    const std::size_t kib = size / 1024;
    cases.push_back({fmt::format("memory: {} KiB, inline", kib), [bytes] {
                       MemoryTarget target;
                       Inline committer(target);
                       return run(&committer, *bytes, true);
                     }});
    cases.push_back({fmt::format("memory: {} KiB, thread", kib), [bytes] {
                       MemoryTarget target;
                       CommitThread committer(target);
                       return run(&committer, *bytes, true);
                     }});
    cases.push_back({fmt::format("disk: {} KiB, inline", kib), [bytes, folder] {
                       FileTarget target(folder + "/commits");
                       Inline committer(target);
                       return run(&committer, *bytes, false);
                     }});
    cases.push_back({fmt::format("disk: {} KiB, thread", kib), [bytes, folder] {
                       FileTarget target(folder + "/commits");
                       CommitThread committer(target);
                       return run(&committer, *bytes, false);
                     }});
#ifdef MILLRACE_HAVE_LIBURING
    cases.push_back({fmt::format("disk: {} KiB, io_uring", kib), [bytes, folder] {
                       FileTarget target(folder + "/commits");
                       Ring committer(target);
                       return run(&committer, *bytes, false);
                     }});
#endif
  }
  return cases;
}

double median(const std::vector<Sample>& samples, double Sample::* member) {
  std::vector<double> values;
  for (const Sample& sample : samples)
    values.push_back(sample.*member);
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int rounds = 5;
  const std::vector<Case> cases = all_cases(argc > 1 ? argv[1] : ".");
  std::vector<std::vector<Sample>> samples(cases.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < cases.size(); ++i)
      samples[i].push_back(cases[i].run());
  }
  fmt::print("{:<36} {:>10} {:>10} {:>22} {:>22}\n", fmt::format("commit placement, medians of {}", rounds),
             "commits/s", "us CPU", "commit p50 / p99 us", "request p50 / p99 us");
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto of = [&](double Sample::* member) { return median(samples[i], member); };
    fmt::print("{:<36} {:>10.0f} {:>10.2f} {:>11.1f} / {:>8.1f} {:>11.1f} / {:>8.1f}\n", cases[i].name,
               of(&Sample::commits_a_second), of(&Sample::cpu_us), of(&Sample::commit_p50), of(&Sample::commit_p99),
               of(&Sample::request_p50), of(&Sample::request_p99));
  }
#ifndef MILLRACE_HAVE_LIBURING
  fmt::print("io_uring is not measured: liburing-dev is not installed\n");
#endif
}
