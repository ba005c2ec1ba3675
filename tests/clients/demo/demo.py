"""Sends a log file line by line through a stream of four shards, reads it back as it flows, and compares.

Usage: demo.py [--file PATH] [--lines-max N] (--broker PROGRAM --data-dir DIR [--log PATH] | ENDPOINT)

Shows that every acknowledged line came back once, with its bytes, and in order for its key. A broker of its own it kills
with SIGKILL half way, starts again on the same folder, and goes on.
"""

import argparse
import collections
import os
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

# Found on Debian machines; the first that is there and not empty is sent.
LOGS = ("/var/log/dpkg.log", "/var/log/dpkg.log.1", "/var/log/apt/term.log", "/var/lib/dpkg/status")
SHARD_COUNT = 4
STALL_LIMIT = 30.0  # seconds without a record before a reader's wait is given up
IDLE_PAUSE = 0.02  # seconds between two looks at a shard that had nothing new
START_LIMIT = 60.0  # seconds until a broker must be ready
KILL_SPREAD = 0.02  # seconds within which the kill comes, so that it does not always meet the same moment of a call

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


class Broker:
    """A broker of our own on one port and one folder, over several lives."""

    def __init__(self, program, data_dir, log):
        self.command = [program, "serve", "--host", "127.0.0.1", "--engine", "embedded", "--data-dir", data_dir]
        self.log = log
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.up = threading.Event()  # cleared while it is known to be away

    def start(self):
        """Returns the seconds until it was ready, what the folder held being recovered."""
        begun = time.monotonic()
        with open(self.log, "ab") as log:
            mark = log.tell()
            self.process = subprocess.Popen([*self.command, "--port", str(self.port)], stdout=log, stderr=log)
        while b"\nReady.\n" not in b"\n" + pathlib.Path(self.log).read_bytes()[mark:]:
            if self.process.poll() is not None or time.monotonic() - begun > START_LIMIT:
                sys.exit(f"FAILED: the broker is not ready, see {self.log}")
            time.sleep(0.005)
        self.up.set()
        return time.monotonic() - begun

    def kill(self):
        """No code of the broker runs any more once this is called: nothing is flushed, closed or said."""
        self.up.clear()
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        if self.process.wait(START_LIMIT) != 0:
            sys.exit(f"FAILED: the broker did not stop cleanly, see {self.log}")

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Reader(threading.Thread):
    """Follows one shard from its beginning until told that nothing more will come. Where its broker is killed it goes on
    with the iterator that it has, once there is one again."""

    def __init__(self, kinesis, stream, shard, sink, broker=None):
        super().__init__(name=shard, daemon=True)
        self.kinesis, self.shard, self.sink, self.broker = kinesis, shard, sink, broker
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
            try:
                answer = self.kinesis.get_records(ShardIterator=self.iterator)
            except (HTTPClientError, NoConnection):
                if self.broker is None or not self.broker.up.wait(START_LIMIT):
                    raise
                time.sleep(IDLE_PAUSE)  # the kill may be known here a moment before whoever did it says so
                continue
            self.iterator = answer["NextShardIterator"]
            self.sink.extend(Received(self.shard, record) for record in answer["Records"])
            if not answer["Records"]:
                if last_look:
                    return
                self.stopping.wait(IDLE_PAUSE)


class Killer(threading.Thread):
    """Kills the broker while calls are on their way, and starts it again."""

    def __init__(self, broker):
        super().__init__(daemon=True)
        self.broker = broker
        self.failure = None

    def run(self):
        try:
            time.sleep(random.uniform(0, KILL_SPREAD))
            self.broker.kill()
            say("  SIGKILL: the broker is gone")
            say(f"  started again on the same folder, ready after {self.broker.start() * 1000:.0f} ms")
        except SystemExit as failure:
            self.failure = failure


def produce(kinesis, stream, lines, received, broker=None):
    """Puts one line after the other; gives line numbers by the sequence numbers of the acknowledgements, and the numbers
    of lines whose call was cut by the kill: those are sent again."""
    acknowledged, cut = {}, set()
    started = time.monotonic()
    killer = None
    for number, line in enumerate(lines):
        if broker is not None and number == len(lines) // 2:
            killer = Killer(broker)
            killer.start()
        while True:
            try:
                answer = kinesis.put_record(StreamName=stream, PartitionKey=key_of(line), Data=line)
                break
            except (HTTPClientError, NoConnection):
                if killer is None:
                    raise
                cut.add(number)
                killer.join(START_LIMIT)
                if killer.failure is not None or killer.is_alive():
                    sys.exit(killer.failure or "FAILED: the broker did not come back")
        acknowledged[answer["SequenceNumber"]] = (number, answer["ShardId"])
        if (number + 1) % 1000 == 0 or number + 1 == len(lines):
            say(f"  acknowledged {number + 1:6} of {len(lines)} lines, read back so far {len(received):6}")
    if killer is not None:
        killer.join(START_LIMIT)
    seconds = time.monotonic() - started
    say(f"Sent in {seconds:.1f} s, {len(lines) / seconds:.0f} lines a second, one call a line.")
    return acknowledged, cut


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


def stored_without_answer(lines, acknowledged, received, cut):
    """Records that nobody was told of: their calls were cut by the kill after they were stored. Each is whole, and at most
    one a call that was cut."""
    left = collections.Counter((key_of(lines[number]), lines[number]) for number in cut)
    numbers = set()
    for _, record in received:
        content = (record["PartitionKey"], record["Data"])
        if record["SequenceNumber"] not in acknowledged and left[content] > 0:
            left[content] -= 1
            numbers.add(record["SequenceNumber"])
    return numbers


def compare(lines, acknowledged, received, cut=frozenset()):
    """The list of what is wrong; empty where every acknowledged line came back once, in order for its key."""
    faults = []
    times_read = collections.Counter(item.record["SequenceNumber"] for item in received)
    known = acknowledged.keys() | stored_without_answer(lines, acknowledged, received, cut)
    faults += [f"line {acknowledged[n][0]} was lost" for n in acknowledged if n not in times_read]
    faults += [f"{n} was read {count} times" for n, count in times_read.items() if count > 1]
    faults += [f"{n} was read and never acknowledged" for n in times_read if n not in known]
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


def arguments_of(words):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=pathlib.Path, help=f"the file to send (default: the first there of {LOGS})")
    parser.add_argument("--lines-max", type=int, default=20000, help="send no more than so many lines")
    parser.add_argument("--broker", help="the program of a broker to start, and to kill half way")
    parser.add_argument("--data-dir", help="its folder")
    parser.add_argument("--log", default=os.devnull, help="what it says goes there")
    parser.add_argument("endpoint", nargs="?", help="a broker that runs already, which is not killed")
    arguments = parser.parse_args(words)
    if (arguments.endpoint is None) == (arguments.broker is None) or (arguments.broker and not arguments.data_dir):
        parser.error("give either an endpoint, or --broker and --data-dir")
    return arguments


def read_lines(path, lines_max):
    lines = path.read_bytes().splitlines()
    whole = len(lines)
    lines = lines[:lines_max]
    say(f"Input: {path}, {whole} lines" + (f", of which the first {len(lines)}" if len(lines) < whole else ""))
    return lines


def run(endpoint, lines, broker=None):
    """The number of acknowledged lines; ends the program where something is wrong."""
    kinesis = client(endpoint)
    stream = f"demo-{os.getpid()}-{int(time.time())}"
    kinesis.create_stream(StreamName=stream, ShardCount=SHARD_COUNT)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream)
    shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"]]
    say(f"Stream {stream} is ACTIVE with {len(shards)} shards at {endpoint}.")

    received = []
    readers = [Reader(client(endpoint), stream, shard, received, broker) for shard in shards]
    for reader in readers:
        reader.start()
    say(f"{len(readers)} readers follow, one a shard. Sending with the package's name as the partition key:")
    acknowledged, cut = produce(kinesis, stream, lines, received, broker)
    wait_for_readers(readers, received, len(acknowledged))
    if broker is not None:
        compare_again(endpoint, stream, shards, received)
    kinesis.delete_stream(StreamName=stream)

    by_shard = collections.Counter(item.shard for item in received)
    keys = {item.record["PartitionKey"] for item in received}
    say(f"Read back {len(received)} records under {len(keys)} keys:")
    for shard in shards:
        say(f"  {shard} {by_shard[shard]:6} records")
    faults = compare(lines, acknowledged, received, cut)
    for fault in faults[:10]:
        say(f"FAULT: {fault}")
    if faults or len(acknowledged) != len(lines):
        sys.exit(f"FAILED: {len(faults)} faults, {len(acknowledged)} of {len(lines)} lines acknowledged")
    if broker is not None:
        unanswered = len(stored_without_answer(lines, acknowledged, received, cut))
        say(f"Calls that the kill cut, made again since: {len(cut)}; lines that such a call had stored all the same: {unanswered}.")
    say(f"Every one of the {len(lines)} acknowledged lines came back once, unchanged, in order for its key.")
    return len(acknowledged)


def compare_again(endpoint, stream, shards, received):
    """What the broker that was started again holds from the beginning on is what the readers got over both lives."""
    again = []
    readers = [Reader(client(endpoint), stream, shard, again) for shard in shards]
    for reader in readers:
        reader.start()
    wait_for_readers(readers, again, len(received))
    both = [sorted((shard, record["SequenceNumber"], record["Data"]) for shard, record in side) for side in (received, again)]
    if both[0] != both[1]:
        sys.exit("FAILED: a second reading from the beginning gave something else than the first")
    say(f"A second reading from the beginning gave the same {len(again)} records.")


def main():
    arguments = arguments_of(sys.argv[1:])
    lines = read_lines(arguments.file or find_log(), arguments.lines_max)
    if arguments.broker is None:
        run(arguments.endpoint, lines)
        return
    broker = Broker(arguments.broker, arguments.data_dir, arguments.log)
    try:
        broker.start()
        say(f"The broker {arguments.broker} keeps its records in {arguments.data_dir}, each synced before it is acknowledged.")
        run(broker.endpoint, lines, broker)
        broker.stop()
    finally:
        broker.end()


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as unexpected:
        sys.exit(f"FAILED: {unexpected}")
