#pragma once

#include <string>
#include <string_view>

#include "api/context.h"
#include "base/result.h"
#include "wire/encoding.h"
#include "wire/operations.h"
#include "wire/value.h"

namespace millrace::api {

// The body of an answer, in the request's encoding, or an error. May be called before the operation returns, on any
// thread.
using Answered = base::Done<std::string>;

// Input that was decoded and satisfies its shape's constraints comes in; meaning is what is left to check.
using Handler = base::Result<wire::Value> (*)(Context&, const wire::Value& input);
using AsyncHandler = void (*)(Context&, const wire::Value& input, base::Done<wire::Value>);
// The hot operations encode their own answers. The input lives until the call returns, not longer.
using DataHandler = void (*)(Context&, const wire::Value& input, wire::Encoding, Answered);
// Decodes the body itself. False: not accepted, `done` is untouched, and the general path takes the request. The body
// lives until `done` is called.
using HotHandler = bool (*)(Context&, std::string_view body, wire::Encoding, Answered& done);

// One row of the registry: exactly one of the first three handlers.
struct Operation {
  const wire::OperationShape* shape;
  Handler handler = nullptr;
  AsyncHandler async_handler = nullptr;
  DataHandler data_handler = nullptr;
  HotHandler hot_handler = nullptr;
};

// Runs the general path of an operation.
void run(const Operation& operation, Context& context, const wire::Value& input, wire::Encoding encoding,
         Answered done);

}  // namespace millrace::api
