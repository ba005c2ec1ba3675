"""What the tests of this folder share: requests as bytes, answers taken apart strictly, load, and what memory it takes."""

import base64
import json
import os
import re
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from process import ENGINE, SIGNED_HEADERS, Broker, run_tests  # noqa: E402,F401  (what the tests take from here)

# Longest wait for one thing, such as an answer; a quiet machine takes a tenth of it at most.
LIMIT = 60
MIB = 1 << 20
KIB = 1 << 10
# What a broker may take beside --memory-max; a sanitizer's own memory has no such bound.
BESIDE_BYTES = 64 * MIB if os.environ.get("HOSTILE_SANITIZED", "0") == "0" else 4096 * MIB
CBOR = "application/x-amz-cbor-1.1"


def head(operation, length, headers=None, line="POST / HTTP/1.1"):
    """A head that promises `length` bytes of body, or nothing of a length where that is None."""
    all_headers = {"Host": "millrace"} | SIGNED_HEADERS
    if operation is not None:
        all_headers["X-Amz-Target"] = f"Kinesis_20131202.{operation}"
    if length is not None:
        all_headers["Content-Length"] = str(length)
    all_headers |= headers or {}
    text = line + "\r\n" + "".join(f"{name}: {value}\r\n" for name, value in all_headers.items() if value is not None)
    return text.encode("latin-1") + b"\r\n"


def request(operation, body, headers=None, line="POST / HTTP/1.1"):
    """A whole request; `body` is bytes as they are, or what is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(operation, len(content), headers, line) + content


def full_put_records(stream, records=500, record_bytes=20 * KIB):
    """A PutRecords of about 10 MiB, over all shards."""
    data = base64.b64encode(os.urandom(record_bytes)).decode()
    entries = [{"Data": data, "PartitionKey": f"key-{i}"} for i in range(records)]
    return request("PutRecords", {"StreamName": stream, "Records": entries})


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Closed(AssertionError):
    """The other side ended the connection before a whole answer had come."""


class Client:
    """One connection, on which requests and anything else are sent as bytes."""

    def __init__(self, broker, limit=LIMIT, receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(limit)
        self.socket.connect(("127.0.0.1", broker.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, content):
        self.socket.sendall(content)

    def send_what_goes(self, content):
        """Sends; where the broker has answered and ended meanwhile, the answer is what matters."""
        try:
            self.socket.sendall(content)
        except ConnectionError:
            pass

    def end_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        received = self.socket.recv(256 * KIB)
        if not received:
            raise Closed(f"the connection ended after {self._rest[:200]!r}")
        return received

    def answer(self):
        """The next answer; its form is checked."""
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._more()
        text, self._rest = self._rest.split(b"\r\n\r\n", 1)
        lines = text.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z ]*", lines[0])
        if found is None:
            raise AssertionError(f"no status line: {lines[0]!r}")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            if name.lower() in headers:
                raise AssertionError(f"twice in one answer: {name}")
            headers[name.lower()] = value
        status = int(found.group(1))
        if status == 100:
            return Answer(status, headers, b"")
        parts, length = [self._rest], int(headers["content-length"])
        got = len(self._rest)
        while got < length:
            parts.append(self._more())
            got += len(parts[-1])
        whole = b"".join(parts)
        self._rest = whole[length:]
        return Answer(status, headers, whole[:length])

    def ask(self, content):
        self.send(content)
        return self.answer()

    def call(self, operation, body, headers=None):
        return self.ask(request(operation, body, headers))

    def ended(self):
        """Whether the broker ends the connection, with nothing more to say, within the limit."""
        if self._rest:
            return False
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except socket.timeout:
            return False


def ask_once(broker, content):
    with Client(broker) as client:
        client.send_what_goes(content)
        return client.answer()


def iterator(broker, stream, shard=0, kind="TRIM_HORIZON"):
    status, answer = broker.call("GetShardIterator", {"StreamName": stream, "ShardId": f"shardId-{shard:012}",
                                                      "ShardIteratorType": kind})
    if status != 200:
        raise AssertionError(answer)
    return answer["ShardIterator"]


def metric(broker, name, labels=""):
    """The sum of a metric's series whose labels contain that text."""
    text = ask_once(broker, b"GET /metrics HTTP/1.1\r\nHost: millrace\r\n\r\n").body.decode()
    values = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
              if re.match(re.escape(name) + r"(\{|\s)", line) and labels in line]
    if not values:
        raise AssertionError(f"no metric {name} with {labels}")
    return sum(values)


def memory_bytes(broker, field="VmHWM"):
    """What the process has resident (VmRSS), or had at most since it began (VmHWM)."""
    with open(f"/proc/{broker.process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * KIB
    raise AssertionError(f"no {field}")


def wait_until(true, what, limit=LIMIT):
    """Waits for a state that no event tells of."""
    until = time.monotonic() + limit
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"not within {limit} s: {what}")
        threading.Event().wait(0.02)


class Crowd:
    """Threads that each do one thing until they are told to stop; the first failure of any is the crowd's."""

    def __init__(self):
        self.stopping = threading.Event()
        self.done = 0
        self.failures = []
        self._threads = []
        self._lock = threading.Lock()

    def add(self, work, count):
        """`work(crowd, number)` is called again and again by each of `count` threads."""
        for number in range(count):
            thread = threading.Thread(target=self._run, args=(work, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, work, number):
        try:
            while not self.stopping.is_set():
                work(self, number)
                with self._lock:
                    self.done += 1
        except BaseException as failure:  # noqa: BLE001  (told by finish)
            if not self.stopping.is_set():
                self.failures.append(f"{number}: {failure!r}")
                self.stopping.set()

    def wait_for(self, times, limit):
        """Waits until the work was done that many times."""
        wait_until(lambda: self.done >= times or self.stopping.is_set(), f"{times} times (got to {self.done})", limit)

    def finish(self):
        self.stopping.set()
        for thread in self._threads:
            thread.join(LIMIT)
        if self.failures:
            raise AssertionError(self.failures[:5])
