#include "bench/workloads.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <vector>

#include "bench/closed_loop.h"
#include "bench/control.h"
#include "bench/signed_request.h"

namespace millrace::bench {
namespace {

// A few requests a connection, taken in turn: distinct keys and bytes reach the server, and building and hashing
// bodies costs nothing while measuring. Each is patched and signed again for each use unless one signature is kept.
class RequestPool : public Traffic {
 public:
  RequestPool(const Options& options, std::uint32_t connections) : options_(options), turns_(connections) {}

  void add(std::string_view operation, std::string_view body) {
    requests_.emplace_back(options_.endpoint, SignedRequest::Content{operation, content_type(options_.encoding), body});
  }

  std::string_view next(std::uint32_t connection) override {
    const std::size_t a_connection = requests_.size() / turns_.size();
    SignedRequest& request = requests_[connection * a_connection + turns_[connection]++ % a_connection];
    if (options_.sign_each) {
      request.sign(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    }
    return request.bytes();
  }

 protected:
  const Options& options() const { return options_; }

 private:
  const Options& options_;
  std::vector<SignedRequest> requests_;
  std::vector<std::uint32_t> turns_;
};

class PutTraffic : public RequestPool {
 public:
  PutTraffic(const Options& options, std::string_view stream, std::uint32_t connections)
      : RequestPool(options, connections) {
    constexpr std::uint32_t a_connection = 16;
    for (std::uint32_t i = 0; i < connections * a_connection; ++i) {
      add("PutRecord", put_record_body(options.encoding, stream, {random_bytes(options.bytes), random_key()}));
    }
  }

  void judge(std::uint32_t, const Answer& answer, Tally& tally) override {
    if (answer.status != 200) return tally.add_refusal(options().encoding, answer);
    ++tally.records;
  }
};

class PutsTraffic : public RequestPool {
 public:
  PutsTraffic(const Options& options, std::string_view stream, std::uint32_t connections)
      : RequestPool(options, connections) {
    constexpr std::uint32_t a_connection = 4;
    for (std::uint32_t i = 0; i < connections * a_connection; ++i) {
      std::vector<Entry> entries(options.records);
      for (Entry& entry : entries)
        entry = {random_bytes(options.bytes), random_key()};
      add("PutRecords", put_records_body(options.encoding, stream, entries));
    }
  }

  void judge(std::uint32_t, const Answer& answer, Tally& tally) override {
    if (answer.status != 200) return tally.add_refusal(options().encoding, answer);
    const auto failed = failed_records(answer.body);
    if (!failed) return tally.add_error("no FailedRecordCount");
    tally.records += options().records - *failed;
    if (*failed > 0) add_failures(answer.body, *failed, tally);
  }

 private:
  // Servers write the count first or last: the long list between is searched only where neither holds.
  std::optional<std::uint64_t> failed_records(std::string_view body) const {
    constexpr std::size_t edge = 96;
    constexpr std::string_view name = "FailedRecordCount";
    if (const auto found = number_member(options().encoding, body.substr(0, edge), name)) return found;
    if (body.size() > edge) {
      if (const auto found = number_member(options().encoding, body.substr(body.size() - edge), name)) return found;
    }
    return number_member(options().encoding, body, name);
  }

  void add_failures(std::string_view body, std::uint64_t failed, Tally& tally) const {
    const auto type = text_member(options().encoding, body, "ErrorCode");
    tally.add_error(type.value_or("failed entry without an ErrorCode"), failed);
  }
};

// Always the same page: each connection reads one shard from the iterator that it was given.
class GetTraffic : public RequestPool {
 public:
  GetTraffic(const Options& options, const std::vector<std::string>& iterators, std::uint32_t first,
             std::uint32_t connections)
      : RequestPool(options, connections), whole_sizes_(connections) {
    for (std::uint32_t i = 0; i < connections; ++i) {
      add("GetRecords", get_records_body(options.encoding, iterators[(first + i) % iterators.size()], options.records));
    }
  }

  void judge(std::uint32_t connection, const Answer& answer, Tally& tally) override {
    if (answer.status != 200) return tally.add_refusal(options().encoding, answer);
    // Counting 1,000 records in every page of 1.5 MB would make the generator the slower side. The first page of a
    // connection is counted; later ones may differ from it by the digits of a number and no more.
    constexpr std::size_t slack = 64;
    std::size_t& whole_size = whole_sizes_[connection];
    if (whole_size == 0 && count_members(options().encoding, answer.body, "Data") == options().records) {
      whole_size = answer.body.size();
    }
    if (whole_size == 0 || answer.body.size() + slack < whole_size) return tally.add_error("short page");
    tally.records += options().records;
  }

 private:
  std::vector<std::size_t> whole_sizes_;
};

Result<Measurement> run_get(const Options& options, TemporaryStream& stream) {
  if (const auto filled = stream.fill(options.records, options.bytes); !filled) return std::unexpected(filled.error());
  std::vector<std::string> iterators;
  for (std::uint32_t i = 0; i < stream.shards(); ++i) {
    auto iterator = stream.iterator(i, "TRIM_HORIZON");
    if (!iterator) return std::unexpected(iterator.error());
    iterators.push_back(std::move(*iterator));
  }
  return run_gets_at(options, iterators);
}

template <class PutKind>
Result<Measurement> run_puts(const Options& options, const std::string& stream) {
  return run_closed_loop(options, [&](std::uint32_t, std::uint32_t connections) {
    return std::make_unique<PutKind>(options, stream, connections);
  });
}

}  // namespace

Result<Measurement> run_puts_into(const Options& options, const std::string& stream) {
  return options.workload == "put" ? run_puts<PutTraffic>(options, stream) : run_puts<PutsTraffic>(options, stream);
}

Result<Measurement> run_gets_at(const Options& options, const std::vector<std::string>& iterators) {
  return run_closed_loop(options, [&](std::uint32_t first, std::uint32_t connections) {
    return std::make_unique<GetTraffic>(options, iterators, first, connections);
  });
}

Result<Measurement> run_workload(const Options& options) {
  if (options.workload == "echo") return run_puts<PutTraffic>(options, "bench-echo");
  if (options.workload == "visible") return run_visible(options);
  if (options.workload != "put" && options.workload != "puts" && options.workload != "get") {
    return std::unexpected(fmt::format("no workload is called '{}'", options.workload));
  }
  const auto stream = TemporaryStream::create(options.endpoint, options.workload, options.shards);
  if (!stream) return std::unexpected(stream.error());
  auto result = options.workload == "get" ? run_get(options, **stream) : run_puts_into(options, (*stream)->name());
  if (!result) return result;
  if (const auto removed = (*stream)->remove(); !removed) return std::unexpected(removed.error());
  return result;
}

}  // namespace millrace::bench
