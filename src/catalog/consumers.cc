// Consumers, and what streams and consumers both have: tags and policies.
#include <algorithm>

#include "catalog/rules.h"

namespace millrace::catalog::rules {
namespace {

using base::Errc;
using base::Error;

// The consumer that is meant, or null where there is none of that second.
const Consumer* consumer_of(const Stream& stream, const ConsumerRef& ref) {
  const auto found = stream.consumers.find(ref.name);
  return found == stream.consumers.end() || found->second.created_s != ref.created_s ? nullptr : &found->second;
}
Refusal no_such_consumer() {
  return Error(Errc::not_found, "consumer");
}

// What of tags and policies is the same for both.
struct Target {
  const std::map<std::string, std::string>* tags = nullptr;
  const std::string* policy = nullptr;
  bool is_active_consumer = false;
};

template <class Command>
Refusal find_target(const State& state, const Command& command, Target& target) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (!is_settled(*stream)) return guard("status");
  if (command.consumer.name.empty()) {
    target = {.tags = &stream->tags, .policy = &stream->policy};
    return {};
  }
  const Consumer* consumer = consumer_of(*stream, command.consumer);
  if (consumer == nullptr) return no_such_consumer();
  target = {.tags = &consumer->tags,
            .policy = &consumer->policy,
            .is_active_consumer = consumer->status == ConsumerStatus::active};
  return {};
}

// Changes the stream, or its consumer.
template <class Command, class Change>
StreamPtr replace_target(State& state, const Command& command, Change change) {
  return replace(state, command.stream, [&](Stream& stream) {
    if (command.consumer.name.empty()) {
      change(stream);
    } else {
      change(stream.consumers.find(command.consumer.name)->second);
    }
  });
}

Refusal check_status(const State& state, const StreamKey& key, std::uint64_t uid, const ConsumerRef& ref,
                     std::initializer_list<ConsumerStatus> allowed) {
  const auto* found = state.find(key);
  if (found == nullptr || (*found)->uid != uid) return no_such_stream();
  const Consumer* consumer = consumer_of(**found, ref);
  if (consumer == nullptr) return no_such_consumer();
  if (std::ranges::find(allowed, consumer->status) == allowed.end()) return guard("consumer_status");
  return {};
}

}  // namespace

Refusal check(const State& state, const AddTags& command, std::int64_t) {
  Target target;
  if (auto refused = find_target(state, command, target)) return refused;
  std::size_t count = target.tags->size();
  for (const auto& [key, value] : command.tags)
    count += target.tags->contains(key) ? 0 : 1;
  if (count > command.tags_max) return guard("tags");
  return {};
}

Refusal check(const State& state, const RemoveTags& command, std::int64_t) {
  Target target;
  return find_target(state, command, target);
}

Refusal check(const State& state, const SetPolicy& command, std::int64_t) {
  Target target;
  if (auto refused = find_target(state, command, target)) return refused;
  if (command.policy.empty() && target.policy->empty()) return guard("policy");
  if (!command.consumer.name.empty() && !target.is_active_consumer) return guard("consumer_status");
  return {};
}

Refusal check(const State& state, const RegisterConsumer& command, std::int64_t) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (!is_settled(*stream)) return guard("status");
  if (stream->consumers.contains(command.name)) return Error(Errc::exists, "consumer");
  if (command.consumers_max != 0 && stream->consumers.size() >= command.consumers_max) return limit("consumers");
  const auto creating = std::ranges::count_if(
      stream->consumers, [](const auto& entry) { return entry.second.status == ConsumerStatus::creating; });
  if (command.creating_max != 0 && creating >= command.creating_max) return limit("creating_consumers");
  return {};
}

Refusal check(const State& state, const ActivateConsumer& command, std::int64_t) {
  return check_status(state, command.stream, command.uid, command.consumer, {ConsumerStatus::creating});
}

Refusal check(const State& state, const MarkConsumerDeleting& command, std::int64_t) {
  return check_status(state, command.stream, command.uid, command.consumer,
                      {ConsumerStatus::creating, ConsumerStatus::active});
}

Refusal check(const State& state, const RemoveConsumer& command, std::int64_t) {
  return check_status(state, command.stream, command.uid, command.consumer, {ConsumerStatus::deleting});
}

StreamPtr perform(State& state, const AddTags& command, std::int64_t) {
  return replace_target(state, command, [&](auto& target) {
    for (const auto& [key, value] : command.tags)
      target.tags.insert_or_assign(key, value);
  });
}

StreamPtr perform(State& state, const RemoveTags& command, std::int64_t) {
  return replace_target(state, command, [&](auto& target) {
    for (const std::string& key : command.keys)
      target.tags.erase(key);
  });
}

StreamPtr perform(State& state, const SetPolicy& command, std::int64_t) {
  return replace_target(state, command, [&](auto& target) { target.policy = command.policy; });
}

StreamPtr perform(State& state, const RegisterConsumer& command, std::int64_t time_ms) {
  return replace(state, command.stream, [&](Stream& stream) {
    // The ARN tells consumers of the same name apart by the second.
    Consumer consumer;
    consumer.name = command.name;
    consumer.created_s = std::max(second_of(time_ms), stream.consumer_floor_s + 1);
    consumer.tags = command.tags;
    stream.consumers.emplace(command.name, std::move(consumer));
  });
}

StreamPtr perform(State& state, const ActivateConsumer& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) {
    stream.consumers.find(command.consumer.name)->second.status = ConsumerStatus::active;
  });
}

StreamPtr perform(State& state, const MarkConsumerDeleting& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) {
    stream.consumers.find(command.consumer.name)->second.status = ConsumerStatus::deleting;
  });
}

StreamPtr perform(State& state, const RemoveConsumer& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) {
    stream.consumer_floor_s = std::max(stream.consumer_floor_s, command.consumer.created_s);
    stream.consumers.erase(stream.consumers.find(command.consumer.name));
  });
}

}  // namespace millrace::catalog::rules
