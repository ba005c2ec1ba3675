"""The service's sentences as it was recorded to say them. Where nobody outside knows its words, `own` marks ours: they are
held against Millrace and not against other endpoints, of which only some text is asked."""

import re


class Text:
    """A sentence to expect: `pattern` matches the whole of it."""

    def __init__(self, pattern, own=False):
        self.pattern, self.own = pattern, own

    def matches(self, message, is_ours):
        if self.own and not is_ours:
            return bool(message)
        return message is not None and re.fullmatch(self.pattern, message, re.DOTALL) is not None

    def __repr__(self):
        return repr(self.pattern) + (" (our words)" if self.own else "")


class NoText:
    """An error that comes without a sentence."""

    def matches(self, message, is_ours):
        return message is None

    def __repr__(self):
        return "no text"


NO_TEXT = NoText()


def exact(sentence):
    return Text(re.escape(sentence))


def begins(sentence):
    return Text(re.escape(sentence) + ".+")


def like(pattern, own=False):
    return Text(pattern, own)


def own(sentence):
    return Text(re.escape(sentence), own=True)


def own_begins(sentence):
    return Text(re.escape(sentence) + ".*", own=True)


# --- ResourceNotFoundException ---

def stream_not_found(name, account):
    return exact(f"Stream {name} under account {account} not found.")


def stream_of_somebody_not_found(name):
    """Where an ARN names an account or a region that is not the caller's, the service's text may name either account."""
    return like(rf"Stream {re.escape(name)} under account \d{{12}} not found\.")


def shard_not_found(shard, name, account):
    return exact(f"Shard {shard} in stream {name} under account {account} does not exist")


def could_not_find_shard(shard, name, account):
    return exact(f"Could not find shard {shard} in stream {name} under account {account}.")


def consumer_not_found(name, account):
    return exact(f"Consumer {name}, account {account} not found.")


# --- ResourceInUseException ---

def stream_exists(name, account):
    return exact(f"Stream {name} under account {account} already exists.")


def not_active(name, account, state):
    return exact(f"Stream {name} under account {account} not ACTIVE, instead in state {state}")


def has_consumers(name, arn):
    return exact(f"DeleteStream can't delete {arn} because there are consumers associated with this data stream. To delete "
                 f"{name} anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the "
                 "consumers that are associated with it.")


def consumer_not_active(consumer, name, account):
    return like(rf"Consumer {re.escape(consumer)} with creation timestamp \d+ (under stream: {re.escape(name)} , account "
                rf"{account}|under stream {re.escape(name)} and account {account}) is not in ACTIVE status\.")


# --- InvalidArgumentException ---

INVALID_ITERATOR = exact("Invalid ShardIterator.")
TAGS_WITH_INVALID_CHARACTERS = exact(
    "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.")
LIST_SHARDS_NEITHER = exact("Either NextToken or StreamName should be provided.")
LIST_SHARDS_BOTH = exact("NextToken and StreamName cannot be provided together.")
TIMESTAMP_MISSING = exact("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has "
                          "no timestamp parameter.")
TIMESTAMP_IN_FUTURE = like(r"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. "
                           r"timestampInMillis: \d+, currentTimestampInMillis: \d+")
ON_DEMAND_MODE = "Request is invalid. Stream {} under account {} is in On-Demand mode."


def iterator_type(kind, what):
    return exact("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
                 "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified "
                 f"{kind} and {what} StartingSequenceNumber.")


def starting_number_invalid(number, shard, name, account, of_another_stream=False):
    why = " because it did not come from this stream." if of_another_stream else "."
    return exact(f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard} in stream {name} under account "
                 f"{account} is invalid{why}")


def starting_number_of_shard(encoded, shard):
    return exact(f"Invalid StartingSequenceNumber. It encodes {encoded}, while it was used in a call to a shard with {shard}")


def explicit_hash_key(value):
    return exact("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
                 f"{value}")


def ordering_number(number, name, account):
    return exact(f"ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {name} under account {account} is "
                 "invalid.")


def split_hash(hash_key, shard, name, account, low, high):
    return exact(f"NewStartingHashKey {hash_key} used in SplitShard() on shard {shard} in stream {name} under account "
                 f"{account} is not both greater than one plus the shard's StartingHashKey {low} and less than the "
                 f"shard's EndingHashKey {high}.")


def not_adjacent(first, second, name, account):
    return exact(f"Shards {first} and {second} in stream {name} under account {account} are not an adjacent pair of shards "
                 "eligible for merging")


def retention_short(hours):
    return exact(f"Minimum allowed retention period is 24 hours. Requested retention period ({hours} hours) is too short.")


def retention_long(hours):
    return exact(f"Maximum allowed retention period is 8760 hours. Requested retention period ({hours} hours) is too long.")


def retention_wrong_way(hours, name, existing, shorter):
    how, other = ("shorter", "Decrease") if shorter else ("longer", "Increase")
    return exact(f"Requested retention period ({hours} hours) for stream {name} can not be {how} than existing retention "
                 f"period ({existing} hours). Use {other}RetentionPeriod API.")


def illegal_tags(name, account, adding=True):
    what = "add tags to" if adding else "remove tags from"
    return exact(f"Failed to {what} stream {name} under account {account} because some tags contained illegal characters. "
                 "The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.")


def too_many_tags(name, account):
    return exact(f"Failed to add tags to stream {name} under account {account} because a given stream cannot have more than "
                 "10 tags associated with it.")


def auto_needs_on_demand(name):
    return exact(f"RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream [{name}] is using "
                 "PROVISIONED mode.")


# --- LimitExceededException and throughput ---

def shard_limit():
    return like(r"This request would exceed the shard limit for the account \d{12} in \S+\. Current shard count for the "
                r"account: \d+\. Limit: \d+\. Number of additional shards that would have resulted from this request: \d+\. "
                r"Refer to the AWS Service Limits page "
                r"\(http://docs\.aws\.amazon\.com/general/latest/gr/aws_service_limits\.html\) for current limits and how to "
                r"request higher limits\.")


def scale_up(current, target):
    return like(rf"UpdateShardCount cannot scale up over double your current open shard count\. Current open shard count: "
                rf"{current},? Target shard count: {target}")


def scale_down(current, target):
    return like(rf"UpdateShardCount cannot scale down below half your current open shard count\. Current open shard count: "
                rf"{current},? Target shard count: {target}")


def stream_rate(name, account):
    return exact(f"Rate exceeded for stream {name} under account {account}.")


def shard_rate(shard, name, account):
    return exact(f"Rate exceeded for shard {shard} in stream {name} under account {account}.")


# --- Expired tokens, and values of the wrong type ---

ITERATOR_EXPIRED = begins("Iterator expired. The iterator was created ")
ON_SERIALIZATION = {"integer": "an Integer", "long": "an Long", "string": "an String", "boolean": "an Boolean",
                    "blob": "a Blob", "timestamp": "milliseconds since epoch"}
LIST_NOT_EXPECTED = "Start of list found where not expected"
MAP_NOT_EXPECTED = "Start of structure or map found where not expected."


# --- Our words, where the service's are not known ---

NEITHER_NAME_NOR_ARN = own("Either StreamName or StreamARN must be provided.")
NO_CONSUMER_GIVEN = own("Either ConsumerARN, or StreamARN and ConsumerName must be provided.")
CONSUMER_MEMBERS_DISAGREE = own("ConsumerARN, StreamARN and ConsumerName do not name the same consumer.")
INVALID_NEXT_TOKEN = own("Invalid NextToken.")
RESERVED_TAG_KEY = own("Tag keys that start with aws: are reserved.")
WARM_NEEDS_COMMITMENT = own("WarmThroughputMiBps is only supported for accounts whose MinimumThroughputBillingCommitment is "
                            "ENABLED.")
RECORDS_TOO_LARGE = own("Records size exceeds 10 MB limit")
DRY_RUN = own("The request would have succeeded, but the DryRun parameter was set.")
TOKEN_EXPIRED = like(r"(NextToken expired\. The token was created at .+|The NextToken was issued by another installation or "
                     r"before a restart\.)", own=True)
NOT_KMS = own("The EncryptionType must be KMS.")


def record_too_large(kib=1024):
    return own(f"Data and partition key of a record exceed the stream's maximum record size of {kib} KiB.")


def ordering_not_taken(name, account):
    return own(f"SequenceNumberForOrdering cannot be used on stream {name} under account {account}, whose "
               "RecordDistributionStrategy is AUTO.")


def name_and_arn_disagree(name, arn):
    return own(f"StreamName {name} and StreamARN {arn} do not name the same stream.")


def warm_needs_on_demand(name):
    return own(f"WarmThroughputMiBps is only supported for on-demand streams. Stream [{name}] is using PROVISIONED mode.")


def warm_too_high(mibps):
    return own(f"WarmThroughputMiBps cannot be greater than 10240. Requested: {mibps}")


def resource_not_found(arn):
    return own(f"Resource {arn} not found.")


def policy_not_found(arn):
    return own(f"No resource policy found for resource {arn}.")


def malformed_policy():
    return own_begins("The resource policy is malformed: ")


def consumer_exists(consumer, name, account):
    return own(f"Consumer {consumer} under stream {name} under account {account} already exists.")


def too_many_consumers(name, account, limit):
    return own(f"Stream {name} under account {account} has {limit} consumers, which is the limit.")


def illegal_tags_of(resource, account, adding=True):
    """As illegal_tags(), of "consumer c" or "stream s" by its ARN, where the service's words are not recorded."""
    what = "add tags to" if adding else "remove tags from"
    return own(f"Failed to {what} {resource} under account {account} because some tags contained illegal characters. The "
               "allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.")


def too_many_tags_of(resource, account):
    return own(f"Failed to add tags to {resource} under account {account} because a given {resource.split()[0]} cannot have "
               "more than 10 tags associated with it.")


def subscription_number_invalid(number, shard, name, account):
    return own(f"StartingSequenceNumber {number} used in SubscribeToShard on shard {shard} in stream {name} under account "
               f"{account} is invalid.")


def as_ours(text):
    """A sentence that was recorded for another operation."""
    return Text(text.pattern, own=True)


def shard_is_closed(shard, name, account):
    return own(f"Shard {shard} in stream {name} under account {account} is closed and cannot be split.")


def filter_needs(member, kind):
    return own(f"{member} must be provided for a ShardFilter of type {kind}.")
