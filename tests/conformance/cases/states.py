"""What is refused, and what goes on, while a stream or a consumer is being made, changed or deleted. Needs an endpoint where
that takes seconds at least."""

import texts
from client import CODINGS, Refused
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
    """Streams that are in a state while they are asked. One serves as long as its state lasts, and then there is another:
    what begins a state takes seconds, and asking takes none."""

    def __init__(self):
        self._streams = {}  # (world, state) -> the stream that was in it last

    def ask_while(self, world, state, ask):
        """The stream's name, and what `ask(name)` gave while the state lasted and nothing but it was changed."""
        for _ in range(6):
            name = self._streams.get((id(world), state))
            before = self._shown(world, name) if name else None
            if before is None or before["StreamStatus"] != state:
                name = self._streams[id(world), state] = BEGIN[state](world)
                before = self._shown(world, name)
            if before is None or before["StreamStatus"] != state:
                continue
            answers = ask(name)
            after = self._shown(world, name)
            if after is not None and after["StreamStatus"] == state:
                if before != after:
                    raise AssertionError(f"refused, and changed something: {difference(before, after)}")
                return name, answers
        raise AssertionError(f"{state} is over before anything can be asked in it")

    def last(self, world, state):
        return self._streams.get((id(world), state))

    @staticmethod
    def _shown(world, name):
        """What the stream shows of itself; None where it is gone."""
        try:
            return world.summary(name) | {"Tags": world.ask("ListTagsForStream", StreamName=name)["Tags"]}
        except Refused as refused:
            if refused.answer.type != NOT_FOUND:
                raise
            return None


HELD = Held()


def creating(world):
    return world.create("creating", 2, wait=False)


def updating(world):
    """The last one again, split once more."""
    name = HELD.last(world, "UPDATING")
    if name is None:
        name = world.create("updating", 1)
    else:
        world.wait_active(name)
    shard = world.open_shards(name)[-1]
    low = int(shard["HashKeyRange"]["StartingHashKey"])
    world.ask("SplitShard", StreamName=name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(low + 1000))
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
        name, answers = HELD.ask_while(world, state, ask)
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
        name, answers = HELD.ask_while(world, "CREATING", ask)
        for answer in answers:
            equal((answer["StreamName"], answer["StreamStatus"], answer["Shards"], answer["HasMoreShards"]),
                  (name, "CREATING", [], False))

    @suite.case("ListStreams", "lists a stream that is CREATING", role="transitions")
    def listed(world):
        def ask(name):
            return world.ask("ListStreams", ExclusiveStartStreamName=name[:-1])["StreamSummaries"]
        name, found = HELD.ask_while(world, "CREATING", ask)
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
        HELD.ask_while(world, "UPDATING", ask)

    @suite.case("DeleteStream", "a stream that is UPDATING", role="transitions")
    def deleted(world):
        name = world.create("updating", 1)
        world.ask("SplitShard", StreamName=name, ShardToSplit=shard_of(name), NewStartingHashKey="1000")
        equal(world.summary(name)["StreamStatus"], "UPDATING")
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
        HELD.ask_while(world, "DELETING", lambda name: None)


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
