package kcl;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * What was acknowledged and what was processed. Each key's records are numbered from 0, so that one that is missing, doubled
 * or out of order is told at once.
 */
final class Ledger {
  private final Map<String, Long> acknowledgedOf = new HashMap<>();
  private final Map<String, Long> nextOf = new HashMap<>();
  private final Map<String, Long> processedIn = new HashMap<>();
  private final Set<String> ended = new HashSet<>();
  private final List<String> faults = new ArrayList<>();
  private long acknowledged;
  private long processed;

  synchronized void fault(String text) {
    if (faults.size() < 20) {
      faults.add(text);
    }
    notifyAll();
  }

  synchronized void acknowledge(String key) {
    acknowledgedOf.merge(key, 1L, Long::sum);
    ++acknowledged;
  }

  synchronized void process(String shard, List<KinesisClientRecord> records) {
    for (KinesisClientRecord record : records) {
      long wanted = nextOf.getOrDefault(record.partitionKey(), 0L);
      long number = numberOf(record.data());
      if (number != wanted) {
        fault("%s number %d is processed in %s, and %d is next".formatted(record.partitionKey(), number, shard, wanted));
      }
      nextOf.put(record.partitionKey(), Math.max(wanted, number + 1));
      ++processed;
    }
    processedIn.merge(shard, (long) records.size(), Long::sum);
    notifyAll();
  }

  private static long numberOf(ByteBuffer data) {
    return data.duplicate().getLong();
  }

  synchronized void end(String shard) {
    if (!ended.add(shard)) {
      fault(shard + " ends twice");
    }
    notifyAll();
  }

  synchronized long processedIn(String shard) {
    return processedIn.getOrDefault(shard, 0L);
  }

  synchronized Set<String> ended() {
    return Set.copyOf(ended);
  }

  synchronized long processed() {
    return processed;
  }

  synchronized long acknowledged() {
    return acknowledged;
  }

  synchronized long behind() {
    return acknowledged - processed;
  }

  synchronized List<String> faults() {
    return List.copyOf(faults);
  }

  /** Waits for a state of the ledger; whatever changes one wakes it. Fails at the first fault. */
  synchronized void await(String what, long seconds, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (!faults.isEmpty()) {
        throw new IllegalStateException(String.join("; ", faults));
      }
      long left = (end - System.nanoTime()) / 1_000_000L;
      if (left <= 0) {
        throw new IllegalStateException("not within %d s: %s (%d acknowledged, %d processed, by shard %s, ended %s)"
            .formatted(seconds, what, acknowledged, processed, processedIn, ended));
      }
      wait(Math.min(left, 200));
    }
  }

  /** After the end: every acknowledged record was processed. */
  synchronized void close() {
    acknowledgedOf.forEach((key, count) -> {
      if (nextOf.getOrDefault(key, 0L) != count.longValue()) {
        fault("%s has %d records, and %d were processed".formatted(key, count, nextOf.getOrDefault(key, 0L)));
      }
    });
    if (processed != acknowledged) {
      fault("%d records were acknowledged, and %d processed".formatted(acknowledged, processed));
    }
  }
}
