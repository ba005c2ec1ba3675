"""What a broker holds while writers pour and readers stand still: never more than it was allowed, and it says what it drops."""

import json
import re
import time
import unittest

from hostile import (BESIDE_BYTES, ENGINE, KIB, LIMIT, MIB, Broker, Client, Closed, Crowd, ask_once, full_put_records, iterator, memory_bytes,
                     metric, request, run_tests, wait_until)

# How often at most the same line is logged.
LINE_SECONDS = 10


class Load:
    """64 writers of full requests, 32 readers that are slow or stand still, and one who creates and deletes streams."""

    def __init__(self, test, broker):
        self.test, self.broker = test, broker
        self.body = full_put_records("full")
        self.puts = Crowd()
        self.others = Crowd()
        self.iterator = ""
        self.deleted = 0
        self._clients = {}

    def client(self, kind, number, **options):
        key = (kind, number)
        if key not in self._clients:
            self._clients[key] = Client(self.broker, **options)
        return self._clients[key]

    def put(self, _, number):
        answer = self.client("put", number).ask(self.body)
        self.test.assertEqual(answer.status, 200, answer)

    def read_slowly(self, crowd, number):
        """A page in small pieces, with pauses: the broker has to keep what is not taken."""
        client = self.client("slow", number, receive_buffer=64 * KIB)
        client.send(request("GetRecords", {"ShardIterator": self.iterator}))
        got, length = b"", None
        while length is None or len(got) < length:
            part = client.socket.recv(64 * KIB)
            if not part:
                raise Closed(got[:200])
            got += part
            if length is None and b"\r\n\r\n" in got:
                length = got.index(b"\r\n\r\n") + 4 + int(re.search(rb"Content-Length: (\d+)", got).group(1))
            crowd.stopping.wait(0.002)
        if got.startswith(b"HTTP/1.1 200"):
            return
        self.test.assertEqual(json.loads(got[got.index(b"\r\n\r\n"):])["__type"], "ProvisionedThroughputExceededException")
        crowd.stopping.wait(0.05)

    def create_and_delete(self, _, __):
        self.test.assertEqual(self.broker.call("CreateStream", {"StreamName": "short", "ShardCount": 2})[0], 200)
        answer = ask_once(self.broker, full_put_records("short", records=100))
        self.test.assertEqual(answer.status, 200, answer)
        self.test.assertEqual(self.broker.call("DeleteStream", {"StreamName": "short"})[0], 200)
        self.deleted += 1

    def begin(self):
        self.test.assertEqual(self.broker.call("CreateStream", {"StreamName": "full", "ShardCount": 8})[0], 200)
        self.iterator = iterator(self.broker, "full")
        self.puts.add(self.put, 64)
        self.puts.wait_for(4, LIMIT)
        for number in range(16):
            self.client("stall", number, receive_buffer=4 * KIB).send(request("GetRecords", {"ShardIterator": self.iterator}))
        self.others.add(self.read_slowly, 16)
        self.others.add(self.create_and_delete, 1)


class MemoryTest(unittest.TestCase):
    def assert_bounded(self, memory_max, option, puts, limit):
        with Broker("--memory-max", option) as broker:
            begun = time.monotonic()
            load = Load(self, broker)
            load.begin()
            load.puts.wait_for(puts, limit)
            peak = memory_bytes(broker)
            took = time.monotonic() - begun
            dropped = metric(broker, "millrace_engine_records_dropped")
            held = metric(broker, "millrace_memory_bytes", 'share="log"')
            allowed = metric(broker, "millrace_memory_max_bytes", 'share="log"')

            # All of it goes on while the broker is asked to stop.
            for crowd in (load.puts, load.others):
                self.assertFalse(crowd.stopping.is_set(), crowd.failures)
                crowd.stopping.set()
            begun = time.monotonic()
            broker.ask_to_stop()
            code = broker.exit_code_within(20)
            stopped = time.monotonic() - begun
            for crowd in (load.puts, load.others):
                crowd.finish()
            lines = broker.remaining_lines()
            print(f"{option}: peak {peak / MIB:.0f} MiB, log {held / MIB:.0f} MiB, {load.puts.done} puts in {took:.1f} s, "
                  f"{load.deleted} streams deleted, {dropped:.0f} records dropped, stopped in {stopped:.2f} s")
            self.assertEqual(code, 0, lines)
            self.assertLess(stopped, 5.0)
            self.assertLess(peak, memory_max + BESIDE_BYTES)
            self.assertLessEqual(held, allowed)
            self.assertGreater(load.deleted, 0)
            if ENGINE == "embedded":
                self.assertEqual(dropped, 0)
                return
            self.assertGreater(held, allowed / 2)
            self.assertGreater(dropped, 0)
            told = [line for line in lines if "drops its oldest records" in line]
            self.assertIn("--memory-max", told[0])
            self.assertLessEqual(len(told), 1 + (took + stopped) / LINE_SECONDS)

    def test_128_mib(self):
        self.assert_bounded(128 * MIB, "128MiB", puts=150, limit=90)

    def test_1_gib(self):
        self.assert_bounded(1024 * MIB, "1GiB", puts=250, limit=90)

    def test_what_a_deleted_stream_held_is_free_before_the_answer(self):
        with Broker("--memory-max", "128MiB") as broker:
            for _ in range(6):
                self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 4})[0], 200)
                # Pieces of 100 KiB, which no allocator gives back by itself.
                for _ in range(5):
                    answer = ask_once(broker, full_put_records("s", records=400, record_bytes=20 * KIB))
                    self.assertEqual(answer.json()["FailedRecordCount"], 0)
                for _ in range(20):
                    self.assertEqual(ask_once(broker, full_put_records("s", records=20, record_bytes=20 * KIB)).status, 200)
                self.assertGreater(metric(broker, "millrace_memory_bytes", 'share="log"'), 40 * MIB)
                resident = memory_bytes(broker, "VmRSS")
                self.assertEqual(broker.call("DeleteStream", {"StreamName": "s"})[0], 200)
                self.assertEqual(metric(broker, "millrace_memory_bytes", 'share="log"'), 0)
                if ENGINE == "memory":  # on the disk it is freed a little later
                    self.assertEqual(metric(broker, "millrace_engine_bytes"), 0)
                self.assertLess(memory_bytes(broker, "VmRSS"), resident - 30 * MIB)
            self.assertLess(memory_bytes(broker), 128 * MIB + BESIDE_BYTES)

    def test_a_reader_that_has_its_page_costs_no_more_than_an_idle_one(self):
        with Broker("--memory-max", "128MiB") as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1})[0], 200)
            self.assertEqual(ask_once(broker, full_put_records("s")).status, 200)
            page = request("GetRecords", {"ShardIterator": iterator(broker, "s")})
            clients = [Client(broker) for _ in range(50)]
            self.assertEqual(clients[0].ask(page).status, 200)
            before = memory_bytes(broker, "VmRSS")
            for client in clients:
                self.assertGreater(len(client.ask(page).body), 4 * MIB)
                # Its end is seen a moment after the client has it all.
                wait_until(lambda: metric(broker, "millrace_memory_bytes", 'share="answers"') == 0, "the answer is freed")
            self.assertLess(memory_bytes(broker, "VmRSS"), before + 24 * MIB)
            for client in clients:
                client.socket.close()

    def test_small_batches_on_both_threads_in_turn(self):
        """Blocks and answers of middle size, first from some connections and then from others."""
        with Broker("--memory-max", "128MiB") as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 8})[0], 200)
            for records, record_bytes, times in ((500, 1 * KIB, 400), (500, 100, 2000), (20, 60 * KIB, 200), (3, 300 * KIB, 300)):
                body = full_put_records("s", records, record_bytes)
                for first in range(2):
                    clients = [Client(broker) for _ in range(8)]
                    crowd = Crowd()
                    # Connections go to the threads in turn, so these are of one thread only.
                    crowd.add(lambda _, number: self.assertEqual(clients[2 * number + first].ask(body).status, 200), 4)
                    crowd.wait_for(times // 2, LIMIT)
                    crowd.finish()
                    page = request("GetRecords", {"ShardIterator": iterator(broker, "s")})
                    for client in clients[:2]:
                        self.assertIn(client.ask(page).status, (200, 400))
                    for client in clients:
                        client.socket.close()
                    self.assertLess(memory_bytes(broker), 128 * MIB + BESIDE_BYTES, (records, record_bytes, first))


if __name__ == "__main__":
    run_tests()
