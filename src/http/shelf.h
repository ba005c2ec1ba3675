#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "base/memory_budget.h"
#include "base/metrics.h"
#include "http/answer.h"
#include "http/body_buffers.h"
#include "http/body_gate.h"
#include "http/server.h"
#include "http/service.h"
#include "io/clock.h"
#include "io/loop.h"

namespace millrace::http {

class Connection;

// What all connections of one server share. Outlives the server where a reply is still owed.
struct Front {
  Front(Limits l, Service& s, const io::WallClock& c, base::MemoryBudget& b)
      : limits(l), service(s), clock(c), budget(b), gate(b, l.stall_under_pressure) {}

  const Limits limits;
  Service& service;
  const io::WallClock& clock;
  base::MemoryBudget& budget;
  BodyGate gate;

  std::atomic<bool> stopping{false};
  // Connections that are open, those that are being refused included.
  std::atomic<std::size_t> open{0};

  // A connection ended.
  void close_one();
  // Blocks until no connection is open.
  void wait_until_empty();

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
};

// The counters of one loop's connections: no two loops write to the same.
struct Tally {
  Tally(base::Metrics& metrics, std::size_t loop);

  base::Counter& accepted;
  base::Counter& bytes_in;
  base::Counter& bytes_out;
  base::Counter& idle_timeouts;
  base::Counter& head_timeouts;
  base::Counter& body_timeouts;
  base::Counter& write_timeouts;
  base::Counter& stalled_bodies_cut;
  std::map<std::uint16_t, base::Counter*> refused;  // by status
};

// The connections of one loop, and what they share. Used on that loop, but for `open`.
struct Shelf {
  Shelf(std::shared_ptr<Front> f, io::Loop& l, base::Metrics& metrics, std::size_t index)
      : front(std::move(f)), loop(l), date(front->clock), buffers(front->budget), tally(metrics, index) {}

  std::shared_ptr<Front> front;
  io::Loop& loop;
  DateLine date;
  BodyBuffers buffers;
  Tally tally;
  std::list<std::shared_ptr<Connection>> connections;
  // Connections here or on their way here; what placement compares.
  std::atomic<std::size_t> open{0};
};

}  // namespace millrace::http
