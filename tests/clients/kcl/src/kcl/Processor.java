package kcl;

import software.amazon.kinesis.exceptions.KinesisClientLibException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;

/** Tells the ledger what comes, and checkpoints it. */
final class Processor implements ShardRecordProcessor {
  private final Ledger ledger;
  private String shard;
  private boolean askedToStop;

  Processor(Ledger ledger) {
    this.ledger = ledger;
  }

  @Override
  public void initialize(InitializationInput input) {
    shard = input.shardId();
  }

  @Override
  public void processRecords(ProcessRecordsInput input) {
    ledger.process(shard, input.records());
    if (!input.records().isEmpty()) {
      checkpoint(input.checkpointer());
    }
  }

  @Override
  public void leaseLost(LeaseLostInput input) {
    // A worker that ends gives its leases back, and is told so.
    if (!askedToStop) {
      ledger.fault("the only worker lost its lease of " + shard);
    }
  }

  @Override
  public void shardEnded(ShardEndedInput input) {
    checkpoint(input.checkpointer());
    ledger.end(shard);
  }

  @Override
  public void shutdownRequested(ShutdownRequestedInput input) {
    askedToStop = true;
    checkpoint(input.checkpointer());
  }

  private void checkpoint(RecordProcessorCheckpointer checkpointer) {
    try {
      checkpointer.checkpoint();
    } catch (KinesisClientLibException failure) {
      ledger.fault("no checkpoint in " + shard + ": " + failure);
    }
  }
}
