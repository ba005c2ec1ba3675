#pragma once

#include <span>
#include <string_view>

namespace millrace::app {

// The candidate that a misspelt name most likely meant: the one with the fewest insertions, deletions, replacements and
// swaps of neighbours, or the one it is the beginning of. Empty where none is near enough to be worth a suggestion.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace millrace::app
