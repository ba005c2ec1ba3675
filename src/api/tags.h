#pragma once

#include <map>
#include <string>
#include <string_view>

#include "api/context.h"
#include "base/result.h"
#include "wire/value.h"

namespace millrace::api {

// Holds tags against the service's two checks of their characters and the reserved prefix. `adding` words the second
// check's sentence.
base::Result<void> check_tags(const Context& context, std::string_view stream, const wire::Object& tags);
base::Result<void> check_tag_keys(const Context& context, std::string_view stream, const wire::List& keys);

std::map<std::string, std::string> tag_map(const wire::Object& tags);

}  // namespace millrace::api
