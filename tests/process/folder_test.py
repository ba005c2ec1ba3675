"""Which folders a broker takes, and what it says of those it does not: one line, exit code 1, nothing touched."""

import hashlib
import os
import stat
import tempfile
import unittest

from process import Broker, run, run_tests


def picture(folder):
    """Everything below a folder: names, kinds, modes, content and times."""
    seen = {}
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            whole = os.path.join(path, name)
            about = os.lstat(whole)
            content = None
            if stat.S_ISREG(about.st_mode):
                with open(whole, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            seen[os.path.relpath(whole, folder)] = (about.st_mode, about.st_size, about.st_mtime_ns, content)
    return seen


class FolderTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.addCleanup(self._folder.cleanup)
        self.data_dir = os.path.join(self._folder.name, "data")

    def assert_refused(self, *words, data_dir=None):
        outcome = run("serve", "--port", "0", "--engine", "embedded", "--data-dir", data_dir or self.data_dir)
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
        self.assertTrue(outcome.stderr.startswith("millrace: "), outcome.stderr)
        for word in words:
            self.assertIn(word, outcome.stderr)

    def test_a_second_broker_is_refused_and_told_of_the_first(self):
        with Broker(engine="embedded", data_dir=self.data_dir) as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1})[0], 200)
            self.assert_refused(self.data_dir, str(broker.process.pid))
            self.assertEqual(broker.call("PutRecord", {"StreamName": "s", "PartitionKey": "k", "Data": "YQ=="})[0], 200)
            broker.kill()
        # The lock went with the process.
        with Broker(engine="embedded", data_dir=self.data_dir):
            pass

    def test_a_folder_of_something_else_is_left_alone(self):
        os.mkdir(self.data_dir)
        with open(os.path.join(self.data_dir, "letters.txt"), "w", encoding="ascii") as file:
            file.write("mine")
        before = picture(self._folder.name)
        self.assert_refused(self.data_dir, "no folder of Millrace")
        self.assertEqual(picture(self._folder.name), before)

    def test_a_folder_of_a_newer_version_is_left_alone(self):
        with Broker(engine="embedded", data_dir=self.data_dir) as broker:
            broker.kill()
        with open(os.path.join(self.data_dir, "FORMAT"), "w", encoding="ascii") as file:
            file.write("millrace 1000\n")
        before = picture(self._folder.name)
        self.assert_refused(self.data_dir, "1000", "newer")
        self.assertEqual(picture(self._folder.name), before)

    def test_a_file_in_the_place_of_the_folder(self):
        with open(self.data_dir, "w", encoding="ascii") as file:
            file.write("mine")
        before = picture(self._folder.name)
        self.assert_refused(self.data_dir)
        self.assert_refused(self.data_dir, data_dir=os.path.join(self.data_dir, "below"))
        self.assertEqual(picture(self._folder.name), before)

    def test_a_folder_that_cannot_be_written(self):
        # Nobody, root neither, makes files there.
        self.assert_refused("/proc/", data_dir="/proc/millrace")
        if os.geteuid() != 0:
            os.mkdir(self.data_dir, 0o500)
            self.assert_refused(self.data_dir, "Permission denied")

    def test_the_folder_is_made_with_its_parents_and_its_key_is_secret(self):
        data_dir = os.path.join(self._folder.name, "a", "b", "data")
        with Broker(engine="embedded", data_dir=data_dir):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(data_dir, "KEY")).st_mode), 0o600)
            self.assertGreaterEqual(os.stat(os.path.join(data_dir, "KEY")).st_size, 32)
            self.assertFalse(os.stat(data_dir).st_mode & stat.S_IRWXO, "others may not look in")

    def test_where_records_are_kept_by_default(self):
        wanted = "/var/lib/millrace" if os.geteuid() == 0 else "/data/millrace"
        outcome = run("serve", "--print-config", env={"XDG_DATA_HOME": "/data"})
        self.assertRegex(outcome.stdout, rf'(?m)^data-dir = "{wanted}" +# default$')
        self.assertRegex(outcome.stdout, r'(?m)^engine = "embedded" +# default$')
        self.assertRegex(outcome.stdout, r'(?m)^durability = "sync" +# default$')
        self.assertRegex(outcome.stdout, r'(?m)^disk-reserve = "1GiB" +# default$')
        if os.geteuid() != 0:
            outcome = run("serve", "--print-config", env={"XDG_DATA_HOME": "", "HOME": "/home/a"})
            self.assertRegex(outcome.stdout, r'(?m)^data-dir = "/home/a/.local/share/millrace" +# default$')

    def test_a_broker_without_options_keeps_records_on_disk(self):
        if os.geteuid() == 0:
            self.skipTest("root's own folder is the machine's")
        with Broker(engine="default", env={"XDG_DATA_HOME": self._folder.name}) as broker:
            self.assertIn("engine=embedded", "\n".join(broker.lines))
            self.assertIn("FORMAT", os.listdir(os.path.join(self._folder.name, "millrace")))


if __name__ == "__main__":
    run_tests()
