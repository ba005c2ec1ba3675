"""What was acknowledged and what was read, and whether they are the same."""

import threading

FAULTS_MAX = 20


class Ledger:
    """Each key's records are numbered from 0. Thread-safe. Holds what is either acknowledged or read, and forgets what is
    both, so that its memory does not grow with time."""

    def __init__(self):
        self._lock = threading.Lock()
        self._unread = {}  # (key, number) -> (shard, sequence number), of what is acknowledged and not read yet
        self._early = {}  # the same of what was read before its writer had the answer
        self._acknowledged_of = {}  # key -> how many
        self._next = {}  # key -> the number that its next record must have
        self.acknowledged = self.read = 0
        self.faults = []

    def fault(self, text):
        with self._lock:
            self._fault(text)

    def _fault(self, text):
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(text)

    def acknowledge(self, entries):
        """Of records by (key, number): the shard and the sequence number that the writer was told."""
        with self._lock:
            for record, place in entries.items():
                self.acknowledged += 1
                self._acknowledged_of[record[0]] = self._acknowledged_of.get(record[0], 0) + 1
                if record in self._early:
                    self._compare(record, place, self._early.pop(record))
                else:
                    self._unread[record] = place

    def take(self, shard, records):
        """Records as a reader met them. Whatever the generation, a key's numbers must go on from one to the next: what
        came before in it is read, and nothing is read twice."""
        with self._lock:
            for found in records:
                record = found["PartitionKey"], int(found["Data"])
                self._count(shard, *record)
                place = shard, found["SequenceNumber"]
                if record in self._unread:
                    self._compare(record, self._unread.pop(record), place)
                else:
                    self._early[record] = place

    def _count(self, shard, key, number):
        wanted = self._next.get(key, 0)
        if number != wanted:
            what = "again" if number < wanted else "too early"
            self._fault(f"{key} number {number} is read {what} in {shard}: {wanted} is next")
        self._next[key] = max(wanted, number + 1)
        self.read += 1

    def _compare(self, record, put, read):
        if put != read:
            self._fault(f"{record} was put to {put} and is read from {read}")

    def everything_read(self):
        with self._lock:
            return self.read >= self.acknowledged

    def close(self):
        """The faults, after the end: what is missing is among them."""
        with self._lock:
            if self.read != self.acknowledged:
                self._fault(f"{self.acknowledged} records were acknowledged and {self.read} read")
            for record in list(self._unread)[:3]:
                self._fault(f"{record} is acknowledged and not read")
            for record in list(self._early)[:3]:
                self._fault(f"{record} is read and not acknowledged")
            for key, count in self._acknowledged_of.items():
                if self._next.get(key, 0) != count:
                    self._fault(f"{key} has {count} records, and {self._next.get(key, 0)} were read")
            return list(self.faults)
