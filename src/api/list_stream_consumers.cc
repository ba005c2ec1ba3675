#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "api/iterators.h"
#include "api/operation.h"
#include "api/resources.h"
#include "model/limits.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

// What a next token says: of which stream, and the name after which to go on. A name holds no '/'.
struct Place {
  std::uint64_t uid = 0;
  std::string after;
};

base::Result<Place> from_token(const Context& context, std::string_view token) {
  auto state = open_next_token(context, model::TokenKind::list_stream_consumers, token);
  if (!state) return base::fail(std::move(state.error()));
  // The token is authentic, so it has the form we gave it.
  const std::size_t slash = state->find('/');
  Place place{.uid = 0, .after = state->substr(slash + 1)};
  std::from_chars(state->data(), state->data() + slash, place.uid);
  return place;
}

// The stream that is listed: in the state in which it can be, and the one of its creation time where that is given.
base::Result<StreamRef> find_listed(const Context& context, const wire::Value& input) {
  auto stream = stream_of(context, input);
  if (!stream) return stream;
  const catalog::Stream& found = *(*stream)->stream;
  const auto created = input.timestamp("StreamCreationTimestamp");
  if (created && !is_created_at(found, *created)) {
    return base::fail(wire::stream_not_found(found.name, context.identity.account));
  }
  if (found.status == catalog::StreamStatus::creating) return base::fail(require_active(context, found).error());
  return stream;
}

}  // namespace

base::Result<wire::Value> list_stream_consumers(Context& context, const wire::Value& input) {
  const std::string* token = input.text("NextToken");
  if (token != nullptr && input.timestamp("StreamCreationTimestamp")) {
    return base::fail(wire::list_consumers_with_token_and_time());
  }
  Place place;
  if (token != nullptr) {
    auto opened = from_token(context, *token);
    if (!opened) return base::fail(std::move(opened.error()));
    place = std::move(*opened);
  }
  const auto listed = find_listed(context, input);
  if (!listed) return base::fail(listed.error());
  const catalog::Stream& stream = *(*listed)->stream;
  if (token != nullptr && place.uid != stream.uid) {
    return base::fail(wire::next_token_of_another_stream(*input.text("StreamARN")));
  }

  const auto page = static_cast<std::size_t>(std::min<std::int64_t>(
      input.integer("MaxResults").value_or(model::limits::list_consumers_page), model::limits::list_consumers_page));
  wire::List consumers;
  std::string last;
  auto at = stream.consumers.upper_bound(place.after);
  for (; at != stream.consumers.end() && consumers.size() < page; ++at) {
    consumers.push_back(consumer_value(context, stream, at->second));
    last = at->first;
  }
  wire::Value output;
  output.add("Consumers", std::move(consumers));
  if (at != stream.consumers.end()) {
    output.add("NextToken", seal_next_token(context, model::TokenKind::list_stream_consumers,
                                            fmt::format("{}/{}", stream.uid, last)));
  }
  return output;
}

}  // namespace millrace::api
