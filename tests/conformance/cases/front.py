"""The front of the service: methods, content types, bodies, targets, signatures."""

from harness import Case, equal


def add(suite):
    pass
