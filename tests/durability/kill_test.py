"""The program killed under load, again and again, on one folder: what was acknowledged is there, once, in its order.

Writers put numbered records by several connections while the broker is killed at a random moment, its start included.
After each kill a reader goes on where it stood and holds every record it finds to what the writers were told:

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

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))

_arguments = argparse.ArgumentParser()
_arguments.add_argument("--rounds", type=int, default=12)
_arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
_options, _rest = _arguments.parse_known_args()
sys.argv = [sys.argv[0], *_rest]

from process import LIMIT, Broker  # noqa: E402

SHARDS = 4
WRITERS = 4
STREAM = "killed"


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
    """Reads every shard on from where it stood, by iterators that outlive the broker."""

    def __init__(self):
        self.found = {}
        self._at = {}
        self._last = {}

    def read_on(self, broker):
        for shard in range(SHARDS):
            at = self._at.get(shard) or self._iterator(broker, shard)
            while True:
                status, answer = broker.call("GetRecords", {"ShardIterator": at})
                assert status == 200, answer
                for record in answer["Records"]:
                    self._take(f"shardId-{shard:012}", record)
                at = answer["NextShardIterator"]
                if not answer["Records"]:
                    break
            self._at[shard] = at

    def _iterator(self, broker, shard):
        status, answer = broker.call("GetShardIterator", {"StreamName": STREAM, "ShardId": f"shardId-{shard:012}",
                                                          "ShardIteratorType": "TRIM_HORIZON"})
        assert status == 200, answer
        return answer["ShardIterator"]

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
    told, reader, sent, starts_killed = {}, Reader(), [0] * WRITERS, 0
    with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
        data_dir = os.path.join(folder, "data")

        def start():
            return Broker("--durability", durability, engine="embedded", data_dir=data_dir)

        with start() as broker:
            status, answer = broker.call("CreateStream", {"StreamName": STREAM, "ShardCount": SHARDS})
            assert status == 200, answer
            broker.kill()
        for round_number in range(rounds):
            if chance.random() < 0.3:
                starts_killed += kill_while_it_starts(data_dir, durability, chance.random() * 0.2)
            with start() as broker:
                reader.read_on(broker)
                hold(reader, told)
                writers = [Writer(broker, f"writer{i}", sent[i], chance.random(), told) for i in range(WRITERS)]
                for writer in writers:
                    writer.start()
                # The moment is what is tested; nothing is waited for.
                threading.Event().wait(chance.random() * 1.0)
                broker.kill()
                for i, writer in enumerate(writers):
                    writer.join(LIMIT)
                    assert not writer.is_alive()
                    if writer.failure is not None:
                        raise writer.failure
                    sent[i] = writer.last_sent()
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
    print(f"{durability}: {rounds} kills and {starts_killed} of a start; {len(told)} records acknowledged, "
          f"{len(reader.found)} found, nothing lost", flush=True)


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
