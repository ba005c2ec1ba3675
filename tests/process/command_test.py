"""The program's commands: help, version, configuration, health, and what it says to a broken option."""

import os
import tempfile
import unittest

from process import Broker, run, run_tests


class CommandTest(unittest.TestCase):
    def assert_refused(self, outcome, code, *words):
        """One clear line, nothing else, and an exit code that says so."""
        self.assertEqual(outcome.returncode, code, outcome)
        self.assertEqual(outcome.stdout, "")
        self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
        self.assertTrue(outcome.stderr.startswith("millrace: "), outcome.stderr)
        for word in words:
            self.assertIn(word, outcome.stderr)

    def test_version_and_help(self):
        self.assertRegex(run("version").stdout, r"^millrace \d+\.\d+\.\d+\n$")
        self.assertEqual(run("--version").stdout, run("version").stdout)
        for command in ("serve", "health", "version"):
            self.assertIn(f"millrace {command}", run("help").stdout)
            outcome = run(command, "--help")
            self.assertEqual((outcome.returncode, outcome.stderr), (0, ""))
            self.assertIn(f"millrace {command}", outcome.stdout)
        self.assertIn("--memory-max SIZE", run("serve", "--help").stdout)
        self.assertNotIn("--memory-max", run("health", "--help").stdout.split("\n\n")[1])

    def test_broken_options(self):
        self.assert_refused(run(), 2, "which command")
        self.assert_refused(run("server"), 2, "did you mean millrace serve?")
        self.assert_refused(run("serve", "--prot", "1"), 2, "--prot", "did you mean --port?")
        self.assert_refused(run("serve", "--port", "x"), 2, "--port: 'x'")
        self.assert_refused(run("serve", "--memory-max", "1"), 2, "--memory-max", "64MiB")
        self.assert_refused(run("serve", env={"MILLRACE_PORT": "-1"}), 2, "MILLRACE_PORT: '-1'")

    def test_broken_files_of_options(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "millrace.toml")
            self.assert_refused(run("serve", "--config", path), 2, path, "No such file")
            for content, word in (("prot = 1\n", "did you mean port?"), ("port = [\n", ":1: "), ("\nport = 1.5\n", ":2: ")):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(content)
                self.assert_refused(run("serve", "--config", path), 2, path, word)
            self.assert_refused(run("serve", "--config", folder), 2, folder)

    def test_print_config_shows_values_and_origins(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "millrace.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write('region = "eu-west-1"\nport = 1\n')
            outcome = run("serve", "--print-config", "--config", path, "--port", "2", env={"MILLRACE_THREADS": "3"})
            self.assertEqual((outcome.returncode, outcome.stderr), (0, ""))
            for pattern in (r'(?m)^port = "2" +# --port$', r'(?m)^threads = "3" +# MILLRACE_THREADS$',
                            rf'(?m)^region = "eu-west-1" +# file {path}$', r'(?m)^memory-max = "1GiB" +# default$'):
                self.assertRegex(outcome.stdout, pattern)
            printed = os.path.join(folder, "printed.toml")
            with open(printed, "w", encoding="utf-8") as file:
                file.write(outcome.stdout)
            again = run("serve", "--print-config", "--config", printed)
            self.assertRegex(again.stdout, rf'(?m)^port = "2" +# file {printed}$')

    def test_health_tells_ready_from_not(self):
        with Broker() as broker:
            port = str(broker.port)
            outcome = run("health", "--port", port)
            self.assertEqual((outcome.returncode, outcome.stdout), (0, f"ready: 127.0.0.1 port {port}\n"))
            outcome = run("health", env={"MILLRACE_PORT": port, "MILLRACE_HOST": "0.0.0.0"})
            self.assertEqual(outcome.returncode, 0, outcome)
            broker.ask_to_stop()
            self.assertEqual(broker.exit_code_within(5), 0)
            outcome = run("health", "--port", port)
            self.assertEqual(outcome.returncode, 1)
            self.assertRegex(outcome.stdout, r"^not ready: .*refused\n$")
        self.assert_refused(run("health", "--timeout", "soon"), 2, "--timeout")


if __name__ == "__main__":
    run_tests()
