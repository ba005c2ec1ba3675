"""Whose streams a request means: accounts, regions, ARNs; and what is said of operations that there are none of."""

import unittest

from process import Broker, run, run_tests


def arn(region, account, name="orders"):
    return f"arn:aws:kinesis:{region}:{account}:stream/{name}"


class IdentityTest(unittest.TestCase):
    def names(self, broker, **who):
        status, answer = broker.call("ListStreams", {}, **who)
        self.assertEqual(status, 200, answer)
        return answer["StreamNames"]

    def summary_arn(self, broker, stream, **who):
        status, answer = broker.call("DescribeStreamSummary", stream, **who)
        self.assertEqual(status, 200, answer)
        return answer["StreamDescriptionSummary"]["StreamARN"]

    def test_accounts_and_regions_are_apart(self):
        callers = {arn("eu-west-1", "999999999999"): {"key": "test", "region": ""},
                   arn("us-east-1", "999999999999"): {"key": "test"},
                   arn("us-east-1", "111111111111"): {"key": "111111111111"},
                   arn("us-east-1", "222222222222"): {"key": "AKIDTWO"},
                   arn("ap-south-1", "222222222222"): {"key": "AKIDTWO", "region": "ap-south-1"}}
        with Broker("--accounts", "AKIDTWO=222222222222", "--account-id", "999999999999", "--region", "eu-west-1") as broker:
            for number, (own, who) in enumerate(callers.items()):
                self.assertEqual(self.names(broker, **who), [], own)
                name = {"StreamName": "orders", "ShardCount": number + 1}
                self.assertEqual(broker.call("CreateStream", name, **who)[0], 200)
                self.assertEqual(self.summary_arn(broker, {"StreamName": "orders"}, **who), own)
            for own, who in callers.items():
                for other in callers:
                    status, answer = broker.call("DescribeStreamSummary", {"StreamARN": other}, **who)
                    if other == own:
                        self.assertEqual(status, 200, answer)
                    else:
                        account = other.split(":")[4]
                        self.assertEqual((status, answer), (400, {
                            "__type": "ResourceNotFoundException",
                            "message": f"Stream orders under account {account} not found."}))
            # One's own goes, the others stay.
            self.assertEqual(broker.call("DeleteStream", {"StreamName": "orders"}, key="AKIDTWO")[0], 200)
            self.assertEqual(self.names(broker, key="222222222222"), [])
            self.assertEqual(self.names(broker, key="111111111111"), ["orders"])

    def test_two_keys_of_one_account_see_the_same(self):
        with Broker("--accounts", "A=111111111111,B=111111111111") as broker:
            self.assertEqual(broker.call("CreateStream", {"StreamName": "s", "ShardCount": 1}, key="A")[0], 200)
            for key in ("A", "B", "111111111111"):
                self.assertEqual(self.names(broker, key=key), ["s"])
            self.assertEqual(self.names(broker, key="C"), [])

    def test_lenient_arns(self):
        foreign = {"StreamARN": arn("us-west-2", "123456789012")}
        for options, found in (((), False), (("--lenient-arns",), True)):
            with Broker(*options) as broker:
                self.assertEqual(broker.call("CreateStream", {"StreamName": "orders", "ShardCount": 1})[0], 200)
                if found:
                    self.assertEqual(self.summary_arn(broker, foreign), arn("us-east-1", "000000000000"))
                else:
                    self.assertEqual(broker.call("DescribeStreamSummary", foreign)[0], 400)
                put = foreign | {"PartitionKey": "k", "Data": "eA=="}
                self.assertEqual(broker.call("PutRecord", put)[0], 200 if found else 400)

    def test_wrong_tables_are_refused(self):
        outcome = run("serve", "--accounts", "AKID=12")
        self.assertEqual(outcome.returncode, 2)
        self.assertIn("--accounts: 'AKID=12' is not KEY=ACCOUNT", outcome.stderr)

    def test_operations_that_there_are_none_of_are_logged(self):
        with Broker() as broker:
            for operation in ("CreateQueue", "ListChannels", "CreateQueue", "Nope"):
                self.assertEqual(broker.call(operation, {}), (400, {"__type": "UnknownOperationException"}))
            for operation in ("CreateQueue", "ListChannels", "Nope"):
                self.assertTrue(broker.wait_for_line(lambda line, name=operation: f"operation={name}" in line))
            lines = [line for line in broker.lines if "operation=CreateQueue" in line]
            self.assertEqual(len(lines), 1, "the second within a moment is held back")
            self.assertIn("an operation was asked for that this version does not have", lines[0])


if __name__ == "__main__":
    run_tests()
