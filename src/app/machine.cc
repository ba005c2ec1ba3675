#include "app/machine.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace millrace::app {

base::Result<void> raise_descriptor_limit(std::uint32_t connections_max) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    const int reason = errno;
    return base::fail(base::Errc::io,
                      fmt::format("cannot read the limit of open files: {}", std::generic_category().message(reason)),
                      reason);
  }
  if (limit.rlim_cur < limit.rlim_max) {
    // Where this is refused the soft limit stays, and is what counts below.
    rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const std::uint64_t needed = connections_max + descriptors_reserved;
  if (limit.rlim_cur >= needed) return {};
  if (limit.rlim_cur <= descriptors_reserved) {
    return base::fail(base::Errc::bad_config,
                      fmt::format("this process may open only {} files; raise its limit (ulimit -Hn)", limit.rlim_cur));
  }
  return base::fail(
      base::Errc::bad_config,
      fmt::format(
          "connections-max {} needs {} open files and this process may have {}: raise its limit (ulimit -Hn) or "
          "give --connections-max {}",
          connections_max, needed, limit.rlim_cur, limit.rlim_cur - descriptors_reserved));
}

bool is_root() {
  return geteuid() == 0;
}

unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Refused where the machine has more processors than the set has places; then one thread is a safe choice.
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace millrace::app
