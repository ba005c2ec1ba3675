#include "api/account_settings.h"
#include "api/operation.h"

namespace millrace::api {

base::Result<wire::Value> describe_account_settings(Context& context, const wire::Value&) {
  return account_settings(context);
}

}  // namespace millrace::api
