"""Values of the API as Python has them: dict, list, str, int, float, bool, bytes, and Time for a timestamp."""


class Time:
    """A moment, in whole milliseconds since the epoch."""

    __slots__ = ("ms",)

    def __init__(self, ms):
        self.ms = ms

    def __eq__(self, other):
        return isinstance(other, Time) and self.ms == other.ms

    def __hash__(self):
        return hash(self.ms)

    def __lt__(self, other):
        return self.ms < other.ms

    def __repr__(self):
        return f"Time({self.ms})"


class Raw:
    """A body that is sent as it is, for requests that no encoder would make."""

    def __init__(self, content):
        self.content = content
