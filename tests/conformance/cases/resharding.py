"""Shards that are split and merged: what is refused, the lineage that follows, and how a reader comes through it."""

import time

import texts
from client import CODINGS
from harness import equal, refused, true
from inputs import addressed, shard_of
from lineage import HASH_KEY_MAX, bounds, check_cover, check_lineage, is_open
from values import Time

INVALID = "InvalidArgumentException"
VALIDATION = "ValidationException"
LIMIT = "LimitExceededException"
NOT_FOUND = "ResourceNotFoundException"
ON_DEMAND = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}


def add(suite):
    add_split_arguments(suite)
    add_merge_arguments(suite)
    add_count_arguments(suite)
    add_on_demand(suite)
    add_quota(suite)
    add_split(suite)
    add_merge(suite)
    add_counts(suite)
    add_reading(suite)
    add_filters(suite)


def split(world, name, shard, hash_key=None):
    """Splits a listed shard, in the middle where nothing else is said, and waits."""
    low, high = bounds(shard)
    world.ask("SplitShard", StreamName=name, ShardToSplit=shard["ShardId"],
              NewStartingHashKey=str(hash_key if hash_key is not None else (low + high) // 2 + 1))
    world.forget()
    world.wait_active(name)


def merge(world, name, first, second):
    world.ask("MergeShards", StreamName=name, ShardToMerge=first, AdjacentShardToMerge=second)
    world.forget()
    world.wait_active(name)


def add_split_arguments(suite):
    for label, hash_key in (("the shard's first", lambda low, high: low), ("one more than that", lambda low, high: low + 1),
                            ("the shard's last", lambda low, high: high), ("beyond it", lambda low, high: high + 1),
                            ("before it", lambda low, high: low - 1)):
        @suite.case("SplitShard", f"at {label} hash key", INVALID)
        def outside(world, hash_key=hash_key):
            low, high = bounds(world.shards(world.plain)[1])
            key = hash_key(low, high)
            refused(world, "SplitShard", addressed(world) | {"ShardToSplit": shard_of(None, 1), "NewStartingHashKey": str(key)},
                    INVALID, texts.split_hash(key, shard_of(None, 1), world.plain, world.account, low, high))

    @suite.case("SplitShard", "at a hash key of 129 bits", INVALID)
    def huge(world):
        low, high = bounds(world.shards(world.plain)[2])
        key = 2 ** 128
        refused(world, "SplitShard", addressed(world) | {"ShardToSplit": shard_of(None, 2), "NewStartingHashKey": str(key)},
                INVALID, texts.split_hash(key, shard_of(None, 2), world.plain, world.account, low, high))

    @suite.case("SplitShard", "a shard that is closed", INVALID)
    def closed(world):
        low, high = bounds(world.shards(world.reshaped)[1])
        refused(world, "SplitShard", {"StreamName": world.reshaped, "ShardToSplit": shard_of(None, 1),
                                      "NewStartingHashKey": str((low + high) // 2)}, INVALID,
                texts.shard_is_closed(shard_of(None, 1), world.reshaped, world.account))

    @suite.case("SplitShard", "a shard of two keys, which cannot be split", INVALID)
    def narrow(world):
        name = world.create("narrow", 1)
        split(world, name, world.shards(name)[0], 2)
        low, high = bounds(world.shards(name)[1])
        equal((low, high), (0, 1))
        refused(world, "SplitShard", {"StreamName": name, "ShardToSplit": shard_of(None, 1), "NewStartingHashKey": "1"},
                INVALID, texts.split_hash(1, shard_of(None, 1), name, world.account, 0, 1))
        world.delete(name)


def add_merge_arguments(suite):
    def refuses(label, first, second):
        suite.refuses("MergeShards", label,
                      lambda w: addressed(w) | {"ShardToMerge": shard_of(None, first), "AdjacentShardToMerge": shard_of(None, second)},
                      INVALID, lambda w: texts.not_adjacent(shard_of(None, first), shard_of(None, second), w.plain, w.account))
    refuses("in the wrong order", 1, 0)
    refuses("not adjacent", 0, 2)
    refuses("a shard with itself", 1, 1)
    refuses("the last with the first", 2, 0)

    for label, first, second in (("the first closed", 1, 2), ("the second closed", 0, 1)):
        suite.refuses("MergeShards", label,
                      lambda w, a=first, b=second: {"StreamName": w.reshaped, "ShardToMerge": shard_of(None, a),
                                                    "AdjacentShardToMerge": shard_of(None, b)},
                      INVALID, lambda w, a=first, b=second: texts.not_adjacent(shard_of(None, a), shard_of(None, b), w.reshaped,
                                                                              w.account))

    @suite.case("MergeShards", "ids in another form are told in the usual one", INVALID)
    def forms(world):
        refused(world, "MergeShards", addressed(world) | {"ShardToMerge": "2", "AdjacentShardToMerge": "x-0"}, INVALID,
                texts.not_adjacent(shard_of(None, 2), shard_of(None, 0), world.plain, world.account))


def add_count_arguments(suite):
    def target(world, count):
        return addressed(world) | {"TargetShardCount": count, "ScalingType": "UNIFORM_SCALING"}
    for count in (7, 100):
        suite.refuses("UpdateShardCount", f"from 3 to {count}", lambda w, n=count: target(w, n), LIMIT, texts.scale_up(3, count))
    suite.refuses("UpdateShardCount", "from 3 to 1", lambda w: target(w, 1), LIMIT, texts.scale_down(3, 1))

    @suite.case("UpdateShardCount", "counts open shards only", LIMIT)
    def open_only(world):
        value = {"StreamName": world.reshaped, "ScalingType": "UNIFORM_SCALING"}
        refused(world, "UpdateShardCount", value | {"TargetShardCount": 7}, LIMIT, texts.scale_up(3, 7))
        refused(world, "UpdateShardCount", value | {"TargetShardCount": 1}, LIMIT, texts.scale_down(3, 1))


def add_on_demand(suite):
    def text(world):
        return texts.exact(texts.ON_DEMAND_MODE.format(world.on_demand, world.account))
    suite.refuses("SplitShard", "a stream in on-demand mode", lambda w: {
        "StreamName": w.on_demand, "ShardToSplit": shard_of(None), "NewStartingHashKey": "1000"}, VALIDATION, text)
    suite.refuses("MergeShards", "a stream in on-demand mode", lambda w: {
        "StreamName": w.on_demand, "ShardToMerge": shard_of(None), "AdjacentShardToMerge": shard_of(None, 1)}, VALIDATION, text)
    suite.refuses("UpdateShardCount", "a stream in on-demand mode", lambda w: {
        "StreamName": w.on_demand, "TargetShardCount": 8, "ScalingType": "UNIFORM_SCALING"}, VALIDATION, text)


def add_quota(suite):
    """A split takes a shard of the quota, a merge takes none."""
    for operation in ("SplitShard", "UpdateShardCount"):
        @suite.case(operation, "beyond the account's shards", LIMIT, role="small")
        def quota(world, operation=operation):
            world.plain  # noqa: B018  (its shards count too)
            limits = world.ask("DescribeLimits")
            name = world.create("full", limits["ShardLimit"] - limits["OpenShardCount"])
            value = {"SplitShard": {"StreamName": name, "ShardToSplit": shard_of(None), "NewStartingHashKey": "1000"},
                     "UpdateShardCount": {"StreamName": name, "ScalingType": "UNIFORM_SCALING",
                                          "TargetShardCount": world.summary(name)["OpenShardCount"] + 1}}[operation]
            refused(world, operation, value, LIMIT, texts.shard_limit())
            world.delete(name)

    @suite.case("MergeShards", "with no shard left of the quota", role="small")
    def merges(world):
        world.plain  # noqa: B018
        limits = world.ask("DescribeLimits")
        name = world.create("full", limits["ShardLimit"] - limits["OpenShardCount"])
        merge(world, name, shard_of(None), shard_of(None, 1))
        equal(world.ask("DescribeLimits")["OpenShardCount"], limits["ShardLimit"] - 1)
        world.delete(name)


def add_split(suite):
    for coding in CODINGS:
        @suite.case("SplitShard", f"the lineage that follows, asked for in {coding}")
        def lineage(world, coding=coding):
            name = world.create("split", 2)
            before = world.shards(name)
            low, high = bounds(before[1])
            put = world.ask("PutRecord", StreamName=name, PartitionKey="k", ExplicitHashKey=str(high), Data=b"1")
            world.client.ask("SplitShard", {"StreamName": name, "ShardToSplit": before[1]["ShardId"],
                                            "NewStartingHashKey": str(low + 1000)}, coding)
            world.wait_active(name)
            after = world.shards(name)
            equal([s["ShardId"] for s in after], [shard_of(None, i) for i in range(4)])
            equal(after[0], before[0])
            parent, children = after[1], after[2:]
            end = int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
            equal(parent["SequenceNumberRange"]["StartingSequenceNumber"],
                  before[1]["SequenceNumberRange"]["StartingSequenceNumber"])
            true(end > int(put["SequenceNumber"]), "the end is above every record")
            equal([bounds(child) for child in children], [(low, low + 999), (low + 1000, high)])
            for child in children:
                equal(child["ParentShardId"], parent["ShardId"])
                true("AdjacentParentShardId" not in child and is_open(child), child)
                true(int(child["SequenceNumberRange"]["StartingSequenceNumber"]) > end, "a child's numbers are larger")
                equal(len(child["SequenceNumberRange"]["StartingSequenceNumber"]), 56)
            check_cover([s for s in after if is_open(s)])
            equal(world.ask("DescribeStream", StreamName=name)["StreamDescription"]["Shards"], after)
            equal(world.summary(name)["OpenShardCount"], 3)
            moved = world.ask("PutRecord", StreamName=name, PartitionKey="k", ExplicitHashKey=str(high), Data=b"2")
            equal(moved["ShardId"], shard_of(None, 3))
            true(int(moved["SequenceNumber"]) > end, "numbers grow over a split")
            world.delete(name)

    @suite.case("SplitShard", "a shard id in another form")
    def form(world):
        name = world.create("split", 1)
        world.ask("SplitShard", StreamName=name, ShardToSplit="0", NewStartingHashKey="1000")
        world.wait_active(name)
        equal(len(world.open_shards(name)), 2)
        world.delete(name)

    @suite.case("SplitShard", "at the smallest and at the largest hash key")
    def extremes(world):
        name = world.create("split", 1)
        split(world, name, world.shards(name)[0], 2)
        split(world, name, world.shards(name)[2], HASH_KEY_MAX - 1)
        equal(sorted(bounds(s) for s in world.open_shards(name)),
              [(0, 1), (2, HASH_KEY_MAX - 2), (HASH_KEY_MAX - 1, HASH_KEY_MAX)])
        world.delete(name)


def add_merge(suite):
    for coding in CODINGS:
        @suite.case("MergeShards", f"the lineage that follows, asked for in {coding}")
        def lineage(world, coding=coding):
            name = world.create("merge", 3)
            before = world.shards(name)
            world.client.ask("MergeShards", {"StreamName": name, "ShardToMerge": before[1]["ShardId"],
                                             "AdjacentShardToMerge": before[2]["ShardId"]}, coding)
            world.wait_active(name)
            after = world.shards(name)
            equal(len(after), 4)
            child = after[3]
            equal((child["ParentShardId"], child["AdjacentParentShardId"]), (before[1]["ShardId"], before[2]["ShardId"]))
            equal(bounds(child), (bounds(before[1])[0], HASH_KEY_MAX))
            for parent in after[1:3]:
                true(int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
                     < int(child["SequenceNumberRange"]["StartingSequenceNumber"]), "a child's numbers are larger")
            check_cover([s for s in after if is_open(s)])
            equal(world.summary(name)["OpenShardCount"], 2)
            world.delete(name)


def final_starts(count):
    return [i * (2 ** 128 // count) for i in range(count)]


def add_counts(suite):
    for start, count in ((1, 2), (2, 4), (4, 2), (2, 1), (3, 4), (4, 3), (5, 7), (7, 5), (6, 3), (3, 3)):
        @suite.case("UpdateShardCount", f"from {start} to {count}")
        def scales(world, start=start, count=count):
            name = world.create("scale", start)
            coding = CODINGS[(start + count) % 2]
            answer = world.client.ask("UpdateShardCount", {"StreamName": name, "TargetShardCount": count,
                                                           "ScalingType": "UNIFORM_SCALING"}, coding)
            equal(answer, {"StreamName": name, "StreamARN": world.arn(name), "CurrentShardCount": start,
                           "TargetShardCount": count})
            world.wait_active(name)
            shards = world.shards(name)
            opened = [s for s in shards if is_open(s)]
            check_cover(opened)
            # To within a few keys: 2^128 / 3 is not twice 2^128 / 6 once both are whole numbers, and shards that are halved
            # are merged as they are.
            starts = sorted(bounds(s)[0] for s in opened)
            equal(len(starts), count)
            true(all(abs(a - b) < count for a, b in zip(starts, final_starts(count), strict=True)), starts)
            equal(world.summary(name)["OpenShardCount"], count)
            check_lineage(shards, start)
            if start == count:
                equal(len(shards), start)
            world.delete(name)


def drain(world, name, shard, coding, kind="TRIM_HORIZON", limit=None):
    """Reads a closed shard to its end: the records, and the last answer, which is the only one without an iterator."""
    iterator = world.client.ask("GetShardIterator", {"StreamName": name, "ShardId": shard, "ShardIteratorType": kind},
                                coding)["ShardIterator"]
    records = []
    for _ in range(1000):
        page = world.client.ask("GetRecords", {"ShardIterator": iterator} | ({"Limit": limit} if limit else {}), coding)
        records += page["Records"]
        equal("NextShardIterator" in page, "ChildShards" not in page, "an iterator or children")
        if "NextShardIterator" not in page:
            equal(page["Records"], [], "the last answer has no records")
            equal(page["MillisBehindLatest"], 0)
            return records, page
        iterator = page["NextShardIterator"]
    raise AssertionError("a closed shard does not end")


def add_reading(suite):
    @suite.case("GetRecords", "a closed shard to its end, and its children of a split")
    def split_end(world):
        name = world.reshaped
        for coding in CODINGS:
            for limit in (None, 1):
                records, page = drain(world, name, shard_of(None, 1), coding, limit=limit)
                equal([r["Data"] for r in records], [b"before"] * 3)
                shards = world.shards(name)
                equal(page["ChildShards"], [{"ShardId": s["ShardId"], "ParentShards": [shard_of(None, 1)],
                                             "HashKeyRange": s["HashKeyRange"]} for s in shards[2:]])
        found = [r["Data"] for child in (2, 3) for r in world.records(name, shard_of(None, child))[0]]
        equal(found, [b"after"] * 3)

    @suite.case("GetRecords", "the children of a merge have both parents")
    def merge_end(world):
        name = world.create("merged", 2)
        merge(world, name, shard_of(None), shard_of(None, 1))
        child = world.shards(name)[2]
        for coding in CODINGS:
            for parent in (0, 1):
                _, page = drain(world, name, shard_of(None, parent), coding)
                equal(len(page["ChildShards"]), 1)
                equal(page["ChildShards"][0]["ShardId"], child["ShardId"])
                equal(sorted(page["ChildShards"][0]["ParentShards"]), [shard_of(None, 0), shard_of(None, 1)])
        world.delete(name)

    @suite.case("GetShardIterator", "LATEST on a closed shard leads to its children at once")
    def latest(world):
        for coding in CODINGS:
            iterator = world.client.ask("GetShardIterator", {"StreamName": world.reshaped, "ShardId": shard_of(None, 1),
                                                             "ShardIteratorType": "LATEST"}, coding)["ShardIterator"]
            page = world.client.ask("GetRecords", {"ShardIterator": iterator}, coding)
            equal((page["Records"], len(page["ChildShards"]), "NextShardIterator" in page), ([], 2, False))

    @suite.case("GetShardIterator", "the range of a closed shard's numbers")
    def numbers(world):
        name, shard = world.reshaped, shard_of(None, 1)
        span = world.shards(name)[1]["SequenceNumberRange"]
        everything, _ = world.records(name, shard)
        for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
            found, _ = world.records(name, shard, kind, StartingSequenceNumber=span["StartingSequenceNumber"])
            equal(found, everything)
            found, page = world.records(name, shard, kind, StartingSequenceNumber=span["EndingSequenceNumber"])
            equal((found, "NextShardIterator" in page), ([], False))

    @suite.case("GetRecords", "an iterator from before the split goes on")
    def earlier(world):
        name = world.create("earlier", 1)
        iterators = [world.iterator(name, shard_of(None), kind) for kind in ("TRIM_HORIZON", "LATEST")]
        world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"1")
        split(world, name, world.shards(name)[0])
        world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"2")
        for iterator in iterators:
            page = world.ask("GetRecords", ShardIterator=iterator)
            equal([r["Data"] for r in page["Records"]], [b"1"])
            page = world.ask("GetRecords", ShardIterator=page["NextShardIterator"])
            equal((page["Records"], len(page["ChildShards"])), ([], 2))
        world.delete(name)


def add_filters(suite):
    def listed(world, name, **shard_filter):
        answers = [world.client.ask("ListShards", {"StreamName": name, "ShardFilter": shard_filter}, coding)["Shards"]
                   for coding in CODINGS]
        equal(answers[0], answers[1])
        return [int(s["ShardId"][8:]) for s in answers[0]]

    @suite.case("ListShards", "every filter over a split and a merge")
    def filters(world):
        name = world.create("filtered", 2)
        begin = world.summary(name)["StreamCreationTimestamp"].ms
        world.wait_until(lambda: time.time() * 1000 > begin + 2500, "two seconds after the creation")
        split(world, name, world.shards(name)[0])
        after_split = int(time.time() * 1000)
        world.wait_until(lambda: time.time() * 1000 > after_split + 2500, "two seconds after the split")
        merge(world, name, shard_of(None, 3), shard_of(None, 1))
        now = int(time.time() * 1000)
        equal(listed(world, name, Type="FROM_TRIM_HORIZON"), [0, 1, 2, 3, 4])
        equal(listed(world, name, Type="AT_TRIM_HORIZON"), [0, 1])
        equal(listed(world, name, Type="AT_LATEST"), [2, 4])
        equal(listed(world, name, Type="AFTER_SHARD_ID", ShardId=shard_of(None, 1)), [2, 3, 4])
        equal(listed(world, name, Type="AFTER_SHARD_ID", ShardId=shard_of(None, 99)), [])
        equal(listed(world, name, Type="AT_TIMESTAMP", Timestamp=Time(begin + 1200)), [0, 1])
        equal(listed(world, name, Type="AT_TIMESTAMP", Timestamp=Time(after_split + 1500)), [1, 2, 3])
        equal(listed(world, name, Type="AT_TIMESTAMP", Timestamp=Time(now + 3_600_000)), [2, 4])
        equal(listed(world, name, Type="AT_TIMESTAMP", Timestamp=Time(1000)), [0, 1])
        equal(listed(world, name, Type="FROM_TIMESTAMP", Timestamp=Time(1000)), [0, 1, 2, 3, 4])
        equal(listed(world, name, Type="FROM_TIMESTAMP", Timestamp=Time(after_split + 1500)), [1, 2, 3, 4])
        equal(listed(world, name, Type="FROM_TIMESTAMP", Timestamp=Time(now + 3_600_000)), [2, 4])
        shards = world.shards(name)
        for moment in range(begin, now, 100):
            numbers = listed(world, name, Type="AT_TIMESTAMP", Timestamp=Time(moment))
            check_cover([shards[n] for n in numbers])
        world.delete(name)

    for label, shard_filter in (("AFTER_SHARD_ID without an id", {"Type": "AFTER_SHARD_ID"}),
                                ("AT_TIMESTAMP without a time", {"Type": "AT_TIMESTAMP"}),
                                ("FROM_TIMESTAMP without a time", {"Type": "FROM_TIMESTAMP"})):
        suite.refuses("ListShards", f"the filter {label}", lambda w, f=shard_filter: addressed(w) | {"ShardFilter": f}, INVALID,
                      texts.filter_needs("ShardId" if "SHARD" in label else "Timestamp", shard_filter["Type"]))
