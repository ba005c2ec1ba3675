#include <utility>

#include "api/encryption.h"
#include "api/operation.h"

namespace millrace::api {

void start_stream_encryption(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  change_encryption(context, input, true, std::move(done));
}

}  // namespace millrace::api
