"""A broker as a process, for the tests of this folder: started, read, asked and waited for, each with a limit."""

import argparse
import http.client
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

# Longest wait for anything; nothing here takes a tenth of it on a quiet machine.
LIMIT = 20

_arguments = argparse.ArgumentParser()
_arguments.add_argument("--broker", required=True, help="path of the binary")
_arguments.add_argument("--engine", choices=("memory", "embedded"), default="memory",
                        help="what brokers run on that a test does not give an engine")
_options, _rest = _arguments.parse_known_args()
BINARY = os.path.abspath(_options.broker)
ENGINE = _options.engine


def run_tests():
    unittest.main(argv=[sys.argv[0], *_rest], module="__main__", verbosity=2, warnings="ignore")


def environment(extra=None):
    """This environment without what would change a broker's options, and with what is given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
    return {**clean, **(extra or {})}


def run(*arguments, env=None, limit_files=None):
    """Runs the binary to its end."""
    return subprocess.run([BINARY, *arguments], env=environment(env), capture_output=True, text=True, timeout=LIMIT,
                          preexec_fn=_file_limits(limit_files))


def _file_limits(limits):
    if limits is None:
        return None
    import resource

    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits)


class Broker:
    """A running `millrace serve` on a free port, killed at the latest when its block ends.

    It runs on `engine`, "memory" or "embedded" (the run's own where that is None; no option is given where it is
    "default"). Without a `data_dir` the embedded one has a folder that goes with the broker."""

    def __init__(self, *arguments, env=None, limit_files=None, port="0", engine=None, data_dir=None, disk_reserve="0"):
        self.lines = []
        self._arrived = queue.Queue()
        self._own_folder = None
        engine = engine or ENGINE
        if engine != "default":
            arguments = ("--engine", engine, *arguments)
        if engine == "embedded":
            if data_dir is None:
                self._own_folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
                data_dir = self._own_folder.name
            # A machine that runs tests may have less left than the default reserve.
            arguments = ("--data-dir", data_dir, *arguments)
            if disk_reserve is not None:
                arguments = ("--disk-reserve", disk_reserve, *arguments)
        begun = time.monotonic()
        self.process = subprocess.Popen([BINARY, "serve", "--port", port, *arguments], env=environment(env),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="backslashreplace",
                                        preexec_fn=_file_limits(limit_files))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait_for_line(lambda line: line == "Ready.")
        self.start_seconds = time.monotonic() - begun
        found = re.search(r"127\.0\.0\.1:(\d+)", "\n".join(self.lines))
        self.port = int(found.group(1)) if found else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        self.process.stdout.close()
        self.process.stderr.close()
        if self._own_folder is not None:
            self._own_folder.cleanup()

    def _read(self):
        for line in self.process.stderr:
            self._arrived.put(line.rstrip("\n"))
        self._arrived.put(None)

    def wait_for_line(self, wanted):
        """Collects lines of standard error until one is wanted; fails after the limit or at the end."""
        until = time.monotonic() + LIMIT
        while True:
            line = self._arrived.get(timeout=max(0.0, until - time.monotonic()))
            if line is None:
                raise AssertionError("the broker ended; it had said:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if wanted(line):
                return line

    def remaining_lines(self):
        """What it says until its end, which must be near."""
        rest = []
        while (line := self._arrived.get(timeout=LIMIT)) is not None:
            rest.append(line)
        return rest

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)

    def call(self, operation, body, key="test", region="us-east-1"):
        """One unverified but well-formed call: the status, and the answer as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        headers = SIGNED_HEADERS | {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Authorization": authorization(key, region)}
        try:
            connection.request("POST", "/", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ask_to_stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def kill(self):
        """SIGKILL: no code of the broker runs any more."""
        self.process.kill()
        self.process.wait(LIMIT)

    def exit_code_within(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def authorization(key, region):
    return (f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/kinesis/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64)


SIGNED_HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": authorization("test", "us-east-1"),
}
