#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::base {

// What went wrong, in the broker's own terms. The first group can be told to a client: wire/errors.h has one row for
// each code with its outside name and HTTP status. The second group is what engines and the system say; the layer that
// meets one decides what it means for the request, and a client that is shown one sees an internal failure.
enum class Errc : std::uint8_t {
  access_denied,
  dry_run,
  expired_iterator,
  expired_next_token,
  expired_token,
  incomplete_signature,
  internal_failure,
  invalid_argument,
  invalid_signature,
  kms_access_denied,
  kms_disabled,
  kms_invalid_state,
  kms_not_found,
  kms_opt_in_required,
  kms_throttling,
  limit_exceeded,
  missing_authentication_token,
  resource_in_use,
  resource_not_found,
  serialization,
  service_unavailable,
  throttling,
  throughput_exceeded,
  unknown_operation,
  unrecognized_client,
  validation,

  fenced,           // a higher epoch owns the log
  closed,           // the log has its end marker; or the thing was stopped
  not_found,        // no such log, file or entry
  exists,           // it is there already
  guard_failed,     // a command's precondition did not hold when it was applied
  too_large,        // over a named maximum
  unavailable,      // certainly not done; may be tried again
  unknown_outcome,  // maybe done
  data_loss,        // what was stored cannot be read back
  bad_config,       // an option or a file of options is wrong
  full,             // a queue or a share of the memory is at its maximum
  cancelled,        // given up because of stop
  io,               // the system refused; `sys` has errno
};

inline constexpr std::size_t errc_count = static_cast<std::size_t>(Errc::io) + 1;

// The enumerator's name, for logs.
std::string_view name_of(Errc code);

// A code and a sentence. The sentence may reach a client or a log, so it never holds a payload or a secret.
struct Error {
  Errc code = Errc::internal_failure;
  std::string message;
  int sys = 0;  // errno where the system refused, else 0

  Error() = default;
  explicit Error(Errc c) : code(c) {}
  Error(Errc c, std::string text, int errno_value = 0) : code(c), message(std::move(text)), sys(errno_value) {}

  friend bool operator==(const Error&, const Error&) = default;
};

// "io: cannot open /x: No such file or directory", for logs and for the one line a failed start prints.
std::string describe(const Error& error);

}  // namespace millrace::base
