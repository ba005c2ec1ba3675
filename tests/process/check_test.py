"""`millrace check`: what it says of a folder that is whole, of one that is damaged, and that it changes neither."""

import os
import shutil
import tempfile
import unittest

from durable_test import must, put
from folder_test import picture
from process import Broker, run, run_tests


class CheckTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.addCleanup(self._folder.cleanup)
        self.data_dir = os.path.join(self._folder.name, "data")

    def fill(self, kill):
        with Broker(engine="embedded", data_dir=self.data_dir) as broker:
            must(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 4}))
            put(broker, 1000)
            if kill:
                return broker.kill()
            broker.ask_to_stop()
            self.assertEqual(broker.exit_code_within(10), 0)

    def check(self, code):
        """Runs it, sees that it changed nothing but the lock's holder, and gives what it printed."""
        before = picture(self.data_dir)
        outcome = run("check", self.data_dir)
        after = picture(self.data_dir)
        before.pop("LOCK"), after.pop("LOCK")
        self.assertEqual(after, before)
        self.assertEqual((outcome.returncode, outcome.stderr), (code, ""), outcome)
        return outcome.stdout

    def largest_segment(self):
        segments = os.path.join(self.data_dir, "segments")
        return max((os.path.join(segments, name) for name in os.listdir(segments) if name.startswith("day")), key=os.path.getsize)

    def damage(self, path, data):
        """Writes over the first place where the file has that record's data."""
        with open(path, "r+b") as file:
            at = file.read().index(data)
            file.seek(at)
            file.write(bytes([data[0] ^ 1]))

    def test_whole_after_a_stop_and_after_a_kill(self):
        for kill in (False, True):
            with self.subTest(kill=kill):
                self.fill(kill)
                text = self.check(0)
                self.assertRegex(text.splitlines()[-1], r"^no damage: ")
                self.assertNotIn("damaged:", text)
                shutil.rmtree(self.data_dir)

    def test_damage_is_told_with_its_place(self):
        for kill in (False, True):
            with self.subTest(kill=kill):
                self.fill(kill)
                path = self.largest_segment()
                self.damage(path, b"record 100")
                text = self.check(2)
                self.assertIn("damaged:", text)
                self.assertIn(os.path.basename(path), text)
                # The broker serves the rest, and says so.
                with Broker(engine="embedded", data_dir=self.data_dir) as broker:
                    self.assertEqual(broker.get("/_health/ready")[0], 200)
                shutil.rmtree(self.data_dir)

    def test_without_an_index(self):
        self.fill(kill=False)
        shutil.rmtree(os.path.join(self.data_dir, "index"))
        text = self.check(0)
        self.assertIn("There is no index", text)

    def test_what_it_cannot_look_at(self):
        for path, word in ((self.data_dir, "No such file"), (self._folder.name, "no folder of Millrace")):
            outcome = run("check", path)
            self.assertEqual((outcome.returncode, outcome.stdout), (1, ""), outcome)
            self.assertIn(word, outcome.stderr)
            self.assertEqual(outcome.stderr.count("\n"), 1)
        with Broker(engine="embedded", data_dir=self.data_dir) as broker:
            outcome = run("check", self.data_dir)
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertIn(str(broker.process.pid), outcome.stderr)
        self.assertEqual(run("check").returncode, 2)


if __name__ == "__main__":
    run_tests()
