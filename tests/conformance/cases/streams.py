"""Streams as such: made, described, listed, tagged, kept for so long, deleted."""

import texts
from harness import equal, true
from inputs import addressed, shard_of
from world import policy

INVALID = "InvalidArgumentException"
VALIDATION = "ValidationException"
IN_USE = "ResourceInUseException"
LIMIT = "LimitExceededException"
ON_DEMAND = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
PROVISIONED = {"StreamModeDetails": {"StreamMode": "PROVISIONED"}}
HASH_KEY_MAX = 2 ** 128 - 1

# The first hash key of each shard of a new stream, as recorded.
STARTS = {
    1: [0],
    2: [0, 170141183460469231731687303715884105728],
    3: [0, 113427455640312821154458202477256070485, 226854911280625642308916404954512140970],
    4: [0, 85070591730234615865843651857942052864, 170141183460469231731687303715884105728,
        255211775190703847597530955573826158592],
    5: [0, 68056473384187692692674921486353642291, 136112946768375385385349842972707284582,
        204169420152563078078024764459060926873, 272225893536750770770699685945414569164],
}


def add(suite):
    add_create(suite)
    add_create_limits(suite)
    add_new_streams(suite)
    add_delete(suite)
    add_listings(suite)
    add_retention(suite)
    add_tags(suite)
    add_tag_behaviour(suite)


def never(world, **members):
    """A CreateStream that must not make anything."""
    return {"StreamName": world.prefix + "never"} | members


def add_create(suite):
    def refuses(label, members, error, text):
        suite.refuses("CreateStream", label, lambda w: never(w, **members), error, text)

    for fixture in ("plain", "on_demand", "automatic"):
        suite.refuses("CreateStream", f"the name of the {fixture.replace('_', '-')} stream is taken",
                      lambda w, f=fixture: {"StreamName": getattr(w, f), "ShardCount": 1}, IN_USE,
                      lambda w, f=fixture: texts.stream_exists(getattr(w, f), w.account))
    suite.refuses("CreateStream", "a name that is taken, with other arguments",
                  lambda w: {"StreamName": w.plain, "ShardCount": 100} | PROVISIONED, IN_USE,
                  lambda w: texts.stream_exists(w.plain, w.account))
    refuses("PROVISIONED without a number of shards", PROVISIONED, INVALID,
            texts.own("ShardCount must be provided for PROVISIONED mode."))
    for label, mode in (("in PROVISIONED mode", PROVISIONED), ("with shards alone", {})):
        refuses(f"AUTO distribution {label}", {"ShardCount": 1, "RecordDistributionStrategy": "AUTO"} | mode, INVALID,
                lambda w: texts.auto_needs_on_demand(w.prefix + "never"))
        refuses(f"warm throughput {label}", {"ShardCount": 1, "WarmThroughputMiBps": 1} | mode, VALIDATION,
                lambda w: texts.warm_needs_on_demand(w.prefix + "never"))
    refuses("warm throughput without a commitment", {"WarmThroughputMiBps": 10} | ON_DEMAND, VALIDATION,
            texts.WARM_NEEDS_COMMITMENT)
    for label, tags, text in bad_tags(lambda w: w.prefix + "never", texts.illegal_tags, texts.too_many_tags):
        refuses(f"tags {label}", {"ShardCount": 1, "Tags": tags}, INVALID, text)


def add_create_limits(suite):
    suite.refuses("CreateStream", "more shards than an account may have", lambda w: never(w, ShardCount=1_000_000), LIMIT,
                  texts.shard_limit())
    suite.refuses("CreateStream", "as many shards as an integer holds", lambda w: never(w, ShardCount=2 ** 31 - 1), LIMIT,
                  texts.shard_limit())

    @suite.case("CreateStream", "shards up to the quota, and not one more", LIMIT, role="small")
    def quota(world):
        world.plain  # noqa: B018  (its shards count too)
        limits = world.ask("DescribeLimits")
        free = limits["ShardLimit"] - limits["OpenShardCount"]
        name = world.create("full", free)
        equal(world.ask("DescribeLimits")["OpenShardCount"], limits["ShardLimit"])
        for coding in ("json", "cbor"):
            answer = world.client.call("CreateStream", never(world, ShardCount=1), coding)
            equal((answer.status, answer.type), (400, LIMIT))
            equal(answer.message,
                  f"This request would exceed the shard limit for the account {world.account} in {world.client.region}. "
                  f"Current shard count for the account: {limits['ShardLimit']}. Limit: {limits['ShardLimit']}. Number of "
                  "additional shards that would have resulted from this request: 1. Refer to the AWS Service Limits page "
                  "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to "
                  "request higher limits.")
        world.delete(name)
        equal(world.ask("DescribeLimits")["OpenShardCount"], limits["OpenShardCount"])

    @suite.case("CreateStream", "on-demand streams up to the quota, and not one more", LIMIT, role="small")
    def on_demand_quota(world):
        world.plain  # noqa: B018
        limits = world.ask("DescribeLimits")
        names = [world.create("od", None, **ON_DEMAND)
                 for _ in range(limits["OnDemandStreamCountLimit"] - limits["OnDemandStreamCount"])]
        for coding in ("json", "cbor"):
            answer = world.client.call("CreateStream", never(world) | ON_DEMAND, coding)
            equal((answer.status, answer.type), (400, LIMIT))
            n = limits["OnDemandStreamCountLimit"]
            equal(answer.message, "This request would exceed the limit on the number of On-Demand streams for the account "
                                  f"`{world.account}` in `{world.client.region}`. Current On-Demand streams count: {n}. "
                                  f"Limit: {n}.")
        for name in names:
            world.delete(name)


def add_new_streams(suite):
    for count, starts in STARTS.items():
        @suite.case("CreateStream", f"the ranges of {count} shards")
        def ranges(world, count=count, starts=starts):
            name = world.create("ranges", count)
            found = world.shards(name)
            equal([s["ShardId"] for s in found], [shard_of(name, i) for i in range(count)])
            equal([int(s["HashKeyRange"]["StartingHashKey"]) for s in found], starts)
            equal([int(s["HashKeyRange"]["EndingHashKey"]) for s in found], [n - 1 for n in starts[1:]] + [HASH_KEY_MAX])
            for shard in found:
                equal(set(shard), {"ShardId", "HashKeyRange", "SequenceNumberRange"})
                equal(set(shard["SequenceNumberRange"]), {"StartingSequenceNumber"})
                equal(len(shard["SequenceNumberRange"]["StartingSequenceNumber"]), 56)
            world.delete(name)

    @suite.case("CreateStream", "a provisioned stream as it begins")
    def provisioned(world):
        name = world.create("new", 2)
        for coding in ("json", "cbor"):
            summary = world.client.ask("DescribeStreamSummary", {"StreamName": name}, coding)["StreamDescriptionSummary"]
            expected = {"StreamName": name, "StreamARN": world.arn(name), "StreamStatus": "ACTIVE", "RetentionPeriodHours": 24,
                        "EncryptionType": "NONE", "EnhancedMonitoring": [{"ShardLevelMetrics": []}], "OpenShardCount": 2,
                        "ConsumerCount": 0, "MaxRecordSizeInKiB": 1024, "StreamModeDetails": {"StreamMode": "PROVISIONED"}}
            equal({key: summary.get(key) for key in expected}, expected)
            true("KeyId" not in summary and "StreamId" not in summary and "WarmThroughput" not in summary, summary)
            whole = world.client.ask("DescribeStream", {"StreamName": name}, coding)["StreamDescription"]
            equal(whole["StreamCreationTimestamp"], summary["StreamCreationTimestamp"])
            equal((whole["HasMoreShards"], len(whole["Shards"]), whole["EncryptionType"]), (False, 2, "NONE"))
        world.delete(name)

    for label, members, mode, count in (
            ("neither mode nor shards", {}, "ON_DEMAND", 4), ("ON_DEMAND", ON_DEMAND, "ON_DEMAND", 4),
            ("ON_DEMAND with a number of shards, which is ignored", ON_DEMAND | {"ShardCount": 2}, "ON_DEMAND", 4),
            ("shards alone", {"ShardCount": 3}, "PROVISIONED", 3),
            ("PROVISIONED with shards", PROVISIONED | {"ShardCount": 2}, "PROVISIONED", 2)):
        @suite.case("CreateStream", label)
        def modes(world, members=members, mode=mode, count=count):
            name = world.create("mode", members.get("ShardCount"), **{k: v for k, v in members.items() if k != "ShardCount"})
            summary = world.summary(name)
            equal((summary["StreamModeDetails"]["StreamMode"], summary["OpenShardCount"]), (mode, count))
            world.delete(name)

    @suite.case("CreateStream", "with everything that it takes")
    def everything(world):
        name = world.create("all", None, Tags={"a": "1", "b": ""}, MaxRecordSizeInKiB=10240,
                            RecordDistributionStrategy="AUTO", **ON_DEMAND)
        summary = world.summary(name)
        equal((summary["MaxRecordSizeInKiB"], summary["RecordDistributionStrategy"]), (10240, "AUTO"))
        equal(world.ask("ListTagsForStream", StreamName=name)["Tags"],
              [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
        world.delete(name)

    @suite.case("CreateStream", "a name that was in use before is another stream's")
    def again(world):
        name = world.create("again", 1, Tags={"old": "1"})
        world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"old")
        created = world.summary(name)["StreamCreationTimestamp"]
        number = world.shards(name)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
        world.delete(name)
        world.create_named(name)
        equal(world.ask("ListTagsForStream", StreamName=name)["Tags"], [])
        true(world.summary(name)["StreamCreationTimestamp"] != created, "the creation time is another one")
        true(int(world.shards(name)[0]["SequenceNumberRange"]["StartingSequenceNumber"]) > int(number), "numbers grow")
        equal(world.records(name, shard_of(name))[0], [])
        world.delete(name)


def add_delete(suite):
    suite.refuses("DeleteStream", "a stream with consumers", addressed, IN_USE,
                  lambda w: texts.has_consumers(w.plain, w.plain_arn))
    suite.refuses("DeleteStream", "a stream with consumers, not enforced",
                  lambda w: addressed(w) | {"EnforceConsumerDeletion": False}, IN_USE,
                  lambda w: texts.has_consumers(w.plain, w.plain_arn))

    @suite.case("DeleteStream", "with its consumers, tags and policies")
    def enforced(world):
        name = world.create("enforced", Tags={"a": "b"})
        arn = world.register(name, "reader")
        world.ask("PutResourcePolicy", ResourceARN=world.arn(name), Policy=policy(world.account, world.arn(name)))
        world.ask("DeleteStream", StreamName=name, EnforceConsumerDeletion=True)
        world.wait_gone(name)
        world.create_named(name)
        equal(world.ask("ListStreamConsumers", StreamARN=world.arn(name))["Consumers"], [])
        equal(world.ask("GetResourcePolicy", ResourceARN=world.arn(name))["Policy"], "{}")
        answer = world.client.call("DescribeStreamConsumer", {"ConsumerARN": arn})
        equal(answer.type, "ResourceNotFoundException")
        world.delete(name)


def add_listings(suite):
    @suite.case("DescribeStream", "pages of shards")
    def pages(world):
        name = world.create("pages", 5)
        found, after = [], {}
        while True:
            page = world.ask("DescribeStream", StreamName=name, Limit=2, **after)["StreamDescription"]
            found += [s["ShardId"] for s in page["Shards"]]
            equal(page["HasMoreShards"], len(found) < 5)
            if not page["HasMoreShards"]:
                break
            after = {"ExclusiveStartShardId": found[-1]}
        equal(found, [shard_of(name, i) for i in range(5)])
        world.delete(name)

    @suite.case("DescribeStream", "no more than a hundred shards a page")
    def hundred(world):
        name = world.create("hundred", 101)
        for limit in ({}, {"Limit": 10000}):
            page = world.ask("DescribeStream", StreamName=name, **limit)["StreamDescription"]
            equal((len(page["Shards"]), page["HasMoreShards"]), (100, True))
        world.delete(name)

    @suite.case("ListStreams", "in the order of their names, by token and by name, alike in both codings")
    def streams(world):
        base = world.prefix[:-1]
        names = sorted(world.create_named(f"{base}-{suffix}") for suffix in ("B", "a", "C.1", "C_1", "0"))
        for coding in ("json", "cbor"):
            by_name, by_token, start, token = [], [], base, None
            while not by_name or by_name[-1].startswith(base):
                page = world.client.ask("ListStreams", {"Limit": 2, "ExclusiveStartStreamName": start}, coding)
                equal([s["StreamName"] for s in page["StreamSummaries"]], page["StreamNames"])
                equal(page["HasMoreStreams"], "NextToken" in page)
                by_name += page["StreamNames"]
                if not page["HasMoreStreams"]:
                    break
                start = page["StreamNames"][-1]
            while not by_token or by_token[-1].startswith(base):
                members = {"NextToken": token} if token else {"ExclusiveStartStreamName": base}
                page = world.client.ask("ListStreams", {"Limit": 3} | members, coding)
                by_token += page["StreamNames"]
                if not page["HasMoreStreams"]:
                    break
                token = page["NextToken"]
            for found in (by_name, by_token):
                found = [name for name in found if name.startswith(base)]
                equal(found, sorted(found))
                equal([name for name in found if name in names], names)
        for name in names:
            world.delete(name)

    @suite.case("ListStreams", "summaries say what the streams say")
    def summaries(world):
        wanted = {name: world.summary(name) for name in (world.plain, world.on_demand)}
        page = world.ask("ListStreams", ExclusiveStartStreamName=world.prefix[:-1])
        for found in page["StreamSummaries"]:
            if found["StreamName"] in wanted:
                equal(found, {key: wanted[found["StreamName"]][key] for key in (
                    "StreamName", "StreamARN", "StreamStatus", "StreamModeDetails", "StreamCreationTimestamp")})

    @suite.case("DescribeLimits", "counts shards and on-demand streams", role="small")
    def limits(world):
        before = world.ask("DescribeLimits")
        name = world.create("counted", 2)
        between = world.ask("DescribeLimits")
        equal(between["OpenShardCount"], before["OpenShardCount"] + 2)
        other = world.create("counted", None, **ON_DEMAND)
        equal(world.ask("DescribeLimits"), between | {"OpenShardCount": between["OpenShardCount"] + 4,
                                                      "OnDemandStreamCount": before["OnDemandStreamCount"] + 1})
        world.delete(name)
        world.delete(other)
        equal(world.ask("DescribeLimits"), before)


def add_retention(suite):
    for operation in ("IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"):
        for hours in (23, 1, 0, -5):
            suite.refuses(operation, f"{hours} hours", lambda w, h=hours: addressed(w) | {"RetentionPeriodHours": h}, INVALID,
                          texts.retention_short(hours))
        for hours in (8761, 100_000):
            suite.refuses(operation, f"{hours} hours", lambda w, h=hours: addressed(w) | {"RetentionPeriodHours": h}, INVALID,
                          texts.retention_long(hours))
    suite.refuses("DecreaseStreamRetentionPeriod", "to more than now", lambda w: addressed(w) | {"RetentionPeriodHours": 25},
                  INVALID, lambda w: texts.retention_wrong_way(25, w.plain, 24, shorter=False))

    @suite.case("IncreaseStreamRetentionPeriod", "to less than now", INVALID)
    def less(world):
        name = world.create("kept")
        world.ask("IncreaseStreamRetentionPeriod", StreamName=name, RetentionPeriodHours=48)
        world.wait_active(name)
        for coding in ("json", "cbor"):
            answer = world.client.call("IncreaseStreamRetentionPeriod", {"StreamName": name, "RetentionPeriodHours": 47}, coding)
            equal((answer.status, answer.type), (400, INVALID))
            true(texts.retention_wrong_way(47, name, 48, shorter=True).matches(answer.message, True), answer)
        equal(world.summary(name)["RetentionPeriodHours"], 48)
        world.delete(name)

    @suite.case("DecreaseStreamRetentionPeriod", "down again, and both ways to what it is")
    def both(world):
        name = world.create("kept")
        for operation, hours in (("Increase", 24), ("Increase", 8760), ("Increase", 8760), ("Decrease", 8760),
                                 ("Decrease", 24), ("Decrease", 24)):
            world.ask(operation + "StreamRetentionPeriod", StreamName=name, RetentionPeriodHours=hours)
            world.wait_active(name)
            equal(world.summary(name)["RetentionPeriodHours"], hours)
        world.delete(name)


def bad_tags(resource, illegal=texts.illegal_tags_of, too_many=texts.too_many_tags_of):
    """(what, tags, text) of tags that are refused; `resource` is a function of the world to what the sentences name."""
    for character in ("!", "*", "\t\x01", "(", "#", "\u20ac"):
        yield f"with {character!r} in a key", {f"a{character}b": "1"}, texts.TAGS_WITH_INVALID_CHARACTERS
        yield f"with {character!r} in a value", {"a": f"1{character}"}, texts.TAGS_WITH_INVALID_CHARACTERS
    yield "with % in a key", {"a%b": "1"}, lambda w: illegal(resource(w), w.account)
    yield "with % in a value", {"a": "50%"}, lambda w: illegal(resource(w), w.account)
    yield "with a reserved key", {"aws:key": "1"}, texts.RESERVED_TAG_KEY
    yield "more than fifty", {f"key-{i}": "v" for i in range(51)}, lambda w: too_many(resource(w), w.account)


def add_tags(suite):
    for label, tags, text in bad_tags(lambda w: w.plain, texts.illegal_tags, texts.too_many_tags):
        suite.refuses("AddTagsToStream", f"tags {label}", lambda w, t=tags: addressed(w) | {"Tags": t}, INVALID, text)
    for label, tags, text in bad_tags(lambda w: "stream " + w.plain):
        suite.refuses("TagResource", f"tags {label}", lambda w, t=tags: {"ResourceARN": w.plain_arn, "Tags": t}, INVALID, text)
    for label, tags, text in bad_tags(lambda w: "consumer reader"):
        suite.refuses("TagResource", f"tags of a consumer {label}", lambda w, t=tags: {"ResourceARN": w.reader_arn, "Tags": t},
                      INVALID, text)
    for label, tags, text in bad_tags(lambda w: "consumer tagged"):
        suite.refuses("RegisterStreamConsumer", f"tags {label}",
                      lambda w, t=tags: {"StreamARN": w.plain_arn, "ConsumerName": "tagged", "Tags": t}, INVALID, text)
    suite.refuses("AddTagsToStream", "forty-nine beside the two that are there",
                  lambda w: addressed(w) | {"Tags": {f"key-{i}": "v" for i in range(49)}}, INVALID,
                  lambda w: texts.too_many_tags(w.plain, w.account))
    suite.refuses("TagResource", "forty-nine beside the two that are there",
                  lambda w: {"ResourceARN": w.plain_arn, "Tags": {f"key-{i}": "v" for i in range(49)}}, INVALID,
                  lambda w: texts.too_many_tags_of("stream " + w.plain, w.account))
    suite.refuses("RemoveTagsFromStream", "a key with !", lambda w: addressed(w) | {"TagKeys": ["team", "a!"]}, INVALID,
                  texts.TAGS_WITH_INVALID_CHARACTERS)
    suite.refuses("RemoveTagsFromStream", "a key with %", lambda w: addressed(w) | {"TagKeys": ["team", "a%"]}, INVALID,
                  lambda w: texts.illegal_tags(w.plain, w.account, adding=False))
    suite.refuses("UntagResource", "a key with !", lambda w: {"ResourceARN": w.plain_arn, "TagKeys": ["team", "a!"]}, INVALID,
                  texts.TAGS_WITH_INVALID_CHARACTERS)
    suite.refuses("UntagResource", "a key with %", lambda w: {"ResourceARN": w.plain_arn, "TagKeys": ["team", "a%"]}, INVALID,
                  lambda w: texts.illegal_tags_of("stream " + w.plain, w.account, adding=False))


def add_tag_behaviour(suite):
    @suite.case("AddTagsToStream", "adds, overwrites, and fifty are enough")
    def adds(world):
        name = world.create("tags")
        for tags in ({"b": "1", "a": "1"}, {"a": "2", "Ä ö/=+-@_.:": "ß"}, {f"k{i:02}": "" for i in range(47)}):
            for coding in ("json", "cbor"):
                world.client.ask("AddTagsToStream", {"StreamName": name, "Tags": tags}, coding)
        tags = world.ask("ListTagsForStream", StreamName=name)
        equal((len(tags["Tags"]), tags["HasMoreTags"]), (50, False))
        equal({t["Key"]: t["Value"] for t in tags["Tags"]}["a"], "2")
        equal([t["Key"] for t in tags["Tags"]], sorted(t["Key"] for t in tags["Tags"]))
        world.delete(name)

    @suite.case("ListTagsForStream", "pages")
    def pages(world):
        name = world.create("tags", Tags={f"k{i}": str(i) for i in range(5)})
        found, after = [], {}
        while True:
            page = world.ask("ListTagsForStream", StreamName=name, Limit=2, **after)
            found += page["Tags"]
            equal(page["HasMoreTags"], len(found) < 5)
            if not page["HasMoreTags"]:
                break
            after = {"ExclusiveStartTagKey": found[-1]["Key"]}
        equal(found, [{"Key": f"k{i}", "Value": str(i)} for i in range(5)])
        world.delete(name)

    @suite.case("RemoveTagsFromStream", "removes, and what is not there is no error")
    def removes(world):
        name = world.create("tags", Tags={"a": "1", "b": "2"})
        for coding in ("json", "cbor"):
            world.client.ask("RemoveTagsFromStream", {"StreamName": name, "TagKeys": ["a", "never"]}, coding)
        equal(world.ask("ListTagsForStream", StreamName=name)["Tags"], [{"Key": "b", "Value": "2"}])
        world.delete(name)

    @suite.case("TagResource", "the same tags as by the stream's name")
    def same(world):
        name = world.create("tags", Tags={"a": "1"})
        arn = world.arn(name)
        for coding in ("json", "cbor"):
            world.client.ask("TagResource", {"ResourceARN": arn, "Tags": {"b": "2", "c": "3"}}, coding)
            world.client.ask("UntagResource", {"ResourceARN": arn, "TagKeys": ["c", "never"]}, coding)
            wanted = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
            equal(world.client.ask("ListTagsForStream", {"StreamName": name}, coding)["Tags"], wanted)
            equal(world.client.ask("ListTagsForResource", {"ResourceARN": arn}, coding)["Tags"], wanted)
        world.delete(name)

    @suite.case("TagResource", "tags of a consumer are its own")
    def consumers(world):
        name = world.create("tags", Tags={"a": "1"})
        arn = world.register(name, "tagged", Tags={"c": "0"})
        world.ask("TagResource", ResourceARN=arn, Tags={"d": "1"})
        equal(world.ask("ListTagsForResource", ResourceARN=arn)["Tags"], [{"Key": "c", "Value": "0"}, {"Key": "d", "Value": "1"}])
        world.ask("UntagResource", ResourceARN=arn, TagKeys=["c"])
        equal(world.ask("ListTagsForResource", ResourceARN=arn)["Tags"], [{"Key": "d", "Value": "1"}])
        equal(world.ask("ListTagsForStream", StreamName=name)["Tags"], [{"Key": "a", "Value": "1"}])
        world.delete(name)
