package clients;

import java.time.Duration;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.services.kinesis.model.KinesisException;

/** What a suite demands; the first demand that is not met ends the process with status 1. */
final class Check {
  private Check() {}

  static void step(int number, String text) {
    System.out.printf("step %2d: %s%n", number, text);
  }

  static void that(boolean condition, String format, Object... arguments) {
    if (!condition) {
      System.err.println("FAILED: " + String.format(format, arguments));
      System.exit(1);
    }
  }

  static void equal(Object actual, Object expected, String what) {
    that(Objects.equals(actual, expected), "%s: expected %.300s, got %.300s", what, expected, actual);
  }

  /** Calls, and demands an error of the class, answered with HTTP status 400. */
  static void fails(Class<? extends KinesisException> expected, String what, Runnable call) {
    KinesisException caught = failure(what, call);
    that(expected.isInstance(caught), "%s: expected %s, got %s", what, expected.getSimpleName(), caught);
  }

  /** As above, by the name of the error: the model lists some errors for no operation that answers with them. */
  static void fails(String expected, String what, Runnable call) {
    KinesisException caught = failure(what, call);
    equal(caught.awsErrorDetails().errorCode(), expected, what);
  }

  private static KinesisException failure(String what, Runnable call) {
    try {
      call.run();
    } catch (KinesisException caught) {
      equal(caught.statusCode(), 400, "HTTP status of " + what);
      return caught;
    }
    that(false, "%s: expected an error, got an answer", what);
    throw new IllegalStateException();
  }

  /** Waits for the condition, 30 seconds at most. */
  static void eventually(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      that(System.nanoTime() < end, "%s did not happen within 30 s", what);
      Thread.sleep(2);
    }
  }
}
