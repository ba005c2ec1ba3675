#pragma once

#include <string_view>

#include "wire/tree_builder.h"

namespace millrace::wire {

// Each feeds the whole body to the builder. False where it is not well-formed, nested beyond depth_max or not all
// UTF-8.
bool parse_json(std::string_view body, TreeBuilder& builder);
bool parse_cbor(std::string_view body, TreeBuilder& builder);

}  // namespace millrace::wire
