#include "workload.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "kinesis.h"
#include "ledger.h"

namespace millrace::load {

namespace {

constexpr std::chrono::seconds stall_max{20};

// One shard as its readers see it.
struct ShardView {
  std::string shard;
  std::string first_iterator;  // taken before the first write
  Digest tailed;
  std::uint64_t empty_looks = 0;
};

void write(const Workload& workload, const Endpoint& endpoint, const std::string& stream, std::uint32_t writer,
           Ledger& ledger) {
  auto client = Client::open(endpoint);
  if (!client) {
    return ledger.fault("writer " + std::to_string(writer) + ": " + client.error());
  }
  const std::uint64_t share = workload.records / workload.writers + (writer < workload.records % workload.writers);
  std::array<std::uint64_t, keys_per_writer> counts{};
  std::vector<Mark> marks;
  for (std::uint64_t written = 0; written < share && ledger.faults().empty(); written += marks.size()) {
    marks.clear();
    for (std::uint64_t i = written; i < share && marks.size() < workload.batch; ++i) {
      const auto key = static_cast<std::uint32_t>(i * 7 % keys_per_writer);
      marks.push_back({.writer = writer, .key = key, .count = counts[key]++});
    }
    std::size_t position = 0;
    const auto note = [&](const Acknowledgement& answer) {
      ledger.acknowledged(marks[position++], answer.sequence_number);
    };
    const auto done = workload.batch == 1 ? client->put_record(stream, marks.front(), note)
                                          : client->put_records(stream, marks, note);
    if (!done) {
      return ledger.fault("writer " + std::to_string(writer) + ": " + done.error());
    }
  }
  ledger.writer_done();
}

// Polls without a pause; after `stop` it looks once more, for what should not be there.
void tail(const Endpoint& endpoint, ShardView& view, const std::atomic<bool>& stop, Ledger& ledger) {
  auto client = Client::open(endpoint);
  if (!client) {
    return ledger.fault(view.shard + ": " + client.error());
  }
  std::string iterator = view.first_iterator;
  std::string last_number;
  while (true) {
    const bool last_look = stop;
    const auto page = client->get_records(iterator, [&](const Record& record) {
      if (record.sequence_number.size() < last_number.size() || record.sequence_number <= last_number) {
        ledger.fault(view.shard + ": number " + std::string(record.sequence_number) + " behind " + last_number);
      }
      last_number = record.sequence_number;
      view.tailed.add(record);
      ledger.read(record);
    });
    if (!page) {
      return ledger.fault(view.shard + ": " + page.error());
    }
    iterator = page->next_iterator;
    view.empty_looks += page->records == 0;
    if (page->records == 0 && last_look) {
      return;
    }
  }
}

// A second reader, from the oldest record: it must find what the tailing one found.
void reread(const Endpoint& endpoint, const std::string& stream, const ShardView& view, Ledger& ledger) {
  auto client = Client::open(endpoint);
  auto iterator = client ? client->iterator(stream, view.shard, "TRIM_HORIZON") : std::unexpected(client.error());
  Digest digest;
  while (iterator) {
    const auto page = client->get_records(*iterator, [&](const Record& record) { digest.add(record); });
    if (page && page->records == 0 && page->millis_behind_latest == 0) {
      break;
    }
    iterator = page ? Result<std::string>(page->next_iterator) : std::unexpected(page.error());
  }
  if (!iterator) {
    return ledger.fault(view.shard + ", read again: " + iterator.error());
  }
  if (digest != view.tailed) {
    ledger.fault(view.shard + ": " + std::to_string(view.tailed.count()) + " records while they came, " +
                 std::to_string(digest.count()) + " when read again, or others");
  }
}

// Every other reader starts at LATEST of the empty shard, which must be the same place as its TRIM_HORIZON.
Result<std::vector<ShardView>> views_of(Client& client, const std::string& stream) {
  const auto shards = client.list_shards(stream);
  if (!shards) {
    return std::unexpected(shards.error());
  }
  std::vector<ShardView> views;
  for (const std::string& shard : *shards) {
    const auto iterator = client.iterator(stream, shard, views.size() % 2 == 0 ? "LATEST" : "TRIM_HORIZON");
    if (!iterator) {
      return std::unexpected(iterator.error());
    }
    views.push_back({.shard = shard, .first_iterator = *iterator, .tailed = {}});
  }
  return views;
}

void run_threads(const Workload& workload, const Endpoint& endpoint, const std::string& stream,
                 std::vector<ShardView>& views, Ledger& ledger) {
  std::atomic<bool> stop = false;
  std::vector<std::jthread> readers;
  for (ShardView& view : views) {
    readers.emplace_back([&] { tail(endpoint, view, stop, ledger); });
  }
  std::vector<std::jthread> writers;
  for (std::uint32_t writer = 0; writer < workload.writers; ++writer) {
    writers.emplace_back([&, writer] { write(workload, endpoint, stream, writer, ledger); });
  }
  ledger.wait_until_read(stall_max);
  stop = true;
}

bool report(const Workload& workload, const Ledger& ledger, const std::vector<ShardView>& views, double seconds) {
  std::vector<std::string> faults = ledger.faults();
  if (ledger.acknowledged_count() != workload.records || ledger.read_count() != workload.records) {
    faults.push_back(std::to_string(ledger.acknowledged_count()) + " acknowledged and " +
                     std::to_string(ledger.read_count()) + " read of " + std::to_string(workload.records));
  }
  if (!ledger.same_numbers()) {
    faults.emplace_back("the sequence numbers read are not the acknowledged ones");
  }
  for (const std::string& fault : faults) {
    std::printf("  FAULT: %s\n", fault.c_str());
  }
  std::uint64_t empty_looks = 0;
  for (const ShardView& view : views) {
    empty_looks += view.empty_looks;
  }
  const double rate = static_cast<double>(ledger.acknowledged_count()) / std::max(seconds, 1e-6);
  std::printf("  %s: %lu records in %.1f s (%.0f a second), %lu looks at the tip found nothing new\n",
              faults.empty() ? "passed" : "FAILED", ledger.read_count(), seconds, rate, empty_looks);
  std::fflush(stdout);
  return faults.empty();
}

}  // namespace

bool run(const Workload& workload, const Endpoint& endpoint) {
  std::printf("%s, %lu records\n", workload.name.c_str(), workload.records);
  std::fflush(stdout);
  static int runs = 0;
  const std::string stream = "load-" + std::to_string(getpid()) + "-" + std::to_string(++runs);
  auto client = Client::open(endpoint);
  const auto created = client ? client->create_stream(stream, workload.shards) : std::unexpected(client.error());
  auto views = created ? views_of(*client, stream) : std::unexpected(created.error());
  if (!views) {
    std::printf("  FAULT: %s\n", views.error().c_str());
    return false;
  }
  Ledger ledger(workload.writers);
  if (std::cmp_not_equal(views->size(), workload.shards)) {
    ledger.fault(std::to_string(views->size()) + " shards");
  }
  const auto started = std::chrono::steady_clock::now();
  run_threads(workload, endpoint, stream, *views, ledger);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  for (const ShardView& view : *views) {
    reread(endpoint, stream, view, ledger);
  }
  if (const auto deleted = client->delete_stream(stream); !deleted) {
    ledger.fault(deleted.error());
  }
  return report(workload, ledger, *views, taken.count());
}

}  // namespace millrace::load
