"""The common steps of tests/clients/README.md with the AWS CLI (version 1): every step is a run of the command `aws`.

Usage: suite.py [ENDPOINT]        (default: the environment's AWS_ENDPOINT_URL)
The command is looked for in the PATH.
"""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from resharding import Resharding  # noqa: E402
from steps import HASH_SPACE, check, equal, now, step, wait_until  # noqa: E402

CLOCK_SLACK = datetime.timedelta(seconds=5)
COMMAND_LIMIT = 120


def moment(seconds):
    """A time as version 1 of the CLI prints it: seconds since 1970."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


class Suite:
    def __init__(self, endpoint, folder):
        self.folder = pathlib.Path(folder)
        self.environment = os.environ | {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_DEFAULT_OUTPUT": "json",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
            "PYTHONUTF8": "1",
        }
        self.stream = f"clients-cli-{os.getpid()}-{int(time.time())}"
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
        Resharding(self, self.stream + "-resharded").run()

    # --- the command ---

    def command(self, operation, *arguments):
        return subprocess.run(
            ["aws", "kinesis", operation, *arguments],
            env=self.environment,
            capture_output=True,
            timeout=COMMAND_LIMIT,
            check=False,
        )

    def aws(self, operation, *arguments):
        """The answer of one run, decoded; empty where the operation has none."""
        done = self.command(operation, *arguments)
        check(done.returncode == 0, f"aws kinesis {operation} {arguments!r:.300}: {done.stderr.decode()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def expect_error(self, code, operation, *arguments):
        done = self.command(operation, *arguments)
        check(done.returncode != 0, f"aws kinesis {operation}: expected {code}, got {done.stdout.decode():.300}")
        found = re.search(r"An error occurred \((\w+)\)", done.stderr.decode())
        check(found and found[1] == code, f"{operation}: expected {code}, got {done.stderr.decode()}")

    def name(self):
        return "--stream-name", self.stream

    def file(self, data):
        """The argument for binary data: a file, read as it is."""
        path = self.folder / "data"
        path.write_bytes(data)
        return f"fileb://{path}"

    # --- writing ---

    def note(self, answer, key, data, hash_key=None):
        """Checks the place a put was given, and keeps it for the readers."""
        if hash_key is None:
            hash_key = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        shard, number = answer["ShardId"], answer["SequenceNumber"]
        equal(shard, self.shards[0 if hash_key < HASH_SPACE // 2 else 1], f"shard of key {key!r}")
        equal(len(number), 56, "digits of a sequence number")
        before = self.stored[shard]
        if before:
            check(int(number) > int(before[-1][0]), f"{number} does not follow {before[-1][0]} in {shard}")
        before.append((number, key, data))

    def put(self, key, data, hash_key=None, by_arn=False):
        where = ("--stream-arn", self.arn) if by_arn else self.name()
        explicit = () if hash_key is None else ("--explicit-hash-key", str(hash_key))
        answer = self.aws("put-record", *where, "--partition-key", key, "--data", self.file(data), *explicit)
        self.note(answer, key, data, hash_key)

    def create(self):
        step(1, "create a stream of two shards and wait until it is ACTIVE")
        self.aws("create-stream", *self.name(), "--shard-count", "2")
        self.aws("wait", "stream-exists", *self.name())

    def describe(self):
        step(2, "describe it by name and by ARN")
        stream = self.aws("describe-stream", *self.name())["StreamDescription"]
        equal(stream["StreamStatus"], "ACTIVE", "status")
        equal(stream["RetentionPeriodHours"], 24, "retention")
        equal(stream["EncryptionType"], "NONE", "encryption")
        created = moment(stream["StreamCreationTimestamp"])
        check(self.started - CLOCK_SLACK <= created <= now() + CLOCK_SLACK, f"created at {created}")
        ranges = [(s["HashKeyRange"]["StartingHashKey"], s["HashKeyRange"]["EndingHashKey"]) for s in stream["Shards"]]
        half = HASH_SPACE // 2
        equal(ranges, [("0", str(half - 1)), (str(half), str(HASH_SPACE - 1))], "hash ranges")
        self.shards = [shard["ShardId"] for shard in stream["Shards"]]
        equal(self.shards, ["shardId-000000000000", "shardId-000000000001"], "shard ids")
        self.stored = {shard: [] for shard in self.shards}
        self.arn = stream["StreamARN"]
        summary = self.aws("describe-stream-summary", "--stream-arn", self.arn)["StreamDescriptionSummary"]
        equal((summary["StreamName"], summary["StreamARN"]), (self.stream, self.arn), "the summary's name and ARN")
        equal(summary["StreamModeDetails"]["StreamMode"], "PROVISIONED", "mode")
        equal((summary["OpenShardCount"], summary["ConsumerCount"]), (2, 0), "open shards and consumers")
        check("StreamId" not in summary, "a StreamId would send clients away from a custom endpoint")

    def create_again(self):
        step(3, "create it again: ResourceInUseException")
        self.expect_error("ResourceInUseException", "create-stream", *self.name(), "--shard-count", "2")

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
        step(6, "put a batch of 500 records (text with control characters: the CLI takes no bytes inside a list)")
        entries = [{"PartitionKey": f"key-{i % 7}", "Data": f"\0\x1f{i} Mühle\x7f" + "~" * (i % 64)} for i in range(500)]
        path = self.folder / "batch.json"
        path.write_text(json.dumps(entries), encoding="utf-8")
        answer = self.aws("put-records", *self.name(), "--records", f"file://{path}")
        equal(answer["FailedRecordCount"], 0, "failed records")
        equal(len(answer["Records"]), 500, "answers")
        for entry, result in zip(entries, answer["Records"]):
            self.note(result, entry["PartitionKey"], entry["Data"].encode())

    def put_largest(self):
        step(7, "put a record of 1 MiB; one byte more is refused")
        key, data = "large", bytes(range(256)) * 4096
        self.put(key, data[len(key) :])
        too_large = (*self.name(), "--partition-key", key, "--data", self.file(data[len(key) - 1 :]))
        self.expect_error("InvalidArgumentException", "put-record", *too_large)

    # --- reading ---

    def iterator(self, shard, kind, *position):
        arguments = (*self.name(), "--shard-id", shard, "--shard-iterator-type", kind, *position)
        return self.aws("get-shard-iterator", *arguments)["ShardIterator"]

    def read(self, iterator, page=1000):
        """All records from the iterator to the tip, page by page."""
        records = []
        while True:
            answer = self.aws("get-records", "--shard-iterator", iterator, "--limit", str(page))
            check(len(answer["Records"]) <= page, f"{len(answer['Records'])} records in a page of {page}")
            check(answer["NextShardIterator"] != iterator, "the next iterator is the one that was sent")
            records += answer["Records"]
            iterator = answer["NextShardIterator"]
            if answer["MillisBehindLatest"] == 0:
                return records, iterator

    def expect_records(self, records, expected, what):
        found = [(r["SequenceNumber"], r["PartitionKey"], base64.b64decode(r["Data"])) for r in records]
        equal(len(found), len(expected), f"number of records of {what}")
        for position, (actual, wanted) in enumerate(zip(found, expected)):
            check(actual == wanted, f"record {position} of {what}: expected {wanted!r:.300}, got {actual!r:.300}")

    def read_all(self):
        step(9, "read everything from TRIM_HORIZON in pages: bytes, keys, order, times, distance to the tip")
        for shard in self.shards:
            start = self.iterator(shard, "TRIM_HORIZON")
            first = self.aws("get-records", "--shard-iterator", start, "--limit", "1")
            check(first["MillisBehindLatest"] > 0, "MillisBehindLatest is 0 with records left to read")
            records, _ = self.read(start, 100)
            self.expect_records(records, self.stored[shard], f"TRIM_HORIZON of {shard}")
            times = [moment(record["ApproximateArrivalTimestamp"]) for record in records]
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
            # A run of the command costs much more than a call: the first and the last record are for the other clients.
            middle = len(stored) // 2
            number = ("--starting-sequence-number", stored[middle][0])
            for kind, first in (("AT_SEQUENCE_NUMBER", middle), ("AFTER_SEQUENCE_NUMBER", middle + 1)):
                records, _ = self.read(self.iterator(shard, kind, *number))
                self.expect_records(records, stored[first:], f"{kind} of record {middle} in {shard}")

    def read_by_time(self):
        step(12, "AT_TIMESTAMP starts at the first record that arrived then or later")
        shard = self.shards[1]
        records, _ = self.read(self.iterator(shard, "TRIM_HORIZON"))
        # The CLI sends whole seconds, so the record looked for is the first one in a second of its own.
        last_second = moment(records[-1]["ApproximateArrivalTimestamp"]).replace(microsecond=0)
        wait_until("the next second", lambda: now() >= last_second + datetime.timedelta(seconds=1, milliseconds=10))
        self.put("timed", b"in a second of its own", hash_key=HASH_SPACE - 1)
        records, _ = self.read(self.iterator(shard, "TRIM_HORIZON"))
        second = moment(records[-1]["ApproximateArrivalTimestamp"]).replace(microsecond=0)
        check(second > last_second, "the broker's clock stands behind this one")
        records, _ = self.read(self.iterator(shard, "AT_TIMESTAMP", "--timestamp", second.isoformat()))
        self.expect_records(records, self.stored[shard][-1:], "AT_TIMESTAMP")
        records, _ = self.read(self.iterator(shard, "AT_TIMESTAMP", "--timestamp", "2020-01-01T00:00:00Z"))
        self.expect_records(records, self.stored[shard], "AT_TIMESTAMP of long ago")

    # --- the rest ---

    def page_listings(self):
        step(13, "page through ListShards, DescribeStream and ListStreams")
        first = self.aws("list-shards", *self.name(), "--max-results", "1", "--no-paginate")
        equal([shard["ShardId"] for shard in first["Shards"]], self.shards[:1], "first page of ListShards")
        rest = self.aws("list-shards", "--next-token", first["NextToken"], "--no-paginate")
        equal([shard["ShardId"] for shard in rest["Shards"]], self.shards[1:], "second page of ListShards")
        check("NextToken" not in rest, "the last page of ListShards has a token")
        pages = self.aws("describe-stream", *self.name(), "--page-size", "1")["StreamDescription"]["Shards"]
        equal([shard["ShardId"] for shard in pages], self.shards, "DescribeStream in pages of one")
        on_demand = ("--stream-mode-details", "StreamMode=ON_DEMAND")
        self.aws("create-stream", "--stream-name", self.second, *on_demand)
        self.aws("wait", "stream-exists", "--stream-name", self.second)
        listing = self.aws("list-streams", "--page-size", "1")["StreamNames"]
        ours = [self.stream, self.second]
        equal([name for name in listing if name in ours], ours, "ListStreams in pages of one")
        after = ("--exclusive-start-stream-name", self.stream, "--limit", "1", "--no-paginate")
        listing = self.aws("list-streams", *after)
        equal(listing["StreamNames"], [self.second], "ListStreams behind a name")
        equal(listing["StreamSummaries"][0]["StreamModeDetails"]["StreamMode"], "ON_DEMAND", "mode in the listing")
        self.aws("delete-stream", "--stream-name", self.second)

    def tags(self):
        step(14, "add, page, change and remove tags")
        self.aws("add-tags-to-stream", *self.name(), "--tags", '{"team":"water","größe":"groß","empty":""}')
        self.aws("add-tags-to-stream", *self.name(), "--tags", "team=mill")
        first = self.aws("list-tags-for-stream", *self.name(), "--limit", "1")
        equal((first["Tags"], first["HasMoreTags"]), ([{"Key": "empty", "Value": ""}], True), "first tag")
        rest = self.aws("list-tags-for-stream", *self.name(), "--exclusive-start-tag-key", "empty")
        wanted = [{"Key": "größe", "Value": "groß"}, {"Key": "team", "Value": "mill"}]
        equal((rest["Tags"], rest["HasMoreTags"]), (wanted, False), "the other tags")
        self.aws("remove-tags-from-stream", *self.name(), "--tag-keys", "größe", "empty")
        left = self.aws("list-tags-for-stream", *self.name())["Tags"]
        equal(left, [{"Key": "team", "Value": "mill"}], "tags left")

    def hours(self):
        return self.aws("describe-stream-summary", *self.name())["StreamDescriptionSummary"]["RetentionPeriodHours"]

    def retention(self):
        step(15, "raise and lower the retention")
        raise_it, lower_it = "increase-stream-retention-period", "decrease-stream-retention-period"
        self.aws(raise_it, *self.name(), "--retention-period-hours", "48")
        equal(self.hours(), 48, "raised retention")
        for operation, hours in ((raise_it, "47"), (lower_it, "49"), (lower_it, "23")):
            arguments = (*self.name(), "--retention-period-hours", hours)
            self.expect_error("InvalidArgumentException", operation, *arguments)
        self.aws(lower_it, *self.name(), "--retention-period-hours", "24")
        equal(self.hours(), 24, "lowered retention")

    def limits(self):
        step(16, "describe the limits")
        limits = self.aws("describe-limits")
        check(limits["OpenShardCount"] >= 2, f"open shards: {limits}")
        check(limits["ShardLimit"] > limits["OpenShardCount"], f"shard limit: {limits}")
        check(limits["OnDemandStreamCountLimit"] > 0, f"on-demand limit: {limits}")

    def refusals(self):
        step(17, "errors arrive under their names")
        missing = ("--stream-name", self.stream + "-missing")
        put = ("--partition-key", "a", "--data", "a")
        iterator = (*self.name(), "--shard-id", self.shards[0], "--shard-iterator-type")
        absent = (*self.name(), "--shard-id", "shardId-000000000007", "--shard-iterator-type", "LATEST")
        soon = (now() + datetime.timedelta(minutes=10)).isoformat()
        too_high = ("--explicit-hash-key", str(HASH_SPACE))
        long_key = ("--partition-key", "k" * 257, "--data", "")
        not_found, invalid = "ResourceNotFoundException", "InvalidArgumentException"
        self.expect_error(not_found, "describe-stream", *missing)
        self.expect_error(not_found, "put-record", *missing, *put)
        self.expect_error(invalid, "get-records", "--shard-iterator", "no iterator")
        at_number = ("AT_SEQUENCE_NUMBER", "--starting-sequence-number", "1234567890")
        self.expect_error(invalid, "get-shard-iterator", *iterator, *at_number)
        self.expect_error(invalid, "get-shard-iterator", *iterator, "AT_TIMESTAMP", "--timestamp", soon)
        self.expect_error(not_found, "get-shard-iterator", *absent)
        self.expect_error(invalid, "put-record", *self.name(), *put, *too_high)
        self.expect_error("ValidationException", "put-record", *self.name(), *long_key)
        expired = os.environ.get("EXPIRED_ITERATOR")
        if expired:
            self.expect_error("ExpiredIteratorException", "get-records", "--shard-iterator", expired)
        else:
            print("         (no EXPIRED_ITERATOR given: ExpiredIteratorException is not asked for)")

    def delete(self):
        step(18, "delete; what comes under the same name is new and empty")
        not_found = "ResourceNotFoundException"
        old = ("--shard-iterator", self.iterator(self.shards[0], "TRIM_HORIZON"))
        self.aws("delete-stream", *self.name())
        self.aws("wait", "stream-not-exists", *self.name())
        self.expect_error(not_found, "describe-stream", *self.name())
        self.expect_error(not_found, "get-records", *old)
        self.aws("create-stream", *self.name(), "--shard-count", "1")
        self.aws("wait", "stream-exists", *self.name())
        records, _ = self.read(self.iterator(self.shards[0], "TRIM_HORIZON"))
        self.expect_records(records, [], "the new stream")
        self.expect_error(not_found, "get-records", *old)
        self.aws("delete-stream", *self.name())


if __name__ == "__main__":
    endpoint_argument = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AWS_ENDPOINT_URL")
    check(endpoint_argument, "no endpoint: give it as an argument or in AWS_ENDPOINT_URL")
    with tempfile.TemporaryDirectory() as temporary:
        Suite(endpoint_argument, temporary).run()
    print(subprocess.run(["aws", "--version"], capture_output=True, text=True, check=True).stdout.split()[0], end="")
    print(": all steps passed")
