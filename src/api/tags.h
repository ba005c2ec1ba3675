#pragma once

#include <map>
#include <string>
#include <string_view>

#include "api/context.h"
#include "api/resources.h"
#include "base/result.h"
#include "wire/value.h"

namespace millrace::api {

// Holds tags against the service's two checks of their characters, the reserved prefix and the number there may be.
// `resource` is what has them, for sentences: "stream orders".
base::Result<void> check_tags(const Context& context, std::string_view resource, const wire::Object& tags);

// Gives tags to a stream or a consumer, or takes some from it: the operations' own work, once they know which.
void add_tags(Context& context, Resource resource, const wire::Object& tags, base::Done<wire::Value> done);
void remove_tags(Context& context, Resource resource, const wire::List& keys, base::Done<wire::Value> done);

std::map<std::string, std::string> tag_map(const wire::Object& tags);
// A Tag structure.
wire::Value tag_value(std::string_view key, std::string_view value);

}  // namespace millrace::api
