"""States that last, for programs that test their waiting."""

import time
import unittest

from process import LIMIT, Broker, run_tests

DELAY = 1.0


class TransitionTest(unittest.TestCase):
    def status(self, broker, name="s"):
        status, answer = broker.call("DescribeStreamSummary", {"StreamName": name})
        return answer["StreamDescriptionSummary"]["StreamStatus"] if status == 200 else answer["__type"]

    def wait_for(self, broker, wanted, meanwhile):
        """Asks until the stream has that status; before that it has the other one. Gives the seconds it took."""
        begun = time.monotonic()
        while (now := self.status(broker)) != wanted:
            self.assertEqual(now, meanwhile)
            self.assertLess(time.monotonic() - begun, LIMIT)
        return time.monotonic() - begun

    def changed(self, broker, operation, **body):
        status, answer = broker.call(operation, {"StreamName": "s"} | body)
        self.assertEqual(status, 200, answer)

    def assert_lasts(self, seconds):
        self.assertGreater(seconds, DELAY / 2)

    def test_every_transition_takes_its_time(self):
        with Broker("--transition-delay", f"{DELAY:.0f}s") as broker:
            self.changed(broker, "CreateStream", ShardCount=1)
            self.assert_lasts(self.wait_for(broker, "ACTIVE", "CREATING"))
            self.changed(broker, "StartStreamEncryption", EncryptionType="KMS", KeyId="alias/aws/kinesis")
            self.assert_lasts(self.wait_for(broker, "ACTIVE", "UPDATING"))
            self.changed(broker, "SplitShard", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2 ** 127))
            self.assert_lasts(self.wait_for(broker, "ACTIVE", "UPDATING"))
            self.changed(broker, "DeleteStream")
            self.assert_lasts(self.wait_for(broker, "ResourceNotFoundException", "DELETING"))

    def test_one_kind_alone(self):
        with Broker("--delete-delay", f"{DELAY:.0f}s") as broker:
            self.changed(broker, "CreateStream", ShardCount=1)
            self.assertEqual(self.status(broker), "ACTIVE")
            self.changed(broker, "StartStreamEncryption", EncryptionType="KMS", KeyId="alias/aws/kinesis")
            self.assertEqual(self.status(broker), "ACTIVE")
            self.changed(broker, "DeleteStream")
            self.assert_lasts(self.wait_for(broker, "ResourceNotFoundException", "DELETING"))
        with Broker("--transition-delay", "1h", "--create-delay", "0s", "--delete-delay", "0s") as broker:
            self.changed(broker, "CreateStream", ShardCount=1)
            self.assertEqual(self.status(broker), "ACTIVE")
            self.changed(broker, "StartStreamEncryption", EncryptionType="KMS", KeyId="alias/aws/kinesis")
            self.assertEqual(self.status(broker), "UPDATING")
            self.changed(broker, "DeleteStream")
            self.assertEqual(self.status(broker), "ResourceNotFoundException")

    def test_a_broker_ends_while_a_transition_is_under_way(self):
        with Broker("--transition-delay", "1h") as broker:
            self.changed(broker, "CreateStream", ShardCount=1)
            self.assertEqual(self.status(broker), "CREATING")
            broker.ask_to_stop()
            self.assertEqual(broker.exit_code_within(10), 0)


if __name__ == "__main__":
    run_tests()
