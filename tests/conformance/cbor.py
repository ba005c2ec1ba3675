"""The part of CBOR (RFC 8949) that the service speaks: a timestamp is tag 1 and whole milliseconds."""

import struct

from values import Time


def _head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if argument < 1 << (8 * struct.calcsize(form)):
            return bytes([major << 5 | info]) + struct.pack(form, argument)
    raise ValueError(argument)


def encode(value):
    """Maps and lists are of indefinite length, as Java writes them."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        content = value.encode()
        return _head(3, len(content)) + content
    if isinstance(value, Time):
        return b"\xc1" + encode(value.ms)
    if isinstance(value, (list, tuple)):
        return b"\x9f" + b"".join(encode(element) for element in value) + b"\xff"
    if isinstance(value, dict):
        return b"\xbf" + b"".join(encode(name) + encode(member) for name, member in value.items()) + b"\xff"
    raise TypeError(type(value))


class _Reader:
    def __init__(self, content):
        self.content, self.at = content, 0

    def take(self, count):
        part = self.content[self.at:self.at + count]
        if len(part) != count:
            raise ValueError("the body ends inside an item")
        self.at += count
        return part

    def head(self):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info
        if info == 31:
            return major, None
        return major, int.from_bytes(self.take(1 << (info - 24)), "big")

    def broke(self):
        if self.content[self.at:self.at + 1] != b"\xff":
            return False
        self.at += 1
        return True

    def repeat(self, count):
        """True as often as there are items in a list or map of that many, or until the break where that is None."""
        if count is None:
            while not self.broke():
                yield True
        else:
            for _ in range(count):
                yield True

    def item(self):
        start = self.content[self.at:self.at + 1]
        if start == b"\xfb":
            self.at += 1
            return struct.unpack(">d", self.take(8))[0]
        if start == b"\xfa":
            self.at += 1
            return struct.unpack(">f", self.take(4))[0]
        major, argument = self.head()
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major in (2, 3):
            content = b"".join(self.item_bytes() for _ in self.repeat(None)) if argument is None else self.take(argument)
            return content if major == 2 else content.decode()
        if major == 4:
            return [self.item() for _ in self.repeat(argument)]
        if major == 5:
            members = {}
            for _ in self.repeat(argument):
                name = self.item()
                if name in members:
                    raise ValueError(f"{name} twice")
                members[name] = self.item()
            return members
        if major == 6:
            content = self.item()
            if argument != 1 or not isinstance(content, int):
                raise ValueError(f"tag {argument} of {content!r}, where only times in milliseconds have one")
            return Time(content)
        if (major, argument) in ((7, 20), (7, 21)):
            return argument == 21
        if (major, argument) == (7, 22):
            return None
        raise ValueError(f"an item that begins with {start.hex()}")

    def item_bytes(self):
        content = self.item()
        return content if isinstance(content, bytes) else content.encode()


def decode(content):
    reader = _Reader(content)
    value = reader.item()
    if reader.at != len(content):
        raise ValueError(f"{len(content) - reader.at} bytes behind the item")
    return value
