"""Cases, how they run, and the matrix of operations and errors that they have to fill."""

import collections
import time
import traceback

from client import CODINGS, is_throttled

# What a case needs of its endpoint. `plain`: any. `transitions`: states last long enough to be met. `limits`: rates are
# enforced. `small`: quotas of a few shards and on-demand streams. `expired`: tokens and iterators that have run out.
ROLES = ("plain", "transitions", "limits", "small", "expired")


class Skip(Exception):
    """The endpoint cannot show this, and the reason why."""


class Case:
    """`operation` and `error` are the cell of the matrix; `error` is None where a success is what is shown."""

    def __init__(self, name, operation, error, run, role="plain"):
        self.name, self.operation, self.error, self.run, self.role = name, operation, error, run, role


def value_of(part, world):
    """Inputs, sentences and the like are given as they are, or as a function of the world."""
    return part(world) if callable(part) else part


class Suite:
    def __init__(self, model):
        self.model, self.cases = model, []

    def case(self, operation, label, error=None, role="plain"):
        """Adds the decorated function, which takes the world, as a case."""
        def add(run):
            self.cases.append(Case(f"{operation}: {label}", operation, error, run, role))
            return run
        return add

    def refuses(self, operation, label, value, error, text, role="plain", codings=CODINGS, status=400):
        """Adds a request that has to be refused: in both codings with that type, text and status, and with nothing changed
        by it."""
        def run(world):
            refused(world, operation, value_of(value, world), error, value_of(text, world), codings, status)
        self.cases.append(Case(f"{operation}: {label}", operation, error, run, role))


def refused(world, operation, value, error, text, codings=CODINGS, status=400):
    """One request in each coding that has to be refused, with nothing changed."""
    before = world.snapshot()
    for coding in codings:
        check_refusal(world, ask_patiently(world, operation, value, coding, error), error, text, status)
    after = world.snapshot()
    if before != after:
        raise AssertionError(f"refused, and changed something: {difference(before, after)}")
    world.remember(after)


def ask_patiently(world, operation, value, coding, error=None):
    """The answer; where the endpoint limits rates and the case is not about them, asks again what was asked too soon."""
    until = time.monotonic() + 60
    while True:
        answer = world.client.call(operation, value, coding)
        if not is_throttled(answer) or answer.type == error or time.monotonic() > until:
            return answer
        time.sleep(0.09)


def check_refusal(world, answer, error, text, status=400):
    if answer.status != status:
        raise AssertionError(f"the status is {answer.status} and not {status}: {answer!r}")
    if answer.type != error:
        raise AssertionError(f"the type is {answer.type} and not {error}: {answer!r}")
    if not text.matches(answer.message, world.is_ours):
        raise AssertionError(f"in {answer.coding} the text is\n      {answer.message!r}\n    and not\n      {text!r}")
    names = set(answer.body)
    expected = {"__type"} if answer.message is None else {"__type", "Message" if error == "SerializationException" else
                                                         "message"}
    if names != expected:
        raise AssertionError(f"the members of the error are {sorted(names)} and not {sorted(expected)}")


def difference(before, after):
    for key in sorted(set(before) | set(after), key=str):
        if before.get(key) != after.get(key):
            return f"{key} was {before.get(key)!r} and is {after.get(key)!r}"
    return "nothing"


def equal(found, wanted, what=""):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} and not {wanted!r}" if what else f"{found!r} and not {wanted!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


class Outcome:
    def __init__(self):
        self.passed, self.failed, self.skipped = [], [], []
        self.filled = collections.Counter()  # (operation, error) of the cases that passed


def tell(text):
    print(text, flush=True)


def run(cases, worlds, known_only=False, report=tell):
    """Runs every case against the world of its role. `worlds` maps a role to a world, or to the reason why there is none."""
    outcome = Outcome()
    for case in cases:
        world = worlds[case.role]
        try:
            if isinstance(world, str):
                raise Skip(world)
            if known_only and case.operation in world.model.operations and not world.knows(case.operation):
                raise Skip(f"the endpoint does not know {case.operation}")
            case.run(world)
        except Skip as reason:
            outcome.skipped.append((case, str(reason)))
        except Exception as failure:  # noqa: BLE001  (whatever it is, it is this case's failure, and the next case runs)
            where = "" if isinstance(failure, AssertionError) else " " + traceback.format_exc(limit=-3)
            outcome.failed.append((case, f"{failure}{where}"))
            report(f"FAILED {case.name}\n    {failure}{where}")
            if not isinstance(world, str):
                world.renew()
        else:
            outcome.passed.append(case)
            outcome.filled[case.operation, case.error] += 1
    return outcome


def matrix_problems(model, cases, reasons):
    """What is wrong with the matrix: a cell that no case fills and no reason explains, or a reason that is not needed.
    `reasons` is a list of (operation or "*", error, reason)."""
    filled = {(case.operation, case.error) for case in cases}
    problems, used = [], set()
    for operation in model.operations:
        for error in model.errors(operation):
            row = next((r for r in reasons if r[0] in (operation, "*") and r[1] == error), None)
            if (operation, error) in filled:
                if row is not None and row[0] == operation:
                    problems.append(f"{operation} x {error} has cases, and a reason for having none")
            elif row is None:
                problems.append(f"{operation} x {error} has no case and no reason for that")
            else:
                used.add(row)
    problems += [f"the reason for {row[0]} x {row[1]} is not needed" for row in reasons if row not in used]
    return problems
