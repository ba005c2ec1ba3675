"""For each operation an input that would succeed, or be refused for the state of the streams alone: what cases start from
when they break one thing. All of them are about streams of this run."""

from world import policy


def shard_of(stream, number=0):
    return f"shardId-{number:012}"


def addressed(world):
    return {"StreamName": world.plain}


BASES = {
    "AddTagsToStream": lambda w: addressed(w) | {"Tags": {"added": "1"}},
    "CreateStream": lambda w: {"StreamName": w.prefix + "never", "ShardCount": 1},
    "DecreaseStreamRetentionPeriod": lambda w: addressed(w) | {"RetentionPeriodHours": 24},
    "DeleteResourcePolicy": lambda w: {"ResourceARN": w.plain_arn},
    "DeleteStream": addressed,
    "DeregisterStreamConsumer": lambda w: {"StreamARN": w.plain_arn, "ConsumerName": "reader"},
    "DescribeAccountSettings": lambda w: {},
    "DescribeLimits": lambda w: {},
    "DescribeStream": addressed,
    "DescribeStreamConsumer": lambda w: {"StreamARN": w.plain_arn, "ConsumerName": "reader"},
    "DescribeStreamSummary": addressed,
    "DisableEnhancedMonitoring": lambda w: addressed(w) | {"ShardLevelMetrics": ["IncomingBytes"]},
    "EnableEnhancedMonitoring": lambda w: addressed(w) | {"ShardLevelMetrics": ["IncomingBytes"]},
    "GetRecords": lambda w: {"ShardIterator": w.iterator(w.plain, shard_of(w.plain))},
    "GetResourcePolicy": lambda w: {"ResourceARN": w.plain_arn},
    "GetShardIterator": lambda w: addressed(w) | {"ShardId": shard_of(w.plain), "ShardIteratorType": "LATEST"},
    "IncreaseStreamRetentionPeriod": lambda w: addressed(w) | {"RetentionPeriodHours": 48},
    "ListShards": addressed,
    "ListStreamConsumers": lambda w: {"StreamARN": w.plain_arn},
    "ListStreams": lambda w: {},
    "ListTagsForResource": lambda w: {"ResourceARN": w.plain_arn},
    "ListTagsForStream": addressed,
    "MergeShards": lambda w: addressed(w) | {"ShardToMerge": shard_of(w.plain), "AdjacentShardToMerge": shard_of(w.plain, 1)},
    "PutRecord": lambda w: addressed(w) | {"PartitionKey": "key", "Data": b"data"},
    "PutRecords": lambda w: addressed(w) | {"Records": [{"PartitionKey": "key", "Data": b"data"}]},
    "PutResourcePolicy": lambda w: {"ResourceARN": w.plain_arn, "Policy": policy(w.account, w.plain_arn)},
    "RegisterStreamConsumer": lambda w: {"StreamARN": w.plain_arn, "ConsumerName": "another"},
    "RemoveTagsFromStream": lambda w: addressed(w) | {"TagKeys": ["team"]},
    "SplitShard": lambda w: addressed(w) | {"ShardToSplit": shard_of(w.plain), "NewStartingHashKey": "1000"},
    "StartStreamEncryption": lambda w: addressed(w) | {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
    "StopStreamEncryption": lambda w: addressed(w) | {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
    "SubscribeToShard": lambda w: {"ConsumerARN": w.reader_arn, "ShardId": shard_of(w.plain),
                                   "StartingPosition": {"Type": "LATEST"}},
    "TagResource": lambda w: {"ResourceARN": w.plain_arn, "Tags": {"added": "1"}},
    "UntagResource": lambda w: {"ResourceARN": w.plain_arn, "TagKeys": ["team"]},
    "UpdateAccountSettings": lambda w: {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}},
    "UpdateMaxRecordSize": lambda w: {"StreamARN": w.plain_arn, "MaxRecordSizeInKiB": 2048},
    "UpdateShardCount": lambda w: addressed(w) | {"TargetShardCount": 6, "ScalingType": "UNIFORM_SCALING"},
    "UpdateStreamMode": lambda w: {"StreamARN": w.plain_arn, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
    "UpdateStreamRecordDistributionStrategy":
        lambda w: {"StreamARN": w.plain_arn, "RecordDistributionStrategy": "USER_PARTITION_KEY"},
    "UpdateStreamWarmThroughput": lambda w: addressed(w) | {"WarmThroughputMiBps": 10},
}

# Operations that take StreamName or StreamARN; what they answer to neither is in cases/missing.py.
BY_NAME_OR_ARN = (
    "AddTagsToStream", "RemoveTagsFromStream", "ListTagsForStream", "DeleteStream", "DescribeStream",
    "DescribeStreamSummary", "EnableEnhancedMonitoring", "DisableEnhancedMonitoring", "GetShardIterator",
    "IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod", "ListShards", "MergeShards", "SplitShard",
    "PutRecord", "PutRecords", "StartStreamEncryption", "StopStreamEncryption", "UpdateShardCount",
    "UpdateStreamWarmThroughput")
BY_ARN = ("RegisterStreamConsumer", "ListStreamConsumers", "UpdateStreamMode", "UpdateStreamRecordDistributionStrategy",
          "UpdateMaxRecordSize")
BY_RESOURCE_ARN = ("GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy", "TagResource", "UntagResource",
                   "ListTagsForResource")


def base(world, operation):
    return BASES[operation](world)


def with_name(world, operation, name):
    """The base, about another stream, by its name."""
    value = {k: v for k, v in base(world, operation).items() if k not in ("StreamName", "StreamARN")}
    return value | {"StreamName": name}


def with_arn(world, operation, arn):
    """The base, about another stream, by its ARN."""
    member = "ResourceARN" if operation in BY_RESOURCE_ARN else "StreamARN"
    value = {k: v for k, v in base(world, operation).items() if k not in ("StreamName", "StreamARN", "ResourceARN")}
    return value | {member: arn}
