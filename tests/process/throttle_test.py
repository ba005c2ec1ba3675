"""The service's rates, as --limits and the tag of a stream switch them."""

import unittest

from process import Broker, run, run_tests

# More than any bucket holds, within a time that fills none again.
TRIES = 60


class ThrottleTest(unittest.TestCase):
    def create(self, broker, name, tags=None):
        body = {"StreamName": name, "ShardCount": 1} | ({"Tags": tags} if tags else {})
        self.assertEqual(broker.call("CreateStream", body)[0], 200)

    def refusals(self, broker, operation, body):
        answers = [broker.call(operation, body) for _ in range(TRIES)]
        return [answer for status, answer in answers if status != 200]

    def assert_limited(self, broker, name):
        for answer in (refused := self.refusals(broker, "DescribeStream", {"StreamName": name})):
            self.assertEqual(answer, {"__type": "LimitExceededException", "message": "Rate exceeded."})
        self.assertTrue(refused)
        ask = {"StreamName": name, "ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"}
        for answer in (refused := self.refusals(broker, "GetShardIterator", ask)):
            self.assertEqual(answer, {
                "__type": "ProvisionedThroughputExceededException",
                "message": f"Rate exceeded for shard shardId-000000000000 in stream {name} under account 000000000000."})
        self.assertTrue(refused)
        entries = [{"PartitionKey": "k", "Data": "eA=="}] * 500
        failed = []
        for _ in range(10):
            status, answer = broker.call("PutRecords", {"StreamName": name, "Records": entries})
            self.assertEqual(status, 200, answer)
            entries_failed = [entry for entry in answer["Records"] if "ErrorCode" in entry]
            self.assertEqual(answer["FailedRecordCount"], len(entries_failed))
            failed += entries_failed
        self.assertTrue(failed)
        self.assertEqual({entry["ErrorCode"] for entry in failed}, {"ProvisionedThroughputExceededException"})

    def assert_not_limited(self, broker, name):
        self.assertEqual(self.refusals(broker, "DescribeStream", {"StreamName": name}), [])
        ask = {"StreamName": name, "ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"}
        self.assertEqual(self.refusals(broker, "GetShardIterator", ask), [])
        entries = [{"PartitionKey": "k", "Data": "eA=="}] * 500
        for _ in range(10):
            self.assertEqual(broker.call("PutRecords", {"StreamName": name, "Records": entries})[1]["FailedRecordCount"], 0)

    def test_relaxed_is_the_default_and_a_tag_brings_limits_to_one_stream(self):
        with Broker() as broker:
            self.create(broker, "free")
            self.create(broker, "held", {"millrace:limits": "strict"})
            self.assert_not_limited(broker, "free")
            self.assert_limited(broker, "held")
            self.assertEqual(self.refusals(broker, "ListStreams", {}), [])

    def test_strict_and_a_tag_that_lifts_it(self):
        with Broker("--limits", "strict") as broker:
            self.create(broker, "held")
            self.create(broker, "free", {"millrace:limits": "relaxed"})
            self.assert_limited(broker, "held")
            self.assert_not_limited(broker, "free")
            self.assertTrue(self.refusals(broker, "DescribeLimits", {}))

    def test_other_profiles_are_refused(self):
        outcome = run("serve", "--limits", "none")
        self.assertEqual(outcome.returncode, 2)
        self.assertIn("--limits: 'none' is not one of relaxed, strict", outcome.stderr)
        with Broker() as broker:
            status, answer = broker.call("CreateStream", {"StreamName": "s", "Tags": {"millrace:limits": "none"}})
            self.assertEqual((status, answer["__type"]), (400, "InvalidArgumentException"))


if __name__ == "__main__":
    run_tests()
