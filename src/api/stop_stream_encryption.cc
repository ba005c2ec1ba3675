#include <utility>

#include "api/encryption.h"
#include "api/operation.h"

namespace millrace::api {

void stop_stream_encryption(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  change_encryption(context, input, false, std::move(done));
}

}  // namespace millrace::api
