"""Random bytes and random damage to valid requests: every answer is one the protocol knows, and the broker lives on.

The seed is printed; HOSTILE_SEED=n repeats a run, HOSTILE_SECONDS=n makes it longer."""

import json
import os
import random
import struct
import time
import unittest

from hostile import BESIDE_BYTES, CBOR, MIB, Broker, Client, Closed, head, iterator, memory_bytes, metric, request, run_tests, wait_until

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "20"))
SEED = int(os.environ.get("HOSTILE_SEED", str(random.SystemRandom().randrange(1 << 32))))
GOOD = {"StreamName": "s", "PartitionKey": "k", "Data": "aGVsbG8="}
KNOWN_STATUS = {200, 400, 403, 404, 408, 413, 431, 503}
# A wire error has a name; it never shows what went wrong inside.
KNOWN_TYPES = {"SerializationException", "UnknownOperationException", "ValidationException", "InvalidArgumentException",
               "ResourceNotFoundException", "ResourceInUseException", "LimitExceededException", "ExpiredIteratorException",
               "ExpiredNextTokenException", "DryRunOperationException", "MissingAuthenticationTokenException",
               "IncompleteSignatureException", "InvalidSignatureException", "ProvisionedThroughputExceededException"}


def cbor(value):
    """As CBOR, with the definite and indefinite forms that clients use."""
    def sized(major, size):
        return struct.pack("B", major << 5 | size) if size < 24 else struct.pack(">BQ", major << 5 | 27, size)
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value]
    if isinstance(value, int):
        return sized(0, value)
    if isinstance(value, bytes):
        return sized(2, len(value)) + value
    if isinstance(value, str):
        return sized(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return b"\x9f" + b"".join(cbor(one) for one in value) + b"\xff"
    return b"\xbf" + b"".join(cbor(key) + cbor(one) for key, one in value.items()) + b"\xff"


def valid_requests(broker):
    """One of each operation, in both encodings and both framings."""
    here = iterator(broker, "s")
    operations = {
        "CreateStream": {"StreamName": "new", "ShardCount": 2, "Tags": {"a": "b"}, "StreamModeDetails": {"StreamMode": "PROVISIONED"}},
        "DeleteStream": {"StreamName": "new", "EnforceConsumerDeletion": True},
        "DescribeStream": {"StreamName": "s", "Limit": 10, "ExclusiveStartShardId": "shardId-000000000000"},
        "DescribeStreamSummary": {"StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
        "ListStreams": {"Limit": 5, "ExclusiveStartStreamName": "a"}, "DescribeLimits": {},
        "ListShards": {"StreamName": "s", "MaxResults": 3, "ShardFilter": {"Type": "AT_TIMESTAMP", "Timestamp": 1768469400}},
        "PutRecord": GOOD | {"ExplicitHashKey": "340282366920938463463374607431768211455", "SequenceNumberForOrdering": "5"},
        "PutRecords": {"StreamName": "s", "Records": [{"PartitionKey": f"é{i}", "Data": "aGVsbG8="} for i in range(5)]},
        "GetShardIterator": {"StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 5},
        "GetRecords": {"ShardIterator": here, "Limit": 10, "DryRun": False},
        "AddTagsToStream": {"StreamName": "s", "Tags": {"k": "v", "k2": ""}},
        "RemoveTagsFromStream": {"StreamName": "s", "TagKeys": ["k", "k2"]},
        "ListTagsForStream": {"StreamName": "s", "Limit": 3, "ExclusiveStartTagKey": "a"},
        "IncreaseStreamRetentionPeriod": {"StreamName": "s", "RetentionPeriodHours": 48},
        "DecreaseStreamRetentionPeriod": {"StreamName": "s", "RetentionPeriodHours": 24},
    }
    for operation, body in operations.items():
        text = json.dumps(body, ensure_ascii=False).encode()
        binary = cbor(binary_data(body))
        yield request(operation, text)
        yield request(operation, binary, {"Content-Type": CBOR})
        for part, headers in ((text, {}), (binary, {"Content-Type": CBOR})):
            yield head(operation, None, {"Transfer-Encoding": "chunked"} | headers) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(part), part)


def binary_data(value):
    if isinstance(value, list):
        return [binary_data(one) for one in value]
    if isinstance(value, dict):
        return {key: one.encode() if key == "Data" else binary_data(one) for key, one in value.items()}
    return value


def error_type(body):
    """The name of an error, of either encoding."""
    if body.startswith(b"{"):
        return json.loads(body)["__type"]
    at = body.index(b"\x66__type") + 7
    size, at = (body[at + 1], at + 2) if body[at] == 0x78 else (body[at] - 0x60, at + 1)
    return body[at:at + size].decode()


INTERESTING = (b"\0", b"\xff", b"\r\n", b"\r\n\r\n", b"\n", b"{", b"[", b"}", b'"', b"\\", b"\\u", b":", b",", b"null", b"-1", b"1e999",
               b"99999999999999999999", b"\x9f", b"\xbf", b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x7f", b"\xc1", b"0", b"Transfer-Encoding: chunked\r\n",
               b"Content-Length: 5\r\n", b"Expect: 100-continue\r\n", b"HTTP/1.0", b"POST", b"\xed\xa0\x80", b"\xc3")


def damaged(rng, content, others):
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(content) + 1)
        to = min(len(content), at + rng.choice((1, 1, 2, 4, 16, 200)))
        kind = rng.randrange(8)
        if kind == 0 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del content[at:to]
        elif kind == 2:
            content[at:at] = rng.randbytes(rng.choice((1, 2, 8, 100)))
        elif kind == 3:
            content[at:at] = rng.choice(INTERESTING)
        elif kind == 4:
            content[at:at] = content[at:to] * rng.choice((1, 2, 50))
        elif kind == 5:
            del content[at:]
        elif kind == 6:
            other = rng.choice(others)
            content[at:] = other[rng.randrange(len(other)):]
        else:
            content[at:to] = rng.choice(INTERESTING)
    return bytes(content)


class RandomTest(unittest.TestCase):
    def answers(self, client):
        """All answers until the broker ends the connection."""
        found = []
        while True:
            try:
                found.append(client.answer())
            except (Closed, ConnectionError):
                return found

    def check(self, content, answers):
        for answer in answers:
            if answer.status == 100:
                continue
            self.assertIn(answer.status, KNOWN_STATUS, (answer, content))
            self.assertRegex(answer.headers["x-amzn-requestid"], r"^[0-9a-f-]{36}$")
            if answer.status == 400 and answer.headers.get("content-type", "").startswith("application/x-amz"):
                self.assertIn(error_type(answer.body), KNOWN_TYPES, (answer, content))

    def send_all(self, broker, content, pieces, rng):
        with Client(broker, limit=20) as client:
            try:
                at = 0
                for _ in range(pieces):
                    step = rng.randrange(1, max(2, len(content)))
                    client.send(content[at:at + step])
                    at += step
                client.send(content[at:])
                client.end_sending()
            except OSError:
                pass  # refused and ended meanwhile
            return self.answers(client)

    def test_random_bytes_and_damaged_requests(self):
        print(f"HOSTILE_SEED={SEED}")
        rng = random.Random(SEED)
        with Broker("--memory-max", "128MiB", "--shards-max", "200") as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 2})[0], 200)
            good = list(valid_requests(broker))
            for content in good:
                self.check(content, self.send_all(broker, content, 0, rng))
            until = time.monotonic() + SECONDS
            rounds, statuses = 0, {}
            while time.monotonic() < until:
                if rng.randrange(8) == 0:
                    content = rng.randbytes(rng.choice((1, 10, 100, 5000)))
                else:
                    content = damaged(rng, rng.choice(good), good)
                answers = self.send_all(broker, content, rng.choice((0, 0, 0, 1, 3)), rng)
                self.check(content, answers)
                for answer in answers:
                    statuses[answer.status] = statuses.get(answer.status, 0) + 1
                rounds += 1
                if rounds % 100 == 0:
                    self.works(broker)
            self.works(broker)
            print(f"{rounds} connections, answers by status: {dict(sorted(statuses.items()))}")
            self.assertGreater(statuses[200], 10)
            self.assertGreater(statuses[400], 100)
            # Nothing of it all is left behind.
            for share in ("bodies", "small_bodies", "answers", "append_queue"):
                wait_until(lambda name=share: metric(broker, "millrace_memory_bytes", f'share="{name}"') == 0, share)
            self.assertLess(memory_bytes(broker), 128 * MIB + BESIDE_BYTES)
            self.assertEqual(metric(broker, "millrace_requests_total", 'outcome="server_error"'), 0)

    def works(self, broker):
        self.assertIsNone(broker.process.poll(), "the broker ended")
        status, answer = broker.call("PutRecord", GOOD)
        # Damage may have deleted the stream: a name that is whole again after a cut elsewhere.
        if status != 200 and answer["__type"] == "ResourceNotFoundException":
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 2})[0], 200)
            status, answer = broker.call("PutRecord", GOOD)
        self.assertEqual(status, 200, answer)


if __name__ == "__main__":
    run_tests()
