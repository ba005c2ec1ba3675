"""How a broker starts: what it says, where it listens, what it refuses, how long it takes and what it costs idle."""

import json
import os
import re
import socket
import statistics
import subprocess
import unittest

from process import BINARY, ENGINE, LIMIT, Broker, environment, run, run_tests


def has_ipv6_loopback():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def processor_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1))


class StartTest(unittest.TestCase):
    def test_one_start_line_then_ready(self):
        with Broker() as broker:
            self.assertEqual(len(broker.lines), 2, broker.lines)
            kept = ("engine=memory", "data_dir=none", "durability=none", "survives=nothing")
            if ENGINE == "embedded":
                kept = ("engine=embedded", "data_dir=/", "durability=sync", 'survives="a power cut"')
            for part in (*kept, "version=", "threads=", "memory_max=1GiB", f"127.0.0.1:{broker.port}"):
                self.assertIn(part, broker.lines[0])
            if has_ipv6_loopback():
                self.assertIn(f"[::1]:{broker.port}", broker.lines[0])
                with socket.create_connection(("::1", broker.port), timeout=LIMIT):
                    pass
            self.assertEqual(broker.lines[1], "Ready.")
            self.assertEqual(broker.get("/_health/ready")[0], 200)
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1})[0], 200)

    def test_json_log_lines_and_a_plain_ready(self):
        with Broker("--log-format", "json", "--data-dir", "/nowhere", engine="memory", env={"MILLRACE_PROT": "1"}) as broker:
            *lines, ready = broker.lines
            self.assertEqual(ready, "Ready.")
            entries = [json.loads(line) for line in lines]
            self.assertEqual([entry["level"] for entry in entries], ["warning", "warning", "info"])
            self.assertIn("MILLRACE_PROT", entries[0]["message"])
            self.assertIn("data-dir", entries[1]["message"])
            self.assertEqual(entries[2]["engine"], "memory")

    def test_the_example_comes_before_ready(self):
        with Broker("--print-example", "--region", "eu-west-1") as broker:
            text = "\n".join(broker.lines[:-1])
            self.assertIn(f"http://127.0.0.1:{broker.port}", text)
            self.assertIn("AWS_DEFAULT_REGION=eu-west-1", text)
            self.assertIn("put-record", text)

    def test_a_taken_port_is_one_clear_line(self):
        with Broker() as broker:
            port = str(broker.port)
            for arguments in (("--port", port), ("--host", "127.0.0.1", "--port", port)):
                outcome = run("serve", "--engine", "memory", *arguments)
                self.assertEqual(outcome.returncode, 1, outcome)
                self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
                self.assertIn(port, outcome.stderr)
            self.assertEqual(broker.get("/_health/live")[0], 200)

    def test_an_address_of_another_machine_is_one_clear_line(self):
        outcome = run("serve", "--engine", "memory", "--host", "192.0.2.1", "--port", "0")
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
        self.assertIn("192.0.2.1", outcome.stderr)

    def test_file_descriptors(self):
        outcome = run("serve", "--port", "0", limit_files=(100, 100))
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
        self.assertIn("--connections-max 36", outcome.stderr)
        with Broker("--connections-max", "100", limit_files=(64, 1000)) as broker:
            with open(f"/proc/{broker.process.pid}/limits", encoding="ascii") as file:
                self.assertRegex(file.read(), r"Max open files +1000 +1000 ")

    def test_start_is_quick(self):
        seconds = []
        for _ in range(5):
            with Broker() as broker:
                seconds.append(broker.start_seconds)
        print(f"start to Ready.: median {statistics.median(seconds) * 1000:.1f} ms of {len(seconds)}")
        # The mark is 50 ms; the bound leaves room for a busy machine and for unoptimised builds.
        self.assertLess(statistics.median(seconds), 1.0)

    def test_idle_costs_next_to_nothing(self):
        with Broker() as broker:
            pid = broker.process.pid
            before = processor_ticks(pid)
            # Two seconds of the process's idle life, unless it ends.
            with self.assertRaises(subprocess.TimeoutExpired):
                broker.process.wait(2)
            ticks = processor_ticks(pid) - before
            print(f"idle: {ticks} ticks of processor in 2 s, {resident_kib(pid)} KiB resident")
            self.assertLessEqual(ticks, 1)
            # The database of the index has caches and threads of its own.
            self.assertLess(resident_kib(pid), (24 if ENGINE == "memory" else 32) * 1024)

    def test_closed_standard_streams_do_not_end_it(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        process = subprocess.Popen([BINARY, "serve", "--port", "0", "--engine", "memory"], env=environment(), stdout=write_end, stderr=write_end)
        os.close(write_end)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.terminate()
        self.assertEqual(process.wait(LIMIT), 0)


if __name__ == "__main__":
    run_tests()
