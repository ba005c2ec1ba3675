#include "app/example.h"

#include <fmt/format.h>

namespace millrace::app {

std::string endpoint_of(std::string_view address, std::uint16_t port) {
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return fmt::format("http://{}:{}", host, port);
}

std::string aws_cli_example(std::string_view endpoint, std::string_view region) {
  return fmt::format(R"(
Endpoint: {0}

The AWS CLI, where it is absent (on Debian its venv needs the package python3-venv):
  python3 -m venv ~/aws-cli && ~/aws-cli/bin/pip install awscli && PATH=~/aws-cli/bin:$PATH

To paste into another terminal; any credentials do:
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION={1} AWS_PAGER=
  unset AWS_PROFILE AWS_SESSION_TOKEN
  kinesis() {{ aws --endpoint-url {0} kinesis "$@"; }}
  echo 'the first record' > /tmp/millrace-record
  kinesis create-stream --stream-name tour --shard-count 1
  kinesis put-record --stream-name tour --partition-key k --data fileb:///tmp/millrace-record
  iterator=$(kinesis get-shard-iterator --stream-name tour --shard-id shardId-000000000000 \
    --shard-iterator-type TRIM_HORIZON --query ShardIterator --output text)
  kinesis get-records --shard-iterator "$iterator" --query 'Records[].Data' --output text | base64 --decode

)",
                     endpoint, region);
}

}  // namespace millrace::app
