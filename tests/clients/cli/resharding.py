"""Steps 19 to 22 with the AWS CLI: shards that are split, merged and rescaled, consumers, and what a stream is set to."""

from steps import HASH_SPACE, check, equal, step, wait_until


class Resharding:
    """`suite` runs the commands; the stream is this one's own."""

    def __init__(self, suite, stream):
        self.aws, self.expect_error, self.stream = suite.aws, suite.expect_error, stream

    def name(self):
        return "--stream-name", self.stream

    def run(self):
        self.aws("create-stream", *self.name(), "--shard-count", "2")
        self.wait_active()
        self.reshard()
        arn = self.aws("describe-stream-summary", *self.name())["StreamDescriptionSummary"]["StreamARN"]
        self.consumers(arn)
        self.settings(arn)
        self.aws("delete-stream", *self.name(), "--enforce-consumer-deletion")
        self.aws("wait", "stream-not-exists", *self.name())

    def wait_active(self):
        self.aws("wait", "stream-exists", *self.name())

    def shards(self):
        return self.aws("list-shards", *self.name())["Shards"]

    def reshard(self):
        step(19, "split, merge and rescale")
        first, second = (shard["ShardId"] for shard in self.shards())
        self.aws("put-record", *self.name(), "--partition-key", "k", "--explicit-hash-key", "0", "--data", "YQ==")
        self.aws("split-shard", *self.name(), "--shard-to-split", first, "--new-starting-hash-key", str(HASH_SPACE // 4))
        self.wait_active()
        lower, upper = (shard["ShardId"] for shard in self.shards() if shard.get("ParentShardId") == first)
        merge = ("merge-shards", *self.name(), "--adjacent-shard-to-merge", second, "--shard-to-merge")
        self.expect_error("InvalidArgumentException", *merge, lower)
        self.aws(*merge, upper)
        self.wait_active()
        merged = self.shards()[-1]
        equal((merged["ParentShardId"], merged["AdjacentParentShardId"]), (upper, second), "the parents")
        counts = self.aws("update-shard-count", *self.name(), "--target-shard-count", "4", "--scaling-type", "UNIFORM_SCALING")
        equal((counts["CurrentShardCount"], counts["TargetShardCount"]), (2, 4), "the counts")
        self.wait_active()
        opened = self.aws("list-shards", *self.name(), "--shard-filter", "Type=AT_LATEST")["Shards"]
        equal(sorted(int(shard["HashKeyRange"]["StartingHashKey"]) for shard in opened),
              [i * HASH_SPACE // 4 for i in range(4)], "uniform shards")
        self.follow(first, {lower, upper})

    def follow(self, parent, children):
        step(20, "a closed shard is read to its end, which names its children")
        at = self.aws("get-shard-iterator", *self.name(), "--shard-id", parent, "--shard-iterator-type",
                      "TRIM_HORIZON")["ShardIterator"]
        page = self.aws("get-records", "--shard-iterator", at)
        equal([record["PartitionKey"] for record in page["Records"]], ["k"], "the parent's records")
        page = self.aws("get-records", "--shard-iterator", page["NextShardIterator"])
        check("NextShardIterator" not in page, f"a closed shard goes on: {page}")
        equal({child["ShardId"] for child in page["ChildShards"]}, children, "the children")

    def consumers(self, arn):
        step(21, "register, list, describe and deregister a consumer")
        of_stream = "--stream-arn", arn
        consumer = self.aws("register-stream-consumer", *of_stream, "--consumer-name", "reader")["Consumer"]["ConsumerARN"]
        described = ("describe-stream-consumer", "--consumer-arn", consumer)
        wait_until("an active consumer", lambda: self.aws(*described)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
        self.expect_error("ResourceInUseException", "register-stream-consumer", *of_stream, "--consumer-name", "reader")
        listed = self.aws("list-stream-consumers", *of_stream)["Consumers"]
        equal([one["ConsumerARN"] for one in listed], [consumer], "the consumers")
        self.aws("tag-resource", "--resource-arn", consumer, "--tags", "team=a")
        tags = self.aws("list-tags-for-resource", "--resource-arn", consumer)["Tags"]
        equal(tags, [{"Key": "team", "Value": "a"}], "the consumer's tags")
        self.aws("deregister-stream-consumer", "--consumer-arn", consumer)
        wait_until("no consumer", lambda: not self.aws("list-stream-consumers", *of_stream)["Consumers"])
        self.expect_error("ResourceNotFoundException", *described)

    def settings(self, arn):
        step(22, "mode, encryption, monitoring")
        enabled = self.aws("enable-enhanced-monitoring", *self.name(), "--shard-level-metrics", "IncomingBytes")
        equal(enabled["DesiredShardLevelMetrics"], ["IncomingBytes"], "the metrics")
        self.aws("start-stream-encryption", *self.name(), "--encryption-type", "KMS", "--key-id", "alias/aws/kinesis")
        self.wait_active()
        self.aws("update-stream-mode", "--stream-arn", arn, "--stream-mode-details", "StreamMode=ON_DEMAND")
        self.wait_active()
        summary = self.aws("describe-stream-summary", *self.name())["StreamDescriptionSummary"]
        equal((summary["EncryptionType"], summary["StreamModeDetails"]["StreamMode"]), ("KMS", "ON_DEMAND"), "what it is set to")
        equal(summary["EnhancedMonitoring"], [{"ShardLevelMetrics": ["IncomingBytes"]}], "the metrics in the summary")
