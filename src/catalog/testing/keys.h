#pragma once

#include <string>
#include <utility>

#include "catalog/key.h"

namespace millrace::catalog::testing_keys {

// A stream of the account that tests use where it does not matter.
inline StreamKey key(std::string name) {
  return {{"000000000000", "us-east-1"}, std::move(name)};
}

}  // namespace millrace::catalog::testing_keys
