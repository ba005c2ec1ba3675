#include "broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <future>
#include <optional>
#include <utility>

namespace millrace::load {

namespace {

constexpr std::chrono::seconds start_max{30};
constexpr std::chrono::seconds stop_max{15};

Result<std::uint16_t> free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = socket >= 0 && bind(socket, generic, size) == 0 && getsockname(socket, generic, &size) == 0;
  if (socket >= 0) {
    close(socket);
  }
  return bound ? Result<std::uint16_t>(ntohs(address.sin_port)) : std::unexpected(std::string("no free port"));
}

// In the child: nothing but what is safe after a fork.
[[noreturn]] void become_broker(const char* program, const char* port, const char* data_dir, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  constexpr const char* end = nullptr;
  if (*data_dir == '\0') {
    execl(program, program, "serve", "--host", "127.0.0.1", "--port", port, "--engine", "memory", end);
  } else {
    // A machine that runs tests may have less left than the default reserve.
    execl(program, program, "serve", "--host", "127.0.0.1", "--port", port, "--engine", "embedded", "--data-dir",
          data_dir, "--disk-reserve", "0", end);
  }
  constexpr std::string_view message = "the program cannot be run\n";
  if (write(STDERR_FILENO, message.data(), message.size()) < 0) {
    _exit(126);
  }
  _exit(127);
}

// Passes the broker's lines on until it closes its end. Keeps the promise at the line that says it is ready, or with
// false where the end comes first.
void print_lines(int input, std::promise<bool> ready) {
  std::FILE* stream = fdopen(input, "r");
  std::array<char, 4096> line{};
  bool waiting = true;
  while (std::fgets(line.data(), static_cast<int>(line.size()), stream) != nullptr) {
    std::fprintf(stderr, "broker: %s", line.data());
    if (waiting && std::strcmp(line.data(), "Ready.\n") == 0) {
      waiting = false;
      ready.set_value(true);
    }
  }
  if (waiting) {
    ready.set_value(false);
  }
  std::fclose(stream);
}

// The status of a child that ended within the limit; nothing otherwise.
std::optional<int> wait_for(pid_t process, std::chrono::milliseconds limit) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  pollfd watched{.fd = handle, .events = POLLIN, .revents = 0};
  const bool ended = handle >= 0 && poll(&watched, 1, static_cast<int>(limit.count())) == 1;
  if (handle >= 0) {
    close(handle);
  }
  int status = 0;
  return ended && waitpid(process, &status, 0) == process ? std::optional(status) : std::nullopt;
}

}  // namespace

Result<Broker> Broker::start(const std::string& program, const std::string& data_dir) {
  const auto port = free_port();
  if (!port) {
    return std::unexpected(port.error());
  }
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
    return std::unexpected(std::string("pipe: ") + std::strerror(errno));
  }
  const std::string port_text = std::to_string(*port);
  const pid_t process = fork();
  if (process == 0) {
    become_broker(program.c_str(), port_text.c_str(), data_dir.c_str(), pipe_ends[1]);
  }
  close(pipe_ends[1]);
  if (process < 0) {
    close(pipe_ends[0]);
    return std::unexpected(std::string("fork: ") + std::strerror(errno));
  }
  Broker broker(process, Endpoint{"127.0.0.1", *port});
  std::promise<bool> ready;
  std::future<bool> is_ready = ready.get_future();
  broker.printer_ = std::thread(print_lines, pipe_ends[0], std::move(ready));
  if (is_ready.wait_for(start_max) != std::future_status::ready || !is_ready.get()) {
    return std::unexpected(program + " did not become ready");
  }
  return broker;
}

Broker::Broker(Broker&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      endpoint_(std::move(other.endpoint_)),
      printer_(std::move(other.printer_)) {}

Broker::~Broker() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  if (printer_.joinable()) {
    printer_.join();
  }
}

Result<void> Broker::stop() {
  kill(process_, SIGTERM);
  const std::optional<int> status = wait_for(process_, stop_max);
  if (!status) {
    return std::unexpected(std::string("the broker did not stop in time"));
  }
  process_ = -1;
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) {
    return std::unexpected("the broker ended with wait status " + std::to_string(*status));
  }
  return {};
}

}  // namespace millrace::load
