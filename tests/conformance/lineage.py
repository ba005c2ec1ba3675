"""What must hold of a listing of shards."""

HASH_KEY_MAX = 2 ** 128 - 1


def bounds(shard):
    return tuple(int(shard["HashKeyRange"][key]) for key in ("StartingHashKey", "EndingHashKey"))


def is_open(shard):
    return "EndingSequenceNumber" not in shard["SequenceNumberRange"]


def _demand(condition, what):
    if not condition:
        raise AssertionError(what)


def check_cover(shards):
    """The shards cut the key space into pieces, without a hole or an overlap."""
    ranges = sorted(bounds(shard) for shard in shards)
    starts = [low for low, _ in ranges]
    _demand(starts == [0] + [high + 1 for _, high in ranges[:-1]], f"the ranges are not adjacent: {ranges}")
    _demand(ranges[-1][1] == HASH_KEY_MAX, f"the ranges end at {ranges[-1][1]}")


def check_lineage(shards, initial):
    """Of all shards that a stream has had, `initial` of them from its beginning: every one that came later has one or two
    parents that ended before it, and every one that is closed is covered by its children."""
    by_id = {shard["ShardId"]: shard for shard in shards}
    _demand(list(by_id) == [f"shardId-{i:012}" for i in range(len(shards))], f"the ids are {list(by_id)}")
    covered = dict.fromkeys(by_id, 0)
    for i, shard in enumerate(shards):
        parents = [shard[key] for key in ("ParentShardId", "AdjacentParentShardId") if key in shard]
        _demand(bool(parents) == (i >= initial), f"the parents of {shard}")
        low, high = bounds(shard)
        for parent in parents:
            begin, end = bounds(by_id[parent])
            _demand(not is_open(by_id[parent]), f"{parent} is open and has the child {shard}")
            _demand(int(by_id[parent]["SequenceNumberRange"]["EndingSequenceNumber"])
                    < int(shard["SequenceNumberRange"]["StartingSequenceNumber"]), f"{shard} begins before {parent} ends")
            covered[parent] += max(0, min(high, end) - max(low, begin) + 1)
    for shard in shards:
        if not is_open(shard):
            low, high = bounds(shard)
            _demand(covered[shard["ShardId"]] == high - low + 1, f"the children of {shard} do not cover it")
