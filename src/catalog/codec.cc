#include "catalog/codec.h"

#include <algorithm>
#include <climits>
#include <utility>

#include "catalog/codec_parts.h"

namespace millrace::catalog {
namespace {

namespace pb = millrace::catalogue;
using codec::Problem;

template <class Message>
Message parse(std::span<const std::byte> bytes, const char* where, Problem& problem) {
  Message message;
  if (bytes.size() > INT_MAX || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    problem.damaged(where);
  }
  return message;
}

// The value that was read, unless there was a problem. A member that this version does not know is not in the value:
// the value would be written otherwise than it was read, and differ from that of whoever knows the member.
template <class Value>
base::Result<Value> checked(Value value, const std::string& written, std::span<const std::byte> read,
                            Problem& problem) {
  if (!std::ranges::equal(std::as_bytes(std::span(written)), read)) problem.newer("a member");
  if (problem.error()) return base::fail(*problem.error());
  return value;
}

}  // namespace

std::string encode(const Command& command) {
  pb::Command message;
  codec::store(command, message);
  return message.SerializeAsString();
}

std::string encode(const State& state) {
  pb::Snapshot message;
  codec::store(state, message);
  return message.SerializeAsString();
}

base::Result<Command> decode_command(std::span<const std::byte> bytes) {
  Problem problem;
  Command command = codec::load(parse<pb::Command>(bytes, "a command", problem), problem);
  const std::string written = encode(command);
  return checked(std::move(command), written, bytes, problem);
}

base::Result<std::shared_ptr<State>> decode_state(std::span<const std::byte> bytes) {
  Problem problem;
  auto state = codec::load(parse<pb::Snapshot>(bytes, "a snapshot", problem), problem);
  return checked(state, encode(*state), bytes, problem);
}

}  // namespace millrace::catalog
