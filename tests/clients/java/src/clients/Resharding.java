package clients;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ChildShard;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ScalingType;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.UpdateShardCountResponse;

/** Steps 19 and 20: shards that are split, merged and rescaled under load, and a reader that follows them. */
final class Resharding {
  private static final int KEYS = 50;

  private final KinesisClient kinesis;
  private final String stream;

  /** How many records each key has; its next one has that number. */
  private final Map<String, Integer> numbers = new ConcurrentHashMap<>();

  private volatile boolean stopping;
  private volatile Throwable failure;

  Resharding(KinesisClient kinesis, String stream) {
    this.kinesis = kinesis;
    this.stream = stream;
  }

  void run() throws InterruptedException {
    kinesis.createStream(create -> create.streamName(stream).shardCount(2));
    awaitActive();
    IntStream.range(0, KEYS).forEach(i -> numbers.put("key-" + i, 0));
    Thread writer = new Thread(this::write, "writer");
    writer.start();
    reshard();
    stopping = true;
    writer.join();
    Check.equal(failure, null, "the writer's failure");
    follow();
    kinesis.deleteStream(delete -> delete.streamName(stream));
    kinesis.waiter().waitUntilStreamNotExists(describe -> describe.streamName(stream));
  }

  private void awaitActive() {
    kinesis.waiter().waitUntilStreamExists(describe -> describe.streamName(stream));
  }

  private void write() {
    try {
      while (!stopping) {
        put();
      }
    } catch (SdkException caught) {
      failure = caught;
    }
  }

  /** One record of each key; what fails is put again before its key goes on. */
  private void put() {
    List<String> keys = numbers.keySet().stream().toList();
    while (!keys.isEmpty()) {
      List<String> wanted = keys;
      List<PutRecordsRequestEntry> entries = wanted.stream().map(this::entry).toList();
      PutRecordsResponse answer = kinesis.putRecords(put -> put.streamName(stream).records(entries));
      IntStream.range(0, wanted.size()).filter(i -> answer.records().get(i).errorCode() == null)
          .forEach(i -> numbers.merge(wanted.get(i), 1, Integer::sum));
      keys = IntStream.range(0, wanted.size()).filter(i -> answer.records().get(i).errorCode() != null)
          .mapToObj(wanted::get).toList();
    }
  }

  private PutRecordsRequestEntry entry(String key) {
    SdkBytes data = Records.bytes(numbers.get(key).toString());
    return PutRecordsRequestEntry.builder().partitionKey(key).data(data).build();
  }

  private int fewest() {
    return numbers.values().stream().mapToInt(Integer::intValue).min().orElseThrow();
  }

  private void goesOn() throws InterruptedException {
    int before = fewest();
    Check.eventually("more records", () -> failure != null || fewest() > before + 2);
    Check.equal(failure, null, "the writer's failure");
  }

  private List<Shard> shards() {
    return kinesis.listShards(list -> list.streamName(stream)).shards();
  }

  private List<Shard> childrenOf(String parent) {
    return shards().stream().filter(shard -> parent.equals(shard.parentShardId())).toList();
  }

  private void reshard() throws InterruptedException {
    Check.step(19, "split, merge and rescale under load");
    String first = shards().get(0).shardId();
    String second = shards().get(1).shardId();
    String quarter = Records.HALF_SPACE.shiftRight(1).toString();
    goesOn();
    kinesis.splitShard(split -> split.streamName(stream).shardToSplit(first).newStartingHashKey(quarter));
    awaitActive();
    List<Shard> children = childrenOf(first);
    Check.equal(children.stream().map(child -> child.hashKeyRange().startingHashKey()).toList(), List.of("0", quarter),
        "children");
    String lower = children.get(0).shardId();
    String upper = children.get(1).shardId();
    Check.fails(InvalidArgumentException.class, "a merge of what is not adjacent",
        () -> kinesis.mergeShards(merge -> merge.streamName(stream).shardToMerge(lower).adjacentShardToMerge(second)));
    goesOn();
    kinesis.mergeShards(merge -> merge.streamName(stream).shardToMerge(upper).adjacentShardToMerge(second));
    awaitActive();
    Shard merged = childrenOf(upper).get(0);
    Check.equal(merged.adjacentParentShardId(), second, "the adjacent parent");
    goesOn();
    UpdateShardCountResponse counts = kinesis.updateShardCount(
        update -> update.streamName(stream).targetShardCount(4).scalingType(ScalingType.UNIFORM_SCALING));
    Check.equal(List.of(counts.currentShardCount(), counts.targetShardCount()), List.of(2, 4), "the counts");
    awaitActive();
    List<BigInteger> starts = kinesis.listShards(
            list -> list.streamName(stream).shardFilter(filter -> filter.type(ShardFilterType.AT_LATEST)))
        .shards().stream().map(shard -> new BigInteger(shard.hashKeyRange().startingHashKey())).sorted().toList();
    Check.equal(starts, IntStream.range(0, 4).mapToObj(i -> Records.HASH_SPACE.shiftRight(2).multiply(BigInteger.valueOf(i)))
        .toList(), "uniform shards");
    goesOn();
  }

  private void follow() {
    Check.step(20, "a reader that follows ChildShards gets every record once, each key's in order");
    Deque<String> waiting = new ArrayDeque<>();
    kinesis.listShards(list -> list.streamName(stream).shardFilter(filter -> filter.type(ShardFilterType.AT_TRIM_HORIZON)))
        .shards().forEach(shard -> waiting.add(shard.shardId()));
    Set<String> begun = new HashSet<>(waiting);
    Set<String> ended = new HashSet<>();
    Map<String, Integer> read = new HashMap<>();
    while (!waiting.isEmpty()) {
      String shard = waiting.remove();
      for (ChildShard child : readToEnd(shard, read)) {
        Check.that(child.parentShards().contains(shard), "%s is no parent of %s", shard, child);
        ended.add(shard);
        if (ended.containsAll(child.parentShards()) && begun.add(child.shardId())) {
          waiting.add(child.shardId());
        }
      }
    }
    Check.equal(read, new HashMap<>(numbers), "records read by key");
    Check.equal(begun.size(), shards().size(), "shards read");
  }

  /** Reads to the end of a closed shard or to the tip of an open one; the children. */
  private List<ChildShard> readToEnd(String shard, Map<String, Integer> read) {
    String iterator = kinesis.getShardIterator(
        get -> get.streamName(stream).shardId(shard).shardIteratorType(ShardIteratorType.TRIM_HORIZON)).shardIterator();
    while (true) {
      String current = iterator;
      GetRecordsResponse answer = kinesis.getRecords(get -> get.shardIterator(current));
      for (Record record : answer.records()) {
        int next = read.getOrDefault(record.partitionKey(), 0);
        Check.equal(record.data().asUtf8String(), String.valueOf(next), "the next record of " + record.partitionKey());
        read.put(record.partitionKey(), next + 1);
      }
      iterator = answer.nextShardIterator();
      if (iterator == null) {
        Check.equal(answer.records().size(), 0, "records of the last answer");
        return answer.childShards();
      }
      if (answer.millisBehindLatest() == 0 && answer.records().isEmpty()) {
        return List.of();
      }
    }
  }
}
