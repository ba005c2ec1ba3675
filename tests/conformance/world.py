"""The streams that cases work on, and what all of them are at a moment."""

import secrets
import time

from client import Refused
from values import Time


# Longest wait for a state; the service takes minutes for some.
LIMIT_SECONDS = 300


class World:
    """One endpoint and the streams of this run on it. Fixtures are made when they are first asked for."""

    def __init__(self, client, is_ours=False):
        self.client, self.model, self.is_ours = client, client.model, is_ours
        self.prefix = f"conf-{secrets.token_hex(4)}-"
        self._known, self._fixtures, self._last = {}, {}, None
        self._watched, self._count = [], 0
        self._account = self._arn_prefix = None

    # --- Names ---

    def name(self, label="x"):
        """A name that no stream has had."""
        self._count += 1
        return f"{self.prefix}{label}-{self._count}"

    @property
    def account(self):
        self.plain  # noqa: B018  (makes it, and with it the account known)
        return self._account

    def arn(self, name):
        self.plain  # noqa: B018
        return self._arn_prefix + name

    @property
    def missing(self):
        """The name of a stream that does not exist, the same all the time."""
        return self.prefix + "missing"

    @property
    def missing_arn(self):
        return self.arn(self.missing)

    def consumer_arn(self, stream, consumer, created_s=1700000000):
        return f"{self.arn(stream)}/consumer/{consumer}:{created_s}"

    # --- Asking ---

    def ask(self, operation, **members):
        return self.client.ask(operation, members)

    def knows(self, operation):
        """Whether the endpoint has the operation at all: an answer about the type of a member is one."""
        if operation not in self._known:
            answer = self.client.call(operation, {"StreamName": "not a name!", "StreamARN": "none", "ResourceARN": "none",
                                                  "ConsumerARN": "none", "Limit": 0})
            self._known[operation] = answer.type != "UnknownOperationException"
        return self._known[operation]

    def summary(self, name):
        return self.ask("DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]

    def shards(self, name, **members):
        found, token = [], None
        while True:
            page = self.ask("ListShards", NextToken=token) if token else self.ask("ListShards", StreamName=name, **members)
            found += page["Shards"]
            token = page.get("NextToken")
            if token is None:
                return found

    def open_shards(self, name):
        return [s for s in self.shards(name) if "EndingSequenceNumber" not in s["SequenceNumberRange"]]

    def iterator(self, name, shard, kind="TRIM_HORIZON", **members):
        return self.ask("GetShardIterator", StreamName=name, ShardId=shard, ShardIteratorType=kind, **members)["ShardIterator"]

    def records(self, name, shard, kind="TRIM_HORIZON", **members):
        """All records of a shard from a position to the tip, and the last answer."""
        found, iterator = [], self.iterator(name, shard, kind, **members)
        while True:
            page = self.ask("GetRecords", ShardIterator=iterator)
            found += page["Records"]
            iterator = page.get("NextShardIterator")
            if iterator is None or (page["MillisBehindLatest"] == 0 and not page["Records"]):
                return found, page

    def wait_until(self, true, what):
        until = time.monotonic() + LIMIT_SECONDS
        while True:
            value = true()
            if value:
                return value
            if time.monotonic() > until:
                raise AssertionError(f"not within {LIMIT_SECONDS} s: {what}")
            time.sleep(0.05 if self.is_ours else 2)

    def wait_active(self, name):
        self.wait_until(lambda: self.summary(name)["StreamStatus"] == "ACTIVE", f"{name} is ACTIVE")

    def wait_gone(self, name):
        def gone():
            try:
                self.summary(name)
            except Refused as refused:
                return refused.answer.type == "ResourceNotFoundException"
            return False
        self.wait_until(gone, f"{name} is gone")

    def wait_consumer(self, arn):
        def active():
            consumer = self.ask("DescribeStreamConsumer", ConsumerARN=arn)["ConsumerDescription"]
            return consumer["ConsumerStatus"] == "ACTIVE"
        self.wait_until(active, f"{arn} is ACTIVE")

    # --- Streams ---

    def create(self, label="x", shards=1, wait=True, **members):
        """A stream of its own for a case; `shards` None leaves the count out. Its name."""
        return self.create_named(self.name(label), shards, wait, **members)

    def create_named(self, name, shards=1, wait=True, **members):
        if shards is not None:
            members["ShardCount"] = shards
        self.ask("CreateStream", StreamName=name, **members)
        self.forget()
        if wait:
            self.wait_active(name)
        return name

    def delete(self, name, wait=True):
        members = {"EnforceConsumerDeletion": True} if self.knows("RegisterStreamConsumer") else {}
        self.ask("DeleteStream", StreamName=name, **members)
        self.forget()
        if wait:
            self.wait_gone(name)

    def register(self, name, consumer, **members):
        """An ACTIVE consumer's ARN."""
        arn = self.ask("RegisterStreamConsumer", StreamARN=self.arn(name), ConsumerName=consumer, **members)["Consumer"]["ConsumerARN"]
        self.forget()
        self.wait_consumer(arn)
        return arn

    def _fixture(self, label, make):
        if label not in self._fixtures:
            self._fixtures[label] = make()
            self.forget()
        return self._fixtures[label]

    @property
    def plain(self):
        """A provisioned stream of three shards with tags and records, and where the endpoint can, a consumer and a
        policy."""
        return self._fixture("plain", self._make_plain)

    def _make_plain(self):
        name = self.create("plain", 3, Tags={"team": "data", "stage": "test"})
        arn = self.ask("DescribeStream", StreamName=name)["StreamDescription"]["StreamARN"]
        self._account, self._arn_prefix = arn.split(":")[4], arn[:-len(name)]
        for i in range(6):
            self.ask("PutRecord", StreamName=name, PartitionKey=f"key-{i}", Data=b"record %d" % i)
        self._fixtures["plain"] = name
        if self.knows("RegisterStreamConsumer"):
            self._fixtures["consumer_arn"] = self.register(name, "reader")
        if self.knows("PutResourcePolicy"):
            self.ask("PutResourcePolicy", ResourceARN=arn, Policy=policy(self._account, arn))
        self._watched.append(name)
        return name

    @property
    def plain_arn(self):
        return self.arn(self.plain)

    @property
    def reader_arn(self):
        """The consumer of the plain stream."""
        self.plain  # noqa: B018
        return self._fixtures["consumer_arn"]

    @property
    def on_demand(self):
        def make():
            name = self.create("on-demand", None, StreamModeDetails={"StreamMode": "ON_DEMAND"})
            self._watched.append(name)
            return name
        return self._fixture("on_demand", make)

    @property
    def automatic(self):
        """An on-demand stream that distributes its records itself."""
        def make():
            name = self.create("auto", None, StreamModeDetails={"StreamMode": "ON_DEMAND"},
                               RecordDistributionStrategy="AUTO")
            self._watched.append(name)
            return name
        return self._fixture("automatic", make)

    @property
    def reshaped(self):
        """A stream whose second shard was split at its middle after three records, and has three in the children."""
        def make():
            name = self.create("reshaped", 2)
            shard = self.open_shards(name)[1]
            low, high = (int(shard["HashKeyRange"][key]) for key in ("StartingHashKey", "EndingHashKey"))
            keys = [low, (low + high) // 2 + 1, high]
            for key in keys:
                self.ask("PutRecord", StreamName=name, PartitionKey="before", ExplicitHashKey=str(key), Data=b"before")
            self.ask("SplitShard", StreamName=name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(keys[1]))
            self.wait_active(name)
            for key in keys:
                self.ask("PutRecord", StreamName=name, PartitionKey="after", ExplicitHashKey=str(key), Data=b"after")
            self._watched.append(name)
            return name
        return self._fixture("reshaped", make)

    def clear(self):
        """Deletes what this run has made."""
        self.client.close()
        for name in self._names():
            try:
                self.delete(name, wait=False)
            except Refused:
                pass  # in a state that does not allow it; the name says whose it is

    def _names(self):
        """Of this run's streams; a stream's state is in its summary."""
        names, start = [], self.prefix[:-1]
        while True:
            page = self.ask("ListStreams", ExclusiveStartStreamName=start)
            names += [name for name in page["StreamNames"] if name.startswith(self.prefix)]
            if not page["HasMoreStreams"] or not page["StreamNames"][-1].startswith(self.prefix):
                return names
            start = page["StreamNames"][-1]

    # --- What is there ---

    def forget(self):
        """What was there is no longer known: somebody has changed it on purpose."""
        self._last = None

    def renew(self):
        """Something went wrong, perhaps with the fixtures too: the next case gets others."""
        self._fixtures, self._watched, self._last = {}, [], None
        # The name that CreateStream is refused with everywhere; not refused, it would disturb the next one.
        answer = self.client.call("DeleteStream", {"StreamName": self.prefix + "never"})
        if answer.status == 200:
            self.wait_gone(self.prefix + "never")

    def remember(self, snapshot):
        self._last = snapshot

    def snapshot(self):
        """Everything that the watched streams and the account show of themselves."""
        if self._last is not None:
            last, self._last = self._last, None
            return last
        self.plain  # noqa: B018
        found = {"streams": self._names()}
        # A limit per account holds the streams of others as well, on an endpoint that others use.
        if self.is_ours:
            found["limits"] = self.ask("DescribeLimits")
        if self.knows("DescribeAccountSettings"):
            found["account"] = self.ask("DescribeAccountSettings")
        for name in self._watched:
            found |= self.snapshot_of(name)
        return found

    def snapshot_of(self, name):
        arn = self.arn(name)
        found = {(name, "summary"): self.summary(name), (name, "shards"): self.shards(name),
                 (name, "description"): self.ask("DescribeStream", StreamName=name),
                 (name, "tags"): self.ask("ListTagsForStream", StreamName=name)}
        if self.knows("ListStreamConsumers"):
            found[name, "consumers"] = self.ask("ListStreamConsumers", StreamARN=arn)
            for consumer in found[name, "consumers"]["Consumers"]:
                if self.knows("ListTagsForResource"):
                    found[name, "consumer tags"] = self.ask("ListTagsForResource", ResourceARN=consumer["ConsumerARN"])
        if self.knows("GetResourcePolicy"):
            found[name, "policy"] = self.ask("GetResourcePolicy", ResourceARN=arn)
        for shard in found[name, "shards"]:
            records, _ = self.records(name, shard["ShardId"])
            found[name, "records", shard["ShardId"]] = [record["SequenceNumber"] for record in records]
        return found


def policy(account, arn, action="kinesis:GetRecords"):
    return ('{"Version":"2012-10-17","Statement":[{"Sid":"read","Effect":"Allow","Principal":{"AWS":"' + account
            + f'"}},"Action":["{action}"],"Resource":"{arn}"' + "}]}")


def now():
    return Time(int(time.time() * 1000))
