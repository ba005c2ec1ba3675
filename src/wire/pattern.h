#pragma once

#include <string_view>

#include "wire/shape.h"

namespace millrace::wire {

// As the service prints it: without anchors, although the whole text has to match. Empty for none.
std::string_view text_of(Pattern pattern);

// Takes time in proportion to the text, whatever it holds.
bool matches(Pattern pattern, std::string_view text);

}  // namespace millrace::wire
