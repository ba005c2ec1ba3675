package clients;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.DescribeLimitsResponse;
import software.amazon.awssdk.services.kinesis.model.DryRunOperationException;
import software.amazon.awssdk.services.kinesis.model.EncryptionType;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.ListStreamsResponse;
import software.amazon.awssdk.services.kinesis.model.ListTagsForStreamRequest;
import software.amazon.awssdk.services.kinesis.model.ListTagsForStreamResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordRequest;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamDescription;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamMode;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.awssdk.services.kinesis.model.Tag;

/** The steps. */
final class Suite {
  private static final Duration CLOCK_SLACK = Duration.ofSeconds(5);
  private static final int PAGE = 100;

  private final KinesisClient kinesis;
  private final String stream;
  private final String second;
  private final Instant started;
  private String arn;
  private List<String> shards;
  private Records records;

  Suite(KinesisClient kinesis, String stream, Instant started) {
    this.kinesis = kinesis;
    this.stream = stream;
    this.second = stream + "-second";
    this.started = started;
  }

  void run() throws InterruptedException {
    create();
    describe();
    createAgain();
    putSingle();
    putExplicitHash();
    putBatch();
    putLargest();
    putDryRun();
    readAll();
    readLatest();
    readByNumber();
    readByTime();
    pageShards();
    pageStreams();
    tags();
    retention();
    limits();
    refusals();
    delete();
  }

  // --- writing ---

  private void put(String key, SdkBytes data, BigInteger hash) {
    String explicit = hash == null ? null : hash.toString();
    PutRecordResponse answer =
        kinesis.putRecord(put -> put.streamName(stream).partitionKey(key).data(data).explicitHashKey(explicit));
    records.note(answer.shardId(), answer.sequenceNumber(), key, data.asByteArray(), hash);
  }

  private void waitUntilActive(String name) {
    kinesis.waiter().waitUntilStreamExists(describe -> describe.streamName(name));
  }

  private void create() {
    Check.step(1, "create a stream of two shards and wait until it is ACTIVE");
    kinesis.createStream(create -> create.streamName(stream).shardCount(2));
    waitUntilActive(stream);
  }

  private void expectRecent(Instant moment, String what) {
    Instant now = Instant.now();
    boolean inside = !moment.isBefore(started.minus(CLOCK_SLACK)) && !moment.isAfter(now.plus(CLOCK_SLACK));
    Check.that(inside, "%s at %s, clock %s to %s", what, moment, started, now);
  }

  private void describe() {
    Check.step(2, "describe it by name and by ARN");
    StreamDescription description = kinesis.describeStream(describe -> describe.streamName(stream)).streamDescription();
    Check.equal(description.streamStatus(), StreamStatus.ACTIVE, "status");
    Check.equal(description.retentionPeriodHours(), 24, "retention");
    Check.equal(description.encryptionType(), EncryptionType.NONE, "encryption");
    Check.equal(description.streamModeDetails().streamMode(), StreamMode.PROVISIONED, "mode");
    Check.equal(description.hasMoreShards(), false, "HasMoreShards");
    expectRecent(description.streamCreationTimestamp(), "creation");
    List<String> ranges = new ArrayList<>();
    for (Shard shard : description.shards()) {
      ranges.add(shard.hashKeyRange().startingHashKey());
      ranges.add(shard.hashKeyRange().endingHashKey());
    }
    String endOfFirst = Records.HALF_SPACE.subtract(BigInteger.ONE).toString();
    List<String> expected = List.of("0", endOfFirst, Records.HALF_SPACE.toString(), Records.LAST_HASH.toString());
    Check.equal(ranges, expected, "hash ranges");
    shards = ids(description.shards());
    Check.equal(shards, List.of("shardId-000000000000", "shardId-000000000001"), "shard ids");
    records = new Records(shards);
    arn = description.streamARN();
    StreamDescriptionSummary summary =
        kinesis.describeStreamSummary(describe -> describe.streamARN(arn)).streamDescriptionSummary();
    Check.equal(List.of(summary.streamName(), summary.streamARN()), List.of(stream, arn), "the summary's name and ARN");
    Check.equal(List.of(summary.openShardCount(), summary.consumerCount()), List.of(2, 0), "open shards and consumers");
    Check.equal(summary.streamId(), null, "StreamId, which would send clients away from a custom endpoint");
  }

  private static List<String> ids(List<Shard> list) {
    return list.stream().map(Shard::shardId).toList();
  }

  private void createAgain() {
    Check.step(3, "create it again: ResourceInUseException");
    Runnable again = () -> kinesis.createStream(create -> create.streamName(stream).shardCount(2));
    Check.fails(ResourceInUseException.class, "a second creation", again);
  }

  private void putSingle() {
    Check.step(4, "put single records: text, nothing, every byte value, a Unicode key");
    byte[] allBytes = new byte[256];
    IntStream.range(0, 256).forEach(value -> allBytes[value] = (byte) value);
    put("plain", Records.bytes("hello, millrace\n"), null);
    put("empty", SdkBytes.fromByteArray(new byte[0]), null);
    put("all-bytes", SdkBytes.fromByteArray(allBytes), null);
    String unicodeKey = "日本語/ключ/🦆";
    SdkBytes data = Records.bytes(unicodeKey);
    PutRecordResponse byArn = kinesis.putRecord(put -> put.streamARN(arn).partitionKey(unicodeKey).data(data));
    records.note(byArn.shardId(), byArn.sequenceNumber(), unicodeKey, data.asByteArray(), null);
  }

  private void putExplicitHash() {
    Check.step(5, "put with explicit hash keys at the edges of both shards");
    BigInteger endOfFirst = Records.HALF_SPACE.subtract(BigInteger.ONE);
    for (BigInteger hash : List.of(BigInteger.ZERO, endOfFirst, Records.HALF_SPACE, Records.LAST_HASH)) {
      put("explicit", Records.bytes(hash.toString()), hash);
    }
  }

  private static PutRecordsRequestEntry batchEntry(int index) {
    byte[] data = new byte[2 + index % 64];
    Arrays.fill(data, (byte) index);
    data[0] = (byte) (index >> 8);
    return PutRecordsRequestEntry.builder().partitionKey("key-" + index % 7).data(SdkBytes.fromByteArray(data)).build();
  }

  private void putBatch() {
    Check.step(6, "put a batch of 500 binary records");
    List<PutRecordsRequestEntry> entries = IntStream.range(0, 500).mapToObj(Suite::batchEntry).toList();
    PutRecordsResponse answer = kinesis.putRecords(put -> put.streamName(stream).records(entries));
    Check.equal(answer.failedRecordCount(), 0, "failed records");
    Check.equal(answer.records().size(), 500, "answers");
    for (int i = 0; i < entries.size(); i++) {
      PutRecordsRequestEntry entry = entries.get(i);
      String number = answer.records().get(i).sequenceNumber();
      String shard = answer.records().get(i).shardId();
      records.note(shard, number, entry.partitionKey(), entry.data().asByteArray(), null);
    }
  }

  private void putLargest() {
    Check.step(7, "put a record of 1 MiB; one byte more is refused");
    String key = "large";
    byte[] data = new byte[(1 << 20) - key.length() + 1];
    IntStream.range(0, data.length).forEach(i -> data[i] = (byte) i);
    put(key, SdkBytes.fromByteArray(Arrays.copyOf(data, data.length - 1)), null);
    PutRecordRequest.Builder tooLarge = PutRecordRequest.builder().streamName(stream).partitionKey(key);
    PutRecordRequest request = tooLarge.data(SdkBytes.fromByteArray(data)).build();
    Check.fails(InvalidArgumentException.class, "a record over 1 MiB", () -> kinesis.putRecord(request));
  }

  private void putDryRun() {
    Check.step(8, "a dry run stores nothing");
    PutRecordRequest.Builder dry = PutRecordRequest.builder().streamName(stream).partitionKey("dry");
    PutRecordRequest request = dry.data(Records.bytes("dry")).dryRun(true).build();
    Check.fails(DryRunOperationException.class, "a dry run", () -> kinesis.putRecord(request));
  }

  // --- reading ---

  private String iterator(String shard, ShardIteratorType type, Consumer<GetShardIteratorRequest.Builder> position) {
    GetShardIteratorRequest.Builder request = GetShardIteratorRequest.builder();
    request.streamName(stream).shardId(shard).shardIteratorType(type);
    position.accept(request);
    return kinesis.getShardIterator(request.build()).shardIterator();
  }

  private String iterator(String shard, ShardIteratorType type) {
    return iterator(shard, type, position -> {});
  }

  private record Read(List<Record> records, String following) {}

  /** All records from the iterator to the tip, page by page, and the iterator that follows them. */
  private Read read(String start, int limit) {
    List<Record> all = new ArrayList<>();
    String iterator = start;
    while (true) {
      String current = iterator;
      GetRecordsResponse answer = kinesis.getRecords(get -> get.shardIterator(current).limit(limit));
      Check.that(answer.records().size() <= limit, "%d records in a page of %d", answer.records().size(), limit);
      iterator = answer.nextShardIterator();
      Check.that(!current.equals(iterator), "the next iterator is the one that was sent");
      all.addAll(answer.records());
      if (answer.millisBehindLatest() == 0) {
        return new Read(all, iterator);
      }
    }
  }

  private void readAll() {
    Check.step(9, "read everything from TRIM_HORIZON in pages: bytes, keys, order, times, distance to the tip");
    for (String shard : shards) {
      String start = iterator(shard, ShardIteratorType.TRIM_HORIZON);
      GetRecordsResponse first = kinesis.getRecords(get -> get.shardIterator(start).limit(1));
      Check.that(first.millisBehindLatest() > 0, "MillisBehindLatest is 0 with records left to read");
      List<Record> read = read(start, PAGE).records();
      Records.expect(read, records.of(shard), "TRIM_HORIZON of " + shard);
      Instant before = Instant.EPOCH;
      for (Record record : read) {
        Instant arrival = record.approximateArrivalTimestamp();
        Check.that(!arrival.isBefore(before), "arrival times fall in %s: %s after %s", shard, arrival, before);
        expectRecent(arrival, "arrival");
        before = arrival;
      }
    }
  }

  private void readLatest() {
    Check.step(10, "LATEST shows what was put after the iterator was asked for, and nothing else");
    String shard = shards.get(0);
    String latest = iterator(shard, ShardIteratorType.LATEST);
    put("tip", Records.bytes("first after the iterator"), BigInteger.ONE);
    Read read = read(latest, PAGE);
    Records.expect(read.records(), records.newest(shard), "LATEST");
    read = read(read.following(), PAGE);
    Records.expect(read.records(), List.of(), "the tip");
    put("tip", Records.bytes("second after the iterator"), BigInteger.ONE);
    Records.expect(read(read.following(), PAGE).records(), records.newest(shard), "the tip, later");
  }

  private void readByNumber() {
    Check.step(11, "AT_SEQUENCE_NUMBER starts at the record, AFTER_SEQUENCE_NUMBER behind it");
    for (String shard : shards) {
      List<Records.Stored> all = records.of(shard);
      for (int position : List.of(0, all.size() / 2, all.size() - 1)) {
        String number = all.get(position).number();
        String at = iterator(shard, ShardIteratorType.AT_SEQUENCE_NUMBER, p -> p.startingSequenceNumber(number));
        Records.expect(read(at, 1000).records(), all.subList(position, all.size()), "AT_SEQUENCE_NUMBER");
        String after = iterator(shard, ShardIteratorType.AFTER_SEQUENCE_NUMBER, p -> p.startingSequenceNumber(number));
        Records.expect(read(after, 1000).records(), all.subList(position + 1, all.size()), "AFTER_SEQUENCE_NUMBER");
      }
    }
  }

  private Instant lastArrival(String shard) {
    List<Record> all = read(iterator(shard, ShardIteratorType.TRIM_HORIZON), 1000).records();
    return all.get(all.size() - 1).approximateArrivalTimestamp();
  }

  private List<Record> readFrom(String shard, Instant moment) {
    return read(iterator(shard, ShardIteratorType.AT_TIMESTAMP, p -> p.timestamp(moment)), 1000).records();
  }

  private void readByTime() throws InterruptedException {
    Check.step(12, "AT_TIMESTAMP starts at the first record that arrived then or later");
    String shard = shards.get(1);
    Instant before = lastArrival(shard);
    Check.eventually("a later millisecond", () -> Instant.now().isAfter(before.plusMillis(10)));
    put("timed", Records.bytes("in a millisecond of its own"), Records.LAST_HASH);
    Instant arrival = lastArrival(shard);
    Check.that(arrival.isAfter(before), "the broker's clock stands behind this one");
    Records.expect(readFrom(shard, arrival), records.newest(shard), "AT_TIMESTAMP");
    Instant longAgo = Instant.parse("2020-01-01T00:00:00Z");
    Records.expect(readFrom(shard, longAgo), records.of(shard), "AT_TIMESTAMP of long ago");
  }

  // --- the rest ---

  private void pageShards() {
    Check.step(13, "page through ListShards, DescribeStream and ListStreams");
    ListShardsResponse first = kinesis.listShards(list -> list.streamName(stream).maxResults(1));
    Check.equal(ids(first.shards()), shards.subList(0, 1), "first page of ListShards");
    ListShardsResponse rest = kinesis.listShards(list -> list.nextToken(first.nextToken()));
    Check.equal(ids(rest.shards()), shards.subList(1, 2), "second page of ListShards");
    Check.equal(rest.nextToken(), null, "token of the last page of ListShards");
    StreamDescription page =
        kinesis.describeStream(describe -> describe.streamName(stream).limit(1)).streamDescription();
    Check.equal(ids(page.shards()), shards.subList(0, 1), "first page of DescribeStream");
    Check.equal(page.hasMoreShards(), true, "HasMoreShards of the first page");
    String behind = shards.get(0);
    page =
        kinesis.describeStream(d -> d.streamName(stream).exclusiveStartShardId(behind)).streamDescription();
    Check.equal(ids(page.shards()), shards.subList(1, 2), "second page of DescribeStream");
    Check.equal(page.hasMoreShards(), false, "HasMoreShards of the second page");
  }

  private void pageStreams() {
    kinesis.createStream(
        create -> create.streamName(second).streamModeDetails(mode -> mode.streamMode(StreamMode.ON_DEMAND)));
    waitUntilActive(second);
    List<String> names = new ArrayList<>();
    for (ListStreamsResponse answer : kinesis.listStreamsPaginator(list -> list.limit(1))) {
      Check.equal(answer.streamNames().size(), 1, "names in a page of one");
      names.addAll(answer.streamNames());
    }
    names.retainAll(List.of(stream, second));
    Check.equal(names, List.of(stream, second), "ListStreams");
    ListStreamsResponse after = kinesis.listStreams(list -> list.exclusiveStartStreamName(stream).limit(1));
    Check.equal(after.streamNames(), List.of(second), "ListStreams behind a name");
    StreamMode mode = after.streamSummaries().get(0).streamModeDetails().streamMode();
    Check.equal(mode, StreamMode.ON_DEMAND, "mode in the listing");
    kinesis.deleteStream(delete -> delete.streamName(second));
  }

  private ListTagsForStreamResponse listTags(Consumer<ListTagsForStreamRequest.Builder> position) {
    ListTagsForStreamRequest.Builder request = ListTagsForStreamRequest.builder().streamName(stream);
    position.accept(request);
    return kinesis.listTagsForStream(request.build());
  }

  private static Tag tag(String key, String value) {
    return Tag.builder().key(key).value(value).build();
  }

  private void tags() {
    Check.step(14, "add, page, change and remove tags");
    Map<String, String> three = Map.of("team", "water", "größe", "groß", "empty", "");
    kinesis.addTagsToStream(add -> add.streamName(stream).tags(three));
    kinesis.addTagsToStream(add -> add.streamName(stream).tags(Map.of("team", "mill")));
    ListTagsForStreamResponse first = listTags(list -> list.limit(1));
    Check.equal(first.tags(), List.of(tag("empty", "")), "first tag");
    Check.equal(first.hasMoreTags(), true, "HasMoreTags of the first page");
    ListTagsForStreamResponse rest = listTags(list -> list.exclusiveStartTagKey("empty"));
    Check.equal(rest.tags(), List.of(tag("größe", "groß"), tag("team", "mill")), "the other tags");
    Check.equal(rest.hasMoreTags(), false, "HasMoreTags of the second page");
    kinesis.removeTagsFromStream(remove -> remove.streamName(stream).tagKeys("größe", "empty"));
    Check.equal(listTags(list -> {}).tags(), List.of(tag("team", "mill")), "tags left");
  }

  private void raise(int hours) {
    kinesis.increaseStreamRetentionPeriod(raise -> raise.streamName(stream).retentionPeriodHours(hours));
  }

  private void lower(int hours) {
    kinesis.decreaseStreamRetentionPeriod(lower -> lower.streamName(stream).retentionPeriodHours(hours));
  }

  private int hours() {
    return kinesis
        .describeStreamSummary(describe -> describe.streamName(stream))
        .streamDescriptionSummary()
        .retentionPeriodHours();
  }

  private void retention() {
    Check.step(15, "raise and lower the retention");
    raise(48);
    Check.equal(hours(), 48, "raised retention");
    Check.fails(InvalidArgumentException.class, "raising to less", () -> raise(47));
    Check.fails(InvalidArgumentException.class, "lowering to more", () -> lower(49));
    Check.fails(InvalidArgumentException.class, "lowering below a day", () -> lower(23));
    lower(24);
    Check.equal(hours(), 24, "lowered retention");
  }

  private void limits() {
    Check.step(16, "describe the limits");
    DescribeLimitsResponse limits = kinesis.describeLimits();
    Check.that(limits.openShardCount() >= 2, "open shards: %s", limits);
    Check.that(limits.shardLimit() > limits.openShardCount(), "shard limit: %s", limits);
    Check.that(limits.onDemandStreamCountLimit() > 0, "on-demand limit: %s", limits);
  }

  private void refusals() {
    Check.step(17, "errors arrive as the classes that programs catch");
    String missing = stream + "-missing";
    String shard = shards.get(0);
    SdkBytes data = Records.bytes("a");
    var notFound = ResourceNotFoundException.class;
    var invalid = InvalidArgumentException.class;
    Check.fails(notFound, "describe", () -> kinesis.describeStream(describe -> describe.streamName(missing)));
    Check.fails(
        notFound, "put", () -> kinesis.putRecord(put -> put.streamName(missing).partitionKey("a").data(data)));
    Check.fails(
        invalid, "an iterator that is none", () -> kinesis.getRecords(get -> get.shardIterator("no iterator")));
    Check.fails(
        invalid,
        "a number that is none",
        () -> iterator(shard, ShardIteratorType.AT_SEQUENCE_NUMBER, p -> p.startingSequenceNumber("1234567890")));
    Instant soon = Instant.now().plusSeconds(600);
    Check.fails(
        invalid, "a time to come", () -> iterator(shard, ShardIteratorType.AT_TIMESTAMP, p -> p.timestamp(soon)));
    Check.fails(
        notFound,
        "a shard that is not there",
        () -> iterator("shardId-000000000007", ShardIteratorType.LATEST));
    Check.fails(
        invalid,
        "a hash key that is too high",
        () -> put("a", data, Records.HASH_SPACE));
    Check.fails("ValidationException", "a long partition key", () -> put("k".repeat(257), data, null));
    String expired = System.getenv("EXPIRED_ITERATOR");
    if (expired != null) {
      Runnable read = () -> kinesis.getRecords(get -> get.shardIterator(expired));
      Check.fails(ExpiredIteratorException.class, "an expired iterator", read);
    } else {
      System.out.println("         (no EXPIRED_ITERATOR given: ExpiredIteratorException is not asked for)");
    }
  }

  private void delete() {
    Check.step(18, "delete; what comes under the same name is new and empty");
    String old = iterator(shards.get(0), ShardIteratorType.TRIM_HORIZON);
    var notFound = ResourceNotFoundException.class;
    kinesis.deleteStream(delete -> delete.streamName(stream));
    kinesis.waiter().waitUntilStreamNotExists(describe -> describe.streamName(stream));
    Check.fails(notFound, "describe", () -> kinesis.describeStream(describe -> describe.streamName(stream)));
    Check.fails(
        notFound, "an iterator of a deleted stream", () -> kinesis.getRecords(get -> get.shardIterator(old)));
    kinesis.createStream(create -> create.streamName(stream).shardCount(1));
    waitUntilActive(stream);
    List<Record> none = read(iterator(shards.get(0), ShardIteratorType.TRIM_HORIZON), PAGE).records();
    Records.expect(none, List.of(), "the new stream");
    Check.fails(
        notFound, "an iterator of the old stream", () -> kinesis.getRecords(get -> get.shardIterator(old)));
    kinesis.deleteStream(delete -> delete.streamName(stream));
  }
}
