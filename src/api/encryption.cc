#include "api/encryption.h"

#include <utility>

#include "api/streams.h"
#include "wire/sentences.h"

namespace millrace::api {

void change_encryption(Context& context, const wire::Value& input, bool start, base::Done<wire::Value> done) {
  if (input.view("EncryptionType") != "KMS") return done(base::fail(wire::encryption_type_not_kms()));
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_active(context, found); !good) return done(base::fail(std::move(good.error())));
  // A stop names a key, too, as the shape demands; which one does not matter.
  catalog::SetEncryption command{
      .stream = found.key(), .uid = found.uid, .key_id = start ? *input.text("KeyId") : std::string()};
  context.coordinator.set_encryption(
      std::move(command), [&context, name = found.name, done = std::move(done)](base::Result<void> changed) mutable {
        if (!changed) return done(base::fail(told(context, name, changed.error())));
        done(wire::Value());
      });
}

}  // namespace millrace::api
