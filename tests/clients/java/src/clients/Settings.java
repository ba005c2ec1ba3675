package clients;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.Consumer;
import software.amazon.awssdk.services.kinesis.model.ConsumerDescription;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.EncryptionType;
import software.amazon.awssdk.services.kinesis.model.EnableEnhancedMonitoringResponse;
import software.amazon.awssdk.services.kinesis.model.ListStreamConsumersResponse;
import software.amazon.awssdk.services.kinesis.model.MetricsName;
import software.amazon.awssdk.services.kinesis.model.MinimumThroughputBillingCommitmentOutputStatus;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamMode;
import software.amazon.awssdk.services.kinesis.model.Tag;

/** Steps 21 and 22: consumers, and what a stream can be set to. */
final class Settings {
  private static final String KEY = "alias/aws/kinesis";

  private final KinesisClient kinesis;
  private final String stream;
  private String arn;

  Settings(KinesisClient kinesis, String stream) {
    this.kinesis = kinesis;
    this.stream = stream;
  }

  void run() throws InterruptedException {
    kinesis.createStream(create -> create.streamName(stream).shardCount(1));
    awaitActive();
    arn = summary().streamARN();
    consumers();
    settings();
    kinesis.deleteStream(delete -> delete.streamName(stream).enforceConsumerDeletion(true));
    kinesis.waiter().waitUntilStreamNotExists(describe -> describe.streamName(stream));
  }

  private void awaitActive() {
    kinesis.waiter().waitUntilStreamExists(describe -> describe.streamName(stream));
  }

  private StreamDescriptionSummary summary() {
    return kinesis.describeStreamSummary(describe -> describe.streamName(stream)).streamDescriptionSummary();
  }

  private ConsumerDescription described(String consumerArn) {
    return kinesis.describeStreamConsumer(describe -> describe.consumerARN(consumerArn)).consumerDescription();
  }

  private String register(String name) throws InterruptedException {
    Consumer made = kinesis.registerStreamConsumer(register -> register.streamARN(arn).consumerName(name)).consumer();
    Check.equal(made.consumerStatus(), ConsumerStatus.CREATING, "the state of a new consumer");
    Check.eventually("an active consumer", () -> described(made.consumerARN()).consumerStatus() == ConsumerStatus.ACTIVE);
    Check.equal(described(made.consumerARN()).consumerCreationTimestamp(), made.consumerCreationTimestamp(), "creation time");
    return made.consumerARN();
  }

  private void consumers() throws InterruptedException {
    Check.step(21, "register, list, describe and deregister consumers");
    List<String> arns = List.of(register("consumer-0"), register("consumer-1"), register("consumer-2"));
    Check.fails(ResourceInUseException.class, "a name that is taken",
        () -> kinesis.registerStreamConsumer(register -> register.streamARN(arn).consumerName("consumer-0")));
    List<String> listed = new ArrayList<>();
    for (ListStreamConsumersResponse page : kinesis.listStreamConsumersPaginator(list -> list.streamARN(arn).maxResults(1))) {
      page.consumers().forEach(consumer -> listed.add(consumer.consumerARN()));
    }
    Check.equal(listed.stream().sorted().toList(), arns.stream().sorted().toList(), "consumers listed");
    Check.equal(summary().consumerCount(), 3, "consumers counted");
    Check.fails(ResourceInUseException.class, "a deletion", () -> kinesis.deleteStream(delete -> delete.streamName(stream)));
    kinesis.deregisterStreamConsumer(deregister -> deregister.streamARN(arn).consumerName("consumer-2"));
    Check.eventually("a consumer that is gone", () -> {
      try {
        described(arns.get(2));
        return false;
      } catch (ResourceNotFoundException gone) {
        return true;
      }
    });
  }

  private void settings() {
    Check.step(22, "mode, encryption, monitoring, policy, record size, tags by ARN, account settings");
    kinesis.updateStreamMode(update -> update.streamARN(arn).streamModeDetails(mode -> mode.streamMode(StreamMode.ON_DEMAND)));
    awaitActive();
    Check.equal(summary().streamModeDetails().streamMode(), StreamMode.ON_DEMAND, "mode");
    kinesis.startStreamEncryption(start -> start.streamName(stream).encryptionType(EncryptionType.KMS).keyId(KEY));
    awaitActive();
    PutRecordResponse put = kinesis.putRecord(p -> p.streamName(stream).partitionKey("a").data(Records.bytes("a")));
    Check.equal(List.of(summary().encryptionType(), put.encryptionType(), summary().keyId()),
        List.of(EncryptionType.KMS, EncryptionType.KMS, KEY), "encryption");
    kinesis.stopStreamEncryption(stop -> stop.streamName(stream).encryptionType(EncryptionType.KMS).keyId(KEY));
    awaitActive();
    EnableEnhancedMonitoringResponse metrics = kinesis.enableEnhancedMonitoring(
        enable -> enable.streamName(stream).shardLevelMetrics(MetricsName.INCOMING_BYTES));
    Check.equal(metrics.desiredShardLevelMetrics(), List.of(MetricsName.INCOMING_BYTES), "monitoring");
    awaitActive();
    String policy = ("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},"
        + "\"Action\":\"kinesis:GetRecords\",\"Resource\":\"%s\"}]}").formatted(arn);
    kinesis.putResourcePolicy(p -> p.resourceARN(arn).policy(policy));
    Check.equal(kinesis.getResourcePolicy(get -> get.resourceARN(arn)).policy(), policy, "policy");
    kinesis.deleteResourcePolicy(delete -> delete.resourceARN(arn));
    kinesis.updateMaxRecordSize(update -> update.streamARN(arn).maxRecordSizeInKiB(2048));
    awaitActive();
    Check.equal(summary().maxRecordSizeInKiB(), 2048, "record size");
    kinesis.tagResource(tag -> tag.resourceARN(arn).tags(Map.of("a", "1", "b", "2")));
    kinesis.untagResource(untag -> untag.resourceARN(arn).tagKeys("a"));
    Check.equal(kinesis.listTagsForResource(list -> list.resourceARN(arn)).tags(),
        List.of(Tag.builder().key("b").value("2").build()), "tags");
    Check.equal(kinesis.describeAccountSettings(describe -> {}).minimumThroughputBillingCommitment().status(),
        MinimumThroughputBillingCommitmentOutputStatus.DISABLED, "commitment");
  }
}
