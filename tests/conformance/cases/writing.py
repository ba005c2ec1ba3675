"""Records that are put: sizes, keys, hash keys, order, dry runs."""

import hashlib

import texts
from harness import equal, refused, true
from inputs import addressed, base, shard_of

INVALID = "InvalidArgumentException"
VALIDATION = "ValidationException"
DRY_RUN = "DryRunOperationException"
MIB = 1 << 20
BEYOND = str(2 ** 128)
DRY_RUN_TEXT = texts.DRY_RUN
# MD5 of the key as a number, worked out elsewhere.
HASHES = {"a": 16955237001963240173058271559858726497, "user-1": 285573413173782752570879317399258818820,
          "\u65e5\u672c": 103341369634063465466164320543046703539}


def put(world, **members):
    return addressed(world) | {"PartitionKey": "key", "Data": b"data"} | members


def puts(world, *entries, **members):
    whole = [{"PartitionKey": "key", "Data": b"data"} | entry for entry in entries]
    return addressed(world) | {"Records": whole} | members


def add(suite):
    add_arguments(suite)
    add_sizes(suite)
    add_missing_keys(suite)
    add_dry_runs(suite)
    add_behaviour(suite)
    add_automatic(suite)


def add_arguments(suite):
    for value in (BEYOND, "9" * 39):
        suite.refuses("PutRecord", f"the hash key {value}", lambda w, v=value: put(w, ExplicitHashKey=v), INVALID,
                      texts.explicit_hash_key(value))
        suite.refuses("PutRecords", f"the hash key {value} of one", lambda w, v=value: puts(w, {}, {"ExplicitHashKey": v}),
                      INVALID, texts.explicit_hash_key(value))
        suite.refuses("PutRecord", f"the hash key {value}, of a stream that is none",
                      lambda w, v=value: put(w, ExplicitHashKey=v, StreamName=w.missing), INVALID,
                      texts.explicit_hash_key(value))
    for label, number in (("0", "0"), ("a small one", "12345"), ("too many digits", "9" * 60)):
        suite.refuses("PutRecord", f"SequenceNumberForOrdering {label}",
                      lambda w, n=number: put(w, SequenceNumberForOrdering=n), INVALID,
                      lambda w, n=number: texts.ordering_number(n, w.plain, w.account))

    @suite.case("PutRecord", "SequenceNumberForOrdering from the future", INVALID)
    def future(world):
        number = world.ask("PutRecord", **put(world))["SequenceNumber"]
        world.forget()
        digits = list(f"{int(number):047x}")
        digits[-18:-9] = f"{int(''.join(digits[-18:-9]), 16) + 86400:09x}"
        number = str(int("".join(digits), 16))
        refused(world, "PutRecord", put(world, SequenceNumberForOrdering=number), INVALID,
                texts.ordering_number(number, world.plain, world.account))

    suite.refuses("PutRecord", "SequenceNumberForOrdering on a stream that distributes itself",
                  lambda w: {"StreamName": w.automatic, "Data": b"d", "SequenceNumberForOrdering": "1" * 56}, INVALID,
                  lambda w: texts.ordering_not_taken(w.automatic, w.account))


def add_sizes(suite):
    too_large = texts.record_too_large()
    suite.refuses("PutRecord", "a byte over 1 MiB with the key", lambda w: put(w, Data=bytes(MIB - 2)), INVALID, too_large)
    suite.refuses("PutRecord", "a key whose bytes are too many", lambda w: put(w, Data=bytes(MIB - 5), PartitionKey="\u65e5\u672c"),
                  INVALID, too_large)
    suite.refuses("PutRecords", "one record a byte over 1 MiB", lambda w: puts(w, {}, {"Data": bytes(MIB - 2)}), INVALID,
                  too_large)
    suite.refuses("PutRecords", "more than 10 MiB together",
                  lambda w: puts(w, *[{"Data": bytes(MIB - 3)}] * 10, {"Data": b"1", "PartitionKey": "k"}), INVALID,
                  texts.RECORDS_TOO_LARGE)

    @suite.case("PutRecord", "1 MiB to the byte")
    def full(world):
        name = world.create("large")
        for coding in ("json", "cbor"):
            world.client.ask("PutRecord", {"StreamName": name, "PartitionKey": "key", "Data": bytes(MIB - 3)}, coding)
        records, _ = world.records(name, shard_of(name))
        equal([len(r["Data"]) for r in records], [MIB - 3] * 2)
        world.delete(name)

    @suite.case("PutRecords", "10 MiB together to the byte")
    def whole(world):
        name = world.create("large", 1)
        records = [{"PartitionKey": "key", "Data": bytes(MIB - 3)}] * 10
        for coding in ("json", "cbor"):
            equal(world.client.ask("PutRecords", {"StreamName": name, "Records": records}, coding)["FailedRecordCount"], 0)
        equal(len(world.records(name, shard_of(name))[0]), 20)
        world.delete(name)

    @suite.case("PutRecord", "10 MiB on a stream that takes them")
    def ten(world):
        name = world.create("large", 1, MaxRecordSizeInKiB=10240)
        data = bytes(10 * MIB - 3)
        for coding in ("json", "cbor"):
            world.client.ask("PutRecord", {"StreamName": name, "PartitionKey": "key", "Data": data}, coding)
            answer = world.client.call("PutRecord", {"StreamName": name, "PartitionKey": "key+", "Data": data}, coding)
            equal((answer.status, answer.type), (400, INVALID))
        equal([len(r["Data"]) for r in world.records(name, shard_of(name))[0]], [len(data)] * 2)
        world.delete(name)

    @suite.case("PutRecord", "256 characters of a key, whatever their bytes")
    def keys(world):
        name = world.create("keys")
        for coding in ("json", "cbor"):
            for key in ("k" * 256, "\u65e5" * 256, " "):
                world.client.ask("PutRecord", {"StreamName": name, "PartitionKey": key, "Data": b""}, coding)
        equal([r["PartitionKey"] for r in world.records(name, shard_of(name))[0]], ["k" * 256, "\u65e5" * 256, " "] * 2)
        world.delete(name)


def missing_key(path):
    return texts.exact(f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be "
                       "null")


def add_missing_keys(suite):
    for fixture in ("plain", "on_demand"):
        suite.refuses("PutRecord", f"no partition key on the {fixture.replace('_', '-')} stream",
                      lambda w, f=fixture: {"StreamName": getattr(w, f), "Data": b"d"}, VALIDATION,
                      missing_key("partitionKey"))
        suite.refuses("PutRecord", f"a hash key and no partition key on the {fixture.replace('_', '-')} stream",
                      lambda w, f=fixture: {"StreamName": getattr(w, f), "Data": b"d", "ExplicitHashKey": "1"}, VALIDATION,
                      missing_key("partitionKey"))
        suite.refuses("PutRecords", f"no partition key of the second on the {fixture.replace('_', '-')} stream",
                      lambda w, f=fixture: {"StreamName": getattr(w, f), "Records": [
                          {"Data": b"d", "PartitionKey": "k"}, {"Data": b"d"}]}, VALIDATION,
                      missing_key("records.2.member.partitionKey"))


def add_dry_runs(suite):
    suite.refuses("PutRecord", "a dry run of what would succeed", lambda w: put(w, DryRun=True), DRY_RUN, DRY_RUN_TEXT)
    suite.refuses("PutRecords", "a dry run of what would succeed", lambda w: puts(w, {}, {}, DryRun=True), DRY_RUN, DRY_RUN_TEXT)
    suite.refuses("PutRecord", "a dry run on a stream that is none", lambda w: put(w, StreamName=w.missing, DryRun=True),
                  "ResourceNotFoundException", lambda w: texts.stream_not_found(w.missing, w.account))
    suite.refuses("PutRecord", "a dry run of a hash key that is too large", lambda w: put(w, ExplicitHashKey=BEYOND, DryRun=True),
                  INVALID, texts.explicit_hash_key(BEYOND))
    suite.refuses("PutRecords", "a dry run with a missing key",
                  lambda w: addressed(w) | {"Records": [{"Data": b"d"}], "DryRun": True}, VALIDATION,
                  missing_key("records.1.member.partitionKey"))
    suite.refuses("PutRecord", "a dry run of a record that is too large", lambda w: put(w, Data=bytes(MIB), DryRun=True), INVALID,
                  texts.record_too_large())

    @suite.case("PutRecord", "no dry run where the member is false")
    def not_dry(world):
        name = world.create("wet")
        world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"d", DryRun=False)
        equal(len(world.records(name, shard_of(name))[0]), 1)
        world.delete(name)


def add_behaviour(suite):
    for key, number in HASHES.items():
        @suite.case("PutRecord", f"the key {key!r} goes where its hash says")
        def hashed(world, key=key, number=number):
            equal(int.from_bytes(hashlib.md5(key.encode()).digest(), "big"), number)
            name = world.create("hashed", 5)
            shards = world.shards(name)
            wanted = next(s["ShardId"] for s in shards if int(s["HashKeyRange"]["StartingHashKey"]) <= number
                          <= int(s["HashKeyRange"]["EndingHashKey"]))
            for coding in ("json", "cbor"):
                answer = world.client.ask("PutRecord", {"StreamName": name, "PartitionKey": key, "Data": b"d"}, coding)
                equal(answer["ShardId"], wanted)
            world.delete(name)

    @suite.case("PutRecord", "explicit hash keys at the edges of every shard")
    def edges(world):
        name = world.create("edges", 4)
        for shard in world.shards(name):
            for edge in shard["HashKeyRange"].values():
                answer = world.ask("PutRecord", StreamName=name, PartitionKey="same", ExplicitHashKey=edge, Data=b"")
                equal(answer["ShardId"], shard["ShardId"])
        world.delete(name)

    @suite.case("PutRecord", "numbers grow, have 56 digits, and lie in the shard's range")
    def numbers(world):
        name = world.create("numbers")
        start = int(world.shards(name)[0]["SequenceNumberRange"]["StartingSequenceNumber"])
        last = None
        for i in range(20):
            members = {"SequenceNumberForOrdering": last} if last and i % 2 else {}
            answer = world.ask("PutRecord", StreamName=name, PartitionKey="k", Data=b"%d" % i, **members)
            equal(set(answer), {"ShardId", "SequenceNumber"} | ({"EncryptionType"} & set(answer)))
            true(int(answer["SequenceNumber"]) > int(last or start), "grows")
            equal(len(answer["SequenceNumber"]), 56)
            last = answer["SequenceNumber"]
        records, _ = world.records(name, shard_of(name))
        equal([r["Data"] for r in records], [b"%d" % i for i in range(20)])
        for record in records:
            equal(set(record) - {"EncryptionType"}, {"SequenceNumber", "ApproximateArrivalTimestamp", "Data", "PartitionKey"})
        world.delete(name)

    @suite.case("PutRecords", "answers in the order of the request, in both codings")
    def order(world):
        name = world.create("batch", 3)
        entries = [{"PartitionKey": f"key-{i}", "Data": bytes([i % 256]) * (i % 7)} for i in range(500)]
        ranges = [(s["ShardId"], int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"]))
                  for s in world.shards(name)]
        stored = {shard: [] for shard, _, _ in ranges}
        for coding in ("json", "cbor"):
            answer = world.client.ask("PutRecords", {"StreamName": name, "Records": entries}, coding)
            equal((answer["FailedRecordCount"], len(answer["Records"])), (0, 500))
            for entry, result in zip(entries, answer["Records"]):
                number = int.from_bytes(hashlib.md5(entry["PartitionKey"].encode()).digest(), "big")
                equal(result["ShardId"], next(shard for shard, low, high in ranges if low <= number <= high))
                stored[result["ShardId"]].append((result["SequenceNumber"], entry["PartitionKey"], entry["Data"]))
        for shard, wanted in stored.items():
            records, _ = world.records(name, shard)
            equal([(r["SequenceNumber"], r["PartitionKey"], r["Data"]) for r in records], wanted)
            equal([n for n, _, _ in wanted], sorted((n for n, _, _ in wanted), key=int))
        world.delete(name)


def add_automatic(suite):
    @suite.case("PutRecord", "a stream that distributes itself takes records without a key")
    def without(world):
        name = world.create("auto", None, StreamModeDetails={"StreamMode": "ON_DEMAND"}, RecordDistributionStrategy="AUTO")
        for coding in ("json", "cbor"):
            world.client.ask("PutRecord", {"StreamName": name, "Data": b"1"}, coding)
            world.client.ask("PutRecord", {"StreamName": name, "Data": b"2", "PartitionKey": "k"}, coding)
            answer = world.client.ask("PutRecords", {"StreamName": name, "Records": [
                {"Data": b"3"}, {"Data": b"4", "PartitionKey": "k", "ExplicitHashKey": "0"}]}, coding)
            equal((answer["FailedRecordCount"], len(answer["Records"])), (0, 2))
        found = [r for s in world.shards(name) for r in world.records(name, s["ShardId"])[0]]
        equal(sorted((r["Data"], r.get("PartitionKey")) for r in found if r["Data"] in (b"2", b"4")),
              [(b"2", "k")] * 2 + [(b"4", "k")] * 2)
        equal([r.get("PartitionKey") for r in found if r["Data"] in (b"1", b"3")], [None] * 4)
        world.delete(name)
