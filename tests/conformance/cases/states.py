"""What is refused, and what goes on, while a stream or a consumer is being made, changed or deleted. Needs an endpoint where
that takes seconds at least."""

import texts
from client import CODINGS
from harness import ask_patiently, check_refusal, difference, equal, true
from inputs import BY_ARN, BY_RESOURCE_ARN, base, shard_of, with_arn, with_name

IN_USE = "ResourceInUseException"
NOT_FOUND = "ResourceNotFoundException"

# What needs a stream that is ACTIVE, and what an UPDATING one takes as well.
CHANGES = ("SplitShard", "MergeShards", "UpdateShardCount", "IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod",
           "StartStreamEncryption", "StopStreamEncryption", "UpdateStreamMode", "UpdateMaxRecordSize",
           "EnableEnhancedMonitoring", "DisableEnhancedMonitoring")
SETTINGS = ("AddTagsToStream", "RemoveTagsFromStream", "TagResource", "UntagResource", "RegisterStreamConsumer",
            "PutResourcePolicy", "DeleteResourcePolicy")
MODES = ("UpdateStreamWarmThroughput", "UpdateStreamRecordDistributionStrategy")


def add(suite):
    add_creating(suite)
    add_updating(suite)
    add_deleting(suite)
    add_consumers(suite)


def about(world, operation, name):
    by_arn = operation in BY_ARN or operation in BY_RESOURCE_ARN
    return with_arn(world, operation, world.arn(name)) if by_arn else with_name(world, operation, name)


class Held:
    """A stream that is in a state, and still is when everything was asked; tried again where the state was over too
    soon."""

    def __init__(self, world, begin, state):
        self.world, self.begin, self.state = world, begin, state

    def ask_while(self, ask):
        for _ in range(5):
            name = self.begin(self.world)
            before = self.shown(name)
            if before["StreamStatus"] == self.state:
                answers = ask(name)
                after = self.shown(name)
                if after["StreamStatus"] == self.state:
                    if before != after:
                        raise AssertionError(f"refused, and changed something: {difference(before, after)}")
                    self.end(name)
                    return name, answers
            self.end(name)
        raise AssertionError(f"{self.state} is over before anything can be asked in it")

    def shown(self, name):
        return self.world.summary(name) | {"Tags": self.world.ask("ListTagsForStream", StreamName=name)["Tags"]}

    def end(self, name):
        if self.state == "DELETING":
            self.world.wait_gone(name)
        else:
            self.world.delete(name, wait=False)


def creating(world):
    return world.create("creating", 2, wait=False)


def updating(world):
    name = world.create("updating", 2)
    world.ask("SplitShard", StreamName=name, ShardToSplit=shard_of(name), NewStartingHashKey="1000")
    return name


def deleting(world):
    name = world.create("deleting", 2)
    world.delete(name, wait=False)
    return name


BEGIN = {"CREATING": creating, "UPDATING": updating, "DELETING": deleting}


def add_refusal(suite, state, operation, error, text, value=about):
    @suite.case(operation, f"a stream that is {state}", error, role="transitions")
    def run(world):
        def ask(name):
            what = value(world, operation, name)
            return [ask_patiently(world, operation, what, coding, error) for coding in CODINGS]
        world.plain  # noqa: B018  (made beforehand, since it takes its time)
        name, answers = Held(world, BEGIN[state], state).ask_while(ask)
        for answer in answers:
            check_refusal(world, answer, error, text(world, name))


def not_active(state):
    return lambda world, name: texts.not_active(name, world.account, state)


def add_creating(suite):
    for operation in (*CHANGES, *SETTINGS, *MODES, "ListShards"):
        add_refusal(suite, "CREATING", operation, IN_USE, not_active("CREATING"))
    add_refusal(suite, "CREATING", "ListStreamConsumers", IN_USE, not_active("CREATING"))
    for operation in ("PutRecord", "PutRecords"):
        add_refusal(suite, "CREATING", operation, NOT_FOUND, lambda w, n: texts.stream_not_found(n, w.account))
    add_refusal(suite, "CREATING", "GetShardIterator", NOT_FOUND,
                lambda w, n: texts.shard_not_found(shard_of(n), n, w.account))
    add_refusal(suite, "CREATING", "CreateStream", IN_USE, lambda w, n: texts.stream_exists(n, w.account),
                lambda w, o, n: {"StreamName": n, "ShardCount": 1})

    @suite.case("DescribeStream", "a stream that is CREATING shows no shards yet", role="transitions")
    def described(world):
        def ask(name):
            return [world.client.ask("DescribeStream", {"StreamName": name}, coding)["StreamDescription"] for coding in CODINGS]
        name, answers = Held(world, creating, "CREATING").ask_while(ask)
        for answer in answers:
            equal((answer["StreamName"], answer["StreamStatus"], answer["Shards"], answer["HasMoreShards"]),
                  (name, "CREATING", [], False))

    @suite.case("ListStreams", "lists a stream that is CREATING", role="transitions")
    def listed(world):
        def ask(name):
            return world.ask("ListStreams", ExclusiveStartStreamName=name[:-1])["StreamSummaries"]
        name, found = Held(world, creating, "CREATING").ask_while(ask)
        true((name, "CREATING") in [(s["StreamName"], s["StreamStatus"]) for s in found], found)

    @suite.case("DeleteStream", "a stream that is CREATING", role="transitions")
    def deleted(world):
        name = creating(world)
        world.ask("DeleteStream", StreamName=name)
        world.wait_gone(name)


def add_updating(suite):
    for operation in (*CHANGES, *MODES):
        add_refusal(suite, "UPDATING", operation, IN_USE, not_active("UPDATING"))

    @suite.case("SplitShard", "reads, writes and tags go on while the stream is UPDATING", role="transitions")
    def goes_on(world):
        def ask(name):
            world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"d")
            world.ask("GetRecords", ShardIterator=world.iterator(name, shard_of(name)))
            world.ask("AddTagsToStream", StreamName=name, Tags={"a": "b"})
            world.ask("RemoveTagsFromStream", StreamName=name, TagKeys=["a"])
            world.ask("ListShards", StreamName=name)
        Held(world, updating, "UPDATING").ask_while(ask)

    @suite.case("DeleteStream", "a stream that is UPDATING", role="transitions")
    def deleted(world):
        name = updating(world)
        world.ask("DeleteStream", StreamName=name)
        world.wait_gone(name)

    for operation, value in (
            ("MergeShards", {"ShardToMerge": shard_of(None), "AdjacentShardToMerge": shard_of(None, 1)}),
            ("UpdateShardCount", {"TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"}),
            ("StartStreamEncryption", {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"})):
        @suite.case(operation, "makes the stream UPDATING, and then ACTIVE", role="transitions")
        def passes(world, operation=operation, value=value):
            name = world.create("passes", 2)
            world.ask(operation, StreamName=name, **value)
            equal(world.summary(name)["StreamStatus"], "UPDATING")
            world.wait_active(name)
            world.delete(name, wait=False)

    for operation, value in (("UpdateStreamMode", {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
                             ("UpdateMaxRecordSize", {"MaxRecordSizeInKiB": 2048})):
        @suite.case(operation, "makes the stream UPDATING, and then ACTIVE", role="transitions")
        def passes_by_arn(world, operation=operation, value=value):
            name = world.create("passes", 2)
            world.ask(operation, StreamARN=world.arn(name), **value)
            equal(world.summary(name)["StreamStatus"], "UPDATING")
            world.wait_active(name)
            world.delete(name, wait=False)


def add_deleting(suite):
    for operation in (*CHANGES, *SETTINGS, *MODES, "DeleteStream"):
        add_refusal(suite, "DELETING", operation, IN_USE, not_active("DELETING"))
    add_refusal(suite, "DELETING", "CreateStream", IN_USE, lambda w, n: texts.stream_exists(n, w.account),
                lambda w, o, n: {"StreamName": n, "ShardCount": 1})

    @suite.case("DescribeStreamSummary", "a stream that is DELETING", role="transitions")
    def described(world):
        Held(world, deleting, "DELETING").ask_while(lambda name: None)


def add_consumers(suite):
    def registering(world):
        name = world.create("consumed", 1)
        arn = world.ask("RegisterStreamConsumer", StreamARN=world.arn(name), ConsumerName="c")["Consumer"]["ConsumerARN"]
        return name, arn

    def status(world, arn):
        return world.ask("DescribeStreamConsumer", ConsumerARN=arn)["ConsumerDescription"]["ConsumerStatus"]

    @suite.case("SubscribeToShard", "a consumer that is CREATING", IN_USE, role="transitions")
    def subscribe(world):
        world.plain  # noqa: B018
        name, arn = registering(world)
        value = base(world, "SubscribeToShard") | {"ConsumerARN": arn}
        answers = [world.client.call("SubscribeToShard", value, coding) for coding in CODINGS]
        equal(status(world, arn), "CREATING")
        for answer in answers:
            check_refusal(world, answer, IN_USE, texts.consumer_not_active("c", name, world.account))
        world.delete(name, wait=False)

    @suite.case("RegisterStreamConsumer", "a name that is CREATING", IN_USE, role="transitions")
    def register(world):
        name, arn = registering(world)
        value = {"StreamARN": world.arn(name), "ConsumerName": "c"}
        answers = [world.client.call("RegisterStreamConsumer", value, coding) for coding in CODINGS]
        equal(status(world, arn), "CREATING")
        for answer in answers:
            check_refusal(world, answer, IN_USE, texts.consumer_exists("c", name, world.account))
        world.wait_consumer(arn)
        world.delete(name, wait=False)

    @suite.case("DeregisterStreamConsumer", "a consumer that is DELETING is shown so, and then is gone", role="transitions")
    def deregister(world):
        name, arn = registering(world)
        world.wait_consumer(arn)
        world.ask("DeregisterStreamConsumer", ConsumerARN=arn)
        equal(status(world, arn), "DELETING")
        for coding in CODINGS:
            answer = world.client.call("DeregisterStreamConsumer", {"ConsumerARN": arn}, coding)
            check_refusal(world, answer, IN_USE, texts.as_ours(texts.consumer_not_active("c", name, world.account)))
        world.wait_until(lambda: world.client.call("DescribeStreamConsumer", {"ConsumerARN": arn}).type == NOT_FOUND,
                         "the consumer is gone")
        world.delete(name, wait=False)

    @suite.case("PutResourcePolicy", "a consumer that is CREATING", IN_USE, role="transitions")
    def put_policy(world):
        name, arn = registering(world)
        value = base(world, "PutResourcePolicy") | {"ResourceARN": arn}
        answers = [world.client.call("PutResourcePolicy", value, coding) for coding in CODINGS]
        equal(status(world, arn), "CREATING")
        for answer in answers:
            check_refusal(world, answer, IN_USE, texts.as_ours(texts.consumer_not_active("c", name, world.account)))
        world.delete(name, wait=False)
