#pragma once

#include <algorithm>
#include <climits>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "catalog/command.h"
#include "catalog/state.h"
#include "catalogue.pb.h"

// What commands and snapshots have in common on disk. Only the codec's own files include it.
namespace millrace::catalog::codec {

namespace pb = millrace::catalogue;

// The first thing that was wrong with what is being read. Reading goes on past it and the result is thrown away, so
// that the functions below stay plain.
class Problem {
 public:
  void newer(const char* where) {
    note(base::Errc::bad_config, std::string("the catalogue was written by a newer version of Millrace (") + where +
                                     "); start that version, or a newer one");
  }
  void damaged(const char* where) {
    note(base::Errc::data_loss, std::string("the catalogue cannot be read (") + where + ")");
  }
  const std::optional<base::Error>& error() const { return error_; }

 private:
  void note(base::Errc code, std::string message) {
    if (!error_) error_.emplace(code, std::move(message));
  }
  std::optional<base::Error> error_;
};

// Enumerations; the stored values are those of the .proto file.
pb::StreamStatus stored(StreamStatus value);
pb::StreamMode stored(StreamMode value);
pb::RecordDistribution stored(RecordDistribution value);
pb::ConsumerStatus stored(ConsumerStatus value);
pb::ReshardCause stored(ReshardCause value);
pb::CommitmentStatus stored(Commitment::Status value);
StreamStatus loaded(pb::StreamStatus value, Problem& problem);
StreamMode loaded(pb::StreamMode value, Problem& problem);
RecordDistribution loaded(pb::RecordDistribution value, Problem& problem);
ConsumerStatus loaded(pb::ConsumerStatus value, Problem& problem);
ReshardCause loaded(pb::ReshardCause value, Problem& problem);
Commitment::Status loaded(pb::CommitmentStatus value, Problem& problem);

CommandId load_id(std::string_view bytes, Problem& problem);
std::string_view text_of(const CommandId& id);

using Tags = std::map<std::string, std::string>;
template <class To>
void store_tags(const Tags& tags, To* to) {
  for (const auto& [key, value] : tags) {
    pb::Tag* tag = to->Add();
    tag->set_key(key);
    tag->set_value(value);
  }
}
template <class From>
Tags load_tags(const From& from, Problem& problem) {
  Tags tags;
  for (const pb::Tag& tag : from) {
    if (!tags.empty() && tag.key() <= tags.rbegin()->first) problem.damaged("the order of tags");
    tags.emplace_hint(tags.end(), tag.key(), tag.value());
  }
  return tags;
}

// Any message that says of which account and region something is.
template <class To>
void store_place(const Place& from, To& to) {
  to.set_account(from.account);
  to.set_region(from.region);
}
template <class From>
Place load_place(const From& from) {
  return {from.account(), from.region()};
}

void store(const State& from, pb::Snapshot& to);
std::shared_ptr<State> load(const pb::Snapshot& from, Problem& problem);
void store(const Command& from, pb::Command& to);
Command load(const pb::Command& from, Problem& problem);

}  // namespace millrace::catalog::codec
