// Steps 19 to 21: shards that are split, merged and rescaled with records in every generation, a reader that follows
// them, and consumers.

import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  InvalidArgumentException,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  SplitShardCommand,
  UpdateShardCountCommand,
  paginateListStreamConsumers,
  waitUntilStreamExists,
} from "@aws-sdk/client-kinesis";

import { check, equal, expectError, step, waitUntil } from "./demands.mjs";

const hashSpace = 1n << 128n;
const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`);

export class Resharding {
  constructor(kinesis, stream) {
    this.kinesis = kinesis;
    this.stream = stream;
    // How many records each key has; its next one has that number.
    this.numbers = Object.fromEntries(keys.map((key) => [key, 0]));
  }

  send(Command, input) {
    return this.kinesis.send(new Command(input));
  }

  async run() {
    await this.send(CreateStreamCommand, { StreamName: this.stream, ShardCount: 2 });
    await this.waitUntilActive();
    await this.generations();
    await this.follow();
    await this.consumers();
    await this.send(DeleteStreamCommand, { StreamName: this.stream, EnforceConsumerDeletion: true });
  }

  waitUntilActive() {
    return waitUntilStreamExists({ client: this.kinesis, maxWaitTime: 60 }, { StreamName: this.stream });
  }

  // Some records of each key, each key's in order. What fails is put again before its key goes on.
  async put() {
    for (let round = 0; round < 5; ++round) {
      let left = keys;
      while (left.length > 0) {
        const Records = left.map((key) => ({ PartitionKey: key, Data: Buffer.from(String(this.numbers[key])) }));
        const answer = await this.send(PutRecordsCommand, { StreamName: this.stream, Records });
        const failed = [];
        left.forEach((key, i) => {
          if (answer.Records[i].ErrorCode) failed.push(key);
          else this.numbers[key] += 1;
        });
        left = failed;
      }
    }
  }

  async shards(ShardFilter) {
    const all = [];
    let NextToken;
    do {
      const which = NextToken ? { NextToken } : { StreamName: this.stream, ShardFilter };
      const page = await this.send(ListShardsCommand, { ...which, MaxResults: 2 });
      all.push(...page.Shards);
      NextToken = page.NextToken;
    } while (NextToken);
    return all;
  }

  async childrenOf(parent) {
    return (await this.shards()).filter((shard) => shard.ParentShardId === parent);
  }

  async generations() {
    step(19, "split, merge and rescale; ListShards by pages");
    const name = { StreamName: this.stream };
    const [first, second] = (await this.shards()).map((shard) => shard.ShardId);
    await this.put();
    const quarter = (hashSpace / 4n).toString();
    await this.send(SplitShardCommand, { ...name, ShardToSplit: first, NewStartingHashKey: quarter });
    await this.waitUntilActive();
    const [lower, upper] = await this.childrenOf(first);
    equal(upper.HashKeyRange.StartingHashKey, quarter, "the upper child's first hash key");
    const wrong = { ...name, ShardToMerge: lower.ShardId, AdjacentShardToMerge: second };
    await expectError(InvalidArgumentException, "a merge of what is not adjacent", () => this.send(MergeShardsCommand, wrong));
    await this.put();
    await this.send(MergeShardsCommand, { ...name, ShardToMerge: upper.ShardId, AdjacentShardToMerge: second });
    await this.waitUntilActive();
    equal((await this.childrenOf(upper.ShardId))[0].AdjacentParentShardId, second, "the adjacent parent");
    await this.put();
    const counts = await this.send(UpdateShardCountCommand, { ...name, TargetShardCount: 4, ScalingType: "UNIFORM_SCALING" });
    equal([counts.CurrentShardCount, counts.TargetShardCount], [2, 4], "the counts");
    await this.waitUntilActive();
    equal((await this.shards({ Type: "AT_LATEST" })).length, 4, "open shards");
    await this.put();
  }

  async follow() {
    step(20, "a reader that follows ChildShards gets every record once, each key's in order");
    const waiting = (await this.shards({ Type: "AT_TRIM_HORIZON" })).map((shard) => shard.ShardId);
    const begun = new Set(waiting);
    const ended = new Set();
    const read = Object.fromEntries(keys.map((key) => [key, 0]));
    while (waiting.length > 0) {
      const shard = waiting.shift();
      for (const child of await this.readToEnd(shard, read)) {
        check(child.ParentShards.includes(shard), `${shard} is no parent of ${child.ShardId}`);
        ended.add(shard);
        if (!begun.has(child.ShardId) && child.ParentShards.every((parent) => ended.has(parent))) {
          begun.add(child.ShardId);
          waiting.push(child.ShardId);
        }
      }
    }
    equal(read, this.numbers, "records read by key");
    equal(begun.size, (await this.shards()).length, "shards read");
  }

  // Reads to the end of a closed shard or to the tip of an open one; the children.
  async readToEnd(shard, read) {
    const input = { StreamName: this.stream, ShardId: shard, ShardIteratorType: "TRIM_HORIZON" };
    let iterator = (await this.send(GetShardIteratorCommand, input)).ShardIterator;
    for (;;) {
      const answer = await this.send(GetRecordsCommand, { ShardIterator: iterator });
      for (const record of answer.Records) {
        const key = record.PartitionKey;
        equal(Buffer.from(record.Data).toString(), String(read[key]), `the next record of ${key}`);
        read[key] += 1;
      }
      iterator = answer.NextShardIterator;
      if (iterator === undefined) {
        equal(answer.Records.length, 0, "records of the last answer");
        return answer.ChildShards;
      }
      if (answer.MillisBehindLatest === 0 && answer.Records.length === 0) return [];
    }
  }

  async consumers() {
    step(21, "register, page, describe and deregister consumers");
    const { StreamARN } = (await this.send(DescribeStreamSummaryCommand, { StreamName: this.stream })).StreamDescriptionSummary;
    const arns = [];
    for (const ConsumerName of ["consumer-0", "consumer-1", "consumer-2"]) {
      const { ConsumerARN } = (await this.send(RegisterStreamConsumerCommand, { StreamARN, ConsumerName })).Consumer;
      arns.push(ConsumerARN);
      await waitUntil("an active consumer", async () => {
        const found = await this.send(DescribeStreamConsumerCommand, { ConsumerARN });
        return found.ConsumerDescription.ConsumerStatus === "ACTIVE";
      });
    }
    await expectError(ResourceInUseException, "a name that is taken", () =>
      this.send(RegisterStreamConsumerCommand, { StreamARN, ConsumerName: "consumer-0" }));
    const listed = [];
    for await (const page of paginateListStreamConsumers({ client: this.kinesis, pageSize: 1 }, { StreamARN })) {
      listed.push(...page.Consumers.map((consumer) => consumer.ConsumerARN));
    }
    equal(listed.sort(), [...arns].sort(), "consumers listed");
    await this.send(DeregisterStreamConsumerCommand, { ConsumerARN: arns[0] });
    await waitUntil("a consumer that is gone", async () => {
      try {
        await this.send(DescribeStreamConsumerCommand, { ConsumerARN: arns[0] });
        return false;
      } catch (caught) {
        check(caught instanceof ResourceNotFoundException, caught);
        return true;
      }
    });
  }
}
