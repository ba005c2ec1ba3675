"""Whoever keeps sending is served, whatever others do: full requests on many connections, stalled and idle ones."""

import base64
import signal
import threading
import time
import unittest

from hostile import (BESIDE_BYTES, KIB, LIMIT, MIB, Broker, Client, Crowd, ask_once, full_put_records, head, memory_bytes, metric,
                     request, run_tests, wait_until)

GOOD = {"StreamName": "s", "PartitionKey": "k", "Data": "aGVsbG8="}


class LoadTest(unittest.TestCase):
    def begin(self, *options):
        broker = Broker(*options)
        self.addCleanup(broker.__exit__)
        self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 8})[0], 200)
        return broker

    def pour(self, broker, puts, meanwhile=lambda crowd: None):
        """64 connections, each with the next full request as soon as the last is answered; every record is stored."""
        body = full_put_records("s")
        clients = [Client(broker) for _ in range(64)]

        def put(_, number):
            answer = clients[number].ask(body)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json()["FailedRecordCount"], 0)

        begun = time.monotonic()
        crowd = Crowd()
        crowd.add(put, len(clients))
        meanwhile(crowd)
        crowd.wait_for(puts, 2 * LIMIT)
        took = time.monotonic() - begun
        # Those on their way are answered as well.
        crowd.finish()
        self.assertEqual(metric(broker, "millrace_http_stalled_bodies_cut_total"), 0)
        print(f"{crowd.done} full PutRecords, {puts / took:.1f} a second, peak {memory_bytes(broker) / MIB:.0f} MiB")

    def test_64_connections_of_full_requests_see_no_throttle(self):
        broker = self.begin()
        self.pour(broker, 300)
        self.assertLess(memory_bytes(broker), 1024 * MIB + BESIDE_BYTES)

    def test_a_pause_of_the_broker_is_nobody_elses_fault(self):
        """A process that did not run for longer than a body may stand still cuts nobody for it."""
        broker = self.begin()

        def pause(crowd):
            for times in range(1, 4):
                crowd.wait_for(20 * times, LIMIT)
                broker.process.send_signal(signal.SIGSTOP)
                try:
                    threading.Event().wait(0.8)  # the pause itself
                finally:
                    broker.process.send_signal(signal.SIGCONT)

        self.pour(broker, 100, pause)

    def stall(self, broker, count, length, sent):
        """Connections that announce a body, send a part of it as far as it is taken, and stand still."""
        part = head("PutRecords", length) + b" " * sent
        stalled = []
        for _ in range(count):
            client = Client(broker, limit=0.2)
            stalled.append(client)
            try:
                client.send(part)
            except TimeoutError:
                pass
        return stalled

    def test_stalled_bodies_hold_up_nobody(self):
        for option in ("128MiB", "1GiB"):
            with self.subTest(option):
                broker = self.begin("--memory-max", option)
                body = full_put_records("s")
                self.stalled = self.stall(broker, 64, len(body), len(body) // 2)
                wait_until(lambda: metric(broker, "millrace_http_bodies_waiting") > 0, "the share for bodies is full")
                took = {}
                for name, content in (("small", request("PutRecord", GOOD)), ("full", body), ("small again", request("PutRecord", GOOD)),
                                      ("full again", body)):
                    with Client(broker) as client:
                        begun = time.monotonic()
                        self.assertEqual(client.ask(content).status, 200)
                        took[name] = time.monotonic() - begun
                print(option, {name: f"{seconds:.3f} s" for name, seconds in took.items()})
                self.assertLess(max(took.values()), 1.0, took)
                self.assertLess(memory_bytes(broker), (128 if option == "128MiB" else 1024) * MIB + BESIDE_BYTES)
                for client in self.stalled:
                    client.socket.close()

    def test_stalled_small_bodies_hold_up_nobody(self):
        broker = self.begin("--memory-max", "128MiB")
        stalled = self.stall(broker, 200, 60 * KIB, 30 * KIB)
        wait_until(lambda: metric(broker, "millrace_http_bodies_waiting") > 0, "the share for small bodies is full")
        body = request("PutRecord", GOOD | {"Data": base64.b64encode(b"x" * 30_000).decode()})
        for _ in range(3):
            begun = time.monotonic()
            self.assertEqual(ask_once(broker, body).status, 200)
            self.assertLess(time.monotonic() - begun, 1.0)
        for client in stalled:
            client.socket.close()

    def test_a_thousand_idle_connections(self):
        broker = self.begin()
        # What the first request costs is not the connections'.
        self.assertEqual(ask_once(broker, request("PutRecord", GOOD)).status, 200)
        before = memory_bytes(broker, "VmRSS")
        idle = [Client(broker) for _ in range(1000)]
        wait_until(lambda: metric(broker, "millrace_http_connections") >= 1000, "all are accepted")
        each = (memory_bytes(broker, "VmRSS") - before) / len(idle)
        print(f"{each / KIB:.1f} KiB an idle connection")
        self.assertLess(each, 12 * KIB)
        for _ in range(20):
            begun = time.monotonic()
            self.assertEqual(ask_once(broker, request("PutRecord", GOOD)).status, 200)
            self.assertLess(time.monotonic() - begun, 1.0)
        self.assertEqual(ask_once(broker, full_put_records("s")).json()["FailedRecordCount"], 0)
        # Each of them is still served.
        for client in idle:
            self.assertEqual(client.call("PutRecord", GOOD).status, 200)
        for client in idle:
            client.socket.close()


if __name__ == "__main__":
    run_tests()
