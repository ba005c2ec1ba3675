package clients;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.model.Record;

/** What the broker acknowledged, shard by shard, and the demand that a reader be given the same. */
final class Records {
  static final BigInteger HASH_SPACE = BigInteger.ONE.shiftLeft(128);
  static final BigInteger HALF_SPACE = BigInteger.ONE.shiftLeft(127);
  static final BigInteger LAST_HASH = HASH_SPACE.subtract(BigInteger.ONE);

  record Stored(String number, String key, byte[] data) {}

  private final List<String> shards;
  private final Map<String, List<Stored>> stored = new HashMap<>();

  Records(List<String> shards) {
    this.shards = shards;
    shards.forEach(shard -> stored.put(shard, new ArrayList<>()));
  }

  /** In the order of the acknowledgements. */
  List<Stored> of(String shard) {
    return stored.get(shard);
  }

  List<Stored> newest(String shard) {
    List<Stored> all = stored.get(shard);
    return all.subList(all.size() - 1, all.size());
  }

  /** Checks the place that a put was given, and keeps it for the readers. */
  void note(String shard, String number, String key, byte[] data, BigInteger explicitHash) {
    BigInteger hash = explicitHash != null ? explicitHash : hashOf(key);
    Check.equal(shard, shards.get(hash.compareTo(HALF_SPACE) < 0 ? 0 : 1), "shard of key " + key);
    Check.equal(number.length(), 56, "digits of a sequence number");
    List<Stored> before = stored.get(shard);
    String last = before.isEmpty() ? "0" : before.get(before.size() - 1).number();
    boolean rising = new BigInteger(number).compareTo(new BigInteger(last)) > 0;
    Check.that(rising, "%s does not follow %s in %s", number, last, shard);
    before.add(new Stored(number, key, data));
  }

  static void expect(List<Record> records, List<Stored> expected, String what) {
    Check.equal(records.size(), expected.size(), "number of records of " + what);
    for (int i = 0; i < records.size(); i++) {
      Record record = records.get(i);
      Stored wanted = expected.get(i);
      Check.equal(record.sequenceNumber(), wanted.number(), "sequence number of record " + i + " of " + what);
      Check.equal(record.partitionKey(), wanted.key(), "key of record " + i + " of " + what);
      boolean same = Arrays.equals(record.data().asByteArray(), wanted.data());
      Check.that(same, "bytes of record %d of %s (key %s) differ", i, what, wanted.key());
    }
  }

  static SdkBytes bytes(String text) {
    return SdkBytes.fromUtf8String(text);
  }

  private static BigInteger hashOf(String key) {
    try {
      return new BigInteger(1, MessageDigest.getInstance("MD5").digest(key.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
