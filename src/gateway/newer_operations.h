#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace millrace::gateway {

// What the service has learnt since August 2026 and this version does not have: channels and queues. Such a call is
// answered like one of any unknown operation; the log tells them apart.
inline constexpr std::array<std::string_view, 17> newer_operations = {
    "AcknowledgeDeadLetterQueueRecords",
    "AcknowledgeQueueRecords",
    "CreateChannel",
    "CreateQueue",
    "DeleteChannel",
    "DeleteQueue",
    "DescribeChannel",
    "DescribeQueue",
    "ListChannels",
    "ListQueues",
    "ReceiveDeadLetterQueueRecords",
    "ReceiveQueueRecords",
    "RestoreDeadLetterQueueRecords",
    "UpdateChannel",
    "UpdateDeadLetterQueueRecordsVisibility",
    "UpdateQueue",
    "UpdateQueueRecordsVisibility",
};

constexpr bool is_newer_operation(std::string_view name) {
  return std::ranges::find(newer_operations, name) != newer_operations.end();
}

}  // namespace millrace::gateway
