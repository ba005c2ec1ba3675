#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;
using std::string_view_literals::operator""sv;

constexpr std::array minimum_throughput_billing_commitment_input_status_values = {"ENABLED"sv, "DISABLED"sv};
constexpr Shape minimum_throughput_billing_commitment_input_status = enumeration(
    "MinimumThroughputBillingCommitmentInputStatus", minimum_throughput_billing_commitment_input_status_values);

constexpr std::array minimum_throughput_billing_commitment_input_members = std::to_array<MemberShape>({
    {"Status", &minimum_throughput_billing_commitment_input_status, required},
});
constexpr Shape minimum_throughput_billing_commitment_input =
    structure("MinimumThroughputBillingCommitmentInput", minimum_throughput_billing_commitment_input_members);

constexpr std::array input_members = std::to_array<MemberShape>({
    {"MinimumThroughputBillingCommitment", &minimum_throughput_billing_commitment_input, required},
});
constexpr Shape input = structure("UpdateAccountSettingsInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"MinimumThroughputBillingCommitment", &shapes::minimum_throughput_billing_commitment_output},
});
constexpr Shape output = structure("UpdateAccountSettingsOutput", output_members);

constexpr std::array errors = {
    Errc::invalid_argument,
    Errc::validation,
    Errc::limit_exceeded,
};

}  // namespace

constinit const OperationShape op::update_account_settings = {
    "UpdateAccountSettings", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
