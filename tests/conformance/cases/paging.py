"""Next tokens: what they go with, what they are not, and pages that hang together."""

import texts
from client import CODINGS
from harness import equal
from inputs import addressed, shard_of
from values import Time

INVALID = "InvalidArgumentException"
NO_TOKEN = texts.INVALID_NEXT_TOKEN


def add(suite):
    add_tokens(suite)
    add_shards(suite)


def token(world):
    return world.ask("ListShards", StreamName=world.plain, MaxResults=1)["NextToken"]


def add_tokens(suite):
    for label, text in (("nonsense", "nonsense"), ("one character", "x"), ("long", "A" * 5000)):
        suite.refuses("ListShards", f"a token that is {label}", {"NextToken": text}, INVALID, NO_TOKEN)
        suite.refuses("ListStreams", f"a token that is {label}", {"NextToken": text}, INVALID, NO_TOKEN)
        suite.refuses("ListStreamConsumers", f"a token that is {label}", lambda w, t=text: {"StreamARN": w.plain_arn,
                                                                                         "NextToken": t}, INVALID, NO_TOKEN)

    def damaged(world):
        text = token(world)
        middle = len(text) * 3 // 4
        return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1:]
    suite.refuses("ListShards", "a token with one character changed", lambda w: {"NextToken": damaged(w)}, INVALID, NO_TOKEN)
    suite.refuses("ListStreams", "a token of ListShards", lambda w: {"NextToken": token(w)}, INVALID, NO_TOKEN)
    suite.refuses("ListStreamConsumers", "a token of ListShards",
                  lambda w: {"StreamARN": w.plain_arn, "NextToken": token(w)}, INVALID, NO_TOKEN)
    suite.refuses("ListShards", "an iterator for a token", lambda w: {"NextToken": w.iterator(w.plain, shard_of(None))}, INVALID,
                  NO_TOKEN)
    suite.refuses("GetRecords", "a token for an iterator", lambda w: {"ShardIterator": token(w)[:512]}, INVALID,
                  texts.INVALID_ITERATOR)
    for label, members in (("StreamName", lambda w: addressed(w)),
                           ("StreamCreationTimestamp", lambda w: {"StreamCreationTimestamp": Time(1000)}),
                           ("ExclusiveStartShardId", lambda w: {"ExclusiveStartShardId": shard_of(None)}),
                           ("ShardFilter", lambda w: {"ShardFilter": {"Type": "AT_LATEST"}})):
        suite.refuses("ListShards", f"a token and {label}", lambda w, m=members: m(w) | {"NextToken": token(w)}, INVALID,
                      texts.LIST_SHARDS_BOTH)
    for operation, address in (("ListShards", addressed), ("ListStreamConsumers", lambda w: {"StreamARN": w.plain_arn})):
        suite.refuses(operation, "a stream of that name that was made at another time",
                      lambda w, a=address: a(w) | {"StreamCreationTimestamp": Time(1_000_000)}, "ResourceNotFoundException",
                      lambda w: texts.stream_not_found(w.plain, w.account))

    @suite.case("ListShards", "a token of a stream that is gone", "ResourceNotFoundException")
    def gone(world):
        name = world.create("gone", 2)
        text = world.ask("ListShards", StreamName=name, MaxResults=1)["NextToken"]
        world.delete(name)
        for again in (False, True):
            if again:
                world.create_named(name, 2)
            for coding in CODINGS:
                answer = world.client.call("ListShards", {"NextToken": text}, coding)
                equal((answer.status, answer.type), (400, "ResourceNotFoundException"))
                equal(answer.message, f"Stream {name} under account {world.account} not found.")
        world.delete(name)


def add_shards(suite):
    @suite.case("ListShards", "pages by token, with a filter kept, alike in both codings")
    def pages(world):
        name = world.create("pages", 7)
        for coding in CODINGS:
            for size in (1, 2, 3, 7, 1000):
                page = world.client.ask("ListShards", {"StreamName": name, "MaxResults": size, "ShardFilter": {
                    "Type": "AFTER_SHARD_ID", "ShardId": shard_of(None)}}, coding)
                found = [s["ShardId"] for s in page["Shards"]]
                while "NextToken" in page:
                    page = world.client.ask("ListShards", {"NextToken": page["NextToken"], "MaxResults": size}, coding)
                    found += [s["ShardId"] for s in page["Shards"]]
                equal(found, [shard_of(None, i) for i in range(1, 7)])
        world.delete(name)

    @suite.case("ListShards", "the creation time of the stream goes with its name")
    def created(world):
        time = world.summary(world.plain)["StreamCreationTimestamp"]
        for coding in CODINGS:
            for moment in (time, Time(time.ms // 1000 * 1000)):
                answer = world.client.ask("ListShards", {"StreamName": world.plain, "StreamCreationTimestamp": moment}, coding)
                equal(len(answer["Shards"]), 3)

    @suite.case("ListShards", "a token goes with the stream's ARN")
    def with_arn(world):
        for coding in CODINGS:
            page = world.client.ask("ListShards", {"StreamARN": world.plain_arn, "NextToken": token(world)}, coding)
            equal([s["ShardId"] for s in page["Shards"]], [shard_of(None, 1), shard_of(None, 2)])

    @suite.case("ListShards", "behind a shard, and behind the last")
    def start(world):
        for coding in CODINGS:
            for after, wanted in ((shard_of(None), [1, 2]), (shard_of(None, 2), []), (shard_of(None, 50), [])):
                page = world.client.ask("ListShards", addressed(world) | {"ExclusiveStartShardId": after}, coding)
                equal([int(s["ShardId"][8:]) for s in page["Shards"]], wanted)
