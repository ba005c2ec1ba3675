// The common steps of tests/clients/README.md with the AWS SDK for JavaScript v3, over its HTTP/1.1 handler.
//
// Usage: node suite.mjs [ENDPOINT]        (default: the environment's AWS_ENDPOINT_URL)

import { createHash } from "node:crypto";

import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeLimitsCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  DryRunOperationException,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  InvalidArgumentException,
  KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RemoveTagsFromStreamCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  ValidationException,
  paginateListStreams,
  waitUntilStreamExists,
  waitUntilStreamNotExists,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";

import { check, equal, expectError, step, waitUntil } from "./demands.mjs";
import { Resharding } from "./resharding.mjs";

const hashSpace = 1n << 128n;
const clockSlack = 5000;
const page = 100;

function batchData(index) {
  return Buffer.concat([Buffer.from([index >> 8, index & 255]), Buffer.alloc(index % 64, index & 255)]);
}

function hashOf(key) {
  return BigInt("0x" + createHash("md5").update(key, "utf8").digest("hex"));
}

class Suite {
  constructor(endpoint) {
    this.kinesis = new KinesisClient({
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      requestHandler: new NodeHttpHandler(),
    });
    this.stream = `clients-javascript-${process.pid}-${Date.now()}`;
    this.second = this.stream + "-second";
    this.started = Date.now();
  }

  async run() {
    await this.create();
    await this.describe();
    await this.createAgain();
    await this.putSingle();
    await this.putExplicitHash();
    await this.putBatch();
    await this.putLargest();
    await this.putDryRun();
    await this.readAll();
    await this.readLatest();
    await this.readByNumber();
    await this.readByTime();
    await this.pageListings();
    await this.tags();
    await this.retention();
    await this.limits();
    await this.refusals();
    await this.remove();
  }

  send(Command, input = {}) {
    return this.kinesis.send(new Command(input));
  }

  // --- writing ---

  /** Checks the place a put was given, and keeps it for the readers. */
  note(answer, key, data, hashKey = hashOf(key)) {
    const { ShardId: shard, SequenceNumber: number } = answer;
    equal(shard, this.shards[hashKey < hashSpace / 2n ? 0 : 1], `shard of key ${key}`);
    equal(number.length, 56, "digits of a sequence number");
    const before = this.stored.get(shard);
    const last = before.at(-1)?.number ?? "0";
    check(BigInt(number) > BigInt(last), `${number} does not follow ${last} in ${shard}`);
    before.push({ number, key, data: Buffer.from(data) });
  }

  async put(key, data, { hashKey, byArn } = {}) {
    const answer = await this.send(PutRecordCommand, {
      ...(byArn ? { StreamARN: this.arn } : { StreamName: this.stream }),
      PartitionKey: key,
      ExplicitHashKey: hashKey?.toString(),
      Data: data,
    });
    this.note(answer, key, data, hashKey);
  }

  waitUntilActive(name) {
    return waitUntilStreamExists({ client: this.kinesis, maxWaitTime: 60 }, { StreamName: name });
  }

  async create() {
    step(1, "create a stream of two shards and wait until it is ACTIVE");
    await this.send(CreateStreamCommand, { StreamName: this.stream, ShardCount: 2 });
    await this.waitUntilActive(this.stream);
  }

  async describe() {
    step(2, "describe it by name and by ARN");
    const { StreamDescription: stream } = await this.send(DescribeStreamCommand, { StreamName: this.stream });
    equal(stream.StreamStatus, "ACTIVE", "status");
    equal(stream.RetentionPeriodHours, 24, "retention");
    equal(stream.EncryptionType, "NONE", "encryption");
    equal(stream.StreamModeDetails.StreamMode, "PROVISIONED", "mode");
    equal(stream.HasMoreShards, false, "HasMoreShards");
    const created = stream.StreamCreationTimestamp.getTime();
    const inside = this.started - clockSlack <= created && created <= Date.now() + clockSlack;
    check(inside, `created at ${stream.StreamCreationTimestamp}`);
    const half = hashSpace / 2n;
    const ranges = stream.Shards.map((s) => [s.HashKeyRange.StartingHashKey, s.HashKeyRange.EndingHashKey]);
    equal(ranges, [["0", String(half - 1n)], [String(half), String(hashSpace - 1n)]], "hash ranges");
    this.shards = stream.Shards.map((shard) => shard.ShardId);
    equal(this.shards, ["shardId-000000000000", "shardId-000000000001"], "shard ids");
    // What each shard must hold, in the order of the acknowledgements.
    this.stored = new Map(this.shards.map((shard) => [shard, []]));
    this.arn = stream.StreamARN;
    const answer = await this.send(DescribeStreamSummaryCommand, { StreamARN: this.arn });
    const summary = answer.StreamDescriptionSummary;
    equal([summary.StreamName, summary.StreamARN], [this.stream, this.arn], "the summary's name and ARN");
    equal([summary.OpenShardCount, summary.ConsumerCount], [2, 0], "open shards and consumers");
    equal(summary.StreamId, undefined, "StreamId, which would send clients away from a custom endpoint");
  }

  async createAgain() {
    step(3, "create it again: ResourceInUseException");
    const input = { StreamName: this.stream, ShardCount: 2 };
    await expectError(ResourceInUseException, "a second creation", () => this.send(CreateStreamCommand, input));
  }

  async putSingle() {
    step(4, "put single records: text, nothing, every byte value, a Unicode key");
    await this.put("plain", Buffer.from("hello, millrace\n"));
    await this.put("empty", Buffer.alloc(0));
    await this.put("all-bytes", Buffer.from(Array.from({ length: 256 }, (_, value) => value)));
    const unicodeKey = "日本語/ключ/🦆";
    await this.put(unicodeKey, Buffer.from(unicodeKey), { byArn: true });
  }

  async putExplicitHash() {
    step(5, "put with explicit hash keys at the edges of both shards");
    for (const hashKey of [0n, hashSpace / 2n - 1n, hashSpace / 2n, hashSpace - 1n]) {
      await this.put("explicit", Buffer.from(hashKey.toString()), { hashKey });
    }
  }

  async putBatch() {
    step(6, "put a batch of 500 binary records");
    const entries = Array.from({ length: 500 }, (_, i) => ({ PartitionKey: `key-${i % 7}`, Data: batchData(i) }));
    const answer = await this.send(PutRecordsCommand, { StreamName: this.stream, Records: entries });
    equal(answer.FailedRecordCount, 0, "failed records");
    equal(answer.Records.length, 500, "answers");
    entries.forEach((entry, i) => this.note(answer.Records[i], entry.PartitionKey, entry.Data));
  }

  async putLargest() {
    step(7, "put a record of 1 MiB; one byte more is refused");
    const key = "large";
    const data = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => i & 255));
    await this.put(key, data.subarray(key.length));
    const tooLarge = { StreamName: this.stream, PartitionKey: key, Data: data.subarray(key.length - 1) };
    await expectError(InvalidArgumentException, "a record over 1 MiB", () => this.send(PutRecordCommand, tooLarge));
  }

  async putDryRun() {
    step(8, "a dry run stores nothing");
    const input = { StreamName: this.stream, PartitionKey: "dry", Data: Buffer.from("dry"), DryRun: true };
    await expectError(DryRunOperationException, "a dry run", () => this.send(PutRecordCommand, input));
  }

  // --- reading ---

  async iterator(shard, type, position = {}) {
    const input = { StreamName: this.stream, ShardId: shard, ShardIteratorType: type, ...position };
    return (await this.send(GetShardIteratorCommand, input)).ShardIterator;
  }

  /** All records from the iterator to the tip, page by page, and the iterator that follows them. */
  async read(iterator, limit = 1000) {
    const records = [];
    for (;;) {
      const answer = await this.send(GetRecordsCommand, { ShardIterator: iterator, Limit: limit });
      check(answer.Records.length <= limit, `${answer.Records.length} records in a page of ${limit}`);
      check(answer.NextShardIterator !== iterator, "the next iterator is the one that was sent");
      records.push(...answer.Records);
      iterator = answer.NextShardIterator;
      if (answer.MillisBehindLatest === 0) {
        return [records, iterator];
      }
    }
  }

  expectRecords(records, expected, what) {
    equal(records.length, expected.length, `number of records of ${what}`);
    records.forEach((record, i) => {
      const { number, key, data } = expected[i];
      equal(record.SequenceNumber, number, `sequence number of record ${i} of ${what}`);
      equal(record.PartitionKey, key, `key of record ${i} of ${what}`);
      check(data.equals(record.Data), `bytes of record ${i} of ${what} (key ${key}) differ`);
    });
  }

  async readAll() {
    step(9, "read everything from TRIM_HORIZON in pages: bytes, keys, order, times, distance to the tip");
    for (const shard of this.shards) {
      const start = await this.iterator(shard, "TRIM_HORIZON");
      const first = await this.send(GetRecordsCommand, { ShardIterator: start, Limit: 1 });
      check(first.MillisBehindLatest > 0, "MillisBehindLatest is 0 with records left to read");
      const [records] = await this.read(start, page);
      this.expectRecords(records, this.stored.get(shard), `TRIM_HORIZON of ${shard}`);
      const times = records.map((record) => record.ApproximateArrivalTimestamp.getTime());
      check(times.every((time, i) => i === 0 || times[i - 1] <= time), `arrival times fall in ${shard}`);
      const inside = this.started - clockSlack <= times[0] && times.at(-1) <= Date.now() + clockSlack;
      check(inside, `arrival times ${times[0]} to ${times.at(-1)}, clock ${this.started} to ${Date.now()}`);
    }
  }

  async readLatest() {
    step(10, "LATEST shows what was put after the iterator was asked for, and nothing else");
    const stored = this.stored.get(this.shards[0]);
    const latest = await this.iterator(this.shards[0], "LATEST");
    await this.put("tip", Buffer.from("first after the iterator"), { hashKey: 1n });
    let [records, following] = await this.read(latest);
    this.expectRecords(records, stored.slice(-1), "LATEST");
    [records, following] = await this.read(following);
    this.expectRecords(records, [], "the tip");
    await this.put("tip", Buffer.from("second after the iterator"), { hashKey: 1n });
    [records] = await this.read(following);
    this.expectRecords(records, stored.slice(-1), "the tip, later");
  }

  async readByNumber() {
    step(11, "AT_SEQUENCE_NUMBER starts at the record, AFTER_SEQUENCE_NUMBER behind it");
    for (const shard of this.shards) {
      const stored = this.stored.get(shard);
      for (const position of [0, stored.length >> 1, stored.length - 1]) {
        const number = { StartingSequenceNumber: stored[position].number };
        const [at] = await this.read(await this.iterator(shard, "AT_SEQUENCE_NUMBER", number));
        this.expectRecords(at, stored.slice(position), `AT_SEQUENCE_NUMBER of record ${position} in ${shard}`);
        const [after] = await this.read(await this.iterator(shard, "AFTER_SEQUENCE_NUMBER", number));
        this.expectRecords(after, stored.slice(position + 1), `AFTER_SEQUENCE_NUMBER of ${position} in ${shard}`);
      }
    }
  }

  async readByTime() {
    step(12, "AT_TIMESTAMP starts at the first record that arrived then or later");
    const shard = this.shards[1];
    const lastArrival = async () => {
      const [records] = await this.read(await this.iterator(shard, "TRIM_HORIZON"));
      return records.at(-1).ApproximateArrivalTimestamp;
    };
    const before = (await lastArrival()).getTime();
    await waitUntil("a later millisecond", () => Date.now() > before + 10);
    await this.put("timed", Buffer.from("in a millisecond of its own"), { hashKey: hashSpace - 1n });
    const arrival = await lastArrival();
    check(arrival.getTime() > before, "the broker's clock stands behind this one");
    const [last] = await this.read(await this.iterator(shard, "AT_TIMESTAMP", { Timestamp: arrival }));
    this.expectRecords(last, this.stored.get(shard).slice(-1), "AT_TIMESTAMP");
    const longAgo = { Timestamp: new Date("2020-01-01T00:00:00Z") };
    const [all] = await this.read(await this.iterator(shard, "AT_TIMESTAMP", longAgo));
    this.expectRecords(all, this.stored.get(shard), "AT_TIMESTAMP of long ago");
  }

  // --- the rest ---

  async pageListings() {
    step(13, "page through ListShards, DescribeStream and ListStreams");
    const ids = (answer) => answer.Shards.map((shard) => shard.ShardId);
    const name = { StreamName: this.stream };
    let first = await this.send(ListShardsCommand, { ...name, MaxResults: 1 });
    equal(ids(first), this.shards.slice(0, 1), "first page of ListShards");
    let rest = await this.send(ListShardsCommand, { NextToken: first.NextToken });
    equal(ids(rest), this.shards.slice(1), "second page of ListShards");
    equal(rest.NextToken, undefined, "token of the last page of ListShards");
    first = (await this.send(DescribeStreamCommand, { ...name, Limit: 1 })).StreamDescription;
    equal([first.Shards.length, first.HasMoreShards], [1, true], "first page of DescribeStream");
    const behindFirst = { ...name, ExclusiveStartShardId: this.shards[0] };
    rest = (await this.send(DescribeStreamCommand, behindFirst)).StreamDescription;
    equal([ids(rest), rest.HasMoreShards], [this.shards.slice(1), false], "second page of DescribeStream");
    await this.send(CreateStreamCommand, { StreamName: this.second, StreamModeDetails: { StreamMode: "ON_DEMAND" } });
    await this.waitUntilActive(this.second);
    const names = [];
    for await (const answer of paginateListStreams({ client: this.kinesis, pageSize: 1 }, {})) {
      equal(answer.StreamNames.length, 1, "names in a page of one");
      names.push(...answer.StreamNames);
    }
    const ours = [this.stream, this.second];
    equal(names.filter((found) => ours.includes(found)), ours, "ListStreams");
    const after = await this.send(ListStreamsCommand, { ExclusiveStartStreamName: this.stream, Limit: 1 });
    equal(after.StreamNames, [this.second], "ListStreams behind a name");
    equal(after.StreamSummaries[0].StreamModeDetails.StreamMode, "ON_DEMAND", "mode in the listing");
    await this.send(DeleteStreamCommand, { StreamName: this.second });
  }

  async tags() {
    step(14, "add, page, change and remove tags");
    const name = { StreamName: this.stream };
    await this.send(AddTagsToStreamCommand, { ...name, Tags: { team: "water", größe: "groß", empty: "" } });
    await this.send(AddTagsToStreamCommand, { ...name, Tags: { team: "mill" } });
    const first = await this.send(ListTagsForStreamCommand, { ...name, Limit: 1 });
    equal([first.Tags, first.HasMoreTags], [[{ Key: "empty", Value: "" }], true], "first tag");
    const rest = await this.send(ListTagsForStreamCommand, { ...name, ExclusiveStartTagKey: "empty" });
    const wanted = [{ Key: "größe", Value: "groß" }, { Key: "team", Value: "mill" }];
    equal([rest.Tags, rest.HasMoreTags], [wanted, false], "the other tags");
    await this.send(RemoveTagsFromStreamCommand, { ...name, TagKeys: ["größe", "empty"] });
    const left = await this.send(ListTagsForStreamCommand, name);
    equal(left.Tags, [{ Key: "team", Value: "mill" }], "tags left");
  }

  async retention() {
    step(15, "raise and lower the retention");
    const change = (Command, hours) => this.send(Command, { StreamName: this.stream, RetentionPeriodHours: hours });
    const hours = async () => {
      const answer = await this.send(DescribeStreamSummaryCommand, { StreamName: this.stream });
      return answer.StreamDescriptionSummary.RetentionPeriodHours;
    };
    const [raise, lower] = [IncreaseStreamRetentionPeriodCommand, DecreaseStreamRetentionPeriodCommand];
    await change(raise, 48);
    equal(await hours(), 48, "raised retention");
    await expectError(InvalidArgumentException, "raising to less", () => change(raise, 47));
    await expectError(InvalidArgumentException, "lowering to more", () => change(lower, 49));
    await expectError(InvalidArgumentException, "lowering below a day", () => change(lower, 23));
    await change(lower, 24);
    equal(await hours(), 24, "lowered retention");
  }

  async limits() {
    step(16, "describe the limits");
    const limits = await this.send(DescribeLimitsCommand);
    check(limits.OpenShardCount >= 2, `open shards: ${limits.OpenShardCount}`);
    check(limits.ShardLimit > limits.OpenShardCount, `shard limit: ${limits.ShardLimit}`);
    check(limits.OnDemandStreamCountLimit > 0, `on-demand limit: ${limits.OnDemandStreamCountLimit}`);
  }

  async refusals() {
    step(17, "errors arrive as the classes that programs catch");
    const shard = { StreamName: this.stream, ShardId: this.shards[0] };
    const missing = { StreamName: this.stream + "-missing" };
    const put = { StreamName: this.stream, PartitionKey: "a", Data: Buffer.from("a") };
    const soon = new Date(Date.now() + 600_000);
    const table = [
      [ResourceNotFoundException, "describe", DescribeStreamCommand, missing],
      [ResourceNotFoundException, "put", PutRecordCommand, { ...put, ...missing }],
      [InvalidArgumentException, "an iterator that is none", GetRecordsCommand, { ShardIterator: "no iterator" }],
      [
        InvalidArgumentException,
        "a number that is none",
        GetShardIteratorCommand,
        { ...shard, ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: "1234567890" },
      ],
      [
        InvalidArgumentException,
        "a time to come",
        GetShardIteratorCommand,
        { ...shard, ShardIteratorType: "AT_TIMESTAMP", Timestamp: soon },
      ],
      [
        ResourceNotFoundException,
        "a shard that is not there",
        GetShardIteratorCommand,
        { ...shard, ShardId: "shardId-000000000007", ShardIteratorType: "LATEST" },
      ],
      [
        InvalidArgumentException,
        "a hash key that is too high",
        PutRecordCommand,
        { ...put, ExplicitHashKey: hashSpace.toString() },
      ],
      [ValidationException, "a long partition key", PutRecordCommand, { ...put, PartitionKey: "k".repeat(257) }],
    ];
    for (const [errorClass, what, Command, input] of table) {
      await expectError(errorClass, what, () => this.send(Command, input));
    }
    const expired = process.env.EXPIRED_ITERATOR;
    if (expired) {
      const input = { ShardIterator: expired };
      await expectError(ExpiredIteratorException, "an expired iterator", () => this.send(GetRecordsCommand, input));
    } else {
      console.log("         (no EXPIRED_ITERATOR given: ExpiredIteratorException is not asked for)");
    }
  }

  async remove() {
    step(18, "delete; what comes under the same name is new and empty");
    const name = { StreamName: this.stream };
    const old = { ShardIterator: await this.iterator(this.shards[0], "TRIM_HORIZON") };
    await this.send(DeleteStreamCommand, name);
    await waitUntilStreamNotExists({ client: this.kinesis, maxWaitTime: 60 }, name);
    const expectNotFound = (what, Command, input) =>
      expectError(ResourceNotFoundException, what, () => this.send(Command, input));
    await expectNotFound("describe", DescribeStreamCommand, name);
    await expectNotFound("an iterator of a deleted stream", GetRecordsCommand, old);
    await this.send(CreateStreamCommand, { ...name, ShardCount: 1 });
    await this.waitUntilActive(this.stream);
    const [records] = await this.read(await this.iterator(this.shards[0], "TRIM_HORIZON"));
    this.expectRecords(records, [], "the new stream");
    await expectNotFound("an iterator of the old stream", GetRecordsCommand, old);
    await this.send(DeleteStreamCommand, name);
  }
}

const endpoint = process.argv[2] ?? process.env.AWS_ENDPOINT_URL;
check(endpoint, "no endpoint: give it as an argument or in AWS_ENDPOINT_URL");
try {
  const suite = new Suite(endpoint);
  await suite.run();
  await new Resharding(suite.kinesis, suite.stream + "-resharded").run();
} catch (unexpected) {
  check(false, unexpected);
}
console.log("AWS SDK for JavaScript v3: all steps passed");
