#include <utility>

#include "api/operation.h"
#include "api/retention.h"

namespace millrace::api {

void decrease_stream_retention_period(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  change_retention(context, input, RetentionChange::decrease, std::move(done));
}

}  // namespace millrace::api
