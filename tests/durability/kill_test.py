"""The program killed under load, again and again, on one folder: what was acknowledged is there, once, in its order.

Writers put numbered records by several connections, and shards are split and merged under them, while the broker is
killed at a random moment, its start included. After each kill the stream is whole, and a reader goes on where it stood and
holds every record it finds to what the writers were told:

  nothing acknowledged is missing, nothing is there twice, and the records of one key stand in the order of their numbers.

--rounds N: kills (12; --rounds 200 for a night). --seed N: the moments and the load of a run seen before.
"""

import argparse
import base64
import http.client
import os
import random
import sys
import tempfile
import threading
import time

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[:0] = [os.path.join(TESTS, "process"), os.path.join(TESTS, "conformance")]

_arguments = argparse.ArgumentParser()
_arguments.add_argument("--rounds", type=int, default=12)
_arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
_options, _rest = _arguments.parse_known_args()
sys.argv = [sys.argv[0], *_rest]

from lineage import bounds, check_cover, check_lineage, is_open  # noqa: E402
from process import LIMIT, Broker  # noqa: E402

SHARDS = 4
SHARDS_MAX = 12
WRITERS = 4
STREAM = "killed"


def call(broker, operation, **members):
    status, answer = broker.call(operation, {"StreamName": STREAM, **members})
    assert status == 200, f"{operation} {members}: {status} {answer}"
    return answer


def list_shards(broker):
    shards, page = [], call(broker, "ListShards")
    while "NextToken" in page:
        shards += page["Shards"]
        status, page = broker.call("ListShards", {"NextToken": page["NextToken"]})
        assert status == 200, page
    return shards + page["Shards"]


def open_shards(broker):
    """By their ranges, which cover the key space once."""
    shards = sorted(filter(is_open, list_shards(broker)), key=bounds)
    check_cover(shards)
    return shards


class Resharder(threading.Thread):
    """Splits and merges at random until the broker is gone."""

    def __init__(self, broker, seed):
        super().__init__(daemon=True)
        self.failure, self.done = None, 0
        self._broker, self._random = broker, random.Random(seed)

    def run(self):
        try:
            while True:
                self._reshard(open_shards(self._broker))
                self.done += 1
                # Load in between, so that every generation gets records.
                threading.Event().wait(self._random.random() * 0.2)
        except (OSError, http.client.HTTPException):
            pass  # it is killed
        except AssertionError as error:
            self.failure = error

    def _reshard(self, shards):
        at = self._random.randrange(len(shards))
        if len(shards) < 2 or (len(shards) < SHARDS_MAX and self._random.random() < 0.5):
            low, high = bounds(shards[at])
            call(self._broker, "SplitShard", ShardToSplit=shards[at]["ShardId"], NewStartingHashKey=str((low + high) // 2 + 1))
        else:
            at = min(at, len(shards) - 2)
            call(self._broker, "MergeShards", ShardToMerge=shards[at]["ShardId"],
                 AdjacentShardToMerge=shards[at + 1]["ShardId"])


class Writer(threading.Thread):
    """Puts its key's records one request after another until the broker is gone. A request of unknown outcome is not sent
    again: its records may be there or not."""

    def __init__(self, broker, name, first, seed, told):
        super().__init__(daemon=True)
        self.failure = None
        self._broker, self._name, self._next, self._random, self._told = broker, name, first, random.Random(seed), told

    def run(self):
        try:
            while True:
                self._put()
        except (OSError, http.client.HTTPException):
            pass  # it is killed
        except AssertionError as error:
            self.failure = error

    def _put(self):
        count = self._random.choice((1, 1, 5, 50))
        records = []
        for _ in range(count):
            self._next += 1
            records.append({"PartitionKey": self._name, "Data": base64.b64encode(
                f"{self._name} {self._next} {'x' * self._random.randrange(2000)}".encode()).decode()})
        first = self._next - count + 1
        if count == 1:
            status, answer = self._broker.call("PutRecord", {"StreamName": STREAM, **records[0]})
            entries = [answer]
        else:
            status, answer = self._broker.call("PutRecords", {"StreamName": STREAM, "Records": records})
            entries = answer.get("Records") if status == 200 else None
        if status != 200:
            raise AssertionError(f"{status} {answer}")
        for number, entry in enumerate(entries, first):
            if "SequenceNumber" in entry:
                self._told[self._name, number] = entry["ShardId"], entry["SequenceNumber"]

    def last_sent(self):
        return self._next


class Reader:
    """Reads every shard on from where it stood, by iterators that outlive the broker; parents before their children, and
    closed ones to their end."""

    def __init__(self):
        self.found = {}
        self.ended = set()
        self._at = {}
        self._last = {}

    def read_on(self, broker):
        # The numbers of children are above those of their parents.
        for shard in sorted(list_shards(broker), key=lambda listed: listed["ShardId"]):
            if shard["ShardId"] not in self.ended:
                self._read_shard(broker, shard["ShardId"], not is_open(shard))

    def _read_shard(self, broker, shard, is_closed):
        at = self._at.get(shard) or call(broker, "GetShardIterator", ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"]
        while at is not None:
            status, answer = broker.call("GetRecords", {"ShardIterator": at})
            assert status == 200, answer
            for record in answer["Records"]:
                self._take(shard, record)
            at = answer.get("NextShardIterator")
            if at is None:
                assert is_closed and answer["ChildShards"], f"{shard} ends, and is open or has no children"
                self.ended.add(shard)
            elif not answer["Records"]:
                assert not is_closed, f"{shard} is closed and does not end"
                break
        self._at[shard] = at

    def _take(self, shard, record):
        name, number, _ = base64.b64decode(record["Data"]).decode().split(" ")
        key = name, int(number)
        assert key not in self.found, f"{key} is there twice: {self.found[key]} and {record['SequenceNumber']}"
        assert int(number) > self._last.get(name, 0), f"{key} comes behind {self._last[name]}"
        assert record["PartitionKey"] == name, record
        self._last[name] = int(number)
        self.found[key] = shard, record["SequenceNumber"]


def hold(reader, told):
    missing = [key for key in told if reader.found.get(key) != told[key]]
    assert not missing, f"{len(missing)} acknowledged records are missing or elsewhere, such as {missing[0]}"


def run(rounds, seed, durability):
    chance = random.Random(seed)
    told, reader, sent, starts_killed, reshards = {}, Reader(), [0] * WRITERS, 0, 0
    with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
        data_dir = os.path.join(folder, "data")

        def start():
            return Broker("--durability", durability, engine="embedded", data_dir=data_dir)

        with start() as broker:
            call(broker, "CreateStream", ShardCount=SHARDS)
            broker.kill()
        for round_number in range(rounds):
            if chance.random() < 0.3:
                starts_killed += kill_while_it_starts(data_dir, durability, chance.random() * 0.2)
            with start() as broker:
                summary = call(broker, "DescribeStreamSummary")["StreamDescriptionSummary"]
                assert summary["StreamStatus"] == "ACTIVE", summary
                assert summary["OpenShardCount"] == len(open_shards(broker)), summary
                check_lineage(list_shards(broker), SHARDS)
                reader.read_on(broker)
                hold(reader, told)
                resharder = Resharder(broker, chance.random())
                writers = [Writer(broker, f"writer{i}", sent[i], chance.random(), told) for i in range(WRITERS)]
                for thread in (resharder, *writers):
                    thread.start()
                # The moment is what is tested; nothing is waited for.
                threading.Event().wait(chance.random() * 1.0)
                broker.kill()
                for thread in (resharder, *writers):
                    thread.join(LIMIT)
                    assert not thread.is_alive()
                    if thread.failure is not None:
                        raise thread.failure
                sent = [writer.last_sent() for writer in writers]
                reshards += resharder.done
            if (round_number + 1) % 20 == 0:
                print(f"{durability}: {round_number + 1} kills, {len(told)} records acknowledged", flush=True)
        with start() as broker:
            reader.read_on(broker)
            hold(reader, told)
            again = Reader()
            again.read_on(broker)
            assert again.found == reader.found, "a second reader finds something else"
            broker.ask_to_stop()
            assert broker.exit_code_within(LIMIT) == 0
    assert len(told) > rounds, "the load was none"
    assert reshards > rounds / 2 and reader.ended, "hardly a shard was split or merged"
    print(f"{durability}: {rounds} kills and {starts_killed} of a start; {reshards} splits and merges; {len(told)} records "
          f"acknowledged, {len(reader.found)} found, nothing lost", flush=True)


def kill_while_it_starts(data_dir, durability, after):
    """Starts it and kills it after so many seconds, ready or not."""
    import subprocess

    from process import BINARY, environment

    process = subprocess.Popen([BINARY, "serve", "--port", "0", "--engine", "embedded", "--data-dir", data_dir,
                                "--disk-reserve", "0", "--durability", durability],
                               env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
    return 1 if process.wait(LIMIT) != 0 else 0


if __name__ == "__main__":
    begun = time.monotonic()
    print(f"seed {_options.seed}", flush=True)
    for mode in ("sync", "os"):
        run(_options.rounds, _options.seed, mode)
    print(f"done in {time.monotonic() - begun:.0f} s")
