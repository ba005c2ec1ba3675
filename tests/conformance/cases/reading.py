"""Iterators and records: positions of every type, what iterators refuse, pages, the time behind the tip."""

import base64
import time

import texts
from client import CODINGS
from harness import equal, refused, true
from inputs import addressed, shard_of
from values import Time

INVALID = "InvalidArgumentException"
DRY_RUN = "DryRunOperationException"
DRY_RUN_TEXT = texts.DRY_RUN
BY_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


def at(world, kind, shard=0, **members):
    return addressed(world) | {"ShardId": shard_of(world.plain, shard), "ShardIteratorType": kind} | members


def add(suite):
    add_iterator_arguments(suite)
    add_number_arguments(suite)
    add_bad_iterators(suite)
    add_dry_runs(suite)
    add_positions(suite)
    add_pages(suite)
    add_expired(suite)


def add_iterator_arguments(suite):
    for kind in BY_NUMBER:
        suite.refuses("GetShardIterator", f"{kind} without a number", lambda w, k=kind: at(w, k), INVALID,
                      texts.iterator_type(kind, "no"))
    for kind in ("TRIM_HORIZON", "LATEST"):
        suite.refuses("GetShardIterator", f"{kind} with a number",
                      lambda w, k=kind: at(w, k, StartingSequenceNumber="1" * 56), INVALID,
                      texts.iterator_type(kind, "also a"))
    suite.refuses("GetShardIterator", "AT_TIMESTAMP without a time", lambda w: at(w, "AT_TIMESTAMP"), INVALID,
                  texts.TIMESTAMP_MISSING)
    for seconds in (60, 86400 * 365):
        suite.refuses("GetShardIterator", f"AT_TIMESTAMP {seconds} s from now",
                      lambda w, s=seconds: at(w, "AT_TIMESTAMP", Timestamp=Time(int((time.time() + s) * 1000))), INVALID,
                      texts.TIMESTAMP_IN_FUTURE)


def add_number_arguments(suite):
    for kind in BY_NUMBER:
        for label, number in (("0", "0"), ("a small one", "12345"), ("of too many digits", "9" * 60)):
            suite.refuses("GetShardIterator", f"{kind} with a number that is none: {label}",
                          lambda w, k=kind, n=number: at(w, k, StartingSequenceNumber=n), INVALID,
                          lambda w, n=number: texts.starting_number_invalid(n, shard_of(w.plain), w.plain, w.account))

        @suite.case("GetShardIterator", f"{kind} with a number of another shard", INVALID)
        def another_shard(world, kind=kind):
            number = world.shards(world.plain)[1]["SequenceNumberRange"]["StartingSequenceNumber"]
            refused(world, "GetShardIterator", at(world, kind, StartingSequenceNumber=number), INVALID,
                    texts.starting_number_of_shard(shard_of(None, 1), shard_of(None)))

        @suite.case("GetShardIterator", f"{kind} with a number of another stream", INVALID)
        def another_stream(world, kind=kind):
            world.plain  # noqa: B018  (made first, so that the other one is made in another second)
            second = world.summary(world.plain)["StreamCreationTimestamp"].ms // 1000
            world.wait_until(lambda: int(time.time()) > second, "another second than the first stream's")
            other = world.create("other")
            number = world.shards(other)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
            refused(world, "GetShardIterator", at(world, kind, StartingSequenceNumber=number), INVALID,
                    texts.starting_number_invalid(number, shard_of(None), world.plain, world.account, True))
            world.delete(other)


def add_bad_iterators(suite):
    for label, iterator in (("nonsense", "nonsense"), ("base64 of nothing", base64.b64encode(bytes(120)).decode()),
                            ("512 characters", "A" * 512), ("one character", "x")):
        suite.refuses("GetRecords", f"an iterator that is {label}", {"ShardIterator": iterator}, INVALID,
                      texts.INVALID_ITERATOR)

    def damaged(world):
        iterator = world.iterator(world.plain, shard_of(None))
        middle = len(iterator) * 3 // 4
        return iterator[:middle] + ("A" if iterator[middle] != "A" else "B") + iterator[middle + 1:]
    suite.refuses("GetRecords", "an iterator with one character changed", lambda w: {"ShardIterator": damaged(w)}, INVALID,
                  texts.INVALID_ITERATOR)
    suite.refuses("GetRecords", "an iterator cut short",
                  lambda w: {"ShardIterator": w.iterator(w.plain, shard_of(None))[:-4]}, INVALID, texts.INVALID_ITERATOR)
    suite.refuses("GetRecords", "the ARN of another stream than the iterator's",
                  lambda w: {"ShardIterator": w.iterator(w.plain, shard_of(None)), "StreamARN": w.arn(w.on_demand)}, INVALID,
                  lambda w: texts.name_and_arn_disagree(w.plain, w.arn(w.on_demand)))


def add_dry_runs(suite):
    for kind in ("TRIM_HORIZON", "LATEST"):
        suite.refuses("GetShardIterator", f"a dry run of {kind}", lambda w, k=kind: at(w, k, DryRun=True), DRY_RUN,
                      DRY_RUN_TEXT)
    suite.refuses("GetShardIterator", "a dry run without the number", lambda w: at(w, "AT_SEQUENCE_NUMBER", DryRun=True), INVALID,
                  texts.iterator_type("AT_SEQUENCE_NUMBER", "no"))
    suite.refuses("GetShardIterator", "a dry run on a shard that is none",
                  lambda w: at(w, "LATEST", shard=77, DryRun=True), "ResourceNotFoundException",
                  lambda w: texts.shard_not_found(shard_of(None, 77), w.plain, w.account))
    suite.refuses("GetRecords", "a dry run",
                  lambda w: {"ShardIterator": w.iterator(w.plain, shard_of(None)), "DryRun": True}, DRY_RUN, DRY_RUN_TEXT)
    suite.refuses("GetRecords", "a dry run with an iterator that is none", {"ShardIterator": "x", "DryRun": True}, INVALID,
                  texts.INVALID_ITERATOR)


def filled(world, count=10):
    name = world.create("read")
    for i in range(count):
        world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"%d" % i)
    return name, world.records(name, shard_of(name))[0]


def add_positions(suite):
    @suite.case("GetShardIterator", "every type from every position")
    def positions(world):
        name, records = filled(world)
        shard = shard_of(name)
        for i, record in enumerate(records):
            number = record["SequenceNumber"]
            equal(world.records(name, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)[0], records[i:])
            equal(world.records(name, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)[0], records[i + 1:])
            found, _ = world.records(name, shard, "AT_TIMESTAMP", Timestamp=record["ApproximateArrivalTimestamp"])
            equal(found, [r for r in records
                          if r["ApproximateArrivalTimestamp"].ms >= record["ApproximateArrivalTimestamp"].ms])
        start = world.shards(name)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
        for kind in BY_NUMBER:
            equal(world.records(name, shard, kind, StartingSequenceNumber=start)[0], records)
        equal(world.records(name, shard, "AT_TIMESTAMP", Timestamp=Time(1000))[0], records)
        equal(world.records(name, shard, "LATEST")[0], [])
        world.delete(name)

    @suite.case("GetShardIterator", "LATEST is fixed when it is asked for")
    def latest(world):
        name, _ = filled(world, 3)
        iterators = {coding: world.client.ask("GetShardIterator", {
            "StreamName": name, "ShardId": shard_of(name), "ShardIteratorType": "LATEST"}, coding)["ShardIterator"]
            for coding in CODINGS}
        world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"new")
        for coding, iterator in iterators.items():
            page = world.client.ask("GetRecords", {"ShardIterator": iterator}, coding)
            equal([r["Data"] for r in page["Records"]], [b"new"])
        world.delete(name)

    @suite.case("GetRecords", "an iterator in quotation marks, and used twice")
    def quoted(world):
        name, records = filled(world, 3)
        iterator = world.iterator(name, shard_of(name))
        for coding in CODINGS:
            for text in (iterator, f'"{iterator}"'):
                page = world.client.ask("GetRecords", {"ShardIterator": text}, coding)
                equal(page["Records"], records)
                true(page["NextShardIterator"] != iterator, "the next iterator is another text")
        world.delete(name)


def add_pages(suite):
    @suite.case("GetRecords", "pages, and the time behind the tip")
    def pages(world):
        name, records = filled(world)
        for coding in CODINGS:
            iterator, found = world.iterator(name, shard_of(name)), []
            while len(found) < len(records):
                page = world.client.ask("GetRecords", {"ShardIterator": iterator, "Limit": 3}, coding)
                true(len(page["Records"]) <= 3, "a page is no longer than its limit")
                found += page["Records"]
                left = len(found) < len(records)
                true((page["MillisBehindLatest"] > 0) == left, f"{page['MillisBehindLatest']} with {left}")
                true("ChildShards" not in page, page)
                iterator = page["NextShardIterator"]
            equal(found, records)
            page = world.client.ask("GetRecords", {"ShardIterator": iterator}, coding)
            equal((page["Records"], page["MillisBehindLatest"]), ([], 0))
            true("NextShardIterator" in page, "an open shard goes on")
        world.delete(name)

    @suite.case("GetRecords", "arrival times lie about now")
    def arrivals(world):
        before = time.time() * 1000
        name, records = filled(world, 3)
        for record in records:
            true(abs(record["ApproximateArrivalTimestamp"].ms - before) < 60_000, record)
        world.delete(name)

    @suite.case("GetRecords", "with the ARN of its stream")
    def with_arn(world):
        for coding in CODINGS:
            iterator = world.iterator(world.plain, shard_of(None))
            world.client.ask("GetRecords", {"ShardIterator": iterator, "StreamARN": world.plain_arn}, coding)


def add_expired(suite):
    suite.refuses("GetRecords", "an iterator that has run out", lambda w: {"ShardIterator": w.tokens["GetRecords"]},
                  "ExpiredIteratorException", texts.ITERATOR_EXPIRED, role="expired")
    for operation in ("ListShards", "ListStreams"):
        suite.refuses(operation, "a token that has run out", lambda w, o=operation: {"NextToken": w.tokens[o]},
                      "ExpiredNextTokenException", texts.TOKEN_EXPIRED, role="expired")
    suite.refuses("ListStreamConsumers", "a token that has run out",
                  lambda w: {"StreamARN": w.plain_arn, "NextToken": w.tokens["ListStreamConsumers"]},
                  "ExpiredNextTokenException", texts.TOKEN_EXPIRED, role="expired")
