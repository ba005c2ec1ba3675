#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::auth {

// What a request shows of its signature: views of its headers and its query, nothing of HTTP's framing.
struct SignedRequest {
  std::string_view authorization;  // empty: no such header
  std::string_view query;          // behind the '?', empty: none
  bool has_date = false;           // an X-Amz-Date or a Date header is there
};

// Who signed, as the request claims.
struct Claim {
  std::string_view access_key;
  std::string_view region;  // of the credential scope; empty where the scope has none
};

// Whether there is a signature and it has all its parts, with the service's own sentences where it has not. Whether it
// is right is not looked at: any signature of the right form is accepted. Neither length, hexadecimal form, clock nor
// scope matter. The claim's views point into the request.
base::Result<Claim> check_signature_form(const SignedRequest& request);

}  // namespace millrace::auth
