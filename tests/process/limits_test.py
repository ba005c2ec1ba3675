"""What a broker holds while others do their worst: its memory, and its answers to everybody else."""

import base64
import json
import re
import socket
import threading
import time
import unittest

from process import ENGINE, SIGNED_HEADERS, Broker, run_tests

MIB = 1 << 20
# What the process may take beside --memory-max: code, stacks, what the allocator has not given back.
SLACK = 64 * MIB


def peak_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) * 1024


def head_of(operation, length):
    lines = ["POST / HTTP/1.1", "Host: millrace", f"Content-Length: {length}", f"X-Amz-Target: Kinesis_20131202.{operation}"]
    lines += [f"{name}: {value}" for name, value in SIGNED_HEADERS.items()]
    return "\r\n".join([*lines, "", ""]).encode()


class LimitsTest(unittest.TestCase):
    def assert_answers_within_a_second(self, broker):
        begun = time.monotonic()
        status, answer = broker.call("PutRecord", {"StreamName": "s", "PartitionKey": "k", "Data": "YWJj"})
        self.assertEqual(status, 200, answer)
        self.assertLess(time.monotonic() - begun, 1.0)

    def stall(self, broker, length, sent):
        """A connection that promises a body of `length`, sends `sent` bytes of it where they are taken, and stands still."""
        connection = broker.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sendall(head_of("PutRecords", length))
        connection.settimeout(0.05)
        part = b"x" * 262144
        try:
            while sent > 0:
                sent -= connection.send(part[:sent])
        except (socket.timeout, ConnectionError):
            pass
        return connection

    def test_stalled_full_bodies_do_not_stop_others(self):
        with Broker("--memory-max", "256MiB") as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1})[0], 200)
            stalled = []
            for _ in range(64):
                stalled.append(self.stall(broker, 14 * MIB, 14 * MIB - 1))
            self.assert_answers_within_a_second(broker)
            large = base64.b64encode(b"y" * 1_000_000).decode()
            begun = time.monotonic()
            status, answer = broker.call("PutRecord", {"StreamName": "s", "PartitionKey": "k", "Data": large})
            self.assertEqual(status, 200, answer)
            # Sending and encoding are this test's own; the broker's part is bounded by the moment it gives a stalled body.
            self.assertLess(time.monotonic() - begun, 2.0)
            self.assertLess(peak_bytes(broker.process.pid), 256 * MIB + SLACK)
            for connection in stalled:
                connection.close()
            self.assertEqual(broker.get("/_health/live")[0], 200)

    def test_a_thousand_idle_connections(self):
        with Broker() as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1})[0], 200)
            before = peak_bytes(broker.process.pid)
            idle = [broker.connect() for _ in range(1000)]
            self.assert_answers_within_a_second(broker)
            self.assertLess(peak_bytes(broker.process.pid) - before, 16 * MIB)
            for connection in idle:
                connection.close()

    def test_a_connection_over_the_limit_is_refused(self):
        with Broker("--connections-max", "4") as broker:
            held = [broker.connect() for _ in range(4)]
            # Each is counted once its first answer is there.
            for connection in held:
                connection.sendall(b"GET /_health/live HTTP/1.1\r\nHost: millrace\r\n\r\n")
                self.assertIn(b" 200 ", connection.recv(65536))
            with broker.connect() as one_more:
                one_more.sendall(b"GET /_health/live HTTP/1.1\r\nHost: millrace\r\n\r\n")
                self.assertIn(b" 503 ", one_more.recv(65536))
            for connection in held:
                connection.close()

    def test_memory_stays_within_its_maximum_while_records_pour_in(self):
        records = [{"Data": base64.b64encode(b"z" * 10_000).decode(), "PartitionKey": str(i)} for i in range(400)]
        body = json.dumps({"StreamName": "s", "Records": records}).encode()
        request = head_of("PutRecords", len(body)) + body
        failures = []

        def pour(broker, times):
            with broker.connect() as connection:
                reader = connection.makefile("rb")
                for _ in range(times):
                    connection.sendall(request)
                    status = reader.readline()
                    length = 0
                    while (line := reader.readline()) != b"\r\n":
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    answer = reader.read(length)
                    if b" 200 " not in status or json.loads(answer)["FailedRecordCount"] != 0:
                        failures.append(status + answer[:200])

        with Broker("--memory-max", "128MiB") as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 4})[0], 200)
            # 4 producers with 40 requests of 4 MB: five times the memory.
            producers = [threading.Thread(target=pour, args=(broker, 40)) for _ in range(4)]
            for producer in producers:
                producer.start()
            for producer in producers:
                producer.join()
            self.assertEqual(failures, [])
            peak = peak_bytes(broker.process.pid)
            print(f"peak {peak / MIB:.0f} MiB of resident memory under --memory-max 128MiB")
            self.assertLess(peak, 128 * MIB + SLACK)
            metrics = broker.get("/metrics")[1]
            dropped = float(re.search(r"(?m)^millrace_engine_records_dropped (\S+)$", metrics).group(1))
            broker.ask_to_stop()
            lines = "\n".join(broker.remaining_lines())
            if ENGINE == "memory":
                self.assertGreater(dropped, 1000)
                self.assertIn("memory-max", lines)
            else:
                self.assertEqual(dropped, 0)
            self.assertEqual(broker.exit_code_within(5), 0)


if __name__ == "__main__":
    run_tests()
