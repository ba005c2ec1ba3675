"""Creates a stream on the broker at ENDPOINT and prints an iterator of it. Needs nothing but Python.

To a memory broker that is started afterwards, the iterator is one of another installation: that is how the suites
come by an expired iterator without waiting five minutes for one.
"""

import json
import sys
import urllib.request


def call(endpoint, operation, request):
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"Kinesis_20131202.{operation}",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64,
    }
    message = urllib.request.Request(endpoint, data=json.dumps(request).encode(), headers=headers)
    with urllib.request.urlopen(message, timeout=30) as answer:
        body = answer.read()
    return json.loads(body) if body else {}


def main():
    endpoint = sys.argv[1]
    call(endpoint, "CreateStream", {"StreamName": "short-lived", "ShardCount": 1})
    where = {"StreamName": "short-lived", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    print(call(endpoint, "GetShardIterator", where)["ShardIterator"])


if __name__ == "__main__":
    main()
