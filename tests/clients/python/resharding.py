"""Steps 19 and 20: shards that are split, merged and rescaled while records are put, and a reader that follows them."""

import threading

from demands import expect_error
from steps import HASH_SPACE, check, equal, step, wait_until

KEYS = 50


class Writer:
    """Puts records of some keys, each key's in order, until it is stopped."""

    def __init__(self, kinesis, stream):
        self._kinesis, self._stream = kinesis, stream
        self.numbers = {f"key-{i}": 0 for i in range(KEYS)}
        self._stopping = threading.Event()
        self.failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join(30)

    def _run(self):
        try:
            while not self._stopping.is_set():
                self._put()
        except Exception as failure:  # noqa: BLE001  (told by the main thread)
            self.failure = failure

    def _put(self):
        """One record of each key; what fails is put again before its key goes on."""
        keys = list(self.numbers)
        while keys:
            entries = [{"PartitionKey": key, "Data": str(self.numbers[key]).encode()} for key in keys]
            results = self._kinesis.put_records(StreamName=self._stream, Records=entries)["Records"]
            failed = []
            for key, result in zip(keys, results, strict=True):
                if "ErrorCode" in result:
                    failed.append(key)
                else:
                    self.numbers[key] += 1
            keys = failed

    def goes_on(self):
        """Waits until every key has got more records."""
        before = min(self.numbers.values())
        wait_until("more records", lambda: self.failure or min(self.numbers.values()) > before + 2)
        check(self.failure is None, self.failure)


class Resharding:
    def __init__(self, kinesis, stream):
        self.kinesis, self.stream = kinesis, stream
        self.errors = kinesis.exceptions

    def run(self):
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=2)
        self.wait_active()
        with Writer(self.kinesis, self.stream) as writer:
            self.reshard(writer)
        check(writer.failure is None, writer.failure)
        self.follow(writer.numbers)
        self.kinesis.delete_stream(StreamName=self.stream)
        self.kinesis.get_waiter("stream_not_exists").wait(StreamName=self.stream)

    def wait_active(self):
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.stream)

    def shards(self, **members):
        """Page by page: a page after the first is asked for by its token alone."""
        page = self.kinesis.list_shards(StreamName=self.stream, MaxResults=2, **members)
        found = page["Shards"]
        while "NextToken" in page:
            page = self.kinesis.list_shards(NextToken=page["NextToken"], MaxResults=2)
            found += page["Shards"]
        return found

    def paginate(self):
        """boto3's paginator sends the name with the token, which the service refuses: it reads the first page only."""
        paginator = self.kinesis.get_paginator("list_shards")
        listed = [shard for page in paginator.paginate(StreamName=self.stream) for shard in page["Shards"]]
        equal(listed, self.shards(), "the paginator of ListShards")
        pages = paginator.paginate(StreamName=self.stream, PaginationConfig={"PageSize": 2})
        refused = expect_error(self.errors.InvalidArgumentException, "a name beside a token", lambda: list(pages))
        equal(refused.response["Error"]["Message"], "NextToken and StreamName cannot be provided together.", "the message")

    def reshard(self, writer):
        step(19, "split, merge and rescale under load; the paginators of ListShards and DescribeStream agree")
        first, second = (shard["ShardId"] for shard in self.shards())
        writer.goes_on()
        self.kinesis.split_shard(StreamName=self.stream, ShardToSplit=first, NewStartingHashKey=str(HASH_SPACE // 4))
        self.wait_active()
        children = [shard for shard in self.shards() if shard.get("ParentShardId") == first]
        equal([shard["HashKeyRange"]["StartingHashKey"] for shard in children], ["0", str(HASH_SPACE // 4)], "children")
        expect_error(self.errors.InvalidArgumentException, "a merge of what is not adjacent", self.kinesis.merge_shards,
                     StreamName=self.stream, ShardToMerge=children[0]["ShardId"], AdjacentShardToMerge=second)
        writer.goes_on()
        self.kinesis.merge_shards(StreamName=self.stream, ShardToMerge=children[1]["ShardId"], AdjacentShardToMerge=second)
        self.wait_active()
        merged = self.shards()[-1]
        equal((merged["ParentShardId"], merged["AdjacentParentShardId"]), (children[1]["ShardId"], second), "the parents")
        writer.goes_on()
        answer = self.kinesis.update_shard_count(StreamName=self.stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
        equal((answer["CurrentShardCount"], answer["TargetShardCount"]), (2, 4), "the counts")
        self.wait_active()
        opened = self.shards(ShardFilter={"Type": "AT_LATEST"})
        equal(sorted(int(shard["HashKeyRange"]["StartingHashKey"]) for shard in opened),
              [i * HASH_SPACE // 4 for i in range(4)], "uniform shards")
        writer.goes_on()
        described = [shard for page in self.kinesis.get_paginator("describe_stream").paginate(
            StreamName=self.stream, PaginationConfig={"PageSize": 2}) for shard in page["StreamDescription"]["Shards"]]
        equal(described, self.shards(), "DescribeStream and ListShards")
        self.paginate()

    def follow(self, numbers):
        step(20, "a reader that follows ChildShards gets every record once, each key's in order")
        begin = [shard["ShardId"] for shard in self.shards(ShardFilter={"Type": "AT_TRIM_HORIZON"})]
        waiting, ended, read = list(begin), set(), dict.fromkeys(numbers, 0)
        begun = set(begin)
        while waiting:
            shard = waiting.pop(0)
            for child in self.read(shard, read):
                check(shard in child["ParentShards"], f"{shard} is no parent of {child}")
                ended.add(shard)
                if child["ShardId"] not in begun and ended.issuperset(child["ParentShards"]):
                    begun.add(child["ShardId"])
                    waiting.append(child["ShardId"])
        equal(read, numbers, "records read by key")
        equal(begun, {shard["ShardId"] for shard in self.shards()}, "shards read")

    def read(self, shard, read):
        """Reads to the end of a closed shard or to the tip of an open one; the children."""
        iterator = self.kinesis.get_shard_iterator(StreamName=self.stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"]
        while True:
            answer = self.kinesis.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                key = record["PartitionKey"]
                equal(int(record["Data"]), read[key], f"the next record of {key} in {shard}")
                read[key] += 1
            iterator = answer.get("NextShardIterator")
            if iterator is None:
                equal(answer["Records"], [], "records of the last answer")
                return answer["ChildShards"]
            if answer["MillisBehindLatest"] == 0 and not answer["Records"]:
                return []
