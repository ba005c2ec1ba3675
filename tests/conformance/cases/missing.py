"""Streams, shards and consumers that do not exist, and addresses that name none or two."""

import texts
from harness import equal, refused
from inputs import BASES, BY_ARN, BY_NAME_OR_ARN, BY_RESOURCE_ARN, base, shard_of, with_arn, with_name

NOT_FOUND = "ResourceNotFoundException"
INVALID = "InvalidArgumentException"
# For these any text will do that names the stream: they are asked about a shard first.
BY_SHARD = ("GetShardIterator",)
NEITHER = texts.NEITHER_NAME_NOR_ARN


def add(suite):
    add_streams(suite)
    add_addresses(suite)
    add_foreign(suite)
    add_consumers(suite)
    add_shards(suite)
    add_stream_ids(suite)


def not_found_text(world, operation):
    if operation in BY_SHARD:
        return texts.shard_not_found(shard_of(None), world.missing, world.account)
    return texts.stream_not_found(world.missing, world.account)


def add_streams(suite):
    for operation in BY_NAME_OR_ARN:
        suite.refuses(operation, "no stream of that name", lambda w, o=operation: with_name(w, o, w.missing), NOT_FOUND,
                      lambda w, o=operation: not_found_text(w, o))
    for operation in (*BY_NAME_OR_ARN, *BY_ARN, *BY_RESOURCE_ARN):
        suite.refuses(operation, "no stream of that ARN", lambda w, o=operation: with_arn(w, o, w.missing_arn), NOT_FOUND,
                      lambda w, o=operation: not_found_text(w, o))
    for operation in BY_NAME_OR_ARN:
        suite.refuses(operation, "no stream of that name and ARN",
                      lambda w, o=operation: with_name(w, o, w.missing) | {"StreamARN": w.missing_arn}, NOT_FOUND,
                      lambda w, o=operation: not_found_text(w, o))

    @suite.case("GetRecords", "an iterator of a stream that is gone", NOT_FOUND)
    def gone(world):
        name = world.create("gone")
        iterator = world.iterator(name, shard_of(name))
        world.delete(name)
        for again in (False, True):
            if again:
                world.create_named(name)
            refused(world, "GetRecords", {"ShardIterator": iterator}, NOT_FOUND,
                    texts.like(rf"(Stream {name} under account {world.account} not found\.|Shard shardId-0+ in stream {name} "
                               rf"under account {world.account} does not exist)"))
        world.delete(name)


def add_addresses(suite):
    for operation in BY_NAME_OR_ARN:
        text = texts.LIST_SHARDS_NEITHER if operation == "ListShards" else NEITHER
        suite.refuses(operation, "neither name nor ARN",
                      lambda w, o=operation: {k: v for k, v in base(w, o).items() if k != "StreamName"}, INVALID, text)
        suite.refuses(operation, "a name and an ARN of two streams",
                      lambda w, o=operation: base(w, o) | {"StreamARN": w.arn(w.on_demand)}, INVALID,
                      lambda w: texts.name_and_arn_disagree(w.plain, w.arn(w.on_demand)))
    suite.refuses("UpdateMaxRecordSize", "no ARN", {"MaxRecordSizeInKiB": 2048}, INVALID, NEITHER)

    for operation in BY_RESOURCE_ARN:
        suite.refuses(operation, "an ARN of neither a stream nor a consumer",
                      lambda w, o=operation: with_arn(w, o, w.plain_arn.replace(":stream/", ":otherstream/")), NOT_FOUND,
                      lambda w: texts.resource_not_found(w.plain_arn.replace(":stream/", ":otherstream/")))
        suite.refuses(operation, "an ARN of a queue",
                      lambda w, o=operation: with_arn(w, o, w.plain_arn.replace(":stream/", ":queue/")), NOT_FOUND,
                      lambda w: texts.resource_not_found(w.plain_arn.replace(":stream/", ":queue/")))

    reads = ("DescribeStream", "DescribeStreamSummary", "ListShards", "ListTagsForStream", "GetShardIterator")
    for operation in reads:
        @suite.case(operation, "by name, by ARN and by both, alike in both codings")
        def alike(world, operation=operation):
            answers = []
            for address in ({"StreamName": world.plain}, {"StreamARN": world.plain_arn},
                            {"StreamName": world.plain, "StreamARN": world.plain_arn}):
                value = {k: v for k, v in base(world, operation).items() if k != "StreamName"} | address
                for coding in ("json", "cbor"):
                    answers.append(world.client.ask(operation, value, coding))
            if operation == "GetShardIterator":
                equal([sorted(answer) for answer in answers], [["ShardIterator"]] * len(answers))
            else:
                for answer in answers[1:]:
                    equal(answer, answers[0])

    @suite.case("PutRecord", "by name, by ARN and by both")
    def put(world):
        name = world.create("addressed")
        for address in ({"StreamName": name}, {"StreamARN": world.arn(name)},
                        {"StreamName": name, "StreamARN": world.arn(name)}):
            for coding in ("json", "cbor"):
                world.client.ask("PutRecord", address | {"PartitionKey": "k", "Data": b"d"}, coding)
                world.client.ask("PutRecords", address | {"Records": [{"PartitionKey": "k", "Data": b"d"}]}, coding)
        equal(len(world.records(name, shard_of(name))[0]), 12)
        world.delete(name)


def add_foreign(suite):
    """An ARN of another account or region names a stream that is not here."""
    def foreign_account(world):
        other = "210987654321" if world.account != "210987654321" else "210987654322"
        return world.plain_arn.replace(f":{world.account}:", f":{other}:")

    def foreign_region(world):
        return world.plain_arn.replace(f":{world.client.region}:", ":ap-south-2:")

    for operation in (*BY_NAME_OR_ARN, *BY_ARN, *BY_RESOURCE_ARN):
        for label, arn in (("account", foreign_account), ("region", foreign_region)):
            def text(world, operation=operation):
                if operation in BY_SHARD:
                    return texts.like(rf"Shard shardId-000000000000 in stream {world.plain} under account \d{{12}} does not "
                                      "exist")
                return texts.stream_of_somebody_not_found(world.plain)
            suite.refuses(operation, f"an ARN of another {label}",
                          lambda w, o=operation, a=arn: with_arn(w, o, a(w)), NOT_FOUND, text)


CONSUMER_OPERATIONS = ("DescribeStreamConsumer", "DeregisterStreamConsumer")


def add_consumers(suite):
    for operation in CONSUMER_OPERATIONS:
        suite.refuses(operation, "no consumer of that name",
                      lambda w: {"StreamARN": w.plain_arn, "ConsumerName": "nobody"}, NOT_FOUND,
                      lambda w: texts.consumer_not_found("nobody", w.account))
        suite.refuses(operation, "no consumer of that ARN",
                      lambda w: {"ConsumerARN": w.consumer_arn(w.plain, "nobody")}, NOT_FOUND,
                      lambda w: texts.consumer_not_found("nobody", w.account))
        suite.refuses(operation, "a consumer's name with another creation time",
                      lambda w: {"ConsumerARN": w.consumer_arn(w.plain, "reader", 1)}, NOT_FOUND,
                      lambda w: texts.consumer_not_found("reader", w.account))
        suite.refuses(operation, "no stream", lambda w: {"StreamARN": w.missing_arn, "ConsumerName": "reader"}, NOT_FOUND,
                      lambda w: texts.stream_not_found(w.missing, w.account))
        suite.refuses(operation, "no stream of the consumer ARN",
                      lambda w: {"ConsumerARN": w.consumer_arn(w.missing, "reader")}, NOT_FOUND,
                      lambda w: texts.like(rf"(Stream {w.missing} under account {w.account} not found|Consumer reader, account "
                                           rf"{w.account} not found)\."))
        suite.refuses(operation, "nothing to go by", {}, INVALID, texts.NO_CONSUMER_GIVEN)
        suite.refuses(operation, "a stream without a name", lambda w: {"StreamARN": w.plain_arn}, INVALID,
                      texts.NO_CONSUMER_GIVEN)
        suite.refuses(operation, "a name without a stream", {"ConsumerName": "reader"}, INVALID,
                      texts.NO_CONSUMER_GIVEN)
        suite.refuses(operation, "an ARN and a name of two consumers",
                      lambda w: {"ConsumerARN": w.reader_arn, "StreamARN": w.plain_arn, "ConsumerName": "nobody"}, INVALID,
                      texts.CONSUMER_MEMBERS_DISAGREE)
        suite.refuses(operation, "an ARN and a stream of two",
                      lambda w: {"ConsumerARN": w.reader_arn, "StreamARN": w.arn(w.on_demand), "ConsumerName": "reader"},
                      INVALID, texts.CONSUMER_MEMBERS_DISAGREE)
    suite.refuses("SubscribeToShard", "no consumer of that ARN",
                  lambda w: base(w, "SubscribeToShard") | {"ConsumerARN": w.consumer_arn(w.plain, "nobody")}, NOT_FOUND,
                  lambda w: texts.consumer_not_found("nobody", w.account))
    suite.refuses("SubscribeToShard", "no stream of the consumer ARN",
                  lambda w: base(w, "SubscribeToShard") | {"ConsumerARN": w.consumer_arn(w.missing, "reader")}, NOT_FOUND,
                  lambda w: texts.like(rf"(Stream {w.missing} under account {w.account} not found|Consumer reader, account "
                                       rf"{w.account} not found)\."))
    suite.refuses("SubscribeToShard", "no such shard",
                  lambda w: base(w, "SubscribeToShard") | {"ShardId": shard_of(w.plain, 99)}, NOT_FOUND,
                  lambda w: texts.like(rf"(Shard shardId-000000000099 in stream {w.plain} under account {w.account} does not "
                                       rf"exist|Could not find shard shardId-000000000099 in stream {w.plain} under account "
                                       rf"{w.account}\.)"))
    for operation in BY_RESOURCE_ARN:
        suite.refuses(operation, "no consumer of that ARN",
                      lambda w, o=operation: with_arn(w, o, w.consumer_arn(w.plain, "nobody")), NOT_FOUND,
                      lambda w: texts.consumer_not_found("nobody", w.account))

    @suite.case("DescribeStreamConsumer", "by name, by ARN and by all three, alike")
    def alike(world):
        answers = [world.client.ask("DescribeStreamConsumer", value, coding) for coding in ("json", "cbor") for value in (
            {"StreamARN": world.plain_arn, "ConsumerName": "reader"}, {"ConsumerARN": world.reader_arn},
            {"ConsumerARN": world.reader_arn, "StreamARN": world.plain_arn, "ConsumerName": "reader"})]
        for answer in answers:
            equal(answer, answers[0])
        found = answers[0]["ConsumerDescription"]
        equal((found["StreamARN"], found["ConsumerARN"], found["ConsumerName"], found["ConsumerStatus"]),
              (world.plain_arn, world.reader_arn, "reader", "ACTIVE"))
        equal(int(world.reader_arn.rsplit(":", 1)[1]), found["ConsumerCreationTimestamp"].ms // 1000)


def add_shards(suite):
    """A shard id is resolved by the digits behind its first dash."""
    for operation, member in (("GetShardIterator", "ShardId"), ("SplitShard", "ShardToSplit"), ("MergeShards", "ShardToMerge"),
                              ("MergeShards", "AdjacentShardToMerge")):
        for raw in ("nonsense", "shardId-", "shardId-x1", "shardId-2147483648", "shard-1-2"):
            suite.refuses(operation, f"{member} {raw} can be no shard",
                          lambda w, o=operation, m=member, r=raw: base(w, o) | {m: r}, NOT_FOUND,
                          lambda w, r=raw: texts.could_not_find_shard(r, w.plain, w.account))
        suite.refuses(operation, f"{member} that can be none, of a stream that is none",
                      lambda w, o=operation, m=member: with_name(w, o, w.missing) | {m: "nonsense"}, NOT_FOUND,
                      lambda w: texts.could_not_find_shard("nonsense", w.missing, w.account))
        missing = "shardId-000000000099"
        suite.refuses(operation, f"{member} that the stream does not have",
                      lambda w, o=operation, m=member: base(w, o) | {m: missing}, NOT_FOUND,
                      lambda w, o=operation: (texts.shard_not_found if o == "GetShardIterator" else
                                              texts.could_not_find_shard)(missing, w.plain, w.account))
        suite.refuses(operation, f"{member} in another form that the stream does not have",
                      lambda w, o=operation, m=member: base(w, o) | {m: "99"}, NOT_FOUND,
                      lambda w, o=operation: (texts.shard_not_found if o == "GetShardIterator" else
                                              texts.could_not_find_shard)(missing, w.plain, w.account))

    for raw in ("1", "shard-1", "abc-000000000001", "shardId-1"):
        @suite.case("GetShardIterator", f"the shard id {raw} means the second shard")
        def other_form(world, raw=raw):
            iterator = world.iterator(world.plain, raw)
            wanted, _ = world.records(world.plain, "shardId-000000000001")
            equal(world.ask("GetRecords", ShardIterator=iterator)["Records"], wanted)


def add_stream_ids(suite):
    @suite.case("front", "a StreamId beside a name is ignored, and none is ever sent out")
    def ignored(world):
        for operation in ("DescribeStreamSummary", "DescribeStream", "ListShards"):
            for coding in ("json", "cbor"):
                value = {"StreamName": world.plain, "StreamId": "a" * 20 + "-bcd"}
                answer = world.client.call(operation, value, coding)
                equal(answer.status, 200, answer)
                if b"StreamId" in answer.content:
                    raise AssertionError(f"sends a StreamId: {answer!r}")

    # Every operation has an input to start from; one that is added and has none would have few cases.
    missing = set(suite.model.operations) - set(BASES)
    if missing:
        raise ValueError(f"inputs.py has no base for {sorted(missing)}")
