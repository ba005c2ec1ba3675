package kcl;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;

/** Puts records of its own keys, each key's in order, until it is told to stop. */
final class Producer implements Runnable {
  private static final int KEYS = 100;
  private static final int BATCHES_BEHIND = 100;

  private final KinesisAsyncClient kinesis;
  private final String stream;
  private final int index;
  private final Ledger ledger;
  private volatile boolean stopping;

  Producer(KinesisAsyncClient kinesis, String stream, int index, Ledger ledger) {
    this.kinesis = kinesis;
    this.stream = stream;
    this.index = index;
    this.ledger = ledger;
  }

  void stop() {
    stopping = true;
  }

  @Override
  public void run() {
    try {
      for (long number = 0; !stopping; ++number) {
        put(number);
        // What is behind is what a reader works on; more of it would only make the end wait longer.
        while (!stopping && ledger.behind() > (long) KEYS * BATCHES_BEHIND) {
          ledger.await("the reader goes on", 120, () -> stopping || ledger.behind() <= (long) KEYS * BATCHES_BEHIND);
        }
      }
    } catch (Exception failure) {
      ledger.fault("a producer: " + failure);
    }
  }

  /** One record of each key. What fails is put again before its key goes on, or its order would be lost. */
  private void put(long number) {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < KEYS; ++i) {
      keys.add(index + "-" + i);
    }
    for (int attempt = 0; !keys.isEmpty(); ++attempt) {
      if (attempt == 1000) {
        throw new IllegalStateException("puts fail without an end");
      }
      List<PutRecordsRequestEntry> entries = keys.stream().map(key -> PutRecordsRequestEntry.builder()
          .partitionKey(key).data(SdkBytes.fromByteArray(ByteBuffer.allocate(8).putLong(number).array())).build()).toList();
      PutRecordsResponse answer = kinesis.putRecords(put -> put.streamName(stream).records(entries)).join();
      List<String> failed = new ArrayList<>();
      for (int i = 0; i < keys.size(); ++i) {
        if (answer.records().get(i).errorCode() != null) {
          failed.add(keys.get(i));
        } else {
          ledger.acknowledge(keys.get(i));
        }
      }
      keys = failed;
    }
  }
}
