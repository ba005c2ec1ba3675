"""Registered consumers, and the checks before a subscription."""

import time

import texts
from client import CODINGS
from harness import equal, refused, true
from inputs import base, shard_of
from values import Time

INVALID = "InvalidArgumentException"
IN_USE = "ResourceInUseException"
LIMIT = "LimitExceededException"
NOT_FOUND = "ResourceNotFoundException"
CONSUMERS_MAX = 20


def add(suite):
    add_registration(suite)
    add_listing(suite)
    add_subscription(suite)


def add_registration(suite):
    suite.refuses("RegisterStreamConsumer", "a name that is taken",
                  lambda w: {"StreamARN": w.plain_arn, "ConsumerName": "reader"}, IN_USE,
                  lambda w: texts.consumer_exists("reader", w.plain, w.account))

    for coding in CODINGS:
        @suite.case("RegisterStreamConsumer", f"a consumer's life, in {coding}")
        def life(world, coding=coding):
            name = world.create("consumed")
            arn = world.arn(name)
            made = world.client.ask("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c"}, coding)["Consumer"]
            equal(set(made), {"ConsumerName", "ConsumerARN", "ConsumerStatus", "ConsumerCreationTimestamp"})
            equal((made["ConsumerName"], made["ConsumerStatus"]), ("c", "CREATING"))
            equal(made["ConsumerARN"], f"{arn}/consumer/c:{made['ConsumerCreationTimestamp'].ms // 1000}")
            world.wait_consumer(made["ConsumerARN"])
            found = world.client.ask("DescribeStreamConsumer", {"ConsumerARN": made["ConsumerARN"]}, coding)
            equal(found["ConsumerDescription"], made | {"ConsumerStatus": "ACTIVE", "StreamARN": arn})
            equal(world.summary(name)["ConsumerCount"], 1)
            equal(world.client.ask("ListStreamConsumers", {"StreamARN": arn}, coding)["Consumers"],
                  [made | {"ConsumerStatus": "ACTIVE"}])
            world.client.ask("DeregisterStreamConsumer", {"ConsumerARN": made["ConsumerARN"]}, coding)
            world.wait_until(lambda: world.client.call("DescribeStreamConsumer", {
                "ConsumerARN": made["ConsumerARN"]}).type == NOT_FOUND, "the consumer is gone")
            equal(world.summary(name)["ConsumerCount"], 0)
            world.delete(name)

    @suite.case("RegisterStreamConsumer", "a name again is another consumer", NOT_FOUND)
    def again(world):
        name = world.create("consumed")
        first = world.register(name, "c")
        world.ask("DeregisterStreamConsumer", StreamARN=world.arn(name), ConsumerName="c")
        world.wait_until(lambda: world.client.call("DescribeStreamConsumer", {"ConsumerARN": first}).type == NOT_FOUND,
                         "the consumer is gone")
        second_of_first = int(first.rsplit(":", 1)[1])
        world.wait_until(lambda: time.time() >= second_of_first + 2, "another second")
        second = world.register(name, "c")
        true(first != second, "another ARN")
        for operation in ("DescribeStreamConsumer", "DeregisterStreamConsumer"):
            refused(world, operation, {"ConsumerARN": first}, NOT_FOUND, texts.consumer_not_found("c", world.account))
        world.delete(name)

    @suite.case("RegisterStreamConsumer", "as many as a stream may have, and not one more", LIMIT)
    def too_many(world):
        name = world.create("consumed")
        for i in range(CONSUMERS_MAX):
            world.register(name, f"c{i}")
        refused(world, "RegisterStreamConsumer", {"StreamARN": world.arn(name), "ConsumerName": "one-more"}, LIMIT,
                texts.too_many_consumers(name, world.account, CONSUMERS_MAX))
        equal(world.summary(name)["ConsumerCount"], CONSUMERS_MAX)
        world.delete(name)

    @suite.case("RegisterStreamConsumer", "the same name on two streams")
    def two_streams(world):
        names = [world.create("consumed") for _ in range(2)]
        arns = {world.register(name, "same") for name in names}
        equal(len(arns), 2)
        for name in names:
            world.delete(name)


def add_listing(suite):
    @suite.case("ListStreamConsumers", "pages, alike in both codings")
    def pages(world):
        name = world.create("consumed")
        arn = world.arn(name)
        for i in range(5):
            world.register(name, f"c{i}")
        everything = world.ask("ListStreamConsumers", StreamARN=arn)["Consumers"]
        equal(sorted(c["ConsumerName"] for c in everything), [f"c{i}" for i in range(5)])
        true("StreamARN" not in everything[0], everything[0])
        for coding in CODINGS:
            for size in (1, 2, 5, 10000):
                page = world.client.ask("ListStreamConsumers", {"StreamARN": arn, "MaxResults": size}, coding)
                found = list(page["Consumers"])
                while "NextToken" in page:
                    page = world.client.ask("ListStreamConsumers", {"StreamARN": arn, "MaxResults": size,
                                                                    "NextToken": page["NextToken"]}, coding)
                    found += page["Consumers"]
                equal(found, everything)
        created = world.summary(name)["StreamCreationTimestamp"]
        equal(world.ask("ListStreamConsumers", StreamARN=arn, StreamCreationTimestamp=created)["Consumers"], everything)
        world.delete(name)

    @suite.case("ListStreamConsumers", "a stream without any")
    def none(world):
        for coding in CODINGS:
            equal(world.client.ask("ListStreamConsumers", {"StreamARN": world.arn(world.on_demand)}, coding), {"Consumers": []})


def add_subscription(suite):
    def position(**members):
        return lambda w: base(w, "SubscribeToShard") | {"StartingPosition": members}

    # Recorded for GetShardIterator; here nobody has heard them.
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        suite.refuses("SubscribeToShard", f"{kind} without a number", position(Type=kind), INVALID,
                      texts.as_ours(texts.iterator_type(kind, "no")))
        suite.refuses("SubscribeToShard", f"{kind} with a number that is none", position(Type=kind, SequenceNumber="12345"),
                      INVALID, lambda w: texts.subscription_number_invalid("12345", shard_of(None), w.plain, w.account))

        @suite.case("SubscribeToShard", f"{kind} with a number of another shard", INVALID)
        def another(world, kind=kind):
            number = world.shards(world.plain)[1]["SequenceNumberRange"]["StartingSequenceNumber"]
            refused(world, "SubscribeToShard", position(Type=kind, SequenceNumber=number)(world), INVALID,
                    texts.as_ours(texts.starting_number_of_shard(shard_of(None, 1), shard_of(None))))
    for kind in ("TRIM_HORIZON", "LATEST"):
        suite.refuses("SubscribeToShard", f"{kind} with a number", position(Type=kind, SequenceNumber="1" * 56), INVALID,
                      texts.as_ours(texts.iterator_type(kind, "also a")))
    suite.refuses("SubscribeToShard", "AT_TIMESTAMP without a time", position(Type="AT_TIMESTAMP"), INVALID,
                  texts.as_ours(texts.TIMESTAMP_MISSING))
    suite.refuses("SubscribeToShard", "AT_TIMESTAMP in the future",
                  lambda w: position(Type="AT_TIMESTAMP", Timestamp=Time(int(time.time() * 1000) + 86_400_000))(w), INVALID,
                  texts.as_ours(texts.TIMESTAMP_IN_FUTURE))
    for kind in ("TRIM_HORIZON", "LATEST"):
        suite.refuses("SubscribeToShard", f"a dry run of {kind}",
                      lambda w, k=kind: base(w, "SubscribeToShard") | {"StartingPosition": {"Type": k}, "DryRun": True},
                      "DryRunOperationException", texts.DRY_RUN)
    suite.refuses("SubscribeToShard", "a dry run of what is refused",
                  lambda w: base(w, "SubscribeToShard") | {"ShardId": shard_of(None, 50), "DryRun": True}, NOT_FOUND,
                  texts.like(".+shardId-000000000050.+"))
