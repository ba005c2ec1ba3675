#include "api/tags.h"

#include <utility>
#include <vector>

#include "limits/profile.h"
#include "model/limits.h"
#include "wire/sentences.h"
#include "wire/utf8.h"

namespace millrace::api {
namespace {

// ASCII is allowed by a list; of the rest, U+00C0-1FFF and U+2C00-D7FF, which hold the letters of living scripts.
// Source: the ranges that kinesalite's recordings of the service confirm. The ends of the ranges as UTF-8, which sorts
// like the code points do.
bool is_allowed(std::string_view character) {
  if (character.size() == 1) {
    const char c = character.front();
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./=+-%@: ").find(c) != std::string_view::npos;
  }
  return (character >= "\u00C0" && character <= "\u1FFF") || (character >= "\u2C00" && character <= "\uD7FF");
}

bool all_allowed(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view character = wire::character_at(text, at);
    if (!is_allowed(character)) return false;
    at += character.size();
  }
  return true;
}

base::Result<void> check(const std::vector<std::string_view>& texts, const base::Error& illegal) {
  for (std::string_view text : texts) {
    if (!all_allowed(text)) return base::fail(wire::tags_with_invalid_characters());
  }
  // The documentation permits '%', the first check lets it pass, and a second one refuses it all the same.
  for (std::string_view text : texts) {
    if (text.find('%') != std::string_view::npos) return base::fail(illegal);
  }
  return {};
}

}  // namespace

base::Result<void> check_tags(const Context& context, std::string_view resource, const wire::Object& tags) {
  std::vector<std::string_view> texts;
  for (const wire::Member& tag : tags)
    texts.push_back(tag.name);
  for (const wire::Member& tag : tags)
    texts.push_back(*tag.value.text());
  const auto illegal = wire::added_tags_with_illegal_characters(resource, context.identity.account);
  if (auto good = check(texts, illegal); !good) return good;
  for (const wire::Member& tag : tags) {
    if (tag.name.starts_with("aws:")) return base::fail(wire::reserved_tag_key());
    const std::string& value = *tag.value.text();
    if (tag.name == limits::profile_tag && !limits::parse_profile(value)) {
      return base::fail(wire::unknown_limits_profile(limits::profile_tag, value));
    }
  }
  if (tag_map(tags).size() > model::limits::tags_max) {
    return base::fail(wire::too_many_tags(resource, context.identity.account));
  }
  return {};
}

namespace {

base::Result<void> check_tag_keys(const Context& context, std::string_view resource, const wire::List& keys) {
  std::vector<std::string_view> texts;
  for (const wire::Value& key : keys)
    texts.push_back(*key.text());
  return check(texts, wire::removed_tags_with_illegal_characters(resource, context.identity.account));
}

// Gives the command to the coordinator and words what it says.
template <class Change>
void change(Context& context, Resource resource, Change command, base::Done<wire::Value> done) {
  context.coordinator.change(std::move(command), [&context, resource = std::move(resource),
                                                  done = std::move(done)](base::Result<void> changed) mutable {
    if (!changed) return done(base::fail(told(context, resource, changed.error())));
    done(wire::Value());
  });
}

}  // namespace

void add_tags(Context& context, Resource resource, const wire::Object& tags, base::Done<wire::Value> done) {
  if (auto good = require_settled(context, resource); !good) return done(base::fail(std::move(good.error())));
  if (auto good = check_tags(context, resource.text(), tags); !good) return done(base::fail(std::move(good.error())));
  catalog::AddTags command{.stream = resource.of().key(),
                           .uid = resource.of().uid,
                           .tags = tag_map(tags),
                           .tags_max = model::limits::tags_max,
                           .consumer = resource.ref()};
  change(context, std::move(resource), std::move(command), std::move(done));
}

void remove_tags(Context& context, Resource resource, const wire::List& keys, base::Done<wire::Value> done) {
  if (auto good = require_settled(context, resource); !good) return done(base::fail(std::move(good.error())));
  if (auto good = check_tag_keys(context, resource.text(), keys); !good) {
    return done(base::fail(std::move(good.error())));
  }
  catalog::RemoveTags command{
      .stream = resource.of().key(), .uid = resource.of().uid, .keys = {}, .consumer = resource.ref()};
  for (const wire::Value& key : keys)
    command.keys.push_back(*key.text());
  change(context, std::move(resource), std::move(command), std::move(done));
}

std::map<std::string, std::string> tag_map(const wire::Object& tags) {
  std::map<std::string, std::string> map;
  for (const wire::Member& tag : tags)
    map.insert_or_assign(tag.name, *tag.value.text());
  return map;
}

wire::Value tag_value(std::string_view key, std::string_view value) {
  wire::Value tag;
  tag.add("Key", key);
  tag.add("Value", value);
  return tag;
}

}  // namespace millrace::api
