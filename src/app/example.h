#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::app {

// What --print-example prints: the endpoint, and commands of the AWS CLI that work as pasted into another terminal.
std::string aws_cli_example(std::string_view endpoint, std::string_view region);

// "http://127.0.0.1:4567" of an address that the server says it listens on; what stands for all becomes the loopback.
std::string endpoint_of(std::string_view address, std::uint16_t port);

}  // namespace millrace::app
