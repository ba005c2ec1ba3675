"""The common steps of tests/clients/README.md with boto3, the AWS SDK for Python.

Usage: suite.py [ENDPOINT]        (default: the environment's AWS_ENDPOINT_URL)
"""

import datetime
import hashlib
import os
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from demands import expect_error  # noqa: E402
from resharding import Resharding  # noqa: E402
from settings import Settings  # noqa: E402
from steps import HASH_SPACE, check, equal, now, step, wait_until  # noqa: E402
from terraform import Terraform  # noqa: E402

CLOCK_SLACK = datetime.timedelta(seconds=5)
PAGE = 100


def batch_data(index):
    return index.to_bytes(2, "big") + bytes([index % 256]) * (index % 64)


class Suite:
    def __init__(self, endpoint):
        self.kinesis = boto3.client(
            "kinesis",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.errors = self.kinesis.exceptions
        self.stream = f"clients-python-{os.getpid()}-{int(time.time())}"
        self.second = self.stream + "-second"
        self.arn = ""
        self.shards = []
        # What each shard must hold: (sequence number, key, data) in the order of the acknowledgements.
        self.stored = {}
        self.started = now()

    def run(self):
        self.create()
        self.describe()
        self.create_again()
        self.put_single()
        self.put_explicit_hash()
        self.put_batch()
        self.put_largest()
        self.put_dry_run()
        self.read_all()
        self.read_latest()
        self.read_by_number()
        self.read_by_time()
        self.page_listings()
        self.tags()
        self.retention()
        self.limits()
        self.refusals()
        self.delete()

    # --- writing ---

    def shard_of(self, hash_key):
        return self.shards[0] if hash_key < HASH_SPACE // 2 else self.shards[1]

    def note(self, answer, key, data, hash_key=None):
        """Checks the place a put was given, and keeps it for the readers."""
        if hash_key is None:
            hash_key = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        shard, number = answer["ShardId"], answer["SequenceNumber"]
        equal(shard, self.shard_of(hash_key), f"shard of key {key!r}")
        equal(len(number), 56, "digits of a sequence number")
        before = self.stored[shard]
        if before:
            check(int(number) > int(before[-1][0]), f"{number} does not follow {before[-1][0]} in {shard}")
        before.append((number, key, data))

    def put(self, key, data, hash_key=None, by_arn=False):
        arguments = {"StreamARN": self.arn} if by_arn else {"StreamName": self.stream}
        if hash_key is not None:
            arguments["ExplicitHashKey"] = str(hash_key)
        self.note(self.kinesis.put_record(PartitionKey=key, Data=data, **arguments), key, data, hash_key)

    def create(self):
        step(1, "create a stream of two shards and wait until it is ACTIVE")
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=2)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.stream)

    def describe(self):
        step(2, "describe it by name and by ARN")
        stream = self.kinesis.describe_stream(StreamName=self.stream)["StreamDescription"]
        equal(stream["StreamStatus"], "ACTIVE", "status")
        equal(stream["RetentionPeriodHours"], 24, "retention")
        equal(stream["EncryptionType"], "NONE", "encryption")
        equal(stream["StreamModeDetails"]["StreamMode"], "PROVISIONED", "mode")
        equal(stream["HasMoreShards"], False, "HasMoreShards")
        created = stream["StreamCreationTimestamp"]
        check(self.started - CLOCK_SLACK <= created <= now() + CLOCK_SLACK, f"created at {created}")
        ranges = [(s["HashKeyRange"]["StartingHashKey"], s["HashKeyRange"]["EndingHashKey"]) for s in stream["Shards"]]
        half = HASH_SPACE // 2
        equal(ranges, [("0", str(half - 1)), (str(half), str(HASH_SPACE - 1))], "hash ranges")
        self.shards = [shard["ShardId"] for shard in stream["Shards"]]
        equal(self.shards, ["shardId-000000000000", "shardId-000000000001"], "shard ids")
        self.stored = {shard: [] for shard in self.shards}
        self.arn = stream["StreamARN"]
        summary = self.kinesis.describe_stream_summary(StreamARN=self.arn)["StreamDescriptionSummary"]
        equal((summary["StreamName"], summary["StreamARN"]), (self.stream, self.arn), "the summary's name and ARN")
        equal((summary["OpenShardCount"], summary["ConsumerCount"]), (2, 0), "open shards and consumers")
        check("StreamId" not in summary, "a StreamId would send clients away from a custom endpoint")

    def create_again(self):
        step(3, "create it again: ResourceInUseException")
        expect_error(
            self.errors.ResourceInUseException,
            "a second creation",
            self.kinesis.create_stream,
            StreamName=self.stream,
            ShardCount=2,
        )

    def put_single(self):
        step(4, "put single records: text, nothing, every byte value, a Unicode key")
        self.put("plain", b"hello, millrace\n")
        self.put("empty", b"")
        self.put("all-bytes", bytes(range(256)))
        unicode_key = "日本語/ключ/🦆"
        self.put(unicode_key, unicode_key.encode(), by_arn=True)

    def put_explicit_hash(self):
        step(5, "put with explicit hash keys at the edges of both shards")
        for hash_key in (0, HASH_SPACE // 2 - 1, HASH_SPACE // 2, HASH_SPACE - 1):
            self.put("explicit", str(hash_key).encode(), hash_key)

    def put_batch(self):
        step(6, "put a batch of 500 binary records")
        entries = [{"PartitionKey": f"key-{i % 7}", "Data": batch_data(i)} for i in range(500)]
        answer = self.kinesis.put_records(StreamName=self.stream, Records=entries)
        equal(answer["FailedRecordCount"], 0, "failed records")
        equal(len(answer["Records"]), 500, "answers")
        for entry, result in zip(entries, answer["Records"]):
            self.note(result, entry["PartitionKey"], entry["Data"])

    def put_largest(self):
        step(7, "put a record of 1 MiB; one byte more is refused")
        key, data = "large", bytes(range(256)) * 4096
        self.put(key, data[len(key) :])
        expect_error(
            self.errors.InvalidArgumentException,
            "a record over 1 MiB",
            self.kinesis.put_record,
            StreamName=self.stream,
            PartitionKey=key,
            Data=data[len(key) - 1 :],
        )

    def put_dry_run(self):
        step(8, "a dry run stores nothing")
        expect_error(
            self.errors.DryRunOperationException,
            "a dry run",
            self.kinesis.put_record,
            StreamName=self.stream,
            PartitionKey="dry",
            Data=b"dry",
            DryRun=True,
        )

    # --- reading ---

    def iterator(self, shard, kind, **position):
        return self.kinesis.get_shard_iterator(
            StreamName=self.stream, ShardId=shard, ShardIteratorType=kind, **position
        )["ShardIterator"]

    def read(self, iterator, page=1000):
        """All records from the iterator to the tip, page by page."""
        records = []
        while True:
            answer = self.kinesis.get_records(ShardIterator=iterator, Limit=page)
            check(len(answer["Records"]) <= page, f"{len(answer['Records'])} records in a page of {page}")
            check(answer["NextShardIterator"] != iterator, "the next iterator is the one that was sent")
            records += answer["Records"]
            iterator = answer["NextShardIterator"]
            if answer["MillisBehindLatest"] == 0:
                return records, iterator

    def expect_records(self, records, expected, what):
        found = [(r["SequenceNumber"], r["PartitionKey"], r["Data"]) for r in records]
        equal(len(found), len(expected), f"number of records of {what}")
        for position, (actual, wanted) in enumerate(zip(found, expected)):
            check(actual == wanted, f"record {position} of {what}: expected {wanted!r:.300}, got {actual!r:.300}")

    def read_all(self):
        step(9, "read everything from TRIM_HORIZON in pages: bytes, keys, order, times, distance to the tip")
        for shard in self.shards:
            start = self.iterator(shard, "TRIM_HORIZON")
            first = self.kinesis.get_records(ShardIterator=start, Limit=1)
            check(first["MillisBehindLatest"] > 0, "MillisBehindLatest is 0 with records left to read")
            records, _ = self.read(start, PAGE)
            self.expect_records(records, self.stored[shard], f"TRIM_HORIZON of {shard}")
            times = [record["ApproximateArrivalTimestamp"] for record in records]
            check(times == sorted(times), f"arrival times fall in {shard}")
            inside = self.started - CLOCK_SLACK <= times[0] and times[-1] <= now() + CLOCK_SLACK
            check(inside, f"arrival times {times[0]} to {times[-1]} against a clock of {self.started} to {now()}")

    def read_latest(self):
        step(10, "LATEST shows what was put after the iterator was asked for, and nothing else")
        latest = self.iterator(self.shards[0], "LATEST")
        self.put("tip", b"first after the iterator", hash_key=1)
        records, following = self.read(latest)
        self.expect_records(records, self.stored[self.shards[0]][-1:], "LATEST")
        records, following = self.read(following)
        self.expect_records(records, [], "the tip")
        self.put("tip", b"second after the iterator", hash_key=1)
        records, _ = self.read(following)
        self.expect_records(records, self.stored[self.shards[0]][-1:], "the tip, later")

    def read_by_number(self):
        step(11, "AT_SEQUENCE_NUMBER starts at the record, AFTER_SEQUENCE_NUMBER behind it")
        for shard in self.shards:
            stored = self.stored[shard]
            for position in (0, len(stored) // 2, len(stored) - 1):
                number = stored[position][0]
                for kind, first in (("AT_SEQUENCE_NUMBER", position), ("AFTER_SEQUENCE_NUMBER", position + 1)):
                    records, _ = self.read(self.iterator(shard, kind, StartingSequenceNumber=number))
                    self.expect_records(records, stored[first:], f"{kind} of record {position} in {shard}")

    def read_by_time(self):
        step(12, "AT_TIMESTAMP starts at the first record that arrived then or later")
        shard = self.shards[1]
        records, _ = self.read(self.iterator(shard, "TRIM_HORIZON"))
        # boto3 sends whole seconds, so the record looked for is the first one in a second of its own.
        last_second = records[-1]["ApproximateArrivalTimestamp"].replace(microsecond=0)
        wait_until("the next second", lambda: now() >= last_second + datetime.timedelta(seconds=1, milliseconds=10))
        self.put("timed", b"in a second of its own", hash_key=HASH_SPACE - 1)
        records, _ = self.read(self.iterator(shard, "TRIM_HORIZON"))
        second = records[-1]["ApproximateArrivalTimestamp"].replace(microsecond=0)
        check(second > last_second, "the broker's clock stands behind this one")
        records, _ = self.read(self.iterator(shard, "AT_TIMESTAMP", Timestamp=second))
        self.expect_records(records, self.stored[shard][-1:], "AT_TIMESTAMP")
        long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
        records, _ = self.read(self.iterator(shard, "AT_TIMESTAMP", Timestamp=long_ago))
        self.expect_records(records, self.stored[shard], "AT_TIMESTAMP of long ago")

    # --- the rest ---

    def page_listings(self):
        step(13, "page through ListShards, DescribeStream and ListStreams")
        first = self.kinesis.list_shards(StreamName=self.stream, MaxResults=1)
        equal([shard["ShardId"] for shard in first["Shards"]], self.shards[:1], "first page of ListShards")
        rest = self.kinesis.list_shards(NextToken=first["NextToken"])
        equal([shard["ShardId"] for shard in rest["Shards"]], self.shards[1:], "second page of ListShards")
        check("NextToken" not in rest, "the last page of ListShards has a token")
        first = self.kinesis.describe_stream(StreamName=self.stream, Limit=1)["StreamDescription"]
        equal((len(first["Shards"]), first["HasMoreShards"]), (1, True), "first page of DescribeStream")
        rest = self.kinesis.describe_stream(StreamName=self.stream, ExclusiveStartShardId=self.shards[0])
        rest = rest["StreamDescription"]
        equal((len(rest["Shards"]), rest["HasMoreShards"]), (1, False), "second page of DescribeStream")
        self.kinesis.create_stream(StreamName=self.second, StreamModeDetails={"StreamMode": "ON_DEMAND"})
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.second)
        pages = list(self.kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1}))
        check(all(len(page["StreamNames"]) == 1 for page in pages), "a page of ListStreams is not one name")
        names = [name for page in pages for name in page["StreamNames"]]
        equal([n for n in names if n in (self.stream, self.second)], [self.stream, self.second], "ListStreams")
        after = self.kinesis.list_streams(ExclusiveStartStreamName=self.stream, Limit=1)
        equal(after["StreamNames"], [self.second], "ListStreams behind a name")
        equal(after["StreamSummaries"][0]["StreamModeDetails"]["StreamMode"], "ON_DEMAND", "mode in the listing")
        self.kinesis.delete_stream(StreamName=self.second)

    def tags(self):
        step(14, "add, page, change and remove tags")
        self.kinesis.add_tags_to_stream(StreamName=self.stream, Tags={"team": "water", "größe": "groß", "empty": ""})
        self.kinesis.add_tags_to_stream(StreamName=self.stream, Tags={"team": "mill"})
        first = self.kinesis.list_tags_for_stream(StreamName=self.stream, Limit=1)
        equal((first["Tags"], first["HasMoreTags"]), ([{"Key": "empty", "Value": ""}], True), "first tag")
        rest = self.kinesis.list_tags_for_stream(StreamName=self.stream, ExclusiveStartTagKey="empty")
        wanted = [{"Key": "größe", "Value": "groß"}, {"Key": "team", "Value": "mill"}]
        equal((rest["Tags"], rest["HasMoreTags"]), (wanted, False), "the other tags")
        self.kinesis.remove_tags_from_stream(StreamName=self.stream, TagKeys=["größe", "empty"])
        left = self.kinesis.list_tags_for_stream(StreamName=self.stream)["Tags"]
        equal(left, [{"Key": "team", "Value": "mill"}], "tags left")

    def retention(self):
        step(15, "raise and lower the retention")
        arguments = {"StreamName": self.stream}

        def hours():
            return self.kinesis.describe_stream_summary(**arguments)["StreamDescriptionSummary"]["RetentionPeriodHours"]

        self.kinesis.increase_stream_retention_period(RetentionPeriodHours=48, **arguments)
        equal(hours(), 48, "raised retention")
        invalid = self.errors.InvalidArgumentException
        raise_it, lower_it = (
            self.kinesis.increase_stream_retention_period,
            self.kinesis.decrease_stream_retention_period,
        )
        expect_error(invalid, "raising to less", raise_it, RetentionPeriodHours=47, **arguments)
        expect_error(invalid, "lowering to more", lower_it, RetentionPeriodHours=49, **arguments)
        expect_error(invalid, "lowering below a day", lower_it, RetentionPeriodHours=23, **arguments)
        self.kinesis.decrease_stream_retention_period(RetentionPeriodHours=24, **arguments)
        equal(hours(), 24, "lowered retention")

    def limits(self):
        step(16, "describe the limits")
        limits = self.kinesis.describe_limits()
        check(limits["OpenShardCount"] >= 2, f"open shards: {limits}")
        check(limits["ShardLimit"] > limits["OpenShardCount"], f"shard limit: {limits}")
        check(limits["OnDemandStreamCountLimit"] > 0, f"on-demand limit: {limits}")

    def refusals(self):
        step(17, "errors arrive as the classes that programs catch")
        errors, kinesis, stream = self.errors, self.kinesis, {"StreamName": self.stream}
        missing = {"StreamName": self.stream + "-missing"}
        expect_error(errors.ResourceNotFoundException, "describe", kinesis.describe_stream, **missing)
        put = {"PartitionKey": "a", "Data": b"a"}
        expect_error(errors.ResourceNotFoundException, "put", kinesis.put_record, **missing, **put)
        invalid = errors.InvalidArgumentException
        expect_error(invalid, "an iterator that is none", kinesis.get_records, ShardIterator="no iterator")
        shard = {"ShardId": self.shards[0], **stream}
        get = kinesis.get_shard_iterator
        at_number = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "1234567890"}
        expect_error(invalid, "a number that is none", get, **shard, **at_number)
        soon = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": now() + datetime.timedelta(minutes=10)}
        expect_error(invalid, "a time to come", get, **shard, **soon)
        absent = {"ShardId": "shardId-000000000007", "ShardIteratorType": "LATEST", **stream}
        expect_error(errors.ResourceNotFoundException, "a shard that is not there", get, **absent)
        too_high = {"ExplicitHashKey": str(HASH_SPACE), **put, **stream}
        expect_error(invalid, "a hash key that is too high", kinesis.put_record, **too_high)
        long_key = {"PartitionKey": "k" * 257, "Data": b"", **stream}
        expect_error("ValidationException", "a long partition key", kinesis.put_record, **long_key)
        expired = os.environ.get("EXPIRED_ITERATOR")
        if expired:
            expect_error(errors.ExpiredIteratorException, "expired", kinesis.get_records, ShardIterator=expired)
        else:
            print("         (no EXPIRED_ITERATOR given: ExpiredIteratorException is not asked for)")

    def delete(self):
        step(18, "delete; what comes under the same name is new and empty")
        old = self.iterator(self.shards[0], "TRIM_HORIZON")
        self.kinesis.delete_stream(StreamName=self.stream)
        self.kinesis.get_waiter("stream_not_exists").wait(StreamName=self.stream)
        not_found = self.errors.ResourceNotFoundException
        expect_error(not_found, "describe", self.kinesis.describe_stream, StreamName=self.stream)
        expect_error(not_found, "an iterator of a deleted stream", self.kinesis.get_records, ShardIterator=old)
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=1)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.stream)
        records, _ = self.read(self.iterator(self.shards[0], "TRIM_HORIZON"))
        self.expect_records(records, [], "the new stream")
        expect_error(not_found, "an iterator of the old stream", self.kinesis.get_records, ShardIterator=old)
        self.kinesis.delete_stream(StreamName=self.stream)


if __name__ == "__main__":
    endpoint_argument = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AWS_ENDPOINT_URL")
    check(endpoint_argument, "no endpoint: give it as an argument or in AWS_ENDPOINT_URL")
    try:
        suite = Suite(endpoint_argument)
        suite.run()
        Resharding(suite.kinesis, suite.stream + "-resharded").run()
        Settings(suite.kinesis, suite.stream + "-set").run()
        Terraform(suite.kinesis, suite.stream + "-terraform").run()
    except (BotoCoreError, ClientError) as unexpected:
        check(False, unexpected)
    print(f"boto3 {boto3.__version__}: all steps passed")
