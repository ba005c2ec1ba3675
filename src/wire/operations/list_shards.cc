#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;
using std::string_view_literals::operator""sv;

constexpr Shape list_shards_input_limit = scalar(Type::integer, "ListShardsInputLimit", 1, 10'000);

constexpr std::array shard_filter_types = {"AFTER_SHARD_ID"sv, "AT_TRIM_HORIZON"sv, "FROM_TRIM_HORIZON"sv,
                                           "AT_LATEST"sv,      "AT_TIMESTAMP"sv,    "FROM_TIMESTAMP"sv};
constexpr Shape shard_filter_type = enumeration("ShardFilterType", shard_filter_types);

constexpr std::array shard_filter_members = std::to_array<MemberShape>({
    {"Type", &shard_filter_type, required},
    {"ShardId", &shapes::shard_id},
    {"Timestamp", &shapes::timestamp},
});
constexpr Shape shard_filter = structure("ShardFilter", shard_filter_members);

constexpr std::array input_members = std::to_array<MemberShape>({
    {"MaxResults", &list_shards_input_limit},
    {"ExclusiveStartShardId", &shapes::shard_id},
    {"StreamName", &shapes::stream_name},
    {"NextToken", &shapes::next_token},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
    {"StreamCreationTimestamp", &shapes::timestamp},
    {"ShardFilter", &shard_filter},
});
constexpr Shape input = structure("ListShardsInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"Shards", &shapes::shard_list},
    {"NextToken", &shapes::next_token},
});
constexpr Shape output = structure("ListShardsOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::invalid_argument, Errc::limit_exceeded,
    Errc::expired_next_token, Errc::resource_in_use,  Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::list_shards = {
    "ListShards", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
