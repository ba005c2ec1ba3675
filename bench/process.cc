#include "bench/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

namespace millrace::bench {

Result<CpuTime> cpu_time(pid_t pid) {
  clockid_t clock{};
  timespec now{};
  if (const int error = clock_getcpuclockid(pid, &clock); error != 0) {
    return std::unexpected(fmt::format("cannot read the CPU clock of process {}: {}", pid, std::strerror(error)));
  }
  if (clock_gettime(clock, &now) != 0) {
    return std::unexpected(fmt::format("cannot read the CPU clock of process {}: {}", pid, std::strerror(errno)));
  }
  CpuTime result;
  result.total_ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);

  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::unexpected(fmt::format("cannot read /proc/{}/stat", pid));
  // The command's name stands in parentheses and may hold blanks: the fields are counted from the last one.
  // proc(5): utime and stime are fields 14 and 15, and the name is field 2.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field)
    fields >> skipped;
  if (!(fields >> result.user_ticks >> result.system_ticks)) {
    return std::unexpected(fmt::format("cannot read the times in /proc/{}/stat", pid));
  }
  return result;
}

Result<std::uint64_t> resident_bytes(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  std::string word;
  while (file >> word) {
    std::uint64_t kibibytes = 0;
    if (word == "VmRSS:" && file >> kibibytes) return kibibytes * 1024;
  }
  return std::unexpected(fmt::format("no VmRSS in /proc/{}/status", pid));
}

Result<IoBytes> io_bytes(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/io", pid));
  IoBytes bytes;
  int found = 0;
  std::string word;
  while (file >> word) {
    if (word == "read_bytes:" && file >> bytes.read) ++found;
    if (word == "write_bytes:" && file >> bytes.written) ++found;
  }
  if (found == 2) return bytes;
  return std::unexpected(fmt::format("cannot read /proc/{}/io", pid));
}

Result<std::unique_ptr<Child>> Child::start(const Spec& spec) {
  std::vector<char*> arguments;
  for (const std::string& word : spec.command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  const int log = open(spec.log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) return std::unexpected(fmt::format("cannot write {}: {}", spec.log_path, std::strerror(errno)));
  const pid_t pid = fork();
  if (pid < 0) {
    const int error = errno;
    close(log);
    return std::unexpected(fmt::format("fork: {}", std::strerror(error)));
  }
  if (pid == 0) {
    // A generator that is killed must not leave its servers behind.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (spec.core >= 0) {
      cpu_set_t cores;
      CPU_ZERO(&cores);
      CPU_SET(static_cast<unsigned>(spec.core), &cores);
      sched_setaffinity(0, sizeof cores, &cores);
    }
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(log);
  return std::unique_ptr<Child>(new Child(pid));
}

Child::~Child() {
  end_by_kill();
}

void Child::end_by_kill() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, &wait_status_, 0);
  reaped_ = true;
}

bool Child::running() {
  if (!reaped_ && waitpid(pid_, &wait_status_, WNOHANG) == pid_) reaped_ = true;
  return !reaped_;
}

Result<void> Child::stop() {
  using namespace std::chrono_literals;
  if (running()) kill(pid_, SIGTERM);
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (running()) {
    if (std::chrono::steady_clock::now() > limit) {
      return std::unexpected(fmt::format("process {} ignores SIGTERM for 10 s", pid_));
    }
    std::this_thread::sleep_for(2ms);
  }
  if (WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0) return {};
  return std::unexpected(WIFSIGNALED(wait_status_)
                             ? fmt::format("process {} died of signal {}", pid_, WTERMSIG(wait_status_))
                             : fmt::format("process {} ended with status {}", pid_, WEXITSTATUS(wait_status_)));
}

}  // namespace millrace::bench
