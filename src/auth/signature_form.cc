#include "auth/signature_form.h"

#include <array>
#include <utility>

namespace millrace::auth {
namespace {

using base::Errc;

// Calls `use(name, value)` for each "name=value" in a text whose parts are separated by any of `separators`.
template <class Use>
void for_each_parameter(std::string_view text, std::string_view separators, Use use) {
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(separators);
    const std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    use(part.substr(0, equals), part.substr(equals + 1));
  }
}

// "AKID/20260115/us-east-1/kinesis/aws4_request"; in a query the slashes may be written "%2F".
Claim claim_of(std::string_view credential) {
  const auto next = [&credential] {
    std::size_t end = credential.find('/');
    std::size_t width = 1;
    for (std::string_view escaped : {"%2F", "%2f"}) {
      if (const std::size_t at = credential.find(escaped); at < end) {
        end = at;
        width = 3;
      }
    }
    const std::string_view part = credential.substr(0, end);
    credential = end == std::string_view::npos ? std::string_view() : credential.substr(end + width);
    return part;
  };
  Claim claim;
  claim.access_key = next();
  next();  // the day
  claim.region = next();
  return claim;
}

base::Result<Claim> check_header(const SignedRequest& request) {
  std::string_view credential;
  std::string_view signature;
  std::string_view signed_headers;
  const std::size_t space = request.authorization.find(' ');
  if (space != std::string_view::npos) {
    for_each_parameter(request.authorization.substr(space + 1), ", ",
                       [&](std::string_view name, std::string_view value) {
                         if (name == "Credential") credential = value;
                         if (name == "Signature") signature = value;
                         if (name == "SignedHeaders") signed_headers = value;
                       });
  }
  const std::string_view algorithm = request.authorization.substr(0, space);
  std::string missing;
  if (credential.empty()) missing += "Authorization header requires 'Credential' parameter. ";
  if (signature.empty()) missing += "Authorization header requires 'Signature' parameter. ";
  if (signed_headers.empty()) missing += "Authorization header requires 'SignedHeaders' parameter. ";
  if (!request.has_date) {
    missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (!missing.empty() || algorithm != "AWS4-HMAC-SHA256") {
    return base::fail(Errc::incomplete_signature, missing + "Authorization=" + std::string(request.authorization));
  }
  return claim_of(credential);
}

base::Result<Claim> check_query(std::string_view query) {
  std::array<std::pair<std::string_view, std::string_view>, 5> wanted = {{{"X-Amz-Algorithm", {}},
                                                                          {"X-Amz-Credential", {}},
                                                                          {"X-Amz-Signature", {}},
                                                                          {"X-Amz-SignedHeaders", {}},
                                                                          {"X-Amz-Date", {}}}};
  for_each_parameter(query, "&", [&](std::string_view name, std::string_view value) {
    for (auto& [wanted_name, found] : wanted) {
      if (name == wanted_name) found = value;
    }
  });
  std::string missing;
  for (const auto& [name, value] : wanted) {
    if (value.empty()) {
      missing += "AWS query-string parameters must include '";
      missing += name;
      missing += "'. ";
    }
  }
  if (!missing.empty()) {
    return base::fail(Errc::incomplete_signature, missing + "Re-examine the query-string parameters.");
  }
  return claim_of(wanted[1].second);
}

bool has_query_signature(std::string_view query) {
  bool found = false;
  if (query.empty()) return false;
  for_each_parameter(query, "&", [&](std::string_view name, std::string_view) { found |= name == "X-Amz-Algorithm"; });
  return found;
}

}  // namespace

base::Result<Claim> check_signature_form(const SignedRequest& request) {
  const bool in_query = has_query_signature(request.query);
  if (!request.authorization.empty() && in_query) {
    return base::fail(Errc::invalid_signature,
                      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
  }
  if (!request.authorization.empty()) return check_header(request);
  if (in_query) return check_query(request.query);
  return base::fail(Errc::missing_authentication_token, "Missing Authentication Token");
}

}  // namespace millrace::auth
