#include "model/arn.h"

#include <algorithm>
#include <array>

namespace millrace::model {
namespace {

struct PartitionRow {
  std::string_view region_prefix;
  std::string_view partition;
};

// Source: the partitions file that the SDKs of 2026 carry. Every other region is in "aws".
constexpr std::array<PartitionRow, 7> partitions = {{
    {"cn-", "aws-cn"},
    {"us-gov-", "aws-us-gov"},
    {"us-iso-", "aws-iso"},
    {"us-isob-", "aws-iso-b"},
    {"eu-isoe-", "aws-iso-e"},
    {"us-isof-", "aws-iso-f"},
    {"eusc-", "aws-eusc"},
}};

// Takes what stands before the next ':' off the front of `rest`; nothing where there is none.
std::optional<std::string_view> take_field(std::string_view& rest) {
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view field = rest.substr(0, colon);
  rest.remove_prefix(colon + 1);
  return field;
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view Identity::partition() const {
  for (const PartitionRow& row : partitions) {
    if (region.starts_with(row.region_prefix)) return row.partition;
  }
  return "aws";
}

std::string stream_arn(const Identity& identity, std::string_view stream_name) {
  std::string arn = "arn:";
  arn += identity.partition();
  arn += ":kinesis:";
  arn += identity.region;
  arn += ':';
  arn += identity.account;
  arn += ":stream/";
  arn += stream_name;
  return arn;
}

std::optional<std::string_view> stream_name_of(std::string_view arn) {
  constexpr std::string_view resource = "stream/";
  if (take_field(arn) != "arn") return std::nullopt;
  const auto partition = take_field(arn);
  if (!partition || !partition->starts_with("aws")) return std::nullopt;
  if (take_field(arn) != "kinesis") return std::nullopt;
  if (!take_field(arn)) return std::nullopt;
  const auto account = take_field(arn);
  if (!account || !is_account(*account) || !arn.starts_with(resource)) return std::nullopt;
  const std::string_view name = arn.substr(resource.size());
  if (name.empty() || name.find_first_of("/:") != std::string_view::npos) return std::nullopt;
  return name;
}

}  // namespace millrace::model
