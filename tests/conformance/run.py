#!/usr/bin/env python3
"""Runs the conformance suite against an endpoint, or against a broker that it starts. See README.md."""

import argparse
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402
from broker import ENGINES, Broker  # noqa: E402
from cases import all_cases  # noqa: E402
from client import Client, Refused  # noqa: E402
from expiry import take_tokens, wait_for_expiry  # noqa: E402
from gaps import REASONS  # noqa: E402
from model import Model  # noqa: E402
from world import World  # noqa: E402

# What a broker is started with for each role beside what the command line says.
ROLE_OPTIONS = {"plain": [], "transitions": ["--transition-delay", "2s"], "limits": ["--limits", "strict"],
                "small": ["--shards-max", "32", "--on-demand-streams-max", "3"]}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--endpoint", help="URL of what is tested")
    target.add_argument("--broker", help="path of a millrace binary; one is started for each kind of case")
    parser.add_argument("--engine", choices=ENGINES, default="memory", help="what the broker keeps records in")
    parser.add_argument("--broker-option", action="append", default=[], metavar="OPTION", help="for the broker; repeat it")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--access-key", default="test")
    parser.add_argument("--secret-key", default=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"))
    parser.add_argument("--session-token", default=os.environ.get("AWS_SESSION_TOKEN"))
    parser.add_argument("--is-millrace", action="store_true",
                        help="hold the endpoint to our own words too, where the service's are not known")
    parser.add_argument("--expire", action="store_true", help="with --endpoint: wait until tokens run out, some 6 minutes")
    parser.add_argument("--has-transitions", action="store_true",
                        help="with --endpoint: changes take seconds at least, so that states can be met")
    parser.add_argument("--has-limits", action="store_true", help="with --endpoint: rates are limited as on the service")
    parser.add_argument("--known-only", action="store_true", help="skip operations that the endpoint does not have")
    parser.add_argument("--only", metavar="PATTERN", help="run the cases whose names match, and leave the matrix alone")
    parser.add_argument("--list", action="store_true", help="print the names of the cases, and end")
    parser.add_argument("--matrix", action="store_true", help="print how many cases each cell has")
    return parser.parse_args()


def worlds_of_brokers(options, model, client, brokers):
    worlds = {}
    try:
        predecessor = Broker(options.broker, options.broker_option, options.engine)
        tokens = take_tokens(World(client(predecessor.endpoint), is_ours=True))
        predecessor.stop()
    except (RuntimeError, Refused, AssertionError) as failure:
        tokens = str(failure)
    for role, extra in ROLE_OPTIONS.items():
        try:
            brokers.append(Broker(options.broker, options.broker_option + extra, options.engine))
        except RuntimeError as failure:
            worlds[role] = str(failure)
        else:
            worlds[role] = World(client(brokers[-1].endpoint), is_ours=True)
    worlds["expired"] = tokens if isinstance(tokens, str) else expired_world(worlds["plain"], tokens)
    return worlds


def expired_world(plain, tokens):
    if isinstance(plain, str):
        return plain
    plain.tokens = tokens
    return plain


def worlds_of_endpoint(options, client):
    world = World(client(options.endpoint), is_ours=options.is_millrace)
    worlds = {"plain": world}
    worlds["transitions"] = world if options.has_transitions else "needs --has-transitions"
    worlds["limits"] = world if options.has_limits else "needs --has-limits"
    worlds["small"] = "needs quotas of a few shards, which only a broker that is started for it has"
    worlds["expired"] = "needs --expire"
    if options.expire:
        world.tokens = take_tokens(world)
        worlds["expired"] = world
        wait_for_expiry(world, world.tokens)
    return worlds


def main():
    options = arguments()
    model = Model()
    cases = all_cases(model)
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0
    problems = harness.matrix_problems(model, cases, REASONS)
    credentials = (options.access_key, options.secret_key, options.session_token)

    def client(endpoint):
        return Client(endpoint, model, options.region, credentials)

    if options.only:
        cases = [case for case in cases if re.search(options.only, case.name)]
        problems = []
    brokers, began = [], time.monotonic()
    try:
        worlds = worlds_of_brokers(options, model, client, brokers) if options.broker else worlds_of_endpoint(options, client)
        outcome = harness.run(cases, worlds, options.known_only)
        if not options.broker:
            worlds["plain"].clear()
    finally:
        codes = [broker.stop() for broker in brokers]
    return report(options, model, outcome, problems, codes, time.monotonic() - began)


def report(options, model, outcome, problems, codes, seconds):
    if options.matrix:
        for operation in model.operations:
            cells = {error: n for (name, error), n in sorted(outcome.filled.items(), key=str) if name == operation}
            print(operation, " ".join(f"{error or 'success'}={n}" for error, n in cells.items()))
    by_reason = {}
    for case, reason in outcome.skipped:
        by_reason.setdefault(reason, []).append(case)
    for reason, cases in by_reason.items():
        print(f"SKIPPED {len(cases)}: {reason}")
    for problem in problems:
        print("MATRIX", problem)
    if any(codes):
        problems.append(f"a broker ended with {codes}")
        print(problems[-1])
    # A broker of ours has to show everything; of another endpoint it is enough to say what was not shown.
    bad = len(outcome.failed) + len(problems)
    if options.broker and not options.known_only:
        bad += len(outcome.skipped)
    good = len(outcome.passed)
    print(f"Ran {good + bad} tests in {seconds:.1f}s")
    if bad:
        print(f"FAILED (failures={bad})")
    print(f"{good} passed, {bad} failed" + (f", {len(outcome.skipped)} skipped" if outcome.skipped else ""))
    return 1 if bad or not good else 0


if __name__ == "__main__":
    sys.exit(main())
