"""Every case, one file a subject."""

from harness import Suite

from cases import (constraints, front, missing, paging, reading, resharding, streams, writing)

SUBJECTS = (front, constraints, missing, streams, writing, reading, resharding, paging)


def all_cases(model):
    suite = Suite(model)
    for subject in SUBJECTS:
        subject.add(suite)
    names = [case.name for case in suite.cases]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ValueError(f"two cases of one name: {sorted(doubled)[:5]}")
    return suite.cases
