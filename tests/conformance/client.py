"""One endpoint of the service, or of what stands in for it: calls in both codings, and requests byte by byte."""

import base64
import http.client
import json
import re
import time
import urllib.parse

import cbor
import sigv4
from values import Raw, Time

CODINGS = ("json", "cbor")
CONTENT_TYPES = {"json": "application/x-amz-json-1.1", "cbor": "application/x-amz-cbor-1.1"}
# Longest wait for one answer.
LIMIT_SECONDS = 70


def to_json(value):
    def other(part):
        if isinstance(part, bytes):
            return base64.b64encode(part).decode()
        if isinstance(part, Time):
            return part.ms / 1000
        raise TypeError(type(part))

    return json.dumps(value, default=other, ensure_ascii=False).encode()


def encode(coding, value):
    if isinstance(value, Raw):
        return value.content
    return to_json(value) if coding == "json" else cbor.encode(value)


class Answer:
    """`body` is the decoded one, None where it is empty or neither JSON nor CBOR; `value` the same with the model's
    types, of a success. `type` and `message` are an error's."""

    def __init__(self, status, headers, content, coding):
        self.status, self.headers, self.content, self.coding = status, headers, content, coding
        self.body = self.value = None
        if content and headers.get("content-type", "").startswith("application/x-amz-"):
            self.body = json.loads(content) if coding == "json" else cbor.decode(content)

    @property
    def type(self):
        return self.body.get("__type") if isinstance(self.body, dict) else None

    @property
    def message(self):
        if not isinstance(self.body, dict):
            return None
        return self.body.get("message", self.body.get("Message"))

    def __repr__(self):
        return f"<{self.status} in {self.coding}: {self.content[:700]!r}>"


class Refused(AssertionError):
    """An error where the caller needs a success."""

    def __init__(self, operation, answer):
        super().__init__(f"{operation} was refused: {answer!r}")
        self.answer = answer


class Client:
    def __init__(self, endpoint, model, region="us-east-1", credentials=("test", "test", None)):
        url = urllib.parse.urlsplit(endpoint)
        self.endpoint, self.region, self.credentials, self.model = endpoint, region, credentials, model
        self.host = url.netloc
        self._secure = url.scheme == "https"
        self._connection = None
        self.calls = 0

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def raw(self, body=b"", headers=None, method="POST", path="/"):
        """One request as it is, with no header but Host, Content-Length and those given: status, headers, content."""
        self.calls += 1
        for attempt in (0, 1):
            fresh = self._connection is None
            if fresh:
                kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
                self._connection = kind(self.host, timeout=LIMIT_SECONDS)
            try:
                self._connection.putrequest(method, path, skip_accept_encoding=True)
                for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
                    if value is not None:
                        self._connection.putheader(name, value)
                self._connection.endheaders(body)
                answer = self._connection.getresponse()
                content = answer.read()
                break
            except (http.client.BadStatusLine, ConnectionError):
                # A connection that lay idle may have been ended by the other side; a fresh one may not.
                self.close()
                if fresh or attempt:
                    raise
        found = {name.lower(): value for name, value in answer.getheaders()}
        if answer.will_close:
            self.close()
        return answer.status, found, content

    def call(self, operation, value, coding="json", headers=None):
        """A signed call. The answer of a success is held against the model."""
        body = encode(coding, value)
        base = {"Host": self.host, "Content-Type": CONTENT_TYPES[coding],
                "X-Amz-Target": f"Kinesis_20131202.{operation}"}
        base |= sigv4.sign(self.credentials, self.region, base, body)
        base.pop("Host")
        answer = Answer(*self.raw(body, base | (headers or {})), coding)
        self._check(operation, answer)
        return answer

    def _check(self, operation, answer):
        for name, form in (("x-amzn-requestid", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
                           ("x-amz-id-2", r"[A-Za-z0-9+/=]{40,}"), ("date", r".* GMT")):
            if not re.fullmatch(form, answer.headers.get(name, "")):
                raise AssertionError(f"the header {name} is {answer.headers.get(name)!r}")
        if answer.headers.get("content-type") != CONTENT_TYPES[answer.coding]:
            raise AssertionError(f"asked in {answer.coding}, answered in {answer.headers.get('content-type')!r}")
        if answer.status != 200 or operation not in self.model.operations:
            return
        shape = self.model.output(operation)
        if shape is None:
            if answer.content:
                raise AssertionError(f"{operation} has no output, and answered {answer!r}")
            answer.value = {}
        else:
            answer.value = self.model.typed(shape, answer.body, operation)

    def ask(self, operation, value=None, coding="json", patience=60):
        """A call that has to succeed; its output. What is told to slow down asks again, for that many seconds."""
        until = time.monotonic() + patience
        while True:
            answer = self.call(operation, value or {}, coding)
            if answer.status == 200:
                return answer.value
            if not is_throttled(answer) or time.monotonic() > until:
                raise Refused(operation, answer)
            time.sleep(0.09)


def is_throttled(answer):
    """Whether the answer is about the rate of calls, and not about what was asked."""
    return (answer.type in ("ProvisionedThroughputExceededException", "ThrottlingException")
            or answer.status in (500, 503)
            or answer.type == "LimitExceededException" and (answer.message or "").startswith("Rate exceeded"))
