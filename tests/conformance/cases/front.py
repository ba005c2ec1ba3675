"""The front of the service: methods, content types, bodies, targets and signatures, before an operation is looked at."""

import json
import re

import cbor
import sigv4
import texts
from client import CODINGS, CONTENT_TYPES, encode
from harness import check_refusal, equal, true
from inputs import base
from values import Raw

ACCESS_DENIED_XML = (b"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized"
                     b"</Message>\n</AccessDeniedException>\n")
UNKNOWN_OPERATION_XML = b"<UnknownOperationException/>\n"
TARGET = "Kinesis_20131202.ListStreams"
SIGNED = ("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, "
          "Signature=" + "0" * 64)


def add(suite):
    add_unknown_operations(suite)
    add_frames(suite)
    add_bodies(suite)
    add_signatures(suite)
    add_leniency(suite)


def add_unknown_operations(suite):
    for operation in [*suite.model.later, "NoSuchOperation", "liststreams"]:
        suite.refuses(operation, "is no operation", {}, "UnknownOperationException", texts.NO_TEXT)

    @suite.case("front", "a target of another version", "UnknownOperationException")
    def another_version(world):
        for coding in CODINGS:
            answer = world.client.call("ListStreams", {}, coding, {"X-Amz-Target": "Kinesis_20111202.ListStreams"})
            check_refusal(world, answer, "UnknownOperationException", texts.NO_TEXT)


def sent(world, body=b"{}", headers=None, **how):
    everything = {"Content-Type": CONTENT_TYPES["json"], "X-Amz-Target": TARGET, "X-Amz-Date": "20260101T000000Z",
                  "Authorization": SIGNED} | (headers or {})
    return world.client.raw(body, everything, **how)


def add_frames(suite):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        @suite.case("front", f"{method} is refused in XML", "AccessDeniedException")
        def refused_method(world, method=method):
            status, headers, content = sent(world, method=method, path="/nowhere")
            equal((status, content), (403, ACCESS_DENIED_XML))
            true("content-type" not in headers, f"has a content type: {headers}")
            true("x-amzn-requestid" in headers and "x-amz-id-2" in headers, f"ids in {headers}")

    @suite.case("front", "an unknown content type without a target", "AccessDeniedException")
    def type_without_target(world):
        status, _, content = sent(world, headers={"Content-Type": "text/plain", "X-Amz-Target": None})
        equal((status, content), (403, ACCESS_DENIED_XML))

    @suite.case("front", "an unknown content type with a target", "UnknownOperationException")
    def type_with_target(world):
        status, _, content = sent(world, headers={"Content-Type": "text/plain"})
        equal((status, content), (404, UNKNOWN_OPERATION_XML))

    @suite.case("front", "application/json goes no further", "UnknownOperationException")
    def plain_json(world):
        status, headers, content = sent(world, headers={"Content-Type": "application/json"})
        equal((status, headers["content-type"]), (404, "application/json"))
        equal(json.loads(content), {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
                                    "Version": "1.0"})

    @suite.case("front", "application/json that does not parse", "SerializationException")
    def plain_json_damaged(world):
        status, _, content = sent(world, b"{", {"Content-Type": "application/json"})
        equal(status, 400)
        equal(json.loads(content)["Output"], {"__type": "com.amazon.coral.service#SerializationException"})

    @suite.case("front", "a preflight")
    def preflight(world):
        status, headers, content = world.client.raw(method="OPTIONS", headers={
            "Origin": "http://here", "Access-Control-Request-Headers": "x-amz-target", "Access-Control-Request-Method": "POST"})
        equal((status, content), (200, b""))
        equal(headers["access-control-allow-origin"], "*")
        equal(headers["access-control-allow-headers"], "x-amz-target")
        equal(headers["access-control-allow-methods"], "POST")
        equal(headers["access-control-max-age"], "172800")
        true("x-amz-id-2" not in headers, "a preflight has no x-amz-id-2")

    @suite.case("front", "an answer to another origin")
    def with_origin(world):
        answer = world.client.call("ListStreams", {}, "json", {"Origin": "http://here"})
        equal(answer.headers["access-control-allow-origin"], "*")
        equal(answer.headers["access-control-expose-headers"],
              "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date")

    @suite.case("front", "a content type with a parameter, and any path")
    def parameters(world):
        body = b"{}"
        headers = {"Host": world.client.host, "Content-Type": "application/x-amz-json-1.1; charset=utf-8",
                   "X-Amz-Target": TARGET}
        headers |= sigv4.sign(world.client.credentials, world.client.region, headers, body)
        headers.pop("Host")
        status, _, content = world.client.raw(body, headers)
        equal(status, 200, content)

    @suite.case("front", "every answer has an id of its own")
    def ids(world):
        seen = {world.client.call("ListStreams", {}).headers["x-amzn-requestid"] for _ in range(20)}
        equal(len(seen), 20)


def add_bodies(suite):
    for coding in CODINGS:
        for label, body in (("empty", b""), ("half", b'{"Limit":' if coding == "json" else b"\xbf\x65Limit"),
                            ("a list", b"[]" if coding == "json" else b"\x80"),
                            ("a number", b"1" if coding == "json" else b"\x01"),
                            ("noise", b"\x00\xff\x00")):
            @suite.case("front", f"a body that is {label}, in {coding}", "SerializationException")
            def damaged(world, coding=coding, body=body):
                answer = world.client.call("ListStreams", Raw(body), coding)
                check_refusal(world, answer, "SerializationException", texts.NO_TEXT)

        @suite.case("front", f"an empty body for an unknown operation, in {coding}", "UnknownOperationException")
        def empty_unknown(world, coding=coding):
            answer = world.client.call("NoSuchOperation", Raw(b""), coding)
            check_refusal(world, answer, "UnknownOperationException", texts.NO_TEXT)

    @suite.case("front", "CBOR of definite lengths")
    def definite(world):
        body = b"\xa1\x65Limit\x01"
        answer = world.client.call("ListStreams", Raw(body), "cbor")
        equal(answer.status, 200)

    @suite.case("front", "a fraction for an integer is rounded down")
    def fraction(world):
        answer = world.client.call("ListStreams", Raw(b'{"Limit":1.9}'))
        equal(answer.status, 200)
        true(len(answer.value["StreamNames"]) <= 1, answer)
        answer = world.client.call("ListStreams", Raw(b'{"Limit":0.9}'))
        check_refusal(world, answer, "ValidationException", texts.exact(
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater "
            "than or equal to 1"))

    @suite.case("front", "an integer beyond 32 bits is cut")
    def huge(world):
        value = base(world, "IncreaseStreamRetentionPeriod") | {"RetentionPeriodHours": 1 << 40}
        for coding in CODINGS:
            answer = world.client.call("IncreaseStreamRetentionPeriod", value, coding)
            check_refusal(world, answer, "InvalidArgumentException", texts.retention_long((1 << 31) - 1))


def add_signatures(suite):
    def refuses(label, headers, error, text, path="/"):
        @suite.case("front", label, error)
        def run(world):
            for coding in CODINGS:
                body = encode(coding, {})
                status, found, content = sent(world, body, {"Content-Type": CONTENT_TYPES[coding]} | headers, path=path)
                equal(status, 400)
                decoded = json.loads(content) if coding == "json" else cbor.decode(content)
                equal(decoded["__type"], error)
                true(re.fullmatch(text, decoded["message"], re.DOTALL), decoded["message"])

    refuses("no signature", {"Authorization": None, "X-Amz-Date": None}, "MissingAuthenticationTokenException",
            "Missing Authentication Token")
    refuses("both kinds of signature", {}, "InvalidSignatureException",
            re.escape("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."),
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    part = "Authorization header requires '{}' parameter. "
    end = re.escape("Authorization={}")
    date = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
    full = {"Credential": "Credential=a/20260101/us-east-1/kinesis/aws4_request", "Signature": "Signature=" + "0" * 64,
            "SignedHeaders": "SignedHeaders=host"}
    for missing in full:
        header = "AWS4-HMAC-SHA256 " + ", ".join(text for name, text in full.items() if name != missing)
        refuses(f"a signature without {missing}", {"Authorization": header}, "IncompleteSignatureException",
                re.escape(part.format(missing)) + end.replace(r"\{\}", re.escape(header)))
    header = "AWS4-HMAC-SHA256 " + ", ".join(full.values())
    refuses("a signature without a date", {"Authorization": header, "X-Amz-Date": None}, "IncompleteSignatureException",
            re.escape(date) + end.replace(r"\{\}", re.escape(header)))
    refuses("a signature without anything", {"Authorization": "AWS4-HMAC-SHA256", "X-Amz-Date": None},
            "IncompleteSignatureException",
            re.escape("".join(part.format(name) for name in ("Credential", "Signature", "SignedHeaders")) + date)
            + "Authorization=AWS4-HMAC-SHA256")
    refuses("a query that lacks the rest", {"Authorization": None, "X-Amz-Date": None}, "IncompleteSignatureException",
            re.escape("".join(f"AWS query-string parameters must include 'X-Amz-{name}'. "
                              for name in ("Credential", "Signature", "SignedHeaders", "Date"))
                      + "Re-examine the query-string parameters."),
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256")


def add_leniency(suite):
    @suite.case("front", "unknown members are ignored, and null is absent")
    def lenient(world):
        for coding in CODINGS:
            answer = world.client.call("DescribeStreamSummary", {"StreamName": world.plain, "StreamARN": None,
                                                                 "Nonsense": {"a": [1]}}, coding)
            equal(answer.status, 200)

    @suite.case("front", "a type is told before a constraint, and that before a stream is looked for", "SerializationException")
    def order(world):
        for coding in CODINGS:
            both = {"StreamName": "", "Limit": "x"}
            check_refusal(world, world.client.call("DescribeStream", both, coding), "SerializationException",
                          texts.exact("class java.lang.String can not be converted to an Integer"))
            missing = {"StreamName": world.missing, "Limit": 0}
            check_refusal(world, world.client.call("DescribeStream", missing, coding), "ValidationException",
                          texts.exact("1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
                                      "Member must have value greater than or equal to 1"))

    @suite.case("front", "texts outside ASCII, escaped and as they are")
    def unicode(world):
        name = world.create("unicode")
        text = '{"StreamName":"%s","PartitionKey":"\\ud83d\\ude00\\u65e5","Data":"aGVsbG8="}' % name
        first = world.client.call("PutRecord", Raw(text.encode()))
        equal(first.status, 200, first)
        for coding in CODINGS:
            equal(world.client.call("PutRecord", {"StreamName": name, "PartitionKey": "\U0001f600\u65e5", "Data": b"hello"},
                                    coding).status, 200)
        records, _ = world.records(name, "shardId-000000000000")
        equal({record["PartitionKey"] for record in records}, {"\U0001f600\u65e5"})
        equal(len(records), 3)
        world.delete(name)
