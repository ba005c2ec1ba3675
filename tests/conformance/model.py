"""What the published model says of operations and shapes, and whether a value is of a shape."""

import json
import os

from values import Time

FACTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "facts", "kinesis_facts.json")


class Model:
    def __init__(self, path=FACTS):
        with open(path, encoding="utf-8") as file:
            facts = json.load(file)
        self._operations, self.shapes = facts["operations"], facts["shapes"]
        # Queues and channels are other resources than streams, with operations of their own.
        self.later = sorted(name for name in self._operations if "Queue" in name or "Channel" in name)
        self.operations = sorted(set(self._operations) - set(self.later))

    def errors(self, operation):
        """Types of the modelled errors, in the model's order."""
        return [error[0] for error in self._operations[operation]["errors"]]

    def input(self, operation):
        return self._operations[operation]["input"]

    def output(self, operation):
        return self._operations[operation]["output"]

    def members(self, shape):
        return self.shapes[shape].get("members", {})

    def typed(self, shape, value, path=""):
        """A value decoded without knowledge of types, as the shape says: blobs as bytes, timestamps as Time. Raises
        ValueError where it is not of the shape: a member that the model does not have, a required one that is missing,
        another type, a text that does not match."""
        fact = self.shapes[shape]
        kind = fact["type"]
        if kind == "structure":
            return self._typed_structure(fact, value, path)
        if kind == "list":
            if not isinstance(value, list):
                raise ValueError(f"{path} is no list: {value!r}")
            return [self.typed(fact["member"], element, f"{path}.{i}") for i, element in enumerate(value)]
        if kind == "map":
            return {self.typed(fact["key"], key, path): self.typed(fact["value"], element, f"{path}.{key}")
                    for key, element in value.items()}
        return _typed_scalar(fact, kind, value, path)

    def _typed_structure(self, fact, value, path):
        if not isinstance(value, dict):
            raise ValueError(f"{path} is no structure: {value!r}")
        members = fact.get("members", {})
        for name in value:
            if name not in members:
                raise ValueError(f"{path}.{name} is not in the model")
            if value[name] is None:
                raise ValueError(f"{path}.{name} is null, where absent members are left out")
        for name, member in members.items():
            if member.get("required") and name not in value:
                raise ValueError(f"{path}.{name} is required and missing")
        return {name: self.typed(members[name]["shape"], element, f"{path}.{name}") for name, element in value.items()}


_PYTHON = {"string": str, "integer": int, "long": int, "boolean": bool, "blob": bytes, "timestamp": Time}


def _typed_scalar(fact, kind, value, path):
    import base64
    import re

    if kind == "blob" and isinstance(value, str):
        value = base64.b64decode(value, validate=True)
    if kind == "timestamp" and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = Time(round(value * 1000))
    wanted = _PYTHON[kind]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise ValueError(f"{path} is no {kind}: {value!r}")
    if kind == "string":
        if "enum" in fact and value not in fact["enum"]:
            raise ValueError(f"{path} is none of {fact['enum']}: {value!r}")
        if "pattern" in fact and not re.fullmatch(fact["pattern"], value):
            raise ValueError(f"{path} does not match {fact['pattern']}: {value!r}")
    return value
