"""Sends a log file line by line through a stream of four shards, reads it back as it flows, and compares.

Usage: demo.py [--file PATH] [--lines-max N] ENDPOINT

Shows that every acknowledged line came back once, with its bytes, and in order for its key.
"""

import argparse
import collections
import os
import pathlib
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# Found on Debian machines; the first that is there and not empty is sent.
LOGS = ("/var/log/dpkg.log", "/var/log/dpkg.log.1", "/var/log/apt/term.log", "/var/lib/dpkg/status")
SHARD_COUNT = 4
STALL_LIMIT = 30.0  # seconds without a record before a reader's wait is given up
IDLE_PAUSE = 0.02  # seconds between two looks at a shard that had nothing new

# What came back: the shard it came from, and the record as the SDK gives it.
Received = collections.namedtuple("Received", "shard record")


def say(text):
    print(text, flush=True)


def client(endpoint):
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        # A call that the SDK repeats by itself may store a line twice; here every call counts.
        config=Config(retries={"total_max_attempts": 1}),
    )


def find_log():
    for path in map(pathlib.Path, LOGS):
        if path.is_file() and path.stat().st_size > 0:
            return path
    sys.exit(f"none of {', '.join(LOGS)} is here; name a file with --file")


def key_of(line):
    """The package that a line of dpkg's log is about, without its architecture; the first word of any other line."""
    words = line.decode("utf-8", "replace").split()
    if len(words) > 3 and words[2] in ("install", "upgrade", "remove", "purge", "configure", "trigproc"):
        return words[3].split(":")[0][:256]
    if len(words) > 4 and words[2] in ("status", "conffile"):
        return words[4].split(":")[0][:256]
    return words[0][:256] if words else "-"


class Reader(threading.Thread):
    """Follows one shard from its beginning until told that nothing more will come."""

    def __init__(self, kinesis, stream, shard, sink):
        super().__init__(name=shard, daemon=True)
        self.kinesis, self.shard, self.sink = kinesis, shard, sink
        self.stopping = threading.Event()
        self.failure = None
        self.iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]

    def run(self):
        try:
            self.follow()
        except Exception as failure:  # pylint: disable=broad-except; the main thread reports it
            self.failure = failure

    def follow(self):
        while True:
            last_look = self.stopping.is_set()
            answer = self.kinesis.get_records(ShardIterator=self.iterator)
            self.iterator = answer["NextShardIterator"]
            self.sink.extend(Received(self.shard, record) for record in answer["Records"])
            if not answer["Records"]:
                if last_look:
                    return
                self.stopping.wait(IDLE_PAUSE)


def produce(kinesis, stream, lines, received):
    """Puts one line after the other; gives line numbers by the sequence numbers of the acknowledgements."""
    acknowledged = {}
    started = time.monotonic()
    for number, line in enumerate(lines):
        answer = kinesis.put_record(StreamName=stream, PartitionKey=key_of(line), Data=line)
        acknowledged[answer["SequenceNumber"]] = (number, answer["ShardId"])
        if (number + 1) % 1000 == 0 or number + 1 == len(lines):
            say(f"  acknowledged {number + 1:6} of {len(lines)} lines, read back so far {len(received):6}")
    seconds = time.monotonic() - started
    say(f"Sent in {seconds:.1f} s, {len(lines) / seconds:.0f} lines a second, one call a line.")
    return acknowledged


def wait_for_readers(readers, received, expected):
    """Until all is read, or nothing has come for a while; then one more look for what should not be there."""
    seen, since = len(received), time.monotonic()
    while len(received) < expected and time.monotonic() - since < STALL_LIMIT:
        if any(reader.failure for reader in readers):
            break
        time.sleep(IDLE_PAUSE)
        if len(received) != seen:
            seen, since = len(received), time.monotonic()
    for reader in readers:
        reader.stopping.set()
    for reader in readers:
        reader.join(STALL_LIMIT)
        if reader.failure or reader.is_alive():
            sys.exit(f"FAILED: the reader of {reader.shard} did not finish: {reader.failure}")


def compare(lines, acknowledged, received):
    """The list of what is wrong; empty where every acknowledged line came back once, in order for its key."""
    faults = []
    times_read = collections.Counter(item.record["SequenceNumber"] for item in received)
    faults += [f"line {acknowledged[n][0]} was lost" for n in acknowledged if n not in times_read]
    faults += [f"{n} was read {count} times" for n, count in times_read.items() if count > 1]
    faults += [f"{n} was read and never acknowledged" for n in times_read if n not in acknowledged]
    last_of_key = {}
    for shard, record in received:
        number, shard_of_answer = acknowledged.get(record["SequenceNumber"], (None, None))
        if number is None:
            continue
        key = record["PartitionKey"]
        if record["Data"] != lines[number] or key != key_of(lines[number]):
            faults.append(f"line {number} came back changed: {record['Data']!r:.200} under key {key!r}")
        if shard != shard_of_answer:
            faults.append(f"line {number} was acknowledged in {shard_of_answer} and read from {shard}")
        if last_of_key.get(key, -1) >= number:
            faults.append(f"line {number} of key {key} came behind line {last_of_key[key]}")
        last_of_key[key] = number
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=pathlib.Path, help=f"the file to send (default: the first there of {LOGS})")
    parser.add_argument("--lines-max", type=int, default=20000, help="send no more than so many lines")
    parser.add_argument("endpoint")
    arguments = parser.parse_args()

    path = arguments.file or find_log()
    lines = path.read_bytes().splitlines()
    whole = len(lines)
    lines = lines[: arguments.lines_max]
    say(f"Input: {path}, {whole} lines" + (f", of which the first {len(lines)}" if len(lines) < whole else ""))

    kinesis = client(arguments.endpoint)
    stream = f"demo-{os.getpid()}-{int(time.time())}"
    kinesis.create_stream(StreamName=stream, ShardCount=SHARD_COUNT)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream)
    shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"]]
    say(f"Stream {stream} is ACTIVE with {len(shards)} shards at {arguments.endpoint}.")

    received = []
    readers = [Reader(client(arguments.endpoint), stream, shard, received) for shard in shards]
    for reader in readers:
        reader.start()
    say(f"{len(readers)} readers follow, one a shard. Sending with the package's name as the partition key:")
    acknowledged = produce(kinesis, stream, lines, received)
    wait_for_readers(readers, received, len(acknowledged))
    kinesis.delete_stream(StreamName=stream)

    by_shard = collections.Counter(item.shard for item in received)
    keys = {item.record["PartitionKey"] for item in received}
    say(f"Read back {len(received)} lines under {len(keys)} keys:")
    for shard in shards:
        say(f"  {shard} {by_shard[shard]:6} lines")
    faults = compare(lines, acknowledged, received)
    for fault in faults[:10]:
        say(f"FAULT: {fault}")
    if faults or len(acknowledged) != len(lines):
        sys.exit(f"FAILED: {len(faults)} faults, {len(acknowledged)} of {len(lines)} lines acknowledged")
    say(f"Every one of the {len(lines)} acknowledged lines came back once, unchanged, in order for its key.")


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as unexpected:
        sys.exit(f"FAILED: {unexpected}")
