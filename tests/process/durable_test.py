"""What a broker with a data folder has acknowledged is there after a kill and after a stop, under the same numbers."""

import base64
import os
import tempfile
import unittest

from process import Broker, run_tests

SHARDS = 4


class Folder:
    """A data folder for several brokers, one after the other."""

    def __init__(self, *arguments):
        self._folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = os.path.join(self._folder.name, "data")
        self.arguments = arguments

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def start(self, *arguments, **options):
        return Broker(*self.arguments, *arguments, engine="embedded", data_dir=self.path, **options)


def must(outcome):
    status, answer = outcome
    if status != 200:
        raise AssertionError(f"{status} {answer}")
    return answer


def put(broker, count, first=0, stream="s"):
    """Acknowledged records in batches: their data by shard and sequence number."""
    acknowledged = {}
    for begin in range(first, first + count, 100):
        records = [{"Data": base64.b64encode(f"record {i}".encode()).decode(), "PartitionKey": f"key {i}"}
                   for i in range(begin, min(begin + 100, first + count))]
        answer = must(broker.call("PutRecords", {"StreamName": stream, "Records": records}))
        for record, entry in zip(records, answer["Records"]):
            acknowledged[entry["ShardId"], entry["SequenceNumber"]] = record
    return acknowledged


def iterator(broker, shard, kind="TRIM_HORIZON", stream="s", **members):
    body = {"StreamName": stream, "ShardId": f"shardId-{shard:012}", "ShardIteratorType": kind, **members}
    return must(broker.call("GetShardIterator", body))["ShardIterator"]


def read_on(broker, at, limit=10_000):
    """Records from an iterator to the tip, and the iterator behind them."""
    records = []
    while True:
        answer = must(broker.call("GetRecords", {"ShardIterator": at, "Limit": limit}))
        records += answer["Records"]
        at = answer["NextShardIterator"]
        if not answer["Records"]:
            return records, at


def read_all(broker, stream="s"):
    everything = {}
    for shard in range(SHARDS):
        last = 0
        for record in read_on(broker, iterator(broker, shard, stream=stream))[0]:
            number = record["SequenceNumber"]
            assert int(number) > last, (number, last)
            last = int(number)
            everything[f"shardId-{shard:012}", number] = record
    return everything


class DurableTest(unittest.TestCase):
    def assert_holds(self, broker, acknowledged, arrivals=None):
        held = read_all(broker)
        self.assertEqual({key: (one["Data"], one["PartitionKey"]) for key, one in held.items()},
                         {key: (one["Data"], one["PartitionKey"]) for key, one in acknowledged.items()})
        times = {key: one["ApproximateArrivalTimestamp"] for key, one in held.items()}
        if arrivals is not None:
            self.assertEqual({key: times[key] for key in arrivals}, arrivals)
        return times

    def end(self, broker, kill):
        if kill:
            broker.kill()
            return
        broker.ask_to_stop()
        self.assertEqual(broker.exit_code_within(10), 0)

    def test_everything_is_there_after_kills_and_stops(self):
        for durability in ("sync", "os"):
            with self.subTest(durability), Folder("--durability", durability) as folder:
                acknowledged, arrivals = {}, {}
                for life in range(5):
                    with folder.start() as broker:
                        if life == 0:
                            must(broker.call("CreateStream", {"StreamName": "s", "ShardCount": SHARDS, "Tags": {"a": "b"}}))
                            described = must(broker.call("DescribeStream", {"StreamName": "s"}))
                        self.assertEqual(must(broker.call("DescribeStream", {"StreamName": "s"})), described)
                        self.assertEqual(must(broker.call("ListTagsForStream", {"StreamName": "s"}))["Tags"],
                                         [{"Key": "a", "Value": "b"}])
                        self.assert_holds(broker, acknowledged, arrivals)
                        largest = {shard: max([int(n) for s, n in acknowledged if s == shard], default=0)
                                   for shard in {s for s, _ in acknowledged}}
                        fresh = put(broker, 700, first=1000 * life)
                        for shard, number in fresh:
                            self.assertGreater(int(number), largest.get(shard, 0))
                        self.assertFalse(fresh.keys() & acknowledged.keys())
                        acknowledged |= fresh
                        arrivals = self.assert_holds(broker, acknowledged, arrivals)
                        self.end(broker, kill=life % 2 == 0)

    def test_iterators_and_tokens_outlive_the_process(self):
        with Folder() as folder:
            with folder.start() as broker:
                must(broker.call("CreateStream", {"StreamName": "s", "ShardCount": SHARDS}))
                acknowledged = put(broker, 500)
                shard_0 = sorted(int(number) for shard, number in acknowledged if shard.endswith("0"))
                oldest = iterator(broker, 0)
                tip = iterator(broker, 0, "LATEST")
                middle = iterator(broker, 0, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=str(shard_0[9]))
                page = must(broker.call("GetRecords", {"ShardIterator": oldest, "Limit": 7}))
                token = must(broker.call("ListShards", {"StreamName": "s", "MaxResults": 3}))["NextToken"]
                broker.kill()
            with folder.start() as broker:
                read = lambda at: [int(one["SequenceNumber"]) for one in read_on(broker, at)[0]]
                self.assertEqual(read(oldest), shard_0)
                self.assertEqual(read(middle), shard_0[10:])
                self.assertEqual(read(page["NextShardIterator"]), shard_0[7:])
                self.assertEqual(read(tip), [])
                rest = must(broker.call("ListShards", {"NextToken": token}))["Shards"]
                self.assertEqual([one["ShardId"] for one in rest], ["shardId-000000000003"])
                more = put(broker, 100, first=500)
                self.assertEqual(read(tip), sorted(int(number) for shard, number in more if shard.endswith("0")))

    def test_a_deleted_stream_stays_deleted_and_its_name_is_free(self):
        with Folder() as folder:
            with folder.start() as broker:
                must(broker.call("CreateStream", {"StreamName": "s", "ShardCount": SHARDS}))
                put(broker, 300)
                at = iterator(broker, 0)
                must(broker.call("DeleteStream", {"StreamName": "s"}))
                broker.kill()
            with folder.start() as broker:
                self.assertEqual(broker.call("DescribeStream", {"StreamName": "s"})[1]["__type"], "ResourceNotFoundException")
                must(broker.call("CreateStream", {"StreamName": "s", "ShardCount": SHARDS}))
                self.assertEqual(broker.call("GetRecords", {"ShardIterator": at})[1]["__type"], "ResourceNotFoundException")
                self.assertEqual(read_all(broker), {})
                broker.kill()
            with folder.start() as broker:
                self.assertEqual(read_all(broker), {})

    def test_without_its_index_the_folder_is_read_whole(self):
        with Folder() as folder:
            with folder.start() as broker:
                must(broker.call("CreateStream", {"StreamName": "s", "ShardCount": SHARDS}))
                acknowledged = put(broker, 300)
                self.end(broker, kill=False)
            index = os.path.join(folder.path, "index")
            for name in os.listdir(index):
                os.unlink(os.path.join(index, name))
            os.rmdir(index)
            with folder.start() as broker:
                self.assert_holds(broker, acknowledged)

    def test_a_full_disk_throttles_and_reads_go_on(self):
        with Folder() as folder:
            with folder.start() as broker:
                must(broker.call("CreateStream", {"StreamName": "s", "ShardCount": SHARDS}))
                acknowledged = put(broker, 100)
                broker.kill()
            # No disk has as much.
            with folder.start(disk_reserve="16TiB") as broker:
                status, answer = broker.call("PutRecord", {"StreamName": "s", "PartitionKey": "k", "Data": "YWJj"})
                self.assertEqual((status, answer["__type"]), (400, "ProvisionedThroughputExceededException"))
                entries = must(broker.call("PutRecords", {"StreamName": "s", "Records": [{"Data": "YWJj", "PartitionKey": "k"}]}))
                self.assertEqual(entries["Records"][0]["ErrorCode"], "ProvisionedThroughputExceededException")
                status, text = broker.get("/_health/ready")
                self.assertEqual(status, 503)
                self.assertIn("disk", text)
                self.assert_holds(broker, acknowledged)
                self.end(broker, kill=False)
            with folder.start() as broker:
                self.assertEqual(broker.get("/_health/ready")[0], 200)
                self.assert_holds(broker, acknowledged | put(broker, 100, first=100))

    def test_the_start_line_says_what_is_kept_where(self):
        with Folder() as folder, folder.start("--durability", "os") as broker:
            line = next(line for line in broker.lines if "millrace is up" in line)
            for part in ("engine=embedded", f"data_dir={folder.path}", "durability=os", 'survives="a kill"'):
                self.assertIn(part, line)

    def test_metrics_of_the_disk(self):
        with Folder() as folder, folder.start() as broker:
            must(broker.call("CreateStream", {"StreamName": "s", "ShardCount": SHARDS}))
            put(broker, 100)
            text = broker.get("/metrics")[1]
            values = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if not line.startswith("#")}
            self.assertGreater(values["millrace_engine_disk_bytes"], 1000)
            self.assertGreater(values["millrace_engine_commits"], 0)
            self.assertGreater(values["millrace_engine_segments"], 0)
            self.assertGreater(values["millrace_engine_unindexed_blocks"], 0)
            self.assertGreater(values["millrace_engine_unindexed_blocks_max"], 100_000)
            self.assertGreater(values["millrace_disk_free_bytes"], 0)


if __name__ == "__main__":
    run_tests()
