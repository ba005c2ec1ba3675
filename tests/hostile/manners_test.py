"""Clients of odd but lawful manners get what is theirs, and those that never end a request get an end of it."""

import base64
import json
import socket
import struct
import threading
import time
import unittest

from hostile import BESIDE_BYTES, KIB, LIMIT, MIB, Broker, Client, head, iterator, memory_bytes, metric, request, run_tests, wait_until

GOOD = {"StreamName": "s", "PartitionKey": "k", "Data": "aGVsbG8="}
# What a head may take, as the broker has it.
HEAD_SECONDS = 15


class MannersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker().__enter__()
        cls.addClassCleanup(cls.broker.__exit__)
        status, answer = cls.broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1})
        if status != 200:
            raise AssertionError(answer)
        cls.large_stream = "large"
        cls.broker.call("CreateStream", {"StreamName": cls.large_stream, "ShardCount": 1})
        data = base64.b64encode(b"x" * 1000 * 1000).decode()
        for _ in range(9):
            status, answer = cls.broker.call("PutRecord", {"StreamName": cls.large_stream, "PartitionKey": "k", "Data": data})
            if status != 200:
                raise AssertionError(answer)

    def works(self):
        self.assertIsNone(self.broker.process.poll(), "the broker ended")
        status, answer = self.broker.call("PutRecord", GOOD)
        self.assertEqual(status, 200, answer)

    def large_page(self):
        return request("GetRecords", {"ShardIterator": iterator(self.broker, self.large_stream)})

    def test_half_closed_clients_get_their_answer(self):
        for content in (request("PutRecord", GOOD), request("PutRecord", GOOD | {"Data": "A" * 400_000}),
                        head("PutRecord", None, {"Transfer-Encoding": "chunked"}) + b"2\r\n{}\r\n0\r\n\r\n"):
            for _ in range(20):
                with Client(self.broker) as client:
                    client.send(content)
                    client.end_sending()
                    self.assertIn(client.answer().status, (200, 400))
                    self.assertTrue(client.ended())
        with Client(self.broker) as client:
            client.send(self.large_page())
            client.end_sending()
            self.assertEqual(len(client.answer().json()["Records"]), 9)
            self.assertTrue(client.ended())
        with Client(self.broker) as client:
            client.send(request("PutRecord", GOOD) * 50)
            client.end_sending()
            for _ in range(50):
                self.assertEqual(client.answer().status, 200)
            self.assertTrue(client.ended())

    def test_clients_that_vanish_in_the_middle_of_an_answer(self):
        page = self.large_page()
        for cut in range(40):
            client = Client(self.broker, receive_buffer=4 * KIB)
            client.send(page)
            if cut % 2:
                client.socket.recv(100)
            if cut % 4 < 2:  # a reset instead of an end
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.socket.close()
        # Those that ended without a reset are seen when the system gives up sending to them.
        wait_until(lambda: metric(self.broker, "millrace_memory_bytes", 'share="answers"') == 0, "answers are freed")
        wait_until(lambda: metric(self.broker, "millrace_http_connections") <= 1, "connections are gone")
        self.works()

    def test_clients_that_vanish_in_the_middle_of_a_request(self):
        whole = request("PutRecords", {"StreamName": "s", "Records": [{"PartitionKey": "k", "Data": "A" * 400_000}] * 5})
        for cut in range(0, len(whole), len(whole) // 60):
            client = Client(self.broker)
            client.send(whole[:cut])
            client.socket.close()
        wait_until(lambda: metric(self.broker, "millrace_memory_bytes", 'share="bodies"') == 0, "bodies are freed")
        wait_until(lambda: metric(self.broker, "millrace_http_connections") <= 1, "connections are gone")
        self.works()

    def test_expect_100_continue(self):
        for size in (100, 5 * KIB, 100 * KIB, 5 * MIB):
            body = json.dumps(GOOD).encode() + b" " * size
            for form in ({"Content-Length": str(len(body))}, {"Transfer-Encoding": "chunked"}):
                with self.subTest(size, form=form), Client(self.broker) as client:
                    client.send(head("PutRecord", None, {"Expect": "100-continue"} | form))
                    self.assertEqual(client.answer().status, 100)
                    client.send(body if "Content-Length" in form else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
                    self.assertEqual(client.answer().status, 200)
                    # Sent with the body, nobody waits for it.
                    self.assertEqual(client.call("PutRecord", GOOD, {"Expect": "100-continue"}).status, 200)
        with self.subTest("no body"), Client(self.broker) as client:
            self.assertEqual(client.ask(head("PutRecord", 0, {"Expect": "100-continue"})).status, 400)
            self.assertEqual(client.call("PutRecord", GOOD).status, 200)
        with self.subTest("too large"), Client(self.broker) as client:
            client.send(head("PutRecord", 17 * MIB, {"Expect": "100-continue"}))
            self.assertEqual(client.answer().status, 413)
            self.assertTrue(client.ended())
        with self.subTest("HTTP/1.0"), Client(self.broker) as client:
            client.send(request("PutRecord", GOOD, {"Expect": "100-continue"}, line="POST / HTTP/1.0"))
            self.assertEqual(client.answer().status, 200)

    def test_http_1_0(self):
        for headers in ({}, {"Connection": "keep-alive"}, {"Host": None}):
            with self.subTest(headers), Client(self.broker) as client:
                client.send(request("PutRecord", GOOD, headers, line="POST / HTTP/1.0"))
                self.assertEqual(client.answer().status, 200)
                self.assertTrue(client.ended())

    def test_connection_close(self):
        for value in ("close", "Close", "x, close"):
            with Client(self.broker) as client:
                answer = client.call("PutRecord", GOOD, {"Connection": value})
                self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
                self.assertTrue(client.ended())

    def test_ten_thousand_requests_on_one_connection(self):
        content = request("DescribeLimits", {})
        with Client(self.broker) as client:
            client.ask(content)
            before = memory_bytes(self.broker, "VmRSS")
            for _ in range(10_000):
                self.assertEqual(client.ask(content).status, 200)
        self.assertLess(memory_bytes(self.broker, "VmRSS") - before, BESIDE_BYTES / 8)

    def test_a_hundred_pipelined_requests(self):
        with Client(self.broker) as client:
            numbers = []
            client.send(b"".join(request("PutRecord", GOOD | {"PartitionKey": f"k{i}"}) + b"\r\n" * (i % 3) for i in range(100)))
            for _ in range(100):
                answer = client.answer()
                self.assertEqual(answer.status, 200)
                numbers.append(int(answer.json()["SequenceNumber"]))
            self.assertEqual(numbers, sorted(set(numbers)), "answered and stored in the order sent")

    def test_pipelined_large_pages_to_a_slow_reader(self):
        """The broker answers one at a time, however many are asked for."""
        page = self.large_page()
        with Client(self.broker, receive_buffer=16 * KIB) as client:
            client.send(page * 30)
            for _ in range(30):
                self.assertEqual(len(client.answer().json()["Records"]), 9)

    def test_one_byte_at_a_time(self):
        content = request("PutRecord", GOOD)
        with Client(self.broker) as client:
            for i in range(len(content)):
                client.send(content[i:i + 1])
            self.assertEqual(client.answer().status, 200)

    def test_heads_that_never_end_are_cut(self):
        """Slow ones, which send a little now and then, as well as those that stand still."""
        def dribble(client):
            client.socket.settimeout(0.25)
            client.send(b"POST / HTTP/1.1\r\nX: ")
            begun = time.monotonic()
            until = begun + HEAD_SECONDS + LIMIT
            while time.monotonic() < until:
                try:
                    client.send(b"y")
                    answer = client.answer()
                except socket.timeout:
                    continue
                self.assertEqual(answer.status, 408)
                return time.monotonic() - begun
            raise AssertionError("it was never cut")

        clients = [Client(self.broker) for _ in range(20)]
        took = []
        threads = [threading.Thread(target=lambda one=client: took.append(dribble(one))) for client in clients]
        for thread in threads:
            thread.start()
        with Client(self.broker) as still:
            still.send(b"POST / HTTP/1.1\r\n")
            self.assertEqual(still.answer().status, 408)
            self.assertTrue(still.ended())
        for thread in threads:
            thread.join(LIMIT)
        for client in clients:
            client.socket.close()
        self.assertEqual(len(took), len(clients))
        self.assertGreater(min(took), HEAD_SECONDS - 1)
        self.assertGreaterEqual(metric(self.broker, "millrace_http_timeouts_total", 'waited_for="head"'), 21)
        self.works()


if __name__ == "__main__":
    run_tests()
