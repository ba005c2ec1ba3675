"""Every case, one file a subject."""

from harness import Suite

from cases import (constraints, consumers, front, limits, missing, paging, reading, resharding, settings, states, streams,
                   writing)

SUBJECTS = (front, constraints, missing, streams, writing, reading, resharding, paging, consumers, settings, states, limits)


def all_cases(model):
    suite = Suite(model)
    for subject in SUBJECTS:
        subject.add(suite)
    names = [case.name for case in suite.cases]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ValueError(f"two cases of one name: {sorted(doubled)[:5]}")
    return suite.cases
