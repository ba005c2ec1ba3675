"""Steps 21 and 22: consumers, and what a stream can be set to."""

import json

from demands import expect_error
from steps import equal, step, wait_until

METRICS = ["IncomingBytes", "OutgoingBytes"]


class Settings:
    def __init__(self, kinesis, stream):
        self.kinesis, self.stream = kinesis, stream
        self.errors = kinesis.exceptions
        self.arn = ""

    def run(self):
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=1)
        self.wait_active()
        self.arn = self.summary()["StreamARN"]
        self.consumers()
        self.settings()
        self.kinesis.delete_stream(StreamName=self.stream, EnforceConsumerDeletion=True)
        self.kinesis.get_waiter("stream_not_exists").wait(StreamName=self.stream)

    def wait_active(self):
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.stream)

    def summary(self):
        return self.kinesis.describe_stream_summary(StreamName=self.stream)["StreamDescriptionSummary"]

    def consumer(self, name):
        """Registers, and waits until it is ACTIVE."""
        made = self.kinesis.register_stream_consumer(StreamARN=self.arn, ConsumerName=name)["Consumer"]
        equal(made["ConsumerStatus"], "CREATING", "the state of a new consumer")
        wait_until("an active consumer", lambda: self.kinesis.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])[
            "ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
        return made["ConsumerARN"]

    def consumers(self):
        step(21, "register, list, describe and deregister consumers")
        arns = [self.consumer(f"consumer-{i}") for i in range(3)]
        expect_error(self.errors.ResourceInUseException, "a name that is taken", self.kinesis.register_stream_consumer,
                     StreamARN=self.arn, ConsumerName="consumer-0")
        pages = self.kinesis.get_paginator("list_stream_consumers").paginate(
            StreamARN=self.arn, PaginationConfig={"PageSize": 1})
        equal(sorted(c["ConsumerARN"] for page in pages for c in page["Consumers"]), sorted(arns), "consumers listed")
        equal(self.summary()["ConsumerCount"], 3, "consumers counted")
        expect_error(self.errors.ResourceInUseException, "a deletion", self.kinesis.delete_stream, StreamName=self.stream)
        self.kinesis.tag_resource(ResourceARN=arns[0], Tags={"team": "mill"})
        equal(self.kinesis.list_tags_for_resource(ResourceARN=arns[0])["Tags"], [{"Key": "team", "Value": "mill"}], "tags")
        self.kinesis.deregister_stream_consumer(StreamARN=self.arn, ConsumerName="consumer-2")

        def gone():
            try:
                self.kinesis.describe_stream_consumer(StreamARN=self.arn, ConsumerName="consumer-2")
            except self.errors.ResourceNotFoundException:
                return True
            return False
        wait_until("a consumer that is gone", gone)

    def settings(self):
        step(22, "mode, encryption, monitoring, policy, record size, tags by ARN, account settings")
        mode = {"StreamMode": "ON_DEMAND"}
        self.kinesis.update_stream_mode(StreamARN=self.arn, StreamModeDetails=mode)
        self.wait_active()
        equal(self.summary()["StreamModeDetails"], mode, "mode")
        expect_error("ValidationException", "a split in on-demand mode", self.kinesis.split_shard, StreamName=self.stream,
                     ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
        self.kinesis.start_stream_encryption(StreamName=self.stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
        self.wait_active()
        equal((self.summary()["EncryptionType"], self.summary()["KeyId"]), ("KMS", "alias/aws/kinesis"), "encryption")
        put = self.kinesis.put_record(StreamName=self.stream, PartitionKey="a", Data=b"a")
        equal(put["EncryptionType"], "KMS", "encryption of a put")
        self.kinesis.stop_stream_encryption(StreamName=self.stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
        self.wait_active()
        answer = self.kinesis.enable_enhanced_monitoring(StreamName=self.stream, ShardLevelMetrics=METRICS)
        equal((answer["CurrentShardLevelMetrics"], sorted(answer["DesiredShardLevelMetrics"])), ([], METRICS), "monitoring")
        self.wait_active()
        self.kinesis.disable_enhanced_monitoring(StreamName=self.stream, ShardLevelMetrics=["ALL"])
        self.wait_active()
        equal(self.summary()["EnhancedMonitoring"], [{"ShardLevelMetrics": []}], "monitoring switched off")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kinesis:GetRecords", "Resource": self.arn}]})
        self.kinesis.put_resource_policy(ResourceARN=self.arn, Policy=policy)
        equal(json.loads(self.kinesis.get_resource_policy(ResourceARN=self.arn)["Policy"]), json.loads(policy), "policy")
        self.kinesis.delete_resource_policy(ResourceARN=self.arn)
        equal(self.kinesis.get_resource_policy(ResourceARN=self.arn)["Policy"], "{}", "no policy")
        self.kinesis.update_max_record_size(StreamARN=self.arn, MaxRecordSizeInKiB=2048)
        self.wait_active()
        self.kinesis.put_record(StreamName=self.stream, PartitionKey="a", Data=bytes(1_500_000))
        self.kinesis.tag_resource(ResourceARN=self.arn, Tags={"a": "1", "b": "2"})
        self.kinesis.untag_resource(ResourceARN=self.arn, TagKeys=["a"])
        equal(self.kinesis.list_tags_for_stream(StreamName=self.stream)["Tags"], [{"Key": "b", "Value": "2"}], "tags")
        status = self.kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]["Status"]
        equal(status, "DISABLED", "commitment")
