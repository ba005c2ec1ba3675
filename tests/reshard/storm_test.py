#!/usr/bin/env python3
"""Splits, merges and rescales at random under load, with a reader that follows the lineage: every acknowledged record is
read exactly once, and each key's records in their order. Prints its seed, which --seed replays as far as threads allow."""

import argparse
import math
import os
import random
import secrets
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "conformance")]

from broker import ENGINES, Broker  # noqa: E402
from client import Client, Refused  # noqa: E402
from ledger import Ledger  # noqa: E402
from lineage import bounds, check_cover, check_lineage, is_open  # noqa: E402
from model import Model  # noqa: E402
from reader import Following  # noqa: E402

WRITERS = 4
READERS = 3
KEYS_PER_WRITER = 200
SHARDS_BEGIN = 4
SHARDS_MAX = 24
# Of a ListShards that asks for no other number.
PAGE_SHARDS = 1000
# Longest wait for one reshard, and for the readers once the writers are done.
LIMIT_SECONDS = 120


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--broker", help="path of a millrace binary")
    target.add_argument("--endpoint", help="URL of an endpoint")
    parser.add_argument("--engine", choices=ENGINES, default="memory", help="what the broker keeps records in")
    parser.add_argument("--broker-option", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("MILLRACE_STORM_SECONDS", "60")))
    parser.add_argument("--seed", type=int, default=int.from_bytes(secrets.token_bytes(4), "big"))
    return parser.parse_args()


class Storm:
    def __init__(self, endpoint, seconds, seed):
        self.model, self.endpoint, self.seconds, self.seed = Model(), endpoint, seconds, seed
        self.stream = f"storm-{secrets.token_hex(4)}"
        self.ledger = Ledger()
        self.writing = threading.Event()
        self.writers_left = WRITERS
        self.lock = threading.Lock()
        self.done = {"split": 0, "merge": 0, "rescale": 0, "refused": 0}
        self.listings = 0

    def client(self):
        return Client(self.endpoint, self.model)

    def guarded(self, work):
        """A thread's work, whose failure is the storm's."""
        def run():
            client = self.client()
            try:
                work(client)
            except BaseException as failure:  # noqa: BLE001  (told at the end)
                self.ledger.fault(f"{work.__name__}: {failure!r}")
                self.writing.clear()
            finally:
                client.close()
        return run

    # --- Load ---

    def writer(self, index):
        rng = random.Random(self.seed * 100 + index)
        keys = [f"{index}-{i}" for i in range(KEYS_PER_WRITER)]
        numbers = dict.fromkeys(keys, 0)

        def write(client):
            try:
                while self.writing.is_set():
                    self.put_batch(client, rng, keys, numbers)
            finally:
                with self.lock:
                    self.writers_left -= 1
        write.__name__ = f"writer {index}"
        return write

    def put_batch(self, client, rng, keys, numbers):
        """One record each of some keys. What fails is put again before its key goes on, or its order would be lost."""
        batch = rng.sample(keys, rng.randint(1, len(keys)))
        coding = rng.choice(("json", "cbor"))
        if rng.random() < 0.1:
            key = batch[0]
            answer = client.ask("PutRecord", {"StreamName": self.stream, "PartitionKey": key, "Data": b"%d" % numbers[key]},
                                coding)
            self.ledger.acknowledge({(key, numbers[key]): (answer["ShardId"], answer["SequenceNumber"])})
            numbers[key] += 1
            return
        until = time.monotonic() + LIMIT_SECONDS
        while batch:
            answer = client.ask("PutRecords", {"StreamName": self.stream, "Records": [
                {"PartitionKey": key, "Data": b"%d" % numbers[key]} for key in batch]}, coding)
            stored, failed = {}, []
            for key, result in zip(batch, answer["Records"], strict=True):
                if "ErrorCode" in result:
                    failed.append(key)
                    if result["ErrorCode"] != "ProvisionedThroughputExceededException":
                        self.ledger.fault(f"a put was answered {result}")
                else:
                    stored[key, numbers[key]] = (result["ShardId"], result["SequenceNumber"])
                    numbers[key] += 1
            if len(failed) != answer["FailedRecordCount"]:
                self.ledger.fault(f"{len(failed)} entries failed, {answer['FailedRecordCount']} are told")
            self.ledger.acknowledge(stored)
            if failed and time.monotonic() > until:
                raise AssertionError(f"{failed[:3]} are not stored after {LIMIT_SECONDS} s")
            batch = failed

    def all_written(self):
        return self.writers_left == 0

    # --- Resharding ---

    def list_shards(self, client, **members):
        found, page = [], client.ask("ListShards", {"StreamName": self.stream} | members)
        while True:
            found += page["Shards"]
            if "NextToken" not in page:
                return found
            page = client.ask("ListShards", {"NextToken": page["NextToken"]})

    def wait_active(self, client):
        until = time.monotonic() + LIMIT_SECONDS
        while client.ask("DescribeStreamSummary", {"StreamName": self.stream})["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
            if time.monotonic() > until:
                raise AssertionError(f"the stream is not ACTIVE after {LIMIT_SECONDS} s")
            time.sleep(0.005)

    def reshard(self, client):
        rng = random.Random(self.seed)
        while self.writing.is_set():
            self.wait_active(client)
            shards = sorted(filter(is_open, self.list_shards(client)), key=bounds)
            kind, operation, value = self.choose(rng, shards)
            answer = client.call(operation, {"StreamName": self.stream} | value, rng.choice(("json", "cbor")))
            if answer.status == 200:
                self.done[kind] += 1
                # A second one while the first may still be on its way is refused, or is the next. Two shards alone are
                # neighbours.
                if len(shards) == 2:
                    continue
                second = client.call("MergeShards", {"StreamName": self.stream, "ShardToMerge": shards[0]["ShardId"],
                                                     "AdjacentShardToMerge": shards[-1]["ShardId"]})
                if second.type not in ("ResourceInUseException", "InvalidArgumentException"):
                    self.ledger.fault(f"a merge of what is not adjacent was answered {second!r}")
                self.done["refused"] += second.type == "ResourceInUseException"
            else:
                self.ledger.fault(f"{operation} of {value} was answered {answer!r}")
            # Load in between, so that every generation gets records.
            time.sleep(rng.random() * 0.3)
        self.wait_active(client)

    @staticmethod
    def choose(rng, shards):
        count = len(shards)
        kinds = ["rescale"] + (["split"] * 3 if count < SHARDS_MAX else []) + (["merge"] * 3 if count > 1 else [])
        kind = rng.choice(kinds)
        if kind == "split":
            wide = [s for s in shards if bounds(s)[1] - bounds(s)[0] > 1000]
            shard = rng.choice(wide)
            low, high = bounds(shard)
            key = (low + high) // 2 if rng.random() < 0.5 else rng.randint(low + 2, high - 1)
            return kind, "SplitShard", {"ShardToSplit": shard["ShardId"], "NewStartingHashKey": str(key)}
        if kind == "merge":
            at = rng.randrange(count - 1)
            return kind, "MergeShards", {"ShardToMerge": shards[at]["ShardId"],
                                         "AdjacentShardToMerge": shards[at + 1]["ShardId"]}
        target = rng.randint(math.ceil(count / 2), min(2 * count, SHARDS_MAX))
        return kind, "UpdateShardCount", {"TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"}

    def watch(self, client):
        """At every moment the open shards cut the key space into pieces, and the lineage is whole."""
        while self.writing.is_set():
            check_cover(self.list_shards(client, ShardFilter={"Type": "AT_LATEST"}))
            shards = self.list_shards(client)
            # Only what comes in one page is of one moment: between two a parent may be split.
            if len(shards) <= PAGE_SHARDS:
                check_lineage(shards, SHARDS_BEGIN)
                self.listings += 1
            time.sleep(0.05)

    # --- All of it ---

    def run(self):
        client = self.client()
        client.ask("CreateStream", {"StreamName": self.stream, "ShardCount": SHARDS_BEGIN})
        self.wait_active(client)
        shards = self.list_shards(client)
        self.writing.set()
        readers = Following(self.client, self.stream, self.ledger, READERS, self.all_written)
        readers.start([shard["ShardId"] for shard in shards])
        work = [self.writer(i) for i in range(WRITERS)] + [self.reshard, self.watch]
        threads = [threading.Thread(target=self.guarded(w), daemon=True) for w in work]
        for thread in threads:
            thread.start()
        until = time.monotonic() + self.seconds
        while self.writing.is_set() and not readers.stopping.is_set() and time.monotonic() < until:
            time.sleep(0.09)
        self.writing.clear()
        for thread in threads:
            thread.join(LIMIT_SECONDS)
            if thread.is_alive():
                self.ledger.fault("a thread is not done")
        readers.join(LIMIT_SECONDS)
        self.conclude(client, readers)
        client.close()

    def conclude(self, client, readers):
        shards = self.list_shards(client)
        check_lineage(shards, SHARDS_BEGIN)
        check_cover([shard for shard in shards if is_open(shard)])
        for fault in self.ledger.close():
            print("FAULT", fault)
        print(f"{self.ledger.acknowledged} records of {WRITERS * KEYS_PER_WRITER} keys over {len(shards)} shards, "
              f"{len(readers.ended)} of them read to their end; {self.done}; {self.listings} listings")
        client.ask("DeleteStream", {"StreamName": self.stream})


def main():
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    broker = Broker(options.broker, options.broker_option, options.engine) if options.broker else None
    storm = Storm(broker.endpoint if broker else options.endpoint, options.seconds, options.seed)
    try:
        storm.run()
    except (Refused, AssertionError) as failure:
        storm.ledger.fault(repr(failure))
        print("FAULT", failure)
    finally:
        code = broker.stop() if broker else 0
    if code:
        print("the broker ended with", code)
    enough = all(storm.done[kind] > 0 for kind in ("split", "merge", "rescale")) and storm.ledger.read > 0
    if not enough:
        print("too little happened to show anything")
    good = enough and not code and not storm.ledger.faults
    print(f"{int(good)} passed, {int(not good)} failed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
