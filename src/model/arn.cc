#include "model/arn.h"

#include <algorithm>
#include <array>
#include <charconv>

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

constexpr std::string_view consumer_infix = "/consumer/";

}  // namespace

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= region_chars_max &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

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

std::string consumer_arn(const Identity& identity, std::string_view stream_name, std::string_view consumer_name,
                         std::int64_t created_s) {
  std::string arn = stream_arn(identity, stream_name);
  arn += consumer_infix;
  arn += consumer_name;
  arn += ':';
  arn += std::to_string(created_s);
  return arn;
}

bool StreamArn::is_of(const Identity& identity) const {
  return account == identity.account && region == identity.region && partition == identity.partition();
}

std::optional<StreamArn> parse_stream_arn(std::string_view arn) {
  constexpr std::string_view resource = "stream/";
  if (take_field(arn) != "arn") return std::nullopt;
  const auto partition = take_field(arn);
  if (!partition || !partition->starts_with("aws")) return std::nullopt;
  if (take_field(arn) != "kinesis") return std::nullopt;
  const auto region = take_field(arn);
  if (!region) return std::nullopt;
  const auto account = take_field(arn);
  if (!account || !is_account(*account) || !arn.starts_with(resource)) return std::nullopt;
  const std::string_view name = arn.substr(resource.size());
  if (name.empty() || name.find_first_of("/:") != std::string_view::npos) return std::nullopt;
  return StreamArn{.partition = *partition, .region = *region, .account = *account, .name = name};
}

std::optional<ConsumerArn> parse_consumer_arn(std::string_view arn) {
  const std::size_t colon = arn.rfind(':');
  const std::size_t infix = arn.rfind(consumer_infix);
  if (infix == std::string_view::npos || colon == std::string_view::npos || colon < infix) return std::nullopt;
  const auto stream = parse_stream_arn(arn.substr(0, infix));
  const std::size_t name_at = infix + consumer_infix.size();
  if (!stream || colon <= name_at) return std::nullopt;
  const std::string_view second = arn.substr(colon + 1);
  std::int64_t created_s = 0;
  const auto [end, error] = std::from_chars(second.data(), second.data() + second.size(), created_s);
  // A second has one spelling, so that a consumer has one ARN.
  const bool is_plain = error == std::errc() && end == second.data() + second.size() && second.front() != '-' &&
                        (second.size() == 1 || second.front() != '0');
  if (!is_plain) return std::nullopt;
  return ConsumerArn{.stream = *stream,
                     .stream_arn = arn.substr(0, infix),
                     .name = arn.substr(name_at, colon - name_at),
                     .created_s = created_s};
}

}  // namespace millrace::model
