#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::model {

// Whose streams these are, and where: what ARNs are made of. Fixed at start-up.
struct Identity {
  std::string region = "us-east-1";
  std::string account = "000000000000";  // 12 digits

  // "aws", or the partition that the region's name begins with, such as "aws-cn" or "aws-us-gov": clients refuse an ARN
  // whose partition does not fit their region.
  std::string_view partition() const;
};

// "arn:aws:kinesis:us-east-1:000000000000:stream/orders".
std::string stream_arn(const Identity& identity, std::string_view stream_name);

// The name in a stream ARN; account and region are not looked at. Nothing where the text is no stream ARN (a consumer
// ARN is none).
std::optional<std::string_view> stream_name_of(std::string_view arn);

}  // namespace millrace::model
