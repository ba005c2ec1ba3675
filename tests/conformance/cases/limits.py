"""Rates and what is counted by time. Needs an endpoint that limits them."""

import texts
from client import CODINGS
from harness import ask_patiently, check_refusal, equal, true
from inputs import addressed, base, shard_of

LIMIT = "LimitExceededException"
THROUGHPUT = "ProvisionedThroughputExceededException"
MIB = 1 << 20

# Calls a second, and whether they are counted for a stream or for the account. From the service's documentation.
STREAM, ACCOUNT = "stream", "account"
RATES = {
    "AddTagsToStream": (5, ACCOUNT), "CreateStream": (5, ACCOUNT), "DecreaseStreamRetentionPeriod": (5, STREAM),
    "DeleteResourcePolicy": (5, ACCOUNT), "DeleteStream": (5, ACCOUNT), "DeregisterStreamConsumer": (5, STREAM),
    "DescribeAccountSettings": (5, ACCOUNT), "DescribeLimits": (1, ACCOUNT), "DescribeStream": (10, ACCOUNT),
    "DescribeStreamConsumer": (20, STREAM), "DescribeStreamSummary": (20, ACCOUNT), "DisableEnhancedMonitoring": (5, STREAM),
    "EnableEnhancedMonitoring": (5, STREAM), "GetResourcePolicy": (5, ACCOUNT), "IncreaseStreamRetentionPeriod": (5, STREAM),
    "ListShards": (1000, STREAM), "ListStreamConsumers": (5, STREAM), "ListStreams": (5, ACCOUNT),
    "ListTagsForResource": (5, ACCOUNT), "ListTagsForStream": (5, ACCOUNT), "MergeShards": (5, ACCOUNT),
    "PutResourcePolicy": (5, ACCOUNT), "RegisterStreamConsumer": (5, STREAM), "RemoveTagsFromStream": (5, ACCOUNT),
    "SplitShard": (5, ACCOUNT), "StartStreamEncryption": (5, STREAM), "StopStreamEncryption": (5, STREAM),
    "TagResource": (5, ACCOUNT), "UntagResource": (5, ACCOUNT), "UpdateAccountSettings": (5, ACCOUNT),
    "UpdateMaxRecordSize": (5, STREAM), "UpdateShardCount": (10, ACCOUNT), "UpdateStreamMode": (5, STREAM),
    "UpdateStreamRecordDistributionStrategy": (5, STREAM), "UpdateStreamWarmThroughput": (5, ACCOUNT),
}
# A bucket may hold more than a second's calls; nobody knows how many, so a multiple is tried.
TRIES = 4
# Rates that cannot be exceeded by one connection in turn are not tried.
RATE_MAX = 100


def add(suite):
    add_calls(suite)
    add_puts(suite)
    add_reads(suite)
    add_by_time(suite)


def add_calls(suite):
    for operation, (rate, scope) in RATES.items():
        if rate > RATE_MAX:
            continue

        @suite.case(operation, f"more than {rate} calls a second", LIMIT, role="limits")
        def rates(world, operation=operation, rate=rate, scope=scope):
            value = harmless(world, operation, scope)
            for coding in CODINGS:
                answers = calls_in_turn(world, operation, value, coding, rate * TRIES + 5)
                refusals = [a for a in answers if a.type == LIMIT and (a.message or "").startswith("Rate exceeded")]
                true(refusals, f"{len(answers)} calls in turn, and none too many: {answers[-1]!r}")
                for answer in refusals:
                    check_refusal(world, answer, LIMIT, texts.like(r"Rate exceeded( for stream \S+ under account \d{12})?\."))
                true(len(answers) > len(refusals), "some call was let through")


def calls_in_turn(world, operation, value, coding, count):
    """The answers of so many calls, the first of which waits until the calls before it are made up for."""
    return [ask_patiently(world, operation, value, coding),
            *(world.client.call(operation, value, coding) for _ in range(count - 1))]


def harmless(world, operation, scope):
    """An input that changes nothing that matters however often it is let through."""
    value = base(world, operation) | {
        "CreateStream": {"StreamName": world.plain}, "RegisterStreamConsumer": {"ConsumerName": "reader"},
        "DeregisterStreamConsumer": {"ConsumerName": "nobody"}, "IncreaseStreamRetentionPeriod": {"RetentionPeriodHours": 24},
        "UpdateMaxRecordSize": {"MaxRecordSizeInKiB": 1024},
        "UpdateStreamMode": {"StreamModeDetails": {"StreamMode": "PROVISIONED"}},
        "UpdateAccountSettings": {"MinimumThroughputBillingCommitment": {"Status": "DISABLED"}}}.get(operation, {})
    # What is counted for a stream needs one; what is counted for the account may be about none.
    if scope == ACCOUNT and not operation.startswith(("Describe", "List", "Get", "Create")):
        for member, missing in (("StreamName", world.missing), ("StreamARN", world.missing_arn),
                                ("ResourceARN", world.missing_arn)):
            if member in value:
                value[member] = missing
    return value


def add_puts(suite):
    @suite.case("PutRecord", "more bytes than a shard takes", THROUGHPUT, role="limits")
    def bytes_in(world):
        for coding in CODINGS:
            name = world.create("throttled")
            value = {"StreamName": name, "PartitionKey": "k", "Data": bytes(MIB - 1)}
            answers = [world.client.call("PutRecord", value, coding) for _ in range(40)]
            refusals = [a for a in answers if a.status != 200]
            true(refusals, "40 MiB at once, and none too many")
            for answer in refusals:
                check_refusal(world, answer, THROUGHPUT, texts.shard_rate(shard_of(name), name, world.account))
            stored, _ = world.records(name, shard_of(name))
            equal(len(stored), 40 - len(refusals))
            world.delete(name)

    @suite.case("PutRecords", "more records than a shard takes", THROUGHPUT, role="limits")
    def records_in(world):
        for coding in CODINGS:
            name = world.create("throttled", 2)
            entries = [{"PartitionKey": "k", "ExplicitHashKey": "0", "Data": b"1"}] * 499
            entries.append({"PartitionKey": "k", "ExplicitHashKey": str(2 ** 128 - 1), "Data": b"2"})
            stored, refusals = 0, []
            for _ in range(30):
                answer = world.client.call("PutRecords", {"StreamName": name, "Records": entries}, coding)
                equal(answer.status, 200, answer)
                failed = [r for r in answer.value["Records"] if "ErrorCode" in r]
                equal(answer.value["FailedRecordCount"], len(failed))
                true("SequenceNumber" in answer.value["Records"][-1], "the other shard takes its record")
                stored += len(entries) - 1 - len(failed)
                refusals += failed
            true(refusals, "15,000 records at once, and none too many")
            for refusal in refusals:
                equal(refusal, {"ErrorCode": THROUGHPUT, "ErrorMessage":
                                f"Rate exceeded for shard {shard_of(name)} in stream {name} under account {world.account}."})
            records, _ = world.records(name, shard_of(name))
            equal(len(records), stored)
            world.delete(name)


def add_reads(suite):
    @suite.case("GetRecords", "more than five calls a second", THROUGHPUT, role="limits")
    def calls(world):
        name = world.create("throttled")
        world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"1")
        for coding in CODINGS:
            iterator = world.iterator(name, shard_of(name))
            answers = calls_in_turn(world, "GetRecords", {"ShardIterator": iterator}, coding, 30)
            refusals = [a for a in answers if a.status != 200]
            true(refusals and len(refusals) < 30, f"{len(refusals)} of 30 calls were too many")
            for answer in refusals:
                check_refusal(world, answer, THROUGHPUT, texts.shard_rate(shard_of(name), name, world.account))
            for answer in answers:
                true(answer.status != 200 or len(answer.value["Records"]) == 1, "a throttled call moves nothing")
        world.delete(name)

    @suite.case("GetShardIterator", "more than five calls a second", THROUGHPUT, role="limits")
    def iterators(world):
        name = world.create("throttled")
        for coding in CODINGS:
            value = {"StreamName": name, "ShardId": shard_of(name), "ShardIteratorType": "TRIM_HORIZON"}
            answers = calls_in_turn(world, "GetShardIterator", value, coding, 30)
            refusals = [a for a in answers if a.status != 200]
            true(refusals and len(refusals) < 30, f"{len(refusals)} of 30 calls were too many")
            for answer in refusals:
                check_refusal(world, answer, THROUGHPUT, texts.shard_rate(shard_of(name), name, world.account))
        world.delete(name)


def add_by_time(suite):
    @suite.case("UpdateShardCount", "the eleventh time in a day", LIMIT, role="limits")
    def rescales(world):
        name = world.create("counted", 1)
        for i in range(10):
            world.ask("UpdateShardCount", StreamName=name, TargetShardCount=2 - i % 2, ScalingType="UNIFORM_SCALING")
            world.wait_active(name)
        check_last(world, "UpdateShardCount", {"StreamName": name, "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"},
                   texts.own(f"Stream {name} under account {world.account} cannot be scaled more than 10 times in 24 hours."))
        equal(world.summary(name)["OpenShardCount"], 1)
        world.delete(name)

    @suite.case("UpdateStreamMode", "the third time in a day", LIMIT, role="limits")
    def modes(world):
        name = world.create("counted", 1)
        for mode in ("ON_DEMAND", "PROVISIONED"):
            world.ask("UpdateStreamMode", StreamARN=world.arn(name), StreamModeDetails={"StreamMode": mode})
            world.wait_active(name)
        check_last(world, "UpdateStreamMode", {"StreamARN": world.arn(name), "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
                   texts.own(f"Stream {name} under account {world.account} cannot change its mode more than 2 times in 24 "
                             "hours."))
        equal(world.summary(name)["StreamModeDetails"]["StreamMode"], "PROVISIONED")
        world.delete(name)

    @suite.case("StartStreamEncryption", "the twenty-sixth time in a day", LIMIT, role="limits")
    def encryption(world):
        name = world.create("counted", 1)
        for i in range(25):
            world.ask("StartStreamEncryption", StreamName=name, EncryptionType="KMS", KeyId=f"alias/key-{i}")
            world.wait_active(name)
        check_last(world, "StartStreamEncryption", {"StreamName": name, "EncryptionType": "KMS", "KeyId": "alias/one-more"},
                   texts.own(f"Encryption of stream {name} under account {world.account} can be started and stopped 25 times "
                             "each in 24 hours."))
        equal(world.summary(name)["KeyId"], "alias/key-24")
        world.delete(name)

    @suite.case("PutRecord", "more than one dry run a second", "ThrottlingException", role="limits")
    def dry_runs(world):
        for coding in CODINGS:
            value = addressed(world) | {"PartitionKey": "k", "Data": b"d", "DryRun": True}
            answers = calls_in_turn(world, "PutRecord", value, coding, 10)
            true("ThrottlingException" in [a.type for a in answers], answers[-1])
            for answer in answers:
                true(answer.type in ("ThrottlingException", "DryRunOperationException"), answer)


def check_last(world, operation, value, text):
    """Refused for what came before it, and not for the rate of calls."""
    for coding in CODINGS:
        check_refusal(world, ask_patiently(world, operation, value, coding), LIMIT, text)
