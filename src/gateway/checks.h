#pragma once

#include <optional>
#include <string_view>

#include "api/operations.h"
#include "auth/signature_form.h"
#include "base/result.h"
#include "http/service.h"
#include "wire/encoding.h"
#include "wire/value.h"

namespace millrace::gateway {

// What the head of a request says, before anything is judged.
struct Head {
  std::string_view content_type;              // up to ';', trimmed
  std::string_view service;                   // of X-Amz-Target, before the '.'
  std::string_view operation_name;            // behind it
  const api::Operation* operation = nullptr;  // null: none of ours
  std::optional<wire::Encoding> encoding;     // of the content type; none: another one, or none at all
  bool has_origin = false;
};
Head read_head(const http::Request& request);

// The first three checks. What is refused there has no encoding, and gets an answer that is neither JSON nor CBOR, or
// an error in an encoding of the service's choice.
struct EarlyAnswer {
  std::uint16_t status = 200;
  std::string_view content_type;
  std::string body;
  std::string headers;
  bool has_id_2 = true;
};
std::optional<EarlyAnswer> check_early(const http::Request& request, const Head& head);

// What an operation is given, and by whom.
struct Input {
  wire::Value value;
  auth::Claim claim;  // of the request's texts
};
// The remaining checks, up to the constraints: body parses, target known, signature, types, constraints.
base::Result<Input> check_input(const http::Request& request, const Head& head);

// Who signed a request that has all that the general checks ask of the head: then a hot decoder may have a look at the
// body. Nothing for any other request.
std::optional<auth::Claim> may_be_hot(const http::Request& request, const Head& head);

}  // namespace millrace::gateway
