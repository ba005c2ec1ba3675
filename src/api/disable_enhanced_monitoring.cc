#include <utility>

#include "api/monitoring.h"
#include "api/operation.h"

namespace millrace::api {

void disable_enhanced_monitoring(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  change_monitoring(context, input, false, std::move(done));
}

}  // namespace millrace::api
