"""How a broker stops: whole answers for what is in flight, in time whatever connections do, at once when asked twice."""

import base64
import json
import signal
import socket
import time
import unittest

from process import SIGNED_HEADERS, Broker, run_tests

STREAM = "stop-test"


def request(operation, body, length=None):
    """A request as bytes; with `length` its head promises that many bytes of body."""
    text = json.dumps(body).encode()
    head = "POST / HTTP/1.1\r\nHost: millrace\r\n"
    for name, value in (SIGNED_HEADERS | {"X-Amz-Target": f"Kinesis_20131202.{operation}"}).items():
        head += f"{name}: {value}\r\n"
    return head.encode() + f"Content-Length: {length or len(text)}\r\n\r\n".encode() + text


def closed_by_peer(connection):
    """Whether the other side ends the connection within the socket's limit."""
    try:
        while connection.recv(65536):
            pass
        return True
    except ConnectionError:
        return True
    except socket.timeout:
        return False


class StopTest(unittest.TestCase):
    def fill(self, broker, mebibytes):
        """A stream of one shard with that much data; gives an iterator at its beginning."""
        self.assertEqual(broker.call("CreateStream", {"StreamName": STREAM, "ShardCount": 1})[0], 200)
        data = base64.b64encode(b"x" * 1000 * 1000).decode()
        for _ in range(mebibytes):
            status, answer = broker.call("PutRecord", {"StreamName": STREAM, "PartitionKey": "k", "Data": data})
            self.assertEqual(status, 200, answer)
        status, answer = broker.call("GetShardIterator", {"StreamName": STREAM, "ShardId": "shardId-000000000000",
                                                          "ShardIteratorType": "TRIM_HORIZON"})
        self.assertEqual(status, 200, answer)
        return answer["ShardIterator"]

    def unread_answer(self, broker, iterator):
        """A connection whose large answer has begun and is not read on, so that its request is in flight."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", broker.port))
        connection.sendall(request("GetRecords", {"ShardIterator": iterator}))
        self.assertTrue(connection.recv(64).startswith(b"HTTP/1.1 200"))
        return connection

    def test_idle_and_stalled_connections_do_not_hold_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name), Broker() as broker:
                iterator = self.fill(broker, 9)
                idle = [broker.connect() for _ in range(20)]
                half_heads = [broker.connect() for _ in range(5)]
                for connection in half_heads:
                    connection.sendall(b"POST / HTTP/1.1\r\nHost: mill")
                half_bodies = [broker.connect() for _ in range(5)]
                for connection in half_bodies:
                    connection.sendall(request("PutRecord", {"StreamName": STREAM}, length=100_000))
                unread = [self.unread_answer(broker, iterator) for _ in range(2)]
                begun = time.monotonic()
                broker.ask_to_stop(number)
                code = broker.exit_code_within(10)
                seconds = time.monotonic() - begun
                self.assertEqual(code, 0, broker.remaining_lines())
                self.assertLess(seconds, 5.0)
                for connection in idle + half_heads + half_bodies + unread:
                    self.assertTrue(closed_by_peer(connection))
                    connection.close()

    def test_an_idle_broker_stops_at_once(self):
        with Broker() as broker:
            idle = [broker.connect() for _ in range(3)]
            begun = time.monotonic()
            broker.ask_to_stop()
            self.assertEqual(broker.exit_code_within(10), 0)
            self.assertLess(time.monotonic() - begun, 1.5)
            for connection in idle:
                connection.close()

    def test_what_is_in_flight_gets_its_whole_answer(self):
        with Broker() as broker:
            connection = self.unread_answer(broker, self.fill(broker, 9))
            broker.ask_to_stop()
            broker.wait_for_line(lambda line: "stopping" in line)
            answer = b"".join(iter(lambda: connection.recv(1 << 20), b""))
            connection.close()
            self.assertEqual(broker.exit_code_within(10), 0)
            body = answer[answer.index(b"\r\n\r\n") + 4:]
            self.assertEqual(len(json.loads(body)["Records"]), 9)

    def test_a_second_signal_cuts_but_not_within_a_second(self):
        with Broker("--shutdown-timeout", "60s") as broker:
            connection = self.unread_answer(broker, self.fill(broker, 9))
            broker.ask_to_stop()
            broker.wait_for_line(lambda line: "stopping" in line)
            broker.ask_to_stop()
            self.assertIsNone(broker.exit_code_within(1.2), "the echo of a signal cut the request in flight")
            begun = time.monotonic()
            broker.ask_to_stop()
            self.assertEqual(broker.exit_code_within(10), 1)
            self.assertLess(time.monotonic() - begun, 2.0)
            self.assertIn("asked again", "\n".join(broker.remaining_lines()))
            connection.close()


if __name__ == "__main__":
    run_tests()
