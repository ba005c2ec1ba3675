#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::wire {

// What is wrong with the JSON text of a resource policy, as a clause for a sentence; nothing where it is well-formed.
// What is looked at is the grammar of policies (the elements, their types, what a statement must have), not what the
// principals, actions, resources and conditions in it mean.
std::optional<std::string> policy_flaw(std::string_view text);

}  // namespace millrace::wire
