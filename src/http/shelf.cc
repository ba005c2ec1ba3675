#include "http/shelf.h"

#include <initializer_list>
#include <string>

namespace millrace::http {
namespace {

std::string of_loop(std::size_t loop, const std::string& further = {}) {
  return "loop=\"" + std::to_string(loop) + "\"" + (further.empty() ? "" : "," + further);
}

base::Counter& timeouts(base::Metrics& metrics, std::size_t loop, const std::string& kind) {
  return metrics.add_counter("millrace_http_timeouts_total", "Connections ended by a time-out, by what was waited for.",
                             of_loop(loop, "waited_for=\"" + kind + "\""));
}

}  // namespace

void Front::close_one() {
  if (open.fetch_sub(1) != 1 || !stopping.load()) return;
  const std::lock_guard lock(mutex_);
  empty_.notify_all();
}

void Front::wait_until_empty() {
  std::unique_lock lock(mutex_);
  empty_.wait(lock, [this] { return open.load() == 0; });
}

Tally::Tally(base::Metrics& metrics, std::size_t loop)
    : accepted(metrics.add_counter("millrace_http_connections_accepted_total", "Connections accepted.", of_loop(loop))),
      bytes_in(metrics.add_counter("millrace_http_received_bytes_total", "Bytes received.", of_loop(loop))),
      bytes_out(metrics.add_counter("millrace_http_sent_bytes_total", "Bytes handed to the system for sending.",
                                    of_loop(loop))),
      idle_timeouts(timeouts(metrics, loop, "request")),
      head_timeouts(timeouts(metrics, loop, "head")),
      body_timeouts(timeouts(metrics, loop, "body")),
      write_timeouts(timeouts(metrics, loop, "reader")),
      stalled_bodies_cut(metrics.add_counter("millrace_http_stalled_bodies_cut_total",
                                             "Bodies that stood still while others waited for memory, cut.",
                                             of_loop(loop))) {
  for (const std::uint16_t status : std::initializer_list<std::uint16_t>{400, 408, 413, 431, 503}) {
    refused[status] =
        &metrics.add_counter("millrace_http_refused_total", "Requests refused before they became one, by status.",
                             of_loop(loop, "status=\"" + std::to_string(status) + "\""));
  }
}

}  // namespace millrace::http
