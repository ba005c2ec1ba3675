"""Tests of the demo: that it finds every kind of fault, and that it runs to its end over a kill of the broker.

Usage: demo_test.py PROGRAM
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import demo

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else None
LINES = [f"2026-01-01 00:00:{i:02} install package-{i % 3}:amd64 <none> 1.{i}".encode() for i in range(12)]


def received(number, sequence, shard="shard-0", data=None, key=None):
    line = LINES[number]
    return demo.Received(shard, {"SequenceNumber": str(sequence), "Data": line if data is None else data,
                                 "PartitionKey": demo.key_of(line) if key is None else key})


class CompareTest(unittest.TestCase):
    def setUp(self):
        self.acknowledged = {str(100 + n): (n, "shard-0") for n in range(len(LINES))}
        self.received = [received(n, 100 + n) for n in range(len(LINES))]

    def faults(self, cut=frozenset()):
        return "; ".join(demo.compare(LINES, self.acknowledged, self.received, cut))

    def test_all_is_well(self):
        self.assertEqual(self.faults(), "")

    def test_a_lost_line(self):
        del self.received[4]
        self.assertIn("line 4 was lost", self.faults())

    def test_a_line_read_twice(self):
        self.received.append(self.received[4])
        self.assertIn("104 was read 2 times", self.faults())

    def test_a_record_that_nobody_put(self):
        self.received.append(received(3, 999))
        self.assertIn("999 was read and never acknowledged", self.faults())

    def test_a_call_that_was_cut_may_have_stored_its_line_once(self):
        self.received.insert(3, received(3, 999))
        self.assertEqual(self.faults(cut={3}), "")
        self.assertEqual(demo.stored_without_answer(LINES, self.acknowledged, self.received, {3}), {"999"})
        self.received.insert(3, received(3, 998))
        self.assertIn("was read and never acknowledged", self.faults(cut={3}))

    def test_a_changed_line(self):
        self.received[5] = received(5, 105, data=b"other")
        self.assertIn("line 5 came back changed", self.faults())
        self.received[5] = received(5, 105, key="other")
        self.assertIn("line 5 came back changed", self.faults())

    def test_another_shard(self):
        self.received[5] = received(5, 105, shard="shard-1")
        self.assertIn("acknowledged in shard-0 and read from shard-1", self.faults())

    def test_order_within_a_key(self):
        self.received[3], self.received[6] = self.received[6], self.received[3]
        self.assertIn("came behind line", self.faults())
        self.setUp()
        # Other keys, other orders.
        self.received[3], self.received[4] = self.received[4], self.received[3]
        self.assertEqual(self.faults(), "")


class RunTest(unittest.TestCase):
    def test_over_a_kill(self):
        with tempfile.TemporaryDirectory(prefix="millrace-demo-") as folder:
            path = pathlib.Path(folder)
            (path / "lines").write_bytes(b"\n".join(LINES[n % len(LINES)] + b" %d" % n for n in range(600)))
            outcome = subprocess.run(
                [sys.executable, demo.__file__, "--file", str(path / "lines"), "--broker", PROGRAM, "--data-dir",
                 str(path / "data"), "--log", str(path / "log")], capture_output=True, text=True, timeout=120)
            self.assertEqual(outcome.returncode, 0, outcome.stdout + outcome.stderr)
            self.assertIn("SIGKILL", outcome.stdout)
            self.assertIn("started again on the same folder", outcome.stdout)
            self.assertIn("Every one of the 600 acknowledged lines came back once", outcome.stdout)
            self.assertEqual((path / "log").read_text().count("Ready.\n"), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
