"""Step 23: the calls that Terraform's provider makes for `aws_kinesis_stream`, `aws_kinesis_stream_consumer` and
`aws_kinesis_resource_policy`, in its order and with its demands. The provider itself is no package of a registry that a
test may lean on, so its sequence is played here, as its source has it."""

import json

from steps import check, equal, step, wait_until


class Terraform:
    def __init__(self, kinesis, name):
        self.kinesis, self.name = kinesis, name
        self.not_found = kinesis.exceptions.ResourceNotFoundException
        self.arn = ""

    def run(self):
        step(23, "the calls of Terraform's resources: plan, create, read, update, read, destroy")
        self.plan(shards=2)
        self.create_stream()
        self.expect(shards=2, hours=24, mode="PROVISIONED", encryption="NONE", metrics=set(), tags={"team": "mill"}, kib=1024)
        self.consumer()
        self.policy()
        self.update()
        self.expect(shards=4, hours=72, mode="PROVISIONED", encryption="KMS", metrics={"IncomingBytes", "OutgoingRecords"},
                    tags={"team": "water", "stage": "test"}, kib=2048)
        self.update_back()
        self.expect(shards=None, hours=24, mode="ON_DEMAND", encryption="NONE", metrics=set(), tags={}, kib=2048)
        self.destroy()

    def wait(self):
        """DescribeStreamSummary until ACTIVE. Each state on the way is one that the provider knows."""
        def active():
            status = self.read()["StreamStatus"]
            check(status in ("CREATING", "UPDATING", "ACTIVE"), f"unexpected state {status}")
            return status == "ACTIVE"
        wait_until("an ACTIVE stream", active)

    def read(self):
        return self.kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]

    def plan(self, shards):
        limits = self.kinesis.describe_limits()
        check(limits["OpenShardCount"] + shards <= limits["ShardLimit"], f"the plan would stop: {limits}")
        check(limits["OnDemandStreamCount"] < limits["OnDemandStreamCountLimit"], f"the plan would stop: {limits}")

    def create_stream(self):
        self.kinesis.create_stream(StreamName=self.name, ShardCount=2, StreamModeDetails={"StreamMode": "PROVISIONED"},
                                   MaxRecordSizeInKiB=1024, Tags={"team": "mill"})
        self.wait()
        # Always, with the value that the stream has already.
        self.kinesis.increase_stream_retention_period(StreamName=self.name, RetentionPeriodHours=24)
        self.wait()
        self.arn = self.read()["StreamARN"]

    def tags(self):
        found, after = {}, {}
        while True:
            page = self.kinesis.list_tags_for_stream(StreamName=self.name, **after)
            found |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
            if not page["HasMoreTags"]:
                return found
            after = {"ExclusiveStartTagKey": page["Tags"][-1]["Key"]}

    def expect(self, shards, hours, mode, encryption, metrics, tags, kib):
        """The provider compares what it reads with its configuration: any difference is a plan that never ends."""
        found = self.read()
        equal((found["StreamName"], found["StreamARN"]), (self.name, self.arn), "name and ARN")
        equal(found["RetentionPeriodHours"], hours, "retention")
        equal(found["StreamModeDetails"]["StreamMode"], mode, "mode")
        equal(found["EncryptionType"], encryption, "encryption")
        equal(found.get("KeyId"), "alias/aws/kinesis" if encryption == "KMS" else None, "key")
        equal(set(found["EnhancedMonitoring"][0]["ShardLevelMetrics"]), metrics, "metrics")
        equal(found["MaxRecordSizeInKiB"], kib, "record size")
        if shards is not None:
            equal(found["OpenShardCount"], shards, "open shards")
        equal(self.tags(), tags, "tags")

    def consumer(self):
        made = self.kinesis.register_stream_consumer(StreamARN=self.arn, ConsumerName="terraform")["Consumer"]
        arn = made["ConsumerARN"]

        def state():
            return self.kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]
        wait_until("an ACTIVE consumer", lambda: state()["ConsumerStatus"] == "ACTIVE")
        found = state()
        equal((found["StreamARN"], found["ConsumerName"], found["ConsumerARN"]), (self.arn, "terraform", arn), "the consumer")
        equal(found["ConsumerCreationTimestamp"], made["ConsumerCreationTimestamp"], "its creation time")
        self.kinesis.deregister_stream_consumer(ConsumerARN=arn)

        def gone():
            try:
                return state()["ConsumerStatus"] not in ("DELETING", "ACTIVE")
            except self.not_found:
                return True
        wait_until("a consumer that is gone", gone)

    def policy(self):
        text = json.dumps({"Version": "2012-10-17", "Statement": [{
            "Sid": "read", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": ["kinesis:DescribeStreamSummary", "kinesis:GetRecords"], "Resource": self.arn}]})
        self.kinesis.put_resource_policy(ResourceARN=self.arn, Policy=text)
        found = self.kinesis.get_resource_policy(ResourceARN=self.arn)["Policy"]
        equal(json.loads(found), json.loads(text), "the policy by its meaning")
        self.kinesis.delete_resource_policy(ResourceARN=self.arn)
        equal(json.loads(self.kinesis.get_resource_policy(ResourceARN=self.arn)["Policy"]), {}, "no policy")

    def update(self):
        named = {"StreamName": self.name}
        self.kinesis.update_shard_count(TargetShardCount=4, ScalingType="UNIFORM_SCALING", **named)
        self.wait()
        self.kinesis.increase_stream_retention_period(RetentionPeriodHours=72, **named)
        self.wait()
        self.kinesis.enable_enhanced_monitoring(ShardLevelMetrics=["IncomingBytes", "OutgoingRecords"], **named)
        self.wait()
        self.kinesis.start_stream_encryption(EncryptionType="KMS", KeyId="alias/aws/kinesis", **named)
        self.wait()
        self.kinesis.update_max_record_size(StreamARN=self.arn, MaxRecordSizeInKiB=2048)
        self.wait()
        self.kinesis.add_tags_to_stream(Tags={"team": "water", "stage": "test"}, **named)

    def update_back(self):
        named = {"StreamName": self.name}
        self.kinesis.update_stream_mode(StreamARN=self.arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
        self.wait()
        self.kinesis.decrease_stream_retention_period(RetentionPeriodHours=24, **named)
        self.wait()
        self.kinesis.disable_enhanced_monitoring(ShardLevelMetrics=["IncomingBytes", "OutgoingRecords"], **named)
        self.wait()
        self.kinesis.stop_stream_encryption(EncryptionType="KMS", KeyId="alias/aws/kinesis", **named)
        self.wait()
        self.kinesis.remove_tags_from_stream(TagKeys=["team", "stage"], **named)

    def destroy(self):
        # The data source, which lists open and closed shards.
        pages = self.kinesis.get_paginator("list_shards").paginate(StreamName=self.name)
        shards = [shard for page in pages for shard in page["Shards"]]
        opened = [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        equal((len(opened), len(shards) > len(opened)), (4, True), "open and closed shards")
        self.kinesis.delete_stream(StreamName=self.name, EnforceConsumerDeletion=True)

        def gone():
            try:
                return self.read()["StreamStatus"] not in ("DELETING", "ACTIVE")
            except self.not_found:
                return True
        wait_until("a stream that is gone", gone)
