#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
    {"MaxRecordSizeInKiB", &shapes::max_record_size_in_kib, required},
});
constexpr Shape input = structure("UpdateMaxRecordSizeInput", input_members);

constexpr std::array errors = {
    Errc::resource_in_use,  Errc::resource_not_found, Errc::limit_exceeded,
    Errc::invalid_argument, Errc::access_denied,      Errc::validation,
};

}  // namespace

constinit const OperationShape op::update_max_record_size = {
    "UpdateMaxRecordSize", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
