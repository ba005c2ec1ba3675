#include "wire/errors.h"

#include <algorithm>
#include <array>
#include <utility>

#include "wire/codec.h"
#include "wire/event_stream.h"
#include "wire/shapes.h"
#include "wire/utf8.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::string_view internal_failure_type = "InternalFailure";
// The name under which the model lists the same failure among the exceptions of an event stream.
constexpr std::string_view internal_failure_stream_type = "InternalFailureException";
constexpr std::string_view internal_failure_message = "Internal Service Failure";

constexpr std::array<WireError, base::errc_count> rows = {{
    {Errc::access_denied, "AccessDeniedException", 400},
    {Errc::dry_run, "DryRunOperationException", 400},
    {Errc::expired_iterator, "ExpiredIteratorException", 400},
    {Errc::expired_next_token, "ExpiredNextTokenException", 400},
    {Errc::expired_token, "ExpiredTokenException", 400},
    {Errc::incomplete_signature, "IncompleteSignatureException", 400},
    {Errc::internal_failure, internal_failure_type, 500},
    {Errc::invalid_argument, "InvalidArgumentException", 400},
    {Errc::invalid_signature, "InvalidSignatureException", 400},
    {Errc::kms_access_denied, "KMSAccessDeniedException", 400},
    {Errc::kms_disabled, "KMSDisabledException", 400},
    {Errc::kms_invalid_state, "KMSInvalidStateException", 400},
    {Errc::kms_not_found, "KMSNotFoundException", 400},
    {Errc::kms_opt_in_required, "KMSOptInRequired", 400},
    {Errc::kms_throttling, "KMSThrottlingException", 400},
    {Errc::limit_exceeded, "LimitExceededException", 400},
    {Errc::missing_authentication_token, "MissingAuthenticationTokenException", 400},
    {Errc::resource_in_use, "ResourceInUseException", 400},
    {Errc::resource_not_found, "ResourceNotFoundException", 400},
    {Errc::serialization, "SerializationException", 400},
    {Errc::service_unavailable, "ServiceUnavailable", 503},
    {Errc::throttling, "ThrottlingException", 400},
    {Errc::throughput_exceeded, "ProvisionedThroughputExceededException", 400},
    {Errc::unknown_operation, "UnknownOperationException", 400},
    {Errc::unrecognized_client, "UnrecognizedClientException", 400},
    {Errc::validation, "ValidationException", 400},
    {Errc::fenced, internal_failure_type, 500},
    {Errc::closed, internal_failure_type, 500},
    {Errc::not_found, internal_failure_type, 500},
    {Errc::exists, internal_failure_type, 500},
    {Errc::guard_failed, internal_failure_type, 500},
    {Errc::too_large, internal_failure_type, 500},
    {Errc::unavailable, internal_failure_type, 500},
    {Errc::unknown_outcome, internal_failure_type, 500},
    {Errc::data_loss, internal_failure_type, 500},
    {Errc::bad_config, internal_failure_type, 500},
    {Errc::full, internal_failure_type, 500},
    {Errc::cancelled, internal_failure_type, 500},
    {Errc::io, internal_failure_type, 500},
}};

constexpr bool rows_follow_the_enum() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].code != static_cast<Errc>(i) || rows[i].type.empty()) return false;
  }
  return true;
}
static_assert(rows_follow_the_enum(), "give every Errc exactly one row, in enum order");

constexpr Shape error_text = scalar(Type::text, "String");
constexpr std::array error_members = std::to_array<MemberShape>({
    {"__type", &error_text},
    {"message", &error_text},
    {"Message", &error_text},
});
constexpr Shape error_shape = structure("Error", error_members);

// A sentence may repeat a header, whose bytes can be anything; the service reads them as Latin-1.
std::string of_latin_1(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xc0 | byte >> 6));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return text;
}

}  // namespace

const WireError& wire_error(Errc code) {
  return rows[static_cast<std::size_t>(code)];
}

std::string_view client_message(const base::Error& error) {
  return wire_error(error.code).type == internal_failure_type ? internal_failure_message : error.message;
}

std::string render_error(Encoding encoding, const base::Error& error) {
  Value body;
  body.add("__type", wire_error(error.code).type);
  // The service spells the member with a capital here, and only here.
  const std::string_view name = error.code == Errc::serialization ? "Message" : "message";
  const std::string_view message = client_message(error);
  if (!is_utf8(message)) {
    body.add(name, of_latin_1(message));
  } else if (!message.empty()) {
    body.add(name, message);
  }
  return encode(encoding, body, error_shape);
}

EntryError entry_error(const base::Error& error) {
  return {wire_error(error.code).type, client_message(error)};
}

std::string exception_frame(Encoding encoding, const base::Error& error) {
  const std::string_view type = wire_error(error.code).type;
  Value body;
  body.add("message", client_message(error));
  return event_frame({{":message-type", "exception"},
                      {":exception-type", type == internal_failure_type ? internal_failure_stream_type : type},
                      {":content-type", content_type(encoding)}},
                     encode(encoding, body, error_shape));
}

}  // namespace millrace::wire
