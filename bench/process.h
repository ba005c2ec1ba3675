#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/result.h"

namespace millrace::bench {

// CPU time that a process has used since its start, all its threads together, those that ended included.
struct CpuTime {
  std::uint64_t total_ns = 0;
  // The split comes in the kernel's ticks of 10 ms; only its ratio over a second or more means something.
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
};

// The total is read from the CPU clock of the process (nanoseconds), the split from /proc/PID/stat.
Result<CpuTime> cpu_time(pid_t pid);

// VmRSS of /proc/PID/status, in bytes.
Result<std::uint64_t> resident_bytes(pid_t pid);

// What a process has had read from and written to the disk since its start, as /proc/PID/io counts it: pages that were
// in memory already cost no read, and a page written counts when it is changed, each time anew after a sync.
struct IoBytes {
  std::uint64_t read = 0;
  std::uint64_t written = 0;
};
Result<IoBytes> io_bytes(pid_t pid);

// A server started for a measurement. The destructor ends it by SIGKILL, should it still run.
class Child {
 public:
  struct Spec {
    std::vector<std::string> command;
    std::string log_path;  // takes standard output and error; truncated first
    int core = -1;         // pins the whole process to this core, unless negative
  };

  static Result<std::unique_ptr<Child>> start(const Spec& spec);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  bool running();

  // SIGTERM, then waits up to 10 s. A signal death or a status other than 0 is an error.
  Result<void> stop();
  // SIGKILL, and waits for the end.
  void end_by_kill();

 private:
  explicit Child(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  bool reaped_ = false;
  int wait_status_ = 0;
};

}  // namespace millrace::bench
