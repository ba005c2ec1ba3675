"""Everything malformed over a real socket: the right answer each time, and the next good request works."""

import base64
import json
import os
import struct
import unittest

from hostile import (BESIDE_BYTES, CBOR, KIB, LIMIT, MIB, Broker, Client, Crowd, ask_once, head, memory_bytes, request,
                     run_tests)

FACTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "facts", "kinesis_facts.json")
GOOD = {"StreamName": "s", "PartitionKey": "k", "Data": "aGVsbG8="}
UNPARSEABLE = b'{"__type":"SerializationException"}'
UNKNOWN = b'{"__type":"UnknownOperationException"}'
DENIED_XML = (b"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
              b"</AccessDeniedException>\n")


def serialization(sentence):
    return json.dumps({"__type": "SerializationException", "Message": sentence}, separators=(",", ":")).encode()


class MalformedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("--memory-max", "128MiB").__enter__()
        cls.addClassCleanup(cls.broker.__exit__)
        status, answer = cls.broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1})
        if status != 200:
            raise AssertionError(answer)

    def works(self):
        self.assertIsNone(self.broker.process.poll(), "the broker ended")
        status, answer = self.broker.call("PutRecord", GOOD)
        self.assertEqual(status, 200, answer)

    def assert_refused(self, content, status, body=b"", end_sending=False):
        """A request that is not answered by the service: that status, and the end of the connection."""
        with Client(self.broker) as client:
            client.send_what_goes(content)
            if end_sending:
                client.end_sending()
            answer = client.answer()
            self.assertEqual((answer.status, answer.body), (status, body), content[:200])
            self.assertEqual(answer.headers["connection"], "close")
            self.assertTrue(client.ended(), content[:200])
        self.works()

    def assert_answered(self, content, status, body, keeps=True):
        """An answer of the service, after which the connection goes on."""
        with Client(self.broker) as client:
            answer = client.ask(content)
            self.assertEqual((answer.status, answer.body), (status, body), content[:300])
            if keeps:
                again = client.call("PutRecord", GOOD)
                self.assertEqual(again.status, 200, again)

    # ---- Framing

    def test_heads_that_are_none(self):
        body = json.dumps(GOOD).encode()
        good_head = head("PutRecord", len(body))
        tls_hello = bytes.fromhex("16030100c8010000c40303") + bytes(range(189))
        for name, content in {
            "TLS": tls_hello,
            "NULs": bytes(100),
            "one NUL in a value": good_head.replace(b"millrace", b"mill\0race") + body,
            "one NUL in a name": good_head.replace(b"Host:", b"Ho\0st:") + body,
            "a line feed alone": b"POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
            "no version": b"POST /\r\n\r\n",
            "another version": b"POST / HTTP/2.0\r\n\r\n",
            "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"),
            "a space before the colon": good_head.replace(b"Host:", b"Host :") + body,
            "a folded value": good_head.replace(b"Host: millrace", b"Host: mill\r\n race") + body,
            "no name": good_head.replace(b"Host: millrace", b": millrace") + body,
            "no colon": good_head.replace(b"Host: millrace", b"millrace") + body,
            "a space in the target": good_head.replace(b"POST / ", b"POST / / ") + body,
            "control characters": b"\x01\x02\x03\x04\r\n\r\n",
        }.items():
            with self.subTest(name):
                self.assert_refused(content, 400)

    def test_lengths_that_contradict(self):
        body = json.dumps(GOOD).encode()
        for name, headers in {
            "both lengths": {"Transfer-Encoding": "chunked"},
            "another coding": {"Content-Length": None, "Transfer-Encoding": "gzip, chunked"},
            "an unknown coding": {"Content-Length": None, "Transfer-Encoding": "x"},
            "two lengths": {"content-length": "5"},
            "a list of lengths": {"Content-Length": f"{len(body)}, 5"},
            "a negative length": {"Content-Length": "-1"},
            "a length with a sign": {"Content-Length": f"+{len(body)}"},
            "a length in hexadecimal": {"Content-Length": "0x10"},
            "a length of 2^64": {"Content-Length": str(1 << 64)},
            "a length with letters": {"Content-Length": "12a"},
            "no length's digits": {"Content-Length": ""},
        }.items():
            with self.subTest(name):
                self.assert_refused(head("PutRecord", len(body), headers) + body, 400)

    def test_bodies_over_the_maximum(self):
        self.assert_refused(head("PutRecord", 16 * MIB + 1), 413)
        self.assert_refused(head("PutRecord", 1 << 62), 413)
        # The client is told although it has sent it all.
        self.assert_refused(request("PutRecord", b" " * (16 * MIB + 1)), 413)
        chunked = head("PutRecord", None, {"Transfer-Encoding": "chunked"})
        self.assert_refused(chunked + b"1000001\r\n", 413)
        self.assert_refused(chunked + (b"100000\r\n" + b" " * MIB + b"\r\n") * 17, 413)

    def test_a_body_of_the_maximum(self):
        body = json.dumps(GOOD).encode()
        padded = body + b" " * (16 * MIB - len(body))
        for content in (request("PutRecord", padded),
                        head("PutRecord", None, {"Transfer-Encoding": "chunked"}) + b"%x\r\n" % len(padded) + padded + b"\r\n0\r\n\r\n"):
            with Client(self.broker) as client:
                answer = client.ask(content)
                self.assertEqual(answer.status, 200, answer)

    def test_bodies_that_are_cut_short(self):
        whole = request("PutRecord", GOOD)
        for cut in (1, 20, len(whole) - len(json.dumps(GOOD)) - 2, len(whole) - 1):
            with self.subTest(cut):
                self.assert_refused(whole[:cut], 400, end_sending=True)
        chunked = head("PutRecord", None, {"Transfer-Encoding": "chunked"})
        for part in (b"", b"5", b"5\r\n", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n"):
            with self.subTest(part):
                self.assert_refused(chunked + part, 400, end_sending=True)

    def test_a_body_longer_than_said_is_the_next_request(self):
        with Client(self.broker) as client:
            client.send(request("PutRecord", GOOD) + b"}}}}\r\n\r\n")
            self.assertEqual(client.answer().status, 200)
            self.assertEqual(client.answer().status, 400)
            self.assertTrue(client.ended())
        # Cut off in the middle, what is there is no JSON, and the rest no request.
        body = json.dumps(GOOD).encode()
        with Client(self.broker) as client:
            client.send(head("PutRecord", len(body) - 3) + body)
            answer = client.answer()
            self.assertEqual((answer.status, answer.body), (400, UNPARSEABLE))
            client.end_sending()
            self.assertEqual(client.answer().status, 400)
        self.works()

    def test_chunks_that_are_none(self):
        start = head("PutRecord", None, {"Transfer-Encoding": "chunked"})
        for chunks in (b"xyz\r\n", b"-5\r\nhello\r\n", b"\r\nhello\r\n", b"5\nhello\n0\n\n", b"5\r\nhelloworld\r\n0\r\n\r\n",
                       b"5\r\nhello0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"0x5\r\nhello\r\n", b"5;\x01\r\nhello\r\n",
                       b"5 5\r\nhello\r\n", b"0\r\nno colon\r\n\r\n", b"0\r\nName\0: x\r\n\r\n", b"0\r\n: x\r\n\r\n"):
            with self.subTest(chunks):
                self.assert_refused(start + chunks, 400)
        self.assert_refused(start + b"5;" + b"x" * 5000 + b"\r\n", 431)
        self.assert_refused(start + b"0\r\n" + b"X: y\r\n" * 201 + b"\r\n", 431)
        self.assert_refused(start + b"0\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", 431)
        # Many small ones, extensions and trailers are a request like any other.
        body = json.dumps(GOOD).encode()
        chunks = b"".join(b"1;name=\"value\"\r\n%c\r\n" % byte for byte in body) + b"0\r\nContent-Length: 5\r\nX: y\r\n\r\n"
        with Client(self.broker) as client:
            for _ in range(3):
                self.assertEqual(client.ask(start + chunks).status, 200)

    def test_heads_over_the_maximum(self):
        for name, content in {
            "a long value": head("PutRecord", 2, {"X-Long": "y" * (33 * KIB)}) + b"{}",
            "a long name": head("PutRecord", 2, {"X" * (33 * KIB): "y"}) + b"{}",
            "a long target": request("PutRecord", GOOD, line="POST /" + "x" * (33 * KIB) + " HTTP/1.1"),
            "a long method": request("PutRecord", GOOD, line="P" * (33 * KIB) + " / HTTP/1.1"),
            "many headers": head("PutRecord", 2, {f"X-{i}": "y" for i in range(250)}) + b"{}",
            "no end": b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
            "a flood": b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * MIB,
        }.items():
            with self.subTest(name):
                self.assert_refused(content, 431)
        # Just below both bounds.
        with Client(self.broker) as client:
            wide = head("PutRecord", len(json.dumps(GOOD)), {"X-Long": "y" * (31 * KIB)}) + json.dumps(GOOD).encode()
            self.assertEqual(client.ask(wide).status, 200)
            self.assertEqual(client.call("PutRecord", GOOD, {f"X-{i}": "y" for i in range(190)}).status, 200)

    def test_garbage_behind_a_good_request(self):
        with Client(self.broker) as client:
            client.send(request("PutRecord", GOOD) + os.urandom(64).replace(b"\r", b"x").replace(b"\n", b"x") + b"\r\n\r\n")
            self.assertEqual(client.answer().status, 200)
            self.assertEqual(client.answer().status, 400)
            self.assertTrue(client.ended())
        self.works()

    # ---- What a request is

    def test_methods_targets_and_types(self):
        body = json.dumps(GOOD).encode()
        for method in ("GET", "PUT", "DELETE", "HEAD", "PATCH", "BREW"):
            with self.subTest(method), Client(self.broker) as client:
                client.send(request("PutRecord", GOOD, line=f"{method} / HTTP/1.1"))
                if method == "HEAD":
                    client.end_sending()  # a HEAD's answer has no body, whatever its length says
                    text = b"".join(iter(lambda: client.socket.recv(65536), b""))
                    self.assertTrue(text.startswith(b"HTTP/1.1 403 "), text)
                    self.assertTrue(text.endswith(b"\r\n\r\n"), text)
                else:
                    answer = client.answer()
                    self.assertEqual((answer.status, answer.body), (403, DENIED_XML))
        self.assert_answered(request("PutRecord", b"", {"Content-Type": "text/plain"}), 400, cbor_error("SerializationException"))
        self.assert_answered(request("PutRecord", b""), 400, UNPARSEABLE)
        self.assert_answered(request("Nonsense", b""), 400, UNKNOWN)
        self.assert_answered(request("PutRecord", body, {"Content-Type": "text/plain"}), 404, b"<UnknownOperationException/>\n")
        self.assert_answered(request(None, body, {"Content-Type": "text/plain"}), 403, DENIED_XML)
        self.assert_answered(
            request("PutRecord", body, {"Content-Type": "application/json"}), 404,
            b'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}')
        self.assert_answered(
            request("PutRecord", b"{", {"Content-Type": "application/json"}), 400,
            b'{"Output":{"__type":"com.amazon.coral.service#SerializationException"},"Version":"1.0"}')
        for target in ("Kinesis_20131202.Nonsense", "Kinesis_20131202.", "Kinesis_20131202", "Kinesis_20150101.PutRecord",
                       "PutRecord", "", "." * 1000, "Kinesis_20131202.putrecord", "Kinesis_20131202.CreateQueue"):
            with self.subTest(target):
                self.assert_answered(request(None, body, {"X-Amz-Target": target}), 400, UNKNOWN)
        self.assert_answered(request("PutRecord", body, {"Authorization": None}), 400,
                             b'{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}')

    # ---- Bodies

    def test_bodies_that_do_not_parse(self):
        good = json.dumps(GOOD).encode()
        for name, body in {
            "cut": good[:-1], "more behind": good + b"x", "a comma too many": good[:-1] + b",}", "a list": b"[]",
            "a text": b'"x"', "a number": b"5", "null": b"null", "nothing but spaces": b"   ", "NUL": b"\0",
            "single quotes": good.replace(b'"', b"'"), "a bare word": b"{StreamName:1}", "NaN": b'{"X":NaN}',
            "a comment": b"{/* x */}", "a leading zero": b'{"Limit":01}', "a hanging escape": b'{"StreamName":"\\"}',
            "a bad escape": b'{"StreamName":"\\x"}', "a bad unicode escape": b'{"StreamName":"\\u12g4"}',
            "half of a pair": b'{"StreamName":"\\ud800"}', "a control character": b'{"StreamName":"\x01"}',
            "UTF-8 of three bytes cut": b'{"StreamName":"\xe2\x82"}', "a lone continuation": b'{"StreamName":"\x80"}',
            "an overlong form": b'{"StreamName":"\xc0\xaf"}', "a surrogate in UTF-8": b'{"StreamName":"\xed\xa0\x80"}',
            "beyond Unicode": b'{"StreamName":"\xf5\x80\x80\x80"}', "UTF-16": json.dumps(GOOD).encode("utf-16"),
            "invalid UTF-8 in an unknown member": b'{"Other":"\xff"}', "invalid UTF-8 in a name": b'{"\xff":1}',
        }.items():
            for operation in ("PutRecord", "ListStreams"):
                with self.subTest(name, operation=operation):
                    self.assert_answered(request(operation, body), 400, UNPARSEABLE)
        # Before the target and the signature are looked at.
        self.assert_answered(request("Nonsense", b"{", {"Authorization": None}), 400, UNPARSEABLE)

    def test_huge_bodies_that_do_not_parse_or_say_nothing(self):
        for name, body, status, told in (
                ("brackets", b"[" * (16 * MIB), 400, UNPARSEABLE),
                ("braces", b'{"a":' * (16 * MIB // 5), 400, UNPARSEABLE),
                ("brackets in a known member", b'{"Records":' + b"[" * (16 * MIB - 20), 400, UNPARSEABLE),
                ("unknown members", b"{" + b",".join(b'"u%08d":1' % i for i in range(1_000_000)) + b"}", 400, None),
                ("one unknown member", b'{"u":"' + b"x" * (16 * MIB - 10) + b'"}', 400, None),
                ("the same member", b"{" + b'"StreamName":"x",' * 900_000 + b'"StreamName":"s"}', 400, None),
                ("empty records", b'{"StreamName":"s","Records":[' + b"{}," * 5_000_000 + b"{}]}", 400, None),
                ("records of nothing", b'{"StreamName":"s","Records":[' + b"null," * 3_000_000 + b"null]}", 400, None)):
            with self.subTest(name):
                answer = ask_once(self.broker, request("PutRecords", body))
                self.assertEqual(answer.status, status, answer)
                if told is not None:
                    self.assertEqual(answer.body, told)
                else:
                    self.assertEqual(answer.json()["__type"], "ValidationException", answer)
                    self.assertLess(len(answer.body), 256 * KIB)
        self.works()

    def test_depth(self):
        def nested(depth):
            return b'{"StreamName":"s","Other":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
        for depth, status in ((2, 200), (60, 200), (64, 200), (65, 400), (1000, 400), (100_000, 400)):
            with self.subTest(depth):
                answer = ask_once(self.broker, request("DescribeStreamSummary", nested(depth)))
                self.assertEqual(answer.status, status, answer)
                if status == 400:
                    self.assertEqual(answer.body, UNPARSEABLE)

    def test_duplicate_unknown_and_null_members(self):
        summary = ask_once(self.broker, request("DescribeStreamSummary", {"StreamName": "s"}))
        for body in (b'{"StreamName":"other","StreamName":"s"}', b'{"StreamName":"s","Unknown":{"a":[1,"x",null]}}',
                     b'{"StreamName":"s","streamName":5}', b'{"StreamName":"s","StreamARN":null}',
                     b'{"Stream\\u004eame":"s"}'):
            with self.subTest(body):
                self.assert_answered(request("DescribeStreamSummary", body), 200, summary.body)

    def test_blobs(self):
        def told(text, problem):
            return serialization(f"'{text}' can not be converted to a Blob: {problem}")
        for text, problem in (
                ("a", "Base64 encoded length is expected a multiple of 4 bytes but found: 1"),
                ("aGVsbG8", "Base64 encoded length is expected a multiple of 4 bytes but found: 7"),
                ("aGVs*G8=", "Invalid Base64 character: '*'"), ("aGVs-_8=", "Invalid Base64 character: '-'"),
                ("aG=sbG8=", "Invalid Base64 character: '='"), ("====", "Invalid Base64 character: '='"),
                ("aGVs G8=", "Invalid Base64 character: ' '"), ("aGVsbG9=", "Invalid last non-pad Base64 character dectected"),
                ("aGV=", "Invalid last non-pad Base64 character dectected"),
                ("QQ==QQ==", "Invalid Base64 character: '='")):
            for operation, body in (("PutRecord", GOOD | {"Data": text}),
                                    ("PutRecords", {"StreamName": "s", "Records": [{"PartitionKey": "k", "Data": text}]})):
                with self.subTest(text, operation=operation):
                    self.assert_answered(request(operation, body), 400, told(text, problem))

    def test_a_bad_record_stores_nothing(self):
        with Broker() as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1})[0], 200)
            good = {"PartitionKey": "k", "Data": "aGVsbG8="}
            for bad in ({"PartitionKey": "k", "Data": "*"}, {"PartitionKey": "", "Data": ""}, {"PartitionKey": "k"}, {"Data": ""},
                        {"PartitionKey": "k" * 257, "Data": ""}, good | {"ExplicitHashKey": "01"},
                        good | {"ExplicitHashKey": str(1 << 128)},
                        {"PartitionKey": "k", "Data": base64.b64encode(bytes(MIB)).decode()}):
                status, answer = broker.call("PutRecords", {"StreamName": "s", "Records": [good] * 499 + [bad]})
                self.assertEqual(status, 400, answer)
            self.assertEqual(broker.call("PutRecords", {"StreamName": "s", "Records": [good] * 501})[0], 400)
            status, answer = broker.call("GetShardIterator", {"StreamName": "s", "ShardId": "0", "ShardIteratorType": "TRIM_HORIZON"})
            status, answer = broker.call("GetRecords", {"ShardIterator": answer["ShardIterator"]})
            self.assertEqual((status, answer["Records"]), (200, []))

    # ---- Types

    def test_a_wrong_type_for_every_member_of_every_operation(self):
        with open(FACTS, encoding="utf-8") as file:
            facts = json.load(file)
        shapes = facts["shapes"]
        wrong = {"text": "xyz", "number": 5, "truth": True, "list": [1], "map": {"a": 1}}
        tried = 0
        for operation in OPERATIONS:
            for path, wanted in members_of(shapes, facts["operations"][operation]["input"]):
                for kind, value in wrong.items():
                    sentence = refusal_of(kind, value, wanted)
                    if sentence is None:
                        continue
                    with self.subTest(operation=operation, path=path, given=kind):
                        answer = ask_once(self.broker, request(operation, put_at(path, value)))
                        self.assertEqual((answer.status, answer.body), (400, serialization(sentence)))
                        tried += 1
        self.assertGreater(tried, 300)
        self.works()

    # ---- CBOR

    def test_cbor_that_is_none(self):
        def ask(body, operation="PutRecord"):
            return ask_once(self.broker, request(operation, body, {"Content-Type": CBOR}))
        good = b"\xa3" + cbor_text("StreamName") + cbor_text("s") + cbor_text("PartitionKey") + cbor_text("k") + cbor_text("Data") + b"\x45hello"
        self.assertEqual(ask(good).status, 200)
        for name, body in {
            "cut": good[:-1], "more behind": good + b"\x00", "a break alone": b"\xff", "a list": b"\x80", "an integer": b"\x05",
            "a map without its break": b"\xbf" + good[1:], "a value missing": b"\xbf" + cbor_text("Data") + b"\xff",
            "a reserved length": b"\xbc", "a reserved simple value": b"\xa1" + cbor_text("X") + b"\xfc",
            "2^64 - 1 members": b"\xbb" + b"\xff" * 8, "2^32 bytes of text": b"\xa1" + cbor_text("StreamName") + b"\x7a\xff\xff\xff\xff",
            "2^63 bytes": b"\xa1" + cbor_text("Data") + b"\x5b\x7f" + b"\xff" * 7, "2^63 elements": b"\xa1" + cbor_text("Records") + b"\x9b\x7f" + b"\xff" * 7,
            "chunks of another kind": b"\xa1" + cbor_text("StreamName") + b"\x7f\x41a\xff",
            "nested chunks": b"\xa1" + cbor_text("StreamName") + b"\x7f\x7f\x61a\xff\xff",
            "invalid UTF-8": b"\xa1" + cbor_text("StreamName") + b"\x61\xff", "tags without end": b"\xa1" + cbor_text("X") + b"\xc1" * 1000,
            "depth": b"\xa1" + cbor_text("X") + b"\x81" * 1000 + b"\x00", "16 MiB of lists": b"\xa1" + cbor_text("X") + b"\x9f" * (16 * MIB - 100),
            "JSON": json.dumps(GOOD).encode(),
        }.items():
            for operation in ("PutRecord", "PutRecords", "GetRecords", "ListStreams"):
                with self.subTest(name, operation=operation):
                    answer = ask(body, operation)
                    self.assertEqual((answer.status, answer.body), (400, cbor_error("SerializationException")))
                    self.assertEqual(answer.headers["content-type"], CBOR)
        self.works()

    def test_memory_stays_within_its_bound(self):
        """Four at once of what makes most of a body's bytes, and of the answer's."""
        kinds = (b'{"StreamName":"s","Records":[' + b"{}," * 5_000_000 + b"{}]}",
                 b'{"StreamName":"s","Tags":{' + b",".join(b'"%07d":"x"' % i for i in range(1_000_000)) + b"}}",
                 b'{"StreamName":"' + b"\\u00e9" * 2_600_000 + b'"}',
                 b'{"Data":"' + b"A" * (16 * MIB - 20) + b'"}')
        crowd = Crowd()
        crowd.add(lambda _, number: ask_once(self.broker, request(("PutRecords", "AddTagsToStream", "DescribeStream",
                                                                   "PutRecord")[number], kinds[number])), len(kinds))
        crowd.wait_for(12, LIMIT)
        crowd.finish()
        self.assertLess(memory_bytes(self.broker), 128 * MIB + BESIDE_BYTES)
        self.works()


OPERATIONS = (
    "CreateStream", "DeleteStream", "DescribeStream", "DescribeStreamSummary", "ListStreams", "ListShards", "PutRecord",
    "PutRecords", "GetShardIterator", "GetRecords", "AddTagsToStream", "RemoveTagsFromStream", "ListTagsForStream",
    "IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod")


def cbor_text(text):
    return struct.pack("B", 0x60 + len(text)) + text.encode() if len(text) < 24 else b"\x78" + struct.pack("B", len(text)) + text.encode()


def cbor_error(name):
    return b"\xbf" + cbor_text("__type") + cbor_text(name) + b"\xff"


def members_of(shapes, structure):
    """Every member of an input, inside lists, maps and structures too, as a path, with its type."""
    for name, member in shapes[structure]["members"].items():
        yield from places_of(shapes, member["shape"], (name,))


def places_of(shapes, shape, path):
    kind = shapes[shape]["type"]
    yield path, kind
    if kind == "structure":
        for name, member in shapes[shape]["members"].items():
            yield from places_of(shapes, member["shape"], path + (name,))
    elif kind == "list":
        yield from places_of(shapes, shapes[shape]["member"], path + (0,))
    elif kind == "map":
        yield from places_of(shapes, shapes[shape]["value"], path + ("key",))


def put_at(path, value):
    for step in reversed(path):
        value = [value] if step == 0 else {step: value}
    return value


NOUNS = {"string": "an String", "integer": "an Integer", "long": "an Long", "boolean": "an Boolean", "blob": "a Blob",
         "timestamp": "milliseconds since epoch"}
CLASSES = {"text": "java.lang.String", "truth": "java.lang.Boolean",
           "number": "com.amazon.coral.value.json.numbers.TruncatingBigNumber"}


def refusal_of(given, value, wanted):
    """What the service says to that kind of JSON value where a type is wanted; nothing where it takes it."""
    if given == "list":
        return None if wanted == "list" else "Start of list found where not expected"
    if given == "map":
        return None if wanted in ("map", "structure") else "Start of structure or map found where not expected."
    if wanted in ("list", "map", "structure"):
        return {"list": "Expected list or null", "map": "Expected map or null", "structure": "Expected null"}[wanted]
    if (given, wanted) in {("text", "string"), ("number", "integer"), ("number", "long"), ("number", "timestamp"), ("truth", "boolean")}:
        return None
    if (given, wanted) == ("text", "boolean"):
        return f"'{value.upper()}' can not be converted to an Boolean"
    if (given, wanted) == ("text", "blob"):
        return f"'{value}' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 3"
    return f"class {CLASSES[given]} can not be converted to {NOUNS[wanted]}"


if __name__ == "__main__":
    run_tests()
