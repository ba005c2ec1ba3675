#include <algorithm>
#include <utility>

#include "api/iterators.h"
#include "api/operation.h"
#include "api/streams.h"
#include "model/limits.h"

namespace millrace::api {

base::Result<wire::Value> list_streams(Context& context, const wire::Value& input) {
  // A next token says where to go on; it counts more than a name given beside it.
  std::string after(input.view("ExclusiveStartStreamName"));
  if (const std::string* token = input.text("NextToken")) {
    auto state = open_next_token(context, model::TokenKind::list_streams, *token);
    if (!state) return base::fail(std::move(state.error()));
    after = std::move(*state);
  }
  const auto page = static_cast<std::size_t>(std::min<std::int64_t>(
      input.integer("Limit").value_or(model::limits::list_streams_page), model::limits::list_streams_page));

  const auto directory = context.coordinator.directory();
  const auto& streams = directory->by_name;
  wire::List names;
  wire::List summaries;
  auto at = after.empty() ? streams.begin() : streams.upper_bound(after);
  for (; at != streams.end() && names.size() < page; ++at) {
    const catalog::Stream& stream = *at->second->stream;
    names.emplace_back(stream.name);
    wire::Value summary;
    summary.add("StreamName", stream.name);
    summary.add("StreamARN", model::stream_arn(context.identity, stream.name));
    summary.add("StreamStatus", wire_name(stream.status));
    wire::Value mode;
    mode.add("StreamMode", wire_name(stream.mode));
    summary.add("StreamModeDetails", std::move(mode));
    summary.add("StreamCreationTimestamp", wire::Timestamp{stream.created_ms});
    summaries.push_back(std::move(summary));
  }
  const bool more = at != streams.end();
  wire::Value output;
  if (more) {
    output.add("NextToken", seal_next_token(context, model::TokenKind::list_streams, *names.back().text()));
  }
  output.add("StreamNames", std::move(names));
  output.add("HasMoreStreams", more);
  output.add("StreamSummaries", std::move(summaries));
  return output;
}

}  // namespace millrace::api
