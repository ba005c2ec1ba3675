"""A reader that follows the lineage of shards as it is told in answers: a child is begun once all its parents are read."""

import queue
import threading


class Following:
    """Several threads that read a stream from its first shards on, and end when `done()` says so and nothing is left."""

    def __init__(self, new_client, stream, ledger, threads, done):
        self._new_client, self._stream, self._ledger, self._done = new_client, stream, ledger, done
        self._work = queue.Queue()  # (shard, iterator or None)
        self._lock = threading.Lock()
        self.begun, self.ended = set(), set()
        self._parents = {}  # child -> its parents, as the answers told
        self.stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def start(self, shards):
        for shard in shards:
            self._begin(shard)
        for thread in self._threads:
            thread.start()

    def join(self, seconds):
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                self._ledger.fault(f"the readers are not done after {seconds} s; {sorted(self.begun - self.ended)} are left")
                self.stopping.set()
                return

    def _begin(self, shard):
        self.begun.add(shard)
        self._work.put((shard, None))

    def _run(self):
        client = self._new_client()
        try:
            while not self.stopping.is_set():
                try:
                    shard, iterator = self._work.get(timeout=0.2)
                except queue.Empty:
                    continue
                self._read(client, shard, iterator)
        except BaseException as failure:  # noqa: BLE001  (told at the end)
            self._ledger.fault(f"a reader: {failure!r}")
            self.stopping.set()
        finally:
            client.close()

    def _read(self, client, shard, iterator):
        """Some pages of a shard."""
        if iterator is None:
            iterator = client.ask("GetShardIterator", {"StreamName": self._stream, "ShardId": shard,
                                                       "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
        for _ in range(4):
            page = client.ask("GetRecords", {"ShardIterator": iterator}, "cbor")
            self._ledger.take(shard, page["Records"])
            iterator = page.get("NextShardIterator")
            if iterator is None:
                if page["Records"]:
                    self._ledger.fault(f"the last answer of {shard} has records")
                return self._end(shard, page.get("ChildShards"))
            if "ChildShards" in page:
                self._ledger.fault(f"{shard} has children and goes on")
            if not page["Records"]:
                break
        if not page["Records"] and self._done() and self._ledger.everything_read():
            self.stopping.set()
        self._work.put((shard, iterator))

    def _end(self, shard, children):
        with self._lock:
            self.ended.add(shard)
            if not children:
                self._ledger.fault(f"{shard} ended without children")
                return
            for child in children:
                if shard not in child["ParentShards"]:
                    self._ledger.fault(f"{shard} is no parent of its child {child}")
                known = self._parents.setdefault(child["ShardId"], sorted(child["ParentShards"]))
                if known != sorted(child["ParentShards"]):
                    self._ledger.fault(f"{child['ShardId']} has the parents {known} and {child['ParentShards']}")
                if child["ShardId"] not in self.begun and self.ended.issuperset(child["ParentShards"]):
                    self._begin(child["ShardId"])
