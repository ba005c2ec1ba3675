#include "base/error.h"

#include <array>
#include <cstring>

namespace millrace::base {
namespace {

constexpr std::array<std::string_view, errc_count> names = {
    "access_denied",
    "dry_run",
    "expired_iterator",
    "expired_next_token",
    "expired_token",
    "incomplete_signature",
    "internal_failure",
    "invalid_argument",
    "invalid_signature",
    "kms_access_denied",
    "kms_disabled",
    "kms_invalid_state",
    "kms_not_found",
    "kms_opt_in_required",
    "kms_throttling",
    "limit_exceeded",
    "missing_authentication_token",
    "resource_in_use",
    "resource_not_found",
    "serialization",
    "service_unavailable",
    "throttling",
    "throughput_exceeded",
    "unknown_operation",
    "unrecognized_client",
    "validation",
    "fenced",
    "closed",
    "not_found",
    "exists",
    "guard_failed",
    "too_large",
    "unavailable",
    "unknown_outcome",
    "data_loss",
    "bad_config",
    "full",
    "cancelled",
    "io",
};
static_assert(!names.back().empty(), "give every Errc a name, in enum order");

}  // namespace

std::string_view name_of(Errc code) {
  return names[static_cast<std::size_t>(code)];
}

std::string describe(const Error& error) {
  std::string text(name_of(error.code));
  if (!error.message.empty()) {
    text += ": ";
    text += error.message;
  }
  if (error.sys != 0) {
    text += ": ";
    text += std::strerror(error.sys);
  }
  return text;
}

}  // namespace millrace::base
