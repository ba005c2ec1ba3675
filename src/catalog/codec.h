#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "catalog/command.h"
#include "catalog/state.h"

// Commands and states as the bytes of proto/catalogue.proto. The same value gives the same bytes, always.
namespace millrace::catalog {

std::string encode(const Command& command);
std::string encode(const State& state);

// Errors: bad_config (a newer version of the program wrote it: a command, member or value that this one does not know),
// data_loss (it is not what encode() wrote).
base::Result<Command> decode_command(std::span<const std::byte> bytes);
base::Result<std::shared_ptr<State>> decode_state(std::span<const std::byte> bytes);

}  // namespace millrace::catalog
