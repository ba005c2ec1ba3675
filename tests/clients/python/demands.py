"""What the scripts of this folder demand, step by step: the first demand that is not met ends the process."""

import datetime
import sys
import time

from botocore.exceptions import ClientError


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def step(number, text):
    print(f"step {number:2}: {text}", flush=True)


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


def equal(actual, expected, what):
    check(actual == expected, f"{what}: expected {expected!r}, got {actual!r}")


def expect_error(error, what, call, **arguments):
    """Calls, and demands the error, which it returns: a class of the client's exceptions, or the code of one it has no
    class for."""
    try:
        call(**arguments)
    except ClientError as caught:
        code = caught.response["Error"]["Code"]
        matches = code == error if isinstance(error, str) else isinstance(caught, error)
        check(matches, f"{what}: expected {error}, got {code}: {caught}")
        equal(caught.response["ResponseMetadata"]["HTTPStatusCode"], 400, f"HTTP status of {what}")
        return caught
    check(False, f"{what}: expected {error}, got an answer")


def wait_until(what, condition, limit=30.0):
    end = time.monotonic() + limit
    while not condition():
        check(time.monotonic() < end, f"{what} did not happen within {limit} s")
        time.sleep(0.02)
