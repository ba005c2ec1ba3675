"""What the suites in Python demand, step by step: the first demand that is not met ends the process."""

import datetime
import sys
import time

HASH_SPACE = 1 << 128


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def step(number, text):
    print(f"step {number:2}: {text}", flush=True)


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


def equal(actual, expected, what):
    check(actual == expected, f"{what}: expected {expected!r}, got {actual!r}")


def wait_until(what, condition, limit=30.0):
    end = time.monotonic() + limit
    while not condition():
        check(time.monotonic() < end, f"{what} did not happen within {limit} s")
        time.sleep(0.02)
