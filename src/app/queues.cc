#include "app/queues.h"

#include <fmt/format.h>

#include <iterator>

#include "app/units.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "catalog/catalog.h"
#include "catalog/history.h"
#include "coordinator/coordinator.h"
#include "coordinator/fan_out.h"
#include "gateway/callers.h"
#include "http/body_buffers.h"
#include "http/body_gate.h"
#include "http/chunk_decoder.h"
#include "http/connection.h"
#include "http/server.h"
#include "http/service.h"
#include "io/socket.h"
#include "limits/recent_calls.h"
#include "log/block_fifo.h"
#include "log/segment/committer.h"
#include "shard/shard.h"
#include "shard/tail_cache.h"

namespace millrace::app {
namespace {

using shard::Shard;

constexpr http::Limits limits;

constexpr QueueRow rows[] = {
    // ---- Connections and requests
    {.name = "listener backlog",
     .maximum = io::backlog_max,
     .unit = "connections that are not accepted yet, a port; at most net.core.somaxconn",
     .when_full = "the kernel leaves further ones without an answer, and the client's kernel asks again",
     .whom = "whoever connects"},
    {.name = "connections",
     .maximum = limits.connections_max,
     .unit = "open connections",
     .when_full = "503, and the connection is closed",
     .whom = "whoever connects",
     .option = "connections-max",
     .metric = "millrace_http_connections"},
    {.name = "refused connections",
     .maximum = http::refusals_max,
     .unit = "connections over the maximum that are being told so",
     .when_full = "further ones are closed without a word",
     .whom = "whoever connects",
     .metric = "millrace_http_connections"},
    {.name = "request heads",
     .maximum = limits.head_bytes_max,
     .unit = "bytes a head, and of the trailers of a chunked body",
     .when_full = "431, and the connection is closed",
     .whom = "the client"},
    {.name = "request headers",
     .maximum = limits.headers_max,
     .unit = "headers a request",
     .when_full = "431, and the connection is closed",
     .whom = "the client"},
    {.name = "request bodies",
     .maximum = limits.body_bytes_max,
     .unit = "bytes a body",
     .when_full = "413, and the connection is closed",
     .whom = "the client",
     .option = "body-max"},
    {.name = "chunk lines",
     .maximum = http::chunk_line_bytes_max,
     .unit = "bytes of the line that begins a chunk",
     .when_full = "431, and the connection is closed",
     .whom = "the client"},
    {.name = "requests of a connection",
     .maximum = http::requests_in_flight_max,
     .unit = "request a connection with the service",
     .when_full = "those sent behind it wait, in the order sent",
     .whom = "clients that pipeline"},
    {.name = "read buffer",
     .maximum = http::read_buffer_bytes,
     .unit = "bytes read ahead, a connection",
     .when_full = "the socket is not read, so the rest stays with the client",
     .whom = "clients that pipeline"},
    {.name = "body waiters",
     .maximum = http::body_waiters_max,
     .unit = "connections that wait for memory for a body, for small and for large ones each",
     .when_full = "503, and the connection is closed",
     .whom = "clients with a body to send",
     .metric = "millrace_http_bodies_waiting"},
    {.name = "kept body buffers",
     .maximum = http::BodyBuffers::kept_bytes_max,
     .unit = "bytes a thread",
     .when_full = "further ones go back to the system",
     .whom = "nobody"},
    {.name = "streamed answers",
     .maximum = http::stream_buffered_max,
     .unit = "bytes a stream that its reader has not taken",
     .when_full = "the writer is held until half of them are taken",
     .whom = "slow readers, who get what follows later"},
    {.name = "loop tasks",
     .maximum = limits.connections_max,
     .unit = "answers that other threads leave at a thread's loop: one a connection",
     .when_full = "no further one can come, since each connection has one request",
     .whom = "nobody",
     .option = "connections-max"},
    {.name = "timers",
     .maximum = http::timers_a_connection_max,
     .unit = "timers a connection",
     .when_full = "no further one is set: a deadline that moves keeps its timer",
     .whom = "nobody"},
    // ---- Shards
    {.name = "shard inbox",
     .maximum = Shard::appends_queued_max + Shard::reads_queued_max,
     .unit = "messages a shard",
     .when_full = "as for shard appends and shard reads, which it is made of",
     .whom = "producers and consumers"},
    {.name = "shard appends",
     .maximum = Shard::appends_queued_max,
     .unit = "blocks a shard that wait or are being committed",
     .when_full =
         "PutRecord: ProvisionedThroughputExceededException; PutRecords: the same for every entry of that shard",
     .whom = "producers, whose SDK tries again",
     .metric = "millrace_appends_queued"},
    {.name = "shard reads",
     .maximum = Shard::reads_queued_max,
     .unit = "reads a shard that wait for it or its engine",
     .when_full = "GetRecords and GetShardIterator: ProvisionedThroughputExceededException",
     .whom = "consumers, whose SDK tries again",
     .metric = "millrace_reads_queued"},
    {.name = "shard commits",
     .maximum = Shard::commits_in_flight_max,
     .unit = "commits a shard",
     .when_full = "blocks gather in the shard's appends and are joined",
     .whom = "nobody"},
    {.name = "joined blocks",
     .maximum = Shard::joined_bytes_max,
     .unit = "bytes of small blocks in one commit",
     .when_full = "the rest makes the next commit",
     .whom = "nobody"},
    {.name = "tail cache",
     .maximum = shard::TailCache::percent_of_log_share,
     .unit = "percent of the memory share log, over all shards; all of it where the engine keeps its blocks on disk",
     .when_full = "the oldest block is forgotten, and readers who are that far behind read from the engine",
     .whom = "nobody",
     .metric = "millrace_tail_cache_bytes"},
    {.name = "block places",
     .maximum = log::BlockFifo::stale_places_min,
     .unit = "places of blocks that are gone, beyond as many as there are blocks",
     .when_full = "they are forgotten",
     .whom = "nobody"},
    {.name = "engine commits",
     .maximum = log::segment::Committer::commit_bytes_max,
     .unit = "bytes of blocks in one commit of the embedded engine, over all shards",
     .when_full = "the rest makes the next commit",
     .whom = "nobody"},
    // ---- Streams and the catalogue
    {.name = "control operations",
     .maximum = coordinator::Coordinator::operations_max,
     .unit = "operations that change streams",
     .when_full = "LimitExceededException",
     .whom = "whoever manages streams",
     .metric = "millrace_control_operations"},
    {.name = "engine calls of an operation",
     .maximum = coordinator::parallel_calls_max,
     .unit = "calls at once for one operation, one a shard",
     .when_full = "the shards that are left wait for their turn",
     .whom = "whoever manages streams"},
    {.name = "catalogue proposals",
     .maximum = catalog::Catalog::proposals_max,
     .unit = "commands whose outcome is waited for",
     .when_full = "LimitExceededException",
     .whom = "whoever manages streams; control operations are full before",
     .metric = "millrace_catalogue_proposals"},
    {.name = "catalogue log",
     .maximum = catalog::CatalogOptions{}.commands_per_snapshot,
     .unit = "commands since the last snapshot",
     .when_full = "a snapshot is saved, and the log before it is dropped",
     .whom = "nobody"},
    {.name = "remembered commands",
     .maximum = catalog::History::recent_ids_max,
     .unit = "ids of commands",
     .when_full = "the oldest is forgotten",
     .whom = "nobody"},
    {.name = "remembered streams",
     .maximum = catalog::History::removed_max,
     .unit = "names of removed streams",
     .when_full = "the oldest is forgotten, and its creation time holds for every other name",
     .whom = "nobody"},
    // ---- Callers
    {.name = "callers",
     .maximum = gateway::Callers::callers_max,
     .unit = "accounts, in each region, that are remembered",
     .when_full = "the one that was not used for the longest time is forgotten, and what it has called of late with it",
     .whom = "nobody"},
    {.name = "recent subscriptions",
     .maximum = limits::RecentCalls::names_max,
     .unit = "pairs of a consumer and a shard that were subscribed to within a second, a stream with strict limits",
     .when_full = "LimitExceededException",
     .whom = "consumers, whose SDK tries again"},
    // ---- The log for operators
    {.name = "limited log lines",
     .maximum = base::log::repeat_keys_max,
     .unit = "kinds of lines whose repeats are told apart",
     .when_full = "further kinds share one limit",
     .whom = "operators"},
};

// "200 headers a request", "16MiB a body".
std::string maximum_of(const QueueRow& row) {
  constexpr std::string_view bytes = "bytes";
  if (!row.unit.starts_with(bytes)) return fmt::format("{} {}", row.maximum, row.unit);
  return fmt::format("{}{}", show_size(row.maximum), row.unit.substr(bytes.size()));
}

}  // namespace

std::span<const QueueRow> queue_rows() {
  return rows;
}

std::string queues_page(std::span<const QueueRow> table) {
  std::string out =
      "# Queues\n\n"
      "<!-- Written by the build target `queues_page` from the table in src/app/queues.cc; a test compares them. "
      "-->\n\n"
      "Every queue and buffer of the broker has a maximum, and a full one is an answer to whoever fills it, never "
      "growth.\n"
      "A test fills each of them to its maximum, sees that answer, and sees it work again once there is room "
      "(`tests/queues`).\n"
      "Bytes are counted beside that by share of `--memory-max`; [Options](options.md) has the shares and what happens "
      "when one is full.\n\n"
      "| queue | maximum | when it is full | who meets it | option | metric |\n"
      "| --- | --- | --- | --- | --- | --- |\n";
  for (const QueueRow& row : table) {
    const auto code = [](std::string_view text, std::string_view before) {
      return text.empty() ? std::string("-") : fmt::format("`{}{}`", before, text);
    };
    fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} | {} |\n", row.name, maximum_of(row),
                   row.when_full, row.whom, code(row.option, "--"), code(row.metric, ""));
  }
  return out;
}

}  // namespace millrace::app
