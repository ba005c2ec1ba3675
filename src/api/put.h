#pragma once

#include "api/operation.h"
#include "wire/hot.h"

namespace millrace::api {

enum class PutKind : std::uint8_t { record, records };

// Puts the records of a request: finds the stream, places each record by the hash of its key, copies it once into the
// block of its shard, and answers when every block is durable, in the request's order. The views of the request are
// used before this returns.
void put(Context& context, const wire::hot::PutRequest& request, PutKind kind, wire::Encoding encoding, Answered done);

// The same for a request that the hot decoder accepted. False where anything at all is wrong with it: then nothing was
// stored, `done` is untouched, and the general path finds out what to say.
bool put_hot(Context& context, const wire::hot::PutRequest& request, PutKind kind, wire::Encoding encoding,
             Answered& done);

}  // namespace millrace::api
