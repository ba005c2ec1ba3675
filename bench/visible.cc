#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "bench/closed_loop.h"
#include "bench/control.h"
#include "bench/workloads.h"

namespace millrace::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t nanoseconds(Clock::time_point time) {
  return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

// What a record of this workload begins with. Producer and reader are one process, so one clock.
struct Stamp {
  std::int64_t due;
  std::int64_t sent;
  std::uint64_t number;
};

struct Plan {
  Clock::time_point begin;     // of the first record
  Clock::time_point measured;  // records due before this are the warm-up
  std::uint64_t records;
  Clock::duration interval;
};

// The producer's half. Sends what is due, late rather than never.
class Producer {
 public:
  Producer(const Options& options, const std::string& stream, Control control, const Plan& plan)
      : options_(options), stream_(stream), control_(std::move(control)), plan_(plan) {}

  void run() {
    // The default slack of 50 us would be a part of what is measured.
    prctl(PR_SET_TIMERSLACK, 1);
    const std::string padding =
        random_bytes(static_cast<std::uint32_t>(std::max<std::size_t>(options_.bytes, sizeof(Stamp)) - sizeof(Stamp)));
    for (std::uint64_t i = 0; i < plan_.records; ++i) {
      const Clock::time_point due = plan_.begin + plan_.interval * i;
      std::this_thread::sleep_until(due);
      const Clock::time_point sent = Clock::now();
      const Stamp stamp{.due = nanoseconds(due), .sent = nanoseconds(sent), .number = i};
      std::string data(sizeof stamp, '\0');
      std::memcpy(data.data(), &stamp, sizeof stamp);
      const auto answer = control_.call("PutRecord", options_.encoding,
                                        put_record_body(options_.encoding, stream_, {data + padding, random_key()}));
      if (!answer) {
        tally_.add_error(answer.error());
        return;
      }
      if (due < plan_.measured) continue;
      ++tally_.requests;
      put_latency_.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - sent).count()));
    }
  }

  const Tally& tally() const { return tally_; }
  const Histogram& put_latency() const { return put_latency_; }

 private:
  const Options& options_;
  const std::string& stream_;
  Control control_;
  const Plan& plan_;
  Tally tally_;
  Histogram put_latency_;
};

// The reader's half: polls until it has seen every record, or nothing more came for five seconds.
class Reader {
 public:
  Reader(const Options& options, Control control, std::string iterator, const Plan& plan)
      : options_(options), control_(std::move(control)), iterator_(std::move(iterator)), plan_(plan) {}

  void run() {
    const Clock::time_point limit = plan_.begin + plan_.interval * plan_.records + std::chrono::seconds(5);
    while (expected_ < plan_.records) {
      const auto body =
          control_.call("GetRecords", options_.encoding, get_records_body(options_.encoding, iterator_, 10'000));
      const Clock::time_point received = Clock::now();
      if (!body) return tally_.add_error(body.error());
      ++polls_;
      take(*body, received);
      const auto next = text_member(options_.encoding, *body, "NextShardIterator");
      if (!next) return tally_.add_error("no NextShardIterator");
      iterator_ = *next;
      if (received > limit) return tally_.add_error("records missing", plan_.records - expected_);
    }
  }

  const Tally& tally() const { return tally_; }
  const Histogram& from_due() const { return from_due_; }
  std::uint64_t polls() const { return polls_; }

 private:
  void take(std::string_view body, Clock::time_point received) {
    std::size_t at = 0;
    while (const auto data = next_data(options_.encoding, body, at)) {
      Stamp stamp{};
      if (data->size() < sizeof stamp) return tally_.add_error("foreign record");
      std::memcpy(&stamp, data->data(), sizeof stamp);
      if (stamp.number != expected_) tally_.add_error("record out of order, lost or twice");
      expected_ = stamp.number + 1;
      if (stamp.due < nanoseconds(plan_.measured)) continue;
      ++tally_.records;
      tally_.latency.add(static_cast<std::uint64_t>(nanoseconds(received) - stamp.sent));
      from_due_.add(static_cast<std::uint64_t>(nanoseconds(received) - stamp.due));
    }
  }

  const Options& options_;
  Control control_;
  std::string iterator_;
  const Plan& plan_;
  std::uint64_t expected_ = 0;
  std::uint64_t polls_ = 0;
  Tally tally_;
  Histogram from_due_;
};

Plan make_plan(const Options& options) {
  const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / options.rate));
  const auto records = static_cast<std::uint64_t>((options.warm_up + options.seconds) * options.rate);
  const Clock::time_point begin = Clock::now() + std::chrono::milliseconds(20);
  const auto warm_up = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.warm_up));
  return {.begin = begin,
          .measured = begin + warm_up,
          .records = std::max(records, std::uint64_t{1}),
          .interval = interval};
}

}  // namespace

Result<Measurement> run_visible(const Options& options) {
  const auto stream = TemporaryStream::create(options.endpoint, options.workload, 1);
  if (!stream) return std::unexpected(stream.error());
  const auto iterator = (*stream)->iterator(0, "LATEST");
  if (!iterator) return std::unexpected(iterator.error());
  auto to_put = Control::open(options.endpoint);
  if (!to_put) return std::unexpected(to_put.error());
  auto to_read = Control::open(options.endpoint);
  if (!to_read) return std::unexpected(to_read.error());

  Measurement result;
  result.options = options;
  result.options.connections = 2;
  result.options.threads = 2;
  result.options.records = 1;
  result.options.shards = 1;
  result.options.sign_each = true;
  const Plan plan = make_plan(options);
  Producer producer(options, (*stream)->name(), std::move(*to_put), plan);
  Reader reader(options, std::move(*to_read), *iterator, plan);
  Result<CpuTime> before;
  double own_before = 0;
  {
    const std::jthread reading([&reader] { reader.run(); });
    const std::jthread producing([&producer] { producer.run(); });
    std::this_thread::sleep_until(plan.measured);
    if (options.server != 0) before = cpu_time(options.server);
    own_before = own_cpu_us();
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - plan.measured).count();
  result.generator_cpu_us = own_cpu_us() - own_before;
  if (options.server != 0) {
    const auto after = cpu_time(options.server);
    if (!before || !after) return std::unexpected(before ? after.error() : before.error());
    result.server_counted = true;
    result.server_before = *before;
    result.server_after = *after;
  }
  result.tally = reader.tally();
  result.tally.merge(producer.tally());
  result.further.emplace("put", producer.put_latency());
  result.further.emplace("visible_from_due", reader.from_due());
  if (const auto removed = (*stream)->remove(); !removed) return std::unexpected(removed.error());
  return result;
}

}  // namespace millrace::bench
