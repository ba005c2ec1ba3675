#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr Shape input = structure("DescribeAccountSettingsInput", {});

constexpr std::array output_members = std::to_array<MemberShape>({
    {"MinimumThroughputBillingCommitment", &shapes::minimum_throughput_billing_commitment_output},
});
constexpr Shape output = structure("DescribeAccountSettingsOutput", output_members);

constexpr std::array errors = {
    Errc::limit_exceeded,
};

}  // namespace

constinit const OperationShape op::describe_account_settings = {
    "DescribeAccountSettings", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
