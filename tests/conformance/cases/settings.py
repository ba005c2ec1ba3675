"""What a stream and an account can be set to: mode, encryption, monitoring, policies, sizes, throughput, distribution."""

import json

import texts
from client import CODINGS
from harness import equal, refused, true
from inputs import addressed
from world import policy

INVALID = "InvalidArgumentException"
VALIDATION = "ValidationException"
NOT_FOUND = "ResourceNotFoundException"
LIMIT = "LimitExceededException"
ON_DEMAND = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
PROVISIONED = {"StreamModeDetails": {"StreamMode": "PROVISIONED"}}
KEY = "alias/aws/kinesis"
METRICS = ["IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords", "WriteProvisionedThroughputExceeded",
           "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds"]


def add(suite):
    add_modes(suite)
    add_encryption(suite)
    add_monitoring(suite)
    add_policies(suite)
    add_sizes(suite)
    add_throughput(suite)
    add_account(suite)
    add_distribution(suite)


def add_modes(suite):
    @suite.case("UpdateStreamMode", "to on-demand and back, with the shards as they are")
    def both_ways(world):
        name = world.create("mode", 2)
        shards = world.shards(name)
        for coding, mode in (("json", "ON_DEMAND"), ("cbor", "PROVISIONED")):
            world.client.ask("UpdateStreamMode", {"StreamARN": world.arn(name), "StreamModeDetails": {"StreamMode": mode}}, coding)
            world.wait_active(name)
            equal(world.summary(name)["StreamModeDetails"]["StreamMode"], mode)
            equal(world.shards(name), shards)
        world.delete(name)

    @suite.case("UpdateStreamMode", "to what it is already")
    def same(world):
        for name, mode in ((world.create("mode"), "PROVISIONED"), (world.create("mode", None, **ON_DEMAND), "ON_DEMAND")):
            world.ask("UpdateStreamMode", StreamARN=world.arn(name), StreamModeDetails={"StreamMode": mode})
            world.wait_active(name)
            equal(world.summary(name)["StreamModeDetails"]["StreamMode"], mode)
            world.delete(name)

    suite.refuses("UpdateStreamMode", "warm throughput for provisioned mode",
                  lambda w: {"StreamARN": w.arn(w.on_demand), "WarmThroughputMiBps": 10} | PROVISIONED, VALIDATION,
                  lambda w: texts.warm_needs_on_demand(w.on_demand))
    suite.refuses("UpdateStreamMode", "warm throughput without a commitment",
                  lambda w: {"StreamARN": w.plain_arn, "WarmThroughputMiBps": 10} | ON_DEMAND, VALIDATION,
                  texts.WARM_NEEDS_COMMITMENT)
    suite.refuses("UpdateStreamMode", "a stream that distributes its records itself, to provisioned mode",
                  lambda w: {"StreamARN": w.arn(w.automatic)} | PROVISIONED, INVALID,
                  lambda w: texts.as_ours(texts.auto_needs_on_demand(w.automatic)))

    @suite.case("UpdateStreamMode", "beyond the quota of on-demand streams", LIMIT, role="small")
    def quota(world):
        world.plain  # noqa: B018
        limits = world.ask("DescribeLimits")
        names = [world.create("od", None, **ON_DEMAND)
                 for _ in range(limits["OnDemandStreamCountLimit"] - limits["OnDemandStreamCount"])]
        refused(world, "UpdateStreamMode", {"StreamARN": world.plain_arn} | ON_DEMAND, LIMIT,
                texts.like(r"This request would exceed the limit on the number of On-Demand streams for the account `\d{12}` in "
                           r"`\S+`\. Current On-Demand streams count: \d+\. Limit: \d+\."))
        for name in names:
            world.delete(name)


def add_encryption(suite):
    for operation in ("StartStreamEncryption", "StopStreamEncryption"):
        suite.refuses(operation, "the type NONE", lambda w: addressed(w) | {"EncryptionType": "NONE", "KeyId": KEY}, INVALID,
                      texts.NOT_KMS)

    for coding in CODINGS:
        @suite.case("StartStreamEncryption", f"and stop it again, in {coding}")
        def both_ways(world, coding=coding):
            name = world.create("encrypted")
            world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"1")
            keys = (KEY, "12345678-1234-1234-1234-123456789012",
                    f"arn:aws:kms:{world.client.region}:{world.account}:alias/aws/kinesis")
            for key in keys:
                world.client.ask("StartStreamEncryption", {"StreamName": name, "EncryptionType": "KMS", "KeyId": key}, coding)
                world.wait_active(name)
                for found in (world.summary(name), world.ask("DescribeStream", StreamName=name)["StreamDescription"]):
                    equal((found["EncryptionType"], found["KeyId"]), ("KMS", key))
                put = world.client.ask("PutRecord", {"StreamName": name, "PartitionKey": "k", "Data": b"2"}, coding)
                equal(put["EncryptionType"], "KMS")
            puts = world.client.ask("PutRecords", {"StreamName": name, "Records": [{"PartitionKey": "k", "Data": b"3"}]}, coding)
            equal(puts["EncryptionType"], "KMS")
            world.client.ask("StopStreamEncryption", {"StreamName": name, "EncryptionType": "KMS", "KeyId": keys[-1]}, coding)
            world.wait_active(name)
            found = world.summary(name)
            equal((found["EncryptionType"], "KeyId" in found), ("NONE", False))
            put = world.client.ask("PutRecord", {"StreamName": name, "PartitionKey": "k", "Data": b"4"}, coding)
            true(put.get("EncryptionType", "NONE") == "NONE", put)
            records, _ = world.records(name, "shardId-000000000000")
            equal([r["Data"] for r in records], [b"1"] + [b"2"] * 3 + [b"3", b"4"])
            equal([r.get("EncryptionType", "NONE") for r in records], ["NONE"] + ["KMS"] * 4 + ["NONE"])
            world.delete(name)


def add_monitoring(suite):
    def metrics(world, operation, names, coding, value):
        answer = world.client.ask(operation, value | {"ShardLevelMetrics": names}, coding)
        world.wait_active(value.get("StreamName") or value["StreamARN"].split("/")[1])
        return set(answer["CurrentShardLevelMetrics"]), set(answer["DesiredShardLevelMetrics"])

    def shown(world, name):
        found = world.summary(name)["EnhancedMonitoring"]
        equal(found, world.ask("DescribeStream", StreamName=name)["StreamDescription"]["EnhancedMonitoring"])
        equal(len(found), 1)
        return set(found[0]["ShardLevelMetrics"])

    for coding in CODINGS:
        @suite.case("EnableEnhancedMonitoring", f"and disable it again, in {coding}")
        def both_ways(world, coding=coding):
            name = world.create("monitored")
            value = {"StreamName": name}
            equal(metrics(world, "EnableEnhancedMonitoring", METRICS[:2], coding, value), (set(), set(METRICS[:2])))
            equal(metrics(world, "EnableEnhancedMonitoring", METRICS[1:3], coding, {"StreamARN": world.arn(name)}),
                  (set(METRICS[:2]), set(METRICS[:3])))
            equal(shown(world, name), set(METRICS[:3]))
            equal(metrics(world, "DisableEnhancedMonitoring", METRICS[2:4], coding, value), (set(METRICS[:3]), set(METRICS[:2])))
            equal(metrics(world, "EnableEnhancedMonitoring", ["ALL"], coding, value), (set(METRICS[:2]), set(METRICS)))
            equal(shown(world, name), set(METRICS))
            equal(metrics(world, "DisableEnhancedMonitoring", ["ALL"], coding, value), (set(METRICS), set()))
            equal(shown(world, name), set())
            world.delete(name)


def add_policies(suite):
    for label, text in (("that is no JSON", "nonsense"), ("that is a list", "[]"), ("that is empty", ""),
                        ("cut short", '{"Version":"2012-10-17",')):
        suite.refuses("PutResourcePolicy", f"a policy {label}", lambda w, t=text: {"ResourceARN": w.plain_arn, "Policy": t},
                      INVALID, texts.malformed_policy())
    def of(change):
        def value(world):
            whole = json.loads(policy(world.account, world.plain_arn))
            change(whole, whole["Statement"][0])
            return {"ResourceARN": world.plain_arn, "Policy": json.dumps(whole)}
        return value
    for label, change in (("without a statement", lambda p, s: p.pop("Statement")),
                          ("with an effect that is none", lambda p, s: s.update(Effect="Perhaps")),
                          ("without an effect", lambda p, s: s.pop("Effect")),
                          ("without an action", lambda p, s: s.pop("Action")),
                          ("without a principal", lambda p, s: s.pop("Principal")),
                          ("of a version that is none", lambda p, s: p.update(Version="1999-01-01"))):
        suite.refuses("PutResourcePolicy", f"a policy {label}", of(change), INVALID, texts.malformed_policy())

    suite.refuses("DeleteResourcePolicy", "none is there", lambda w: {"ResourceARN": w.arn(w.on_demand)}, NOT_FOUND,
                  lambda w: texts.policy_not_found(w.arn(w.on_demand)))
    suite.refuses("DeleteResourcePolicy", "none of the consumer is there", lambda w: {"ResourceARN": w.reader_arn}, NOT_FOUND,
                  lambda w: texts.policy_not_found(w.reader_arn))

    for coding in CODINGS:
        @suite.case("PutResourcePolicy", f"put, got, replaced and deleted, in {coding}")
        def life(world, coding=coding):
            name = world.create("policy")
            consumer = world.register(name, "c")
            for arn, action in ((world.arn(name), "kinesis:PutRecord"), (consumer, "kinesis:SubscribeToShard")):
                equal(world.client.ask("GetResourcePolicy", {"ResourceARN": arn}, coding), {"Policy": "{}"})
                for text in (policy(world.account, arn, action), policy(world.account, arn, action).replace("read", "two")):
                    world.client.ask("PutResourcePolicy", {"ResourceARN": arn, "Policy": text}, coding)
                    equal(json.loads(world.client.ask("GetResourcePolicy", {"ResourceARN": arn}, coding)["Policy"]),
                          json.loads(text))
                world.client.ask("DeleteResourcePolicy", {"ResourceARN": arn}, coding)
                equal(world.client.ask("GetResourcePolicy", {"ResourceARN": arn}, coding), {"Policy": "{}"})
            world.delete(name)


def add_sizes(suite):
    @suite.case("UpdateMaxRecordSize", "up and down, with its effect on puts")
    def sizes(world):
        name = world.create("sizes")
        data = bytes(1500 * 1024)
        put = {"StreamName": name, "PartitionKey": "k", "Data": data}
        for coding in CODINGS:
            equal(world.client.call("PutRecord", put, coding).type, INVALID)
            world.client.ask("UpdateMaxRecordSize", {"StreamARN": world.arn(name), "MaxRecordSizeInKiB": 2048}, coding)
            world.wait_active(name)
            equal(world.summary(name)["MaxRecordSizeInKiB"], 2048)
            world.client.ask("PutRecord", put, coding)
            world.client.ask("UpdateMaxRecordSize", {"StreamARN": world.arn(name), "MaxRecordSizeInKiB": 1024}, coding)
            world.wait_active(name)
        equal([len(r["Data"]) for r in world.records(name, "shardId-000000000000")[0]], [len(data)] * 2)
        world.delete(name)


def add_throughput(suite):
    for label, value in (("by name", lambda w: addressed(w)), ("by ARN", lambda w: {"StreamARN": w.plain_arn})):
        suite.refuses("UpdateStreamWarmThroughput", f"a provisioned stream, {label}",
                      lambda w, v=value: v(w) | {"WarmThroughputMiBps": 10}, VALIDATION,
                      lambda w: texts.warm_needs_on_demand(w.plain))
    suite.refuses("UpdateStreamWarmThroughput", "without a commitment",
                  lambda w: {"StreamName": w.on_demand, "WarmThroughputMiBps": 10}, VALIDATION, texts.WARM_NEEDS_COMMITMENT)
    suite.refuses("UpdateStreamWarmThroughput", "more than there is",
                  lambda w: {"StreamName": w.on_demand, "WarmThroughputMiBps": 10_241}, VALIDATION,
                  texts.WARM_NEEDS_COMMITMENT)


def add_account(suite):
    @suite.case("DescribeAccountSettings", "an account without a commitment")
    def none(world):
        for coding in CODINGS:
            settings = world.client.ask("DescribeAccountSettings", {}, coding)
            equal(settings["MinimumThroughputBillingCommitment"], {"Status": "DISABLED"})

    # A commitment is for a day at least, and is the account's: a broker of its own shows it.
    @suite.case("UpdateAccountSettings", "a commitment, and what it permits", role="small")
    def commitment(world):
        def change(status, coding):
            value = {"MinimumThroughputBillingCommitment": {"Status": status}}
            answer = world.client.ask("UpdateAccountSettings", value, coding)["MinimumThroughputBillingCommitment"]
            equal(world.client.ask("DescribeAccountSettings", {}, coding)["MinimumThroughputBillingCommitment"], answer)
            return answer
        world.plain  # noqa: B018
        for coding in CODINGS:
            begun = change("ENABLED", coding)
            equal(begun["Status"], "ENABLED")
            equal(begun["EarliestAllowedEndAt"].ms - begun["StartedAt"].ms, 86_400_000)
            true("EndedAt" not in begun, begun)
            equal(change("ENABLED", coding), begun)
            ending = change("DISABLED", coding)
            equal(ending["Status"], "ENABLED_UNTIL_EARLIEST_ALLOWED_END")
            equal(ending["EarliestAllowedEndAt"], begun["EarliestAllowedEndAt"])
        equal(change("ENABLED", "json")["Status"], "ENABLED")
        name = world.create("warm", None, WarmThroughputMiBps=10, **ON_DEMAND)
        equal(world.summary(name)["WarmThroughput"], {"TargetMiBps": 10, "CurrentMiBps": 10})
        for coding, target in (("json", 20), ("cbor", 30)):
            answer = world.client.ask("UpdateStreamWarmThroughput", {"StreamName": name, "WarmThroughputMiBps": target}, coding)
            equal((answer["StreamName"], answer["StreamARN"], answer["WarmThroughput"]["TargetMiBps"]),
                  (name, world.arn(name), target))
            world.wait_active(name)
            equal(world.summary(name)["WarmThroughput"], {"TargetMiBps": target, "CurrentMiBps": target})
        refused(world, "UpdateStreamWarmThroughput", {"StreamName": name, "WarmThroughputMiBps": 10_241}, VALIDATION,
                texts.warm_too_high(10_241))
        refused(world, "UpdateStreamWarmThroughput", addressed(world) | {"WarmThroughputMiBps": 10}, VALIDATION,
                texts.warm_needs_on_demand(world.plain))
        world.delete(name)


def add_distribution(suite):
    suite.refuses("UpdateStreamRecordDistributionStrategy", "AUTO on a provisioned stream",
                  lambda w: {"StreamARN": w.plain_arn, "RecordDistributionStrategy": "AUTO"}, INVALID,
                  lambda w: texts.auto_needs_on_demand(w.plain))

    @suite.case("UpdateStreamRecordDistributionStrategy", "to AUTO and back, with its effect on puts")
    def both_ways(world):
        name = world.create("distributed", None, **ON_DEMAND)
        for coding in CODINGS:
            for strategy, status in (("AUTO", 200), ("USER_PARTITION_KEY", 400)):
                world.client.ask("UpdateStreamRecordDistributionStrategy",
                                 {"StreamARN": world.arn(name), "RecordDistributionStrategy": strategy}, coding)
                world.wait_active(name)
                equal(world.summary(name)["RecordDistributionStrategy"], strategy)
                answer = world.client.call("PutRecord", {"StreamName": name, "Data": b"d"}, coding)
                equal(answer.status, status)
                if status == 400:
                    equal(answer.type, VALIDATION)
        world.delete(name)
