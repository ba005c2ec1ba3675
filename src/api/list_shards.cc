#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/iterators.h"
#include "api/operation.h"
#include "api/shard_filter.h"
#include "api/streams.h"
#include "model/limits.h"
#include "wire/codec.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

// What is listed and from where on: from the request, or from the token of the page before.
struct Listing {
  std::string name;
  std::uint64_t uid = 0;  // 0: whichever stream has the name
  std::string after;      // shard id; empty: from the start
  ShardFilter filter;
};

// The state inside a token: its parts are joined by '/', which no name and no shard id contains.
std::string token_state(const Listing& listing) {
  return fmt::format("{}/{}/{}/{}/{}/{}", listing.name, listing.uid, listing.after,
                     static_cast<int>(listing.filter.type), listing.filter.timestamp_ms, listing.filter.shard_id);
}

base::Result<Listing> from_token(const Context& context, std::string_view token) {
  auto state = open_next_token(context, model::TokenKind::list_shards, token);
  if (!state) return base::fail(std::move(state.error()));
  std::vector<std::string> parts(1);
  for (char c : *state) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  // The token is authentic, so it has the form we gave it.
  Listing listing;
  listing.name = parts.at(0);
  listing.uid = std::stoull(parts.at(1));
  listing.after = parts.at(2);
  listing.filter = {static_cast<ShardFilter::Type>(std::stoi(parts.at(3))), std::stoll(parts.at(4)), parts.at(5)};
  return listing;
}

base::Result<Listing> from_request(const wire::Value& input) {
  if (input.text("StreamName") == nullptr && input.text("StreamARN") == nullptr) {
    return base::fail(wire::list_shards_without_stream());
  }
  const auto name = stream_name(input);
  if (!name) return base::fail(name.error());
  auto filter = shard_filter(input.find("ShardFilter"));
  if (!filter) return base::fail(std::move(filter.error()));
  return Listing{std::string(*name), 0, std::string(input.view("ExclusiveStartShardId")), std::move(*filter)};
}

// Members that a token excludes; StreamARN is let pass.
bool excluded_by_token(const wire::Value& input) {
  for (std::string_view name : {"StreamName", "StreamCreationTimestamp", "ExclusiveStartShardId", "ShardFilter"}) {
    if (input.find(name) != nullptr) return true;
  }
  return false;
}

base::Result<StreamRef> find_listed(const Context& context, const wire::Value& input, const Listing& listing) {
  auto stream = find_stream(context, listing.name);
  if (!stream) return stream;
  const catalog::Stream& found = *(*stream)->stream;
  // A creation time tells apart two streams that had the name one after the other; clients give it in whole seconds.
  const auto created = input.timestamp("StreamCreationTimestamp");
  const bool other = created && created->ms != found.created_ms && created->ms / 1000 != found.created_ms / 1000;
  if (other || (listing.uid != 0 && listing.uid != found.uid)) {
    return base::fail(wire::stream_not_found(listing.name, context.identity.account));
  }
  if (auto settled = require_settled(context, found); !settled && found.status == catalog::StreamStatus::creating) {
    return base::fail(std::move(settled.error()));
  }
  return stream;
}

}  // namespace

base::Result<wire::Value> list_shards(Context& context, const wire::Value& input) {
  const std::string* token = input.text("NextToken");
  if (token != nullptr && excluded_by_token(input)) return base::fail(wire::list_shards_with_token_and_stream());
  auto listing = token != nullptr ? from_token(context, *token) : from_request(input);
  if (!listing) return base::fail(std::move(listing.error()));
  const auto found = find_listed(context, input, *listing);
  if (!found) return base::fail(found.error());
  const catalog::Stream& stream = *(*found)->stream;

  const auto page = static_cast<std::size_t>(std::min<std::int64_t>(
      input.integer("MaxResults").value_or(model::limits::list_shards_page), model::limits::list_shards_page));
  wire::List shards;
  bool more = false;
  for (const catalog::ShardInfo* shard : filter_shards(stream, listing->filter, context.clock.now_ms())) {
    const std::string id = model::shard_id(shard->number);
    if (id <= listing->after) continue;
    if (shards.size() == page) {
      more = true;
      break;
    }
    shards.push_back(shard_value(*shard));
  }
  wire::Value output;
  if (more) {
    listing->uid = stream.uid;
    listing->after = *shards.back().text("ShardId");
    output.add("NextToken", seal_next_token(context, model::TokenKind::list_shards, token_state(*listing)));
  }
  output.add("Shards", std::move(shards));
  return output;
}

}  // namespace millrace::api
