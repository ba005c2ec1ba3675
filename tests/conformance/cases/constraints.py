"""Constraints and types of every member of every operation, made from the model; and what is said when several are
broken at once."""

import re

import texts
from constraints import RECORDED_ORDERS, Breaker, bad_base64, message, wrong_types
from harness import check_refusal, refused
from inputs import base

# Of a member that may be given beside others these leave the rest of the input as it is, so that one thing is broken only.
SERIALIZATION = "SerializationException"
VALIDATION = "ValidationException"


def add(suite):
    for operation in suite.model.operations:
        add_constraints(suite, operation)
        add_types(suite, operation)
        add_everything_wrong(suite, operation)
    add_recorded_orders(suite)


def top_level(suite, operation):
    """Every way to break one member of the operation's input: (member or None, label, value, patterns)."""
    breaker, shape = Breaker(suite.model), suite.model.input(operation)
    members = suite.model.members(shape)
    for name, member in members.items():
        path = name[0].lower() + name[1:]
        if member.get("required"):
            yield name, "left out", None, [f"Value null at '{path}' failed to satisfy constraint: Member must not be null"]
        for broken in breaker.of(member["shape"], path):
            yield name, broken.label, broken.value, broken.violations


def add_constraints(suite, operation):
    for name, label, value, violations in top_level(suite, operation):
        def broken_input(world, name=name, value=value):
            whole = base(world, operation)
            whole.pop(name, None)
            return whole if value is None else whole | {name: value}
        suite.refuses(operation, f"{name} {label}", broken_input, VALIDATION, texts.like(message(violations)))


def type_cases(model, shape, path=()):
    """(path of the member, label, value, sentence, codings) of every wrong type at and below a shape."""
    fact = model.shapes[shape]
    for label, value, sentence in wrong_types(model, shape):
        # Bytes are bytes in CBOR, where a text is of the wrong type.
        yield path, label, value, sentence, ("json", "cbor")
    if fact["type"] == "blob":
        for label, value, sentence in bad_base64():
            yield path, "base64 " + label, value, sentence, ("json",)
        yield path, "a text instead of bytes", "aGVsbG8=", "class java.lang.String can not be converted to a Blob", ("cbor",)
    if fact["type"] == "structure":
        for name, member in fact.get("members", {}).items():
            yield from type_cases(model, member["shape"], (*path, name))
    if fact["type"] == "list":
        yield from type_cases(model, fact["member"], (*path, 0))
    if fact["type"] == "map":
        yield from type_cases(model, fact["value"], (*path, "key"))


def nested(path, value):
    """The value at the end of the path, inside the maps and lists that lead there."""
    for step in reversed(path):
        value = [value] if step == 0 else {step: value}
    return value


def add_types(suite, operation):
    members = suite.model.members(suite.model.input(operation))
    for name, member in members.items():
        for path, label, value, sentence, codings in type_cases(suite.model, member["shape"]):
            where = ".".join(map(str, (name, *path)))

            def wrong(world, name=name, path=path, value=value):
                return base(world, operation) | {name: nested(path, value)}
            suite.refuses(operation, f"{where} given as {label}", wrong, SERIALIZATION, texts.exact(sentence),
                          codings=codings)


def add_everything_wrong(suite, operation):
    """Every member broken at once: all violations are told, in whatever order, ten at most."""
    chosen, left_out = {}, {}
    for name, label, value, patterns in top_level(suite, operation):
        is_small = not isinstance(value, (bytes, str)) or len(value) < 10_000
        if value is None:
            left_out[name] = patterns
        elif name not in chosen and is_small:
            chosen[name] = value, patterns
    violations = [pattern for _, patterns in chosen.values() for pattern in patterns]
    violations += [pattern for name, patterns in left_out.items() if name not in chosen for pattern in patterns]
    chosen = {name: value for name, (value, _) in chosen.items()}
    if len(violations) < 2:
        return

    def run(world):
        before = world.snapshot()
        for coding in ("json", "cbor"):
            answer = world.client.call(operation, chosen, coding)
            check_refusal(world, answer, VALIDATION, texts.like(".*"))
            check_all(answer.message, violations)
        if world.snapshot() != before:
            raise AssertionError("refused, and changed something")
    suite.case(operation, "everything wrong at once", VALIDATION)(run)


def check_all(text, violations):
    listed = min(len(violations), 10)
    start = f"{listed} validation error{'' if listed == 1 else 's'} detected: "
    if not text.startswith(start):
        raise AssertionError(f"{text!r} does not begin with {start!r}")
    # A "; " may be inside a printed value, so each expected one is looked for and taken out.
    rest, found = text[len(start):], 0
    for pattern in sorted(violations, key=len, reverse=True):
        at = re.search(pattern, rest)
        if at is not None:
            rest, found = rest[:at.start()] + rest[at.end():], found + 1
    if found != listed or rest.strip("; "):
        raise AssertionError(f"of {text!r}\n    {found} were expected of {listed}, and this is left: {rest!r}")


def add_recorded_orders(suite):
    """Those members broken whose order in the message was recorded from the service."""
    for operation, order in RECORDED_ORDERS.items():
        found = {}
        for name, label, value, patterns in top_level(suite, operation):
            is_small = not isinstance(value, (bytes, str)) or len(value) < 10_000
            if value is not None and is_small:
                found.setdefault(name, (value, patterns))
        names = [name for name in order if name in found]
        value = {name: found[name][0] for name in names}
        members = suite.model.members(suite.model.input(operation))
        violations = []
        for name in order:
            if name in found:
                violations += found[name][1]
            elif members[name].get("required"):
                path = name[0].lower() + name[1:]
                violations.append(f"Value null at '{path}' failed to satisfy constraint: Member must not be null")

        def run(world, value=value, violations=violations, operation=operation):
            refused(world, operation, value, VALIDATION, texts.like(message(violations)))
        suite.case(operation, "several wrong, in the recorded order", VALIDATION)(run)
