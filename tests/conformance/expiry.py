"""Tokens that will have run out when they are used."""

import time

# A token lives for 300 s.
LIMIT_SECONDS = 400


def take_tokens(world):
    """An iterator, and the next tokens of the listings that the endpoint has, by operation."""
    name = world.create("old", 2)
    other = world.create("older", 1)
    tokens = {"GetRecords": world.iterator(name, "shardId-000000000000"),
              "ListShards": world.ask("ListShards", StreamName=name, MaxResults=1)["NextToken"]}
    if world.knows("ListStreamConsumers"):
        for consumer in ("one", "two"):
            world.register(name, consumer)
        tokens["ListStreamConsumers"] = world.ask("ListStreamConsumers", StreamARN=world.arn(name),
                                                  MaxResults=1)["NextToken"]
    tokens["ListStreams"] = world.ask("ListStreams", Limit=1)["NextToken"]
    world.delete(name)
    world.delete(other)
    return tokens


def wait_for_expiry(world, tokens):
    """Asks with the youngest of the tokens until it has run out."""
    until = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < until:
        if world.client.call("ListStreams", {"NextToken": tokens["ListStreams"]}).type == "ExpiredNextTokenException":
            return
        time.sleep(0.09)
    raise RuntimeError(f"the tokens have not run out within {LIMIT_SECONDS} s")
