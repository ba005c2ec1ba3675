#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "io/file.h"
#include "io/loop.h"
#include "io/random.h"
#include "io/socket.h"

namespace millrace::io {

// The real side of the seams: Asio loops on threads of their own, the machine's clocks, files and sockets.

// A loop that runs on a thread it starts. stop() lets the running task end, then joins; tasks and timers left are
// destroyed. Sockets and listeners of a loop go before it does.
class ThreadLoop : public Loop {
 public:
  virtual void stop() = 0;
};

// Who goes first where there are more threads to run than processors.
enum class ThreadPriority : std::uint8_t {
  normal,
  background,  // behind the others: for work in bulk that somebody waits for, but nobody for each piece of it
};
std::unique_ptr<ThreadLoop> start_thread_loop(std::string thread_name,
                                              ThreadPriority priority = ThreadPriority::normal);

std::unique_ptr<Network> system_network();
std::unique_ptr<FileSystem> system_files();

}  // namespace millrace::io
