package kcl;

import java.math.BigInteger;
import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * The Kinesis Client Library 3 in polling mode over a split and a merge under load: every record is processed once and in its
 * key's order, every parent ends, and the library has no error to tell.
 *
 * <p>Usage: java -cp ... kcl.Main KINESIS_ENDPOINT DYNAMODB_ENDPOINT
 */
public final class Main {
  private static final int PRODUCERS = 2;
  private static final long LIMIT_SECONDS = 150;

  private final String kinesisEndpoint;
  private final String dynamoEndpoint;
  private final Ledger ledger = new Ledger();
  private final String stream = "kcl-" + ProcessHandle.current().pid() + "-" + System.currentTimeMillis();

  private Main(String kinesisEndpoint, String dynamoEndpoint) {
    this.kinesisEndpoint = kinesisEndpoint;
    this.dynamoEndpoint = dynamoEndpoint;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 2) {
      System.err.println("usage: kcl.Main KINESIS_ENDPOINT DYNAMODB_ENDPOINT");
      System.exit(2);
    }
    Main main = new Main(arguments[0], arguments[1]);
    ErrorWatch.install(main.ledger);
    try {
      main.run();
    } catch (Exception failure) {
      main.ledger.fault(failure.toString());
    }
    // Of a run that failed the threads are still at work, and end with the process.
    main.ledger.faults().forEach(fault -> System.out.println("FAILED: " + fault));
    if (!main.ledger.faults().isEmpty()) {
      System.exit(1);
    }
    System.out.printf("Kinesis Client Library 3: %d records once and in order over %d ended shards%n",
        main.ledger.processed(), main.ledger.ended().size());
    System.exit(0);
  }

  private <B extends AwsClientBuilder<B, C>, C> B configured(B builder, String endpoint) {
    return builder.endpointOverride(URI.create(endpoint)).region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")));
  }

  private KinesisAsyncClient kinesis() {
    return configured(KinesisAsyncClient.builder(), kinesisEndpoint)
        .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1)).build();
  }

  private void run() throws Exception {
    KinesisAsyncClient kinesis = kinesis();
    DynamoDbAsyncClient dynamo = configured(DynamoDbAsyncClient.builder(), dynamoEndpoint).build();
    CloudWatchAsyncClient metrics = configured(CloudWatchAsyncClient.builder(), dynamoEndpoint).build();
    step("a stream of two shards");
    kinesis.createStream(create -> create.streamName(stream).shardCount(2)).join();
    awaitActive(kinesis);
    List<Producer> producers = Stream.iterate(0, i -> i + 1).limit(PRODUCERS)
        .map(i -> new Producer(kinesis, stream, i, ledger)).toList();
    List<Thread> threads = producers.stream().map(Thread::new).toList();
    threads.forEach(Thread::start);
    Scheduler scheduler = scheduler(kinesis, dynamo, metrics);
    Thread worker = new Thread(scheduler, "worker");
    worker.start();
    reshard(kinesis);
    producers.forEach(Producer::stop);
    for (Thread thread : threads) {
      thread.join();
    }
    step("everything is processed");
    ledger.await("everything is processed", LIMIT_SECONDS, () -> ledger.behind() == 0);
    scheduler.startGracefulShutdown().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    worker.join(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
    ledger.close();
    kinesis.deleteStream(delete -> delete.streamName(stream)).join();
  }

  private Scheduler scheduler(KinesisAsyncClient kinesis, DynamoDbAsyncClient dynamo, CloudWatchAsyncClient metrics) {
    ConfigsBuilder configs = new ConfigsBuilder(stream, stream, kinesis, dynamo, metrics, "worker-1",
        () -> new Processor(ledger));
    return new Scheduler(
        configs.checkpointConfig(),
        configs.coordinatorConfig().parentShardPollIntervalMillis(500L),
        configs.leaseManagementConfig().failoverTimeMillis(5_000L)
            .initialPositionInStream(InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
        configs.lifecycleConfig(),
        configs.metricsConfig().metricsLevel(MetricsLevel.NONE),
        configs.processorConfig(),
        configs.retrievalConfig()
            .initialPositionInStreamExtended(
                InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON))
            .retrievalSpecificConfig(new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(200L)));
  }

  private void reshard(KinesisAsyncClient kinesis) throws InterruptedException {
    List<Shard> shards = shards(kinesis);
    String first = shards.get(0).shardId();
    String second = shards.get(1).shardId();
    ledger.await("both shards are read", LIMIT_SECONDS,
        () -> ledger.processedIn(first) > 1000 && ledger.processedIn(second) > 1000);

    step("the first shard is split");
    String middle = new BigInteger(shards.get(0).hashKeyRange().endingHashKey()).shiftRight(1).toString();
    kinesis.splitShard(split -> split.streamName(stream).shardToSplit(first).newStartingHashKey(middle)).join();
    awaitActive(kinesis);
    List<String> children = childrenOf(kinesis, first);
    ledger.await("the children are read", LIMIT_SECONDS,
        () -> children.stream().allMatch(child -> ledger.processedIn(child) > 1000));

    step("the upper child and the second shard are merged");
    kinesis.mergeShards(merge -> merge.streamName(stream).shardToMerge(children.get(1)).adjacentShardToMerge(second)).join();
    awaitActive(kinesis);
    String merged = childrenOf(kinesis, second).get(0);
    ledger.await("what they became is read", LIMIT_SECONDS, () -> ledger.processedIn(merged) > 1000);
    Set<String> parents = Set.of(first, second, children.get(1));
    ledger.await("every parent has ended", LIMIT_SECONDS, () -> ledger.ended().equals(parents));
  }

  private List<Shard> shards(KinesisAsyncClient kinesis) {
    return kinesis.listShards(list -> list.streamName(stream)).join().shards();
  }

  private List<String> childrenOf(KinesisAsyncClient kinesis, String parent) {
    return shards(kinesis).stream()
        .filter(shard -> parent.equals(shard.parentShardId()) || parent.equals(shard.adjacentParentShardId()))
        .map(Shard::shardId).collect(Collectors.toList());
  }

  private void awaitActive(KinesisAsyncClient kinesis) throws InterruptedException {
    ledger.await("the stream is ACTIVE", LIMIT_SECONDS, () -> kinesis.describeStreamSummary(describe -> describe
        .streamName(stream)).join().streamDescriptionSummary().streamStatus() == StreamStatus.ACTIVE);
  }

  private static void step(String text) {
    System.out.println("step: " + text);
  }
}
