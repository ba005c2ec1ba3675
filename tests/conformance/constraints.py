"""Every constraint of an operation's input broken one at a time, and every member given with every wrong type, with what
the service says of it: made from the published model, so that a member that is added is tested without a line here."""

import re

import texts

# Values that match a pattern and can be made longer, and one that does not; by the pattern's text. A pattern that is not
# here fails the run.
PATTERNS = {
    r"[a-zA-Z0-9_.-]+": (lambda n: "a" * n, "not a name!"),
    r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+":
        (lambda n: ("arn:aws:kinesis:us-east-1:000000000000:stream/" + "a" * n)[:n], "arn:aws:kinesis:us-east-1:1:stream/x"),
    r"[a-z0-9]{20}-[a-z0-9]{3}": (None, "nostreamid"),
    r"^(0|([1-9]\d{0,38}))$": (None, "01"),
    r"^(0|([1-9]\d{0,128}))$": (None, "12x"),
    r"^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+":
        (lambda n: "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/" + "a" * (n - 59) + ":1",
         "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c"),
    r"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+":
        (lambda n: ("arn:aws:kinesis:us-east-1:000000000000:stream/" + "a" * n)[:n], "arn:aws:kinesis:us-east-1:1:x/y"),
}
# The patterns of numbers were recorded without the anchors that the model has had since 2026; both mean the same.
PRINTED_PATTERNS = {r"^(0|([1-9]\d{0,38}))$": r"0|([1-9]\d{0,38})", r"^(0|([1-9]\d{0,128}))$": r"0|([1-9]\d{0,128})"}
# The order in which the service was recorded to print an enumeration; of others any order will do.
ENUM_ORDERS = {"ShardIteratorType": ["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER",
                                     "TRIM_HORIZON"]}
# Printed values longer than this may be cut: the service prints them whole, and no client reads them.
PRINTED_MAX = 100_000
# The order of the members in messages that were recorded when several were wrong.
RECORDED_ORDERS = {
    "AddTagsToStream": ["Tags", "StreamName"],
    "CreateStream": ["ShardCount", "StreamName"],
    "IncreaseStreamRetentionPeriod": ["RetentionPeriodHours", "StreamName"],
    "DecreaseStreamRetentionPeriod": ["RetentionPeriodHours", "StreamName"],
    "DescribeStream": ["Limit", "ExclusiveStartShardId", "StreamName"],
    "GetRecords": ["Limit", "ShardIterator"],
    "GetShardIterator": ["ShardId", "ShardIteratorType", "StartingSequenceNumber", "StreamName"],
    "ListShards": ["MaxResults", "ExclusiveStartShardId", "StreamName", "NextToken"],
    "MergeShards": ["ShardToMerge", "AdjacentShardToMerge", "StreamName"],
    "PutRecord": ["SequenceNumberForOrdering", "PartitionKey", "ExplicitHashKey", "Data", "StreamName"],
    "PutRecords": ["Records", "StreamName"],
    "RemoveTagsFromStream": ["TagKeys", "StreamName"],
    "SplitShard": ["NewStartingHashKey", "StreamName", "ShardToSplit"],
}


class Omit:
    """In place of a value: the member is left out."""


class Broken:
    """A value that breaks constraints: `violations` are the sentences' patterns in their order, one for each."""

    def __init__(self, label, value, violations):
        self.label, self.value, self.violations = label, value, violations


def printed(model, shape, value):
    """The pattern of a value as the service prints it."""
    fact = model.shapes[shape]
    kind = fact["type"]
    if kind == "blob":
        return rf"java\.nio\.HeapByteBuffer\[pos=0 lim={len(value)} cap={len(value)}\]"
    if kind == "list":
        return r"\[" + ", ".join(printed(model, fact["member"], element) for element in value) + r"\]"
    if kind == "map":
        return r"\{" + ", ".join(f"{re.escape(k)}={printed(model, fact['value'], v)}" for k, v in value.items()) + r"\}"
    if kind == "structure":
        return rf"com\.amazonaws\.kinesis\.v20131202\.{shape}@[0-9a-f]{{1,8}}"
    return re.escape(str(value))


def violation(model, shape, value, path, constraint):
    """The pattern of one violation, without the "; " between them."""
    if value is Omit:
        text = "Value null"
    else:
        whole = printed(model, shape, value)
        text = "Value '" + (whole if len(whole) < PRINTED_MAX else r"[^']*") + "'"
    return f"{text} at '{re.escape(path)}' failed to satisfy constraint: {constraint}"


def message(violations):
    """What the service says of these violations: it lists ten at most."""
    listed = violations[:10]
    head = f"{len(listed)} validation error{'' if len(listed) == 1 else 's'} detected: "
    return head + "; ".join(listed)


def enum_pattern(shape, values):
    if shape in ENUM_ORDERS:
        return r"Member must satisfy enum value set: \[" + ", ".join(ENUM_ORDERS[shape]) + r"\]"
    any_value = "(" + "|".join(map(re.escape, values)) + ")"
    return rf"Member must satisfy enum value set: \[{any_value}(, {any_value}){{{len(values) - 1}}}\]"


def length_at_most(n):
    return f"Member must have length less than or equal to {n}"


def length_at_least(n):
    return f"Member must have length greater than or equal to {n}"


def printed_pattern(pattern):
    return re.escape(f"Member must satisfy regular expression pattern: {PRINTED_PATTERNS.get(pattern, pattern)}")


def element_constraint(model, shape):
    """What is said of an element of a list, of a map's key or of its value, whichever of its constraints is broken."""
    fact = model.shapes[shape]
    parts = []
    if "max" in fact:
        parts.append(length_at_most(fact["max"]))
    if "min" in fact:
        parts.append(length_at_least(fact["min"]))
    if "pattern" in fact:
        parts.append(printed_pattern(fact["pattern"]))
    if "enum" in fact:
        parts.append(enum_pattern(shape, fact["enum"]))
    return r"\[" + ", ".join(parts) + r"\]"


class Breaker:
    def __init__(self, model):
        self.model = model

    def of(self, shape, path):
        """Every way to break a value of this shape that stands at this path."""
        fact = self.model.shapes[shape]
        return getattr(self, "_" + fact["type"])(shape, fact, path)

    def _one(self, label, shape, value, path, *constraints):
        return Broken(label, value, [violation(self.model, shape, value, path, c) for c in constraints])

    def _string(self, shape, fact, path):
        pattern = fact.get("pattern")
        make, bad = PATTERNS[pattern] if pattern else (lambda n: "a" * n, None)
        if fact.get("min", 0) >= 1:
            constraints = [printed_pattern(pattern)] if pattern else []
            yield self._one("empty", shape, "", path, *constraints, length_at_least(fact["min"]))
        if "max" in fact and make is not None:
            yield self._one("too long", shape, make(fact["max"] + 1), path, length_at_most(fact["max"]))
        if bad is not None:
            yield self._one("does not match", shape, bad, path, printed_pattern(pattern))
        if "enum" in fact:
            yield self._one("none of the values", shape, "NOPE", path, enum_pattern(shape, fact["enum"]))

    def _integer(self, shape, fact, path):
        if "min" in fact:
            yield self._one("too small", shape, fact["min"] - 1, path,
                            f"Member must have value greater than or equal to {fact['min']}")
        if fact.get("max", 1 << 31) < (1 << 31) - 1:
            yield self._one("too large", shape, fact["max"] + 1, path,
                            f"Member must have value less than or equal to {fact['max']}")

    _long = _integer

    def _boolean(self, shape, fact, path):
        return ()

    _timestamp = _boolean

    def _blob(self, shape, fact, path):
        if "max" in fact:
            yield self._one("too long", shape, bytes(fact["max"] + 1), path, length_at_most(fact["max"]))

    def _list(self, shape, fact, path):
        good = self.good(fact["member"])
        if fact.get("min", 0) >= 1:
            yield self._one("empty", shape, [], path, length_at_least(fact["min"]))
        if "max" in fact:
            element_fact = self.model.shapes[fact["member"]]
            many = ([f"key{i}" for i in range(fact["max"] + 1)] if element_fact["type"] == "string" and
                    "enum" not in element_fact else [good] * (fact["max"] + 1))
            yield self._one("too many", shape, many, path, length_at_most(fact["max"]))
        yield from self._elements(shape, fact["member"], path, good)

    def _elements(self, shape, element_shape, path, good):
        if self.model.shapes[element_shape]["type"] == "structure":
            for broken in self.of(element_shape, f"{path}.2.member"):
                yield Broken("second " + broken.label, [good, broken.value], broken.violations)
            return
        for broken in self.of(element_shape, path):
            yield self._one("with one that is " + broken.label, shape, [good, broken.value], path,
                            "Member must satisfy constraint: " + element_constraint(self.model, element_shape))

    def _map(self, shape, fact, path):
        if fact.get("min", 0) >= 1:
            yield self._one("empty", shape, {}, path, length_at_least(fact["min"]))
        if "max" in fact:
            yield self._one("too many", shape, {f"key{i}": "v" for i in range(fact["max"] + 1)}, path,
                            length_at_most(fact["max"]))
        for broken in self.of(fact["key"], path):
            yield self._one("with a key that is " + broken.label, shape, {broken.value: "v"}, path,
                            "Map keys must satisfy constraint: " + element_constraint(self.model, fact["key"]))
        for broken in self.of(fact["value"], path):
            yield self._one("with a value that is " + broken.label, shape, {"k": broken.value}, path,
                            "Map value must satisfy constraint: " + element_constraint(self.model, fact["value"]))

    def _structure(self, shape, fact, path):
        good = self.good(shape)
        for name, member in fact.get("members", {}).items():
            inner = name[0].lower() + name[1:]
            inner_path = f"{path}.{inner}" if path else inner
            if member.get("required"):
                value = {k: v for k, v in good.items() if k != name}
                yield Broken(f"without {name}", value,
                             [violation(self.model, member["shape"], Omit, inner_path, "Member must not be null")])
            for broken in self.of(member["shape"], inner_path):
                yield Broken(f"{name} {broken.label}", good | {name: broken.value}, broken.violations)

    def good(self, shape):
        """Some value that breaks nothing, with its required members only."""
        fact = self.model.shapes[shape]
        kind = fact["type"]
        if kind == "structure":
            return {name: self.good(member["shape"]) for name, member in fact.get("members", {}).items()
                    if member.get("required")}
        if kind == "list":
            return [self.good(fact["member"])]
        if kind == "map":
            return {"key": "value"}
        if kind == "blob":
            return b"data"
        if kind in ("integer", "long"):
            return fact.get("min", 1)
        if kind == "boolean":
            return False
        if "enum" in fact:
            return fact["enum"][0]
        return "1" if fact.get("pattern", "").startswith("^(0|") else "a"


# A value of each kind but the wanted one, and what is said of it.
_NUMBER = "com.amazon.coral.value.json.numbers.TruncatingBigNumber"


def wrong_types(model, shape):
    """Pairs of a label, a value whose type is not the shape's, and the sentence."""
    kind = model.shapes[shape]["type"]
    scalars = [("a text", "x", "java.lang.String"), ("a number", 5, _NUMBER), ("a boolean", True, "java.lang.Boolean")]
    if kind in ("structure", "list", "map"):
        expected = {"structure": "Expected null", "list": "Expected list or null", "map": "Expected map or null"}[kind]
        for label, value, _ in scalars:
            yield label, value, expected
        if kind == "list":
            yield "a structure", {}, texts.MAP_NOT_EXPECTED
        else:
            yield "a list", [], texts.LIST_NOT_EXPECTED
        return
    taken = {"string": "a text", "boolean": "a boolean", "integer": "a number", "long": "a number",
             "timestamp": "a number", "blob": "a text"}[kind]
    for label, value, java in scalars:
        if label == taken:
            continue
        if kind == "boolean" and label == "a text":
            yield label, value, "'X' can not be converted to an Boolean"
        else:
            yield label, value, f"class {java} can not be converted to {texts.ON_SERIALIZATION[kind]}"
    yield "a list", [], texts.LIST_NOT_EXPECTED
    yield "a structure", {}, texts.MAP_NOT_EXPECTED


def bad_base64():
    """Texts that are no base64, for a blob in JSON."""
    for label, text, problem in (
            ("of a length that is none", "aGVsbG8", "Base64 encoded length is expected a multiple of 4 bytes but found: 7"),
            ("with a character that is none", "aG!sbG8=", "Invalid Base64 character: '!'"),
            ("with stray bits", "aGVsbG9=", "Invalid last non-pad Base64 character dectected")):
        yield label, text, f"'{text}' can not be converted to a Blob: {problem}"
