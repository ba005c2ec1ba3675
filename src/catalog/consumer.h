#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace millrace::catalog {

enum class ConsumerStatus : std::uint8_t { creating, active, deleting };

std::string_view wire_name(ConsumerStatus status);  // "ACTIVE"

// A registered consumer of a stream.
struct Consumer {
  std::string name;
  // The second in its ARN: a name that is registered again gets a later one.
  std::int64_t created_s = 0;
  ConsumerStatus status = ConsumerStatus::creating;
  std::map<std::string, std::string> tags;  // by code point of the key (bytes of UTF-8)
  std::string policy;                       // the JSON text of PutResourcePolicy; empty: none
  friend bool operator==(const Consumer&, const Consumer&) = default;
};

}  // namespace millrace::catalog
