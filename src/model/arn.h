#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::model {

// Whose streams these are, and where: what ARNs are made of.
struct Identity {
  std::string region = "us-east-1";
  std::string account = "000000000000";  // 12 digits

  // "aws", or the partition that the region's name begins with, such as "aws-cn" or "aws-us-gov": clients refuse an ARN
  // whose partition does not fit their region.
  std::string_view partition() const;
};

bool is_account(std::string_view text);  // 12 digits
// Whether the text can name a region; whether there is one of that name is not asked.
bool is_region(std::string_view text);
inline constexpr std::size_t region_chars_max = 32;  // ours: the longest there is has 14

// "arn:aws:kinesis:us-east-1:000000000000:stream/orders".
std::string stream_arn(const Identity& identity, std::string_view stream_name);
// The same followed by "/consumer/reader:1768469398"; the number is the second in which the consumer was registered.
std::string consumer_arn(const Identity& identity, std::string_view stream_name, std::string_view consumer_name,
                         std::int64_t created_s);

// The parts of an ARN, as views into it.
struct StreamArn {
  std::string_view partition;
  std::string_view region;
  std::string_view account;  // 12 digits
  std::string_view name;

  // Whether it is an ARN of that account, region and partition.
  bool is_of(const Identity& identity) const;
};
struct ConsumerArn {
  StreamArn stream;
  std::string_view stream_arn;  // without what names the consumer
  std::string_view name;
  std::int64_t created_s = 0;
};
// Nothing where the text is no ARN of a stream (one of a consumer is none), or of a consumer.
std::optional<StreamArn> parse_stream_arn(std::string_view arn);
std::optional<ConsumerArn> parse_consumer_arn(std::string_view arn);

}  // namespace millrace::model
