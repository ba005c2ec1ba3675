#include "catalog/codec_parts.h"

#include <cstring>

namespace millrace::catalog::codec {

pb::StreamStatus stored(StreamStatus value) {
  switch (value) {
    case StreamStatus::creating:
      return pb::STREAM_STATUS_CREATING;
    case StreamStatus::active:
      return pb::STREAM_STATUS_ACTIVE;
    case StreamStatus::updating:
      return pb::STREAM_STATUS_UPDATING;
    case StreamStatus::deleting:
      return pb::STREAM_STATUS_DELETING;
  }
  return pb::STREAM_STATUS_UNSPECIFIED;
}
StreamStatus loaded(pb::StreamStatus value, Problem& problem) {
  switch (value) {
    case pb::STREAM_STATUS_CREATING:
      return StreamStatus::creating;
    case pb::STREAM_STATUS_ACTIVE:
      return StreamStatus::active;
    case pb::STREAM_STATUS_UPDATING:
      return StreamStatus::updating;
    case pb::STREAM_STATUS_DELETING:
      return StreamStatus::deleting;
    default:
      break;
  }
  problem.newer("a stream's status");
  return StreamStatus::creating;
}

pb::StreamMode stored(StreamMode value) {
  switch (value) {
    case StreamMode::provisioned:
      return pb::STREAM_MODE_PROVISIONED;
    case StreamMode::on_demand:
      return pb::STREAM_MODE_ON_DEMAND;
  }
  return pb::STREAM_MODE_UNSPECIFIED;
}
StreamMode loaded(pb::StreamMode value, Problem& problem) {
  switch (value) {
    case pb::STREAM_MODE_PROVISIONED:
      return StreamMode::provisioned;
    case pb::STREAM_MODE_ON_DEMAND:
      return StreamMode::on_demand;
    default:
      break;
  }
  problem.newer("a stream's mode");
  return StreamMode::provisioned;
}

pb::RecordDistribution stored(RecordDistribution value) {
  switch (value) {
    case RecordDistribution::user_partition_key:
      return pb::RECORD_DISTRIBUTION_USER_PARTITION_KEY;
    case RecordDistribution::automatic:
      return pb::RECORD_DISTRIBUTION_AUTOMATIC;
  }
  return pb::RECORD_DISTRIBUTION_UNSPECIFIED;
}
RecordDistribution loaded(pb::RecordDistribution value, Problem& problem) {
  switch (value) {
    case pb::RECORD_DISTRIBUTION_USER_PARTITION_KEY:
      return RecordDistribution::user_partition_key;
    case pb::RECORD_DISTRIBUTION_AUTOMATIC:
      return RecordDistribution::automatic;
    default:
      break;
  }
  problem.newer("a stream's record distribution");
  return RecordDistribution::user_partition_key;
}

pb::ConsumerStatus stored(ConsumerStatus value) {
  switch (value) {
    case ConsumerStatus::creating:
      return pb::CONSUMER_STATUS_CREATING;
    case ConsumerStatus::active:
      return pb::CONSUMER_STATUS_ACTIVE;
    case ConsumerStatus::deleting:
      return pb::CONSUMER_STATUS_DELETING;
  }
  return pb::CONSUMER_STATUS_UNSPECIFIED;
}
ConsumerStatus loaded(pb::ConsumerStatus value, Problem& problem) {
  switch (value) {
    case pb::CONSUMER_STATUS_CREATING:
      return ConsumerStatus::creating;
    case pb::CONSUMER_STATUS_ACTIVE:
      return ConsumerStatus::active;
    case pb::CONSUMER_STATUS_DELETING:
      return ConsumerStatus::deleting;
    default:
      break;
  }
  problem.newer("a consumer's status");
  return ConsumerStatus::creating;
}

pb::ReshardCause stored(ReshardCause value) {
  switch (value) {
    case ReshardCause::request:
      return pb::RESHARD_CAUSE_REQUEST;
    case ReshardCause::scaling:
      return pb::RESHARD_CAUSE_SCALING;
  }
  return pb::RESHARD_CAUSE_UNSPECIFIED;
}
ReshardCause loaded(pb::ReshardCause value, Problem& problem) {
  switch (value) {
    case pb::RESHARD_CAUSE_REQUEST:
      return ReshardCause::request;
    case pb::RESHARD_CAUSE_SCALING:
      return ReshardCause::scaling;
    default:
      break;
  }
  problem.newer("the cause of a reshard");
  return ReshardCause::request;
}

pb::CommitmentStatus stored(Commitment::Status value) {
  switch (value) {
    case Commitment::Status::disabled:
      return pb::COMMITMENT_STATUS_DISABLED;
    case Commitment::Status::enabled:
      return pb::COMMITMENT_STATUS_ENABLED;
    case Commitment::Status::enabled_until_earliest_end:
      return pb::COMMITMENT_STATUS_ENABLED_UNTIL_EARLIEST_END;
  }
  return pb::COMMITMENT_STATUS_UNSPECIFIED;
}
Commitment::Status loaded(pb::CommitmentStatus value, Problem& problem) {
  switch (value) {
    case pb::COMMITMENT_STATUS_DISABLED:
      return Commitment::Status::disabled;
    case pb::COMMITMENT_STATUS_ENABLED:
      return Commitment::Status::enabled;
    case pb::COMMITMENT_STATUS_ENABLED_UNTIL_EARLIEST_END:
      return Commitment::Status::enabled_until_earliest_end;
    default:
      break;
  }
  problem.newer("a commitment's status");
  return Commitment::Status::disabled;
}

CommandId load_id(std::string_view bytes, Problem& problem) {
  CommandId id{};
  if (bytes.size() != id.size()) {
    problem.damaged("a command's id");
    return id;
  }
  std::memcpy(id.data(), bytes.data(), id.size());
  return id;
}

std::string_view text_of(const CommandId& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

}  // namespace millrace::catalog::codec
