#!/usr/bin/env python3
"""The checkers of this folder find what they are for."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "conformance")]

from ledger import Ledger  # noqa: E402
from lineage import HASH_KEY_MAX, check_cover, check_lineage  # noqa: E402

SHARD = "shardId-000000000000"


def record(number, key="k", place=None):
    return {"PartitionKey": key, "Data": b"%d" % number, "SequenceNumber": place or str(100 + number)}


def acknowledged(*numbers, key="k"):
    return {(key, number): (SHARD, str(100 + number)) for number in numbers}


class LedgerTest(unittest.TestCase):
    def faults(self, reads, acknowledgements):
        ledger = Ledger()
        ledger.acknowledge(acknowledgements)
        ledger.take(SHARD, reads)
        return " ".join(ledger.close())

    def test_everything_once_and_in_order_is_no_fault(self):
        self.assertEqual(self.faults([record(0), record(1)], acknowledged(0, 1)), "")

    def test_an_acknowledgement_may_come_behind_the_read(self):
        ledger = Ledger()
        ledger.take(SHARD, [record(0)])
        self.assertIn("not acknowledged", " ".join(Ledger.close(ledger)))
        ledger = Ledger()
        ledger.take(SHARD, [record(0)])
        ledger.acknowledge(acknowledged(0))
        self.assertEqual(ledger.close(), [])

    def test_a_lost_record(self):
        self.assertIn("not read", self.faults([record(0)], acknowledged(0, 1)))

    def test_a_doubled_record(self):
        self.assertIn("again", self.faults([record(0), record(0)], acknowledged(0)))

    def test_another_order(self):
        self.assertIn("too early", self.faults([record(1), record(0)], acknowledged(0, 1)))

    def test_another_place(self):
        self.assertIn("was put to", self.faults([record(0, place="7")], acknowledged(0)))


def shard(number, low, high, parents=(), end=None):
    span = {"StartingSequenceNumber": str(10 * number + 1)} | ({"EndingSequenceNumber": str(end)} if end else {})
    found = {"ShardId": f"shardId-{number:012}", "SequenceNumberRange": span,
             "HashKeyRange": {"StartingHashKey": str(low), "EndingHashKey": str(high)}}
    return found | dict(zip(("ParentShardId", "AdjacentParentShardId"), (f"shardId-{p:012}" for p in parents)))


class LineageTest(unittest.TestCase):
    def test_a_split_is_no_fault(self):
        check_lineage([shard(0, 0, 9, end=5), shard(1, 0, 4, [0]), shard(2, 5, 9, [0])], 1)
        check_cover([shard(1, 0, 4), shard(2, 5, HASH_KEY_MAX)])

    def test_a_hole_and_an_overlap(self):
        for low in (4, 6):
            with self.assertRaises(AssertionError):
                check_cover([shard(1, 0, 4), shard(2, low, HASH_KEY_MAX)])

    def test_an_open_parent_and_one_that_ends_too_late(self):
        for end in (None, 500):
            with self.assertRaises(AssertionError):
                check_lineage([shard(0, 0, 9, end=end), shard(1, 0, 4, [0]), shard(2, 5, 9, [0])], 1)

    def test_children_that_do_not_cover(self):
        with self.assertRaises(AssertionError):
            check_lineage([shard(0, 0, 9, end=5), shard(1, 0, 4, [0])], 1)

    def test_a_child_without_parents(self):
        with self.assertRaises(AssertionError):
            check_lineage([shard(0, 0, 9), shard(1, 0, 4)], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
