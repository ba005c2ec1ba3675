package clients;

import java.net.URI;
import java.time.Instant;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/**
 * The common steps of tests/clients/README.md with the AWS SDK for Java v2, its synchronous client.
 *
 * <p>Usage: java -cp ... clients.Main [ENDPOINT] (default: the environment's AWS_ENDPOINT_URL). The SDK speaks CBOR unless
 * -Daws.cborEnabled=false or CBOR_ENABLED=false is given.
 */
public final class Main {
  private Main() {}

  /** Sees to it that what travels is in the encoding that the run is about, both ways. */
  private record EncodingWatch(String contentType) implements ExecutionInterceptor {
    @Override
    public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
      Check.equal(context.httpRequest().firstMatchingHeader("Content-Type").orElse(""), contentType, "request's encoding");
    }

    @Override
    public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
      Check.equal(context.httpResponse().firstMatchingHeader("Content-Type").orElse(""), contentType, "answer's encoding");
    }
  }

  public static void main(String[] arguments) throws InterruptedException {
    String endpoint = arguments.length > 0 ? arguments[0] : System.getenv("AWS_ENDPOINT_URL");
    Check.that(endpoint != null, "no endpoint: give it as an argument or in AWS_ENDPOINT_URL");
    boolean cbor = SdkSystemSetting.CBOR_ENABLED.getBooleanValue().orElse(true);
    String contentType = cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1";
    try (KinesisClient kinesis =
        KinesisClient.builder()
            .endpointOverride(URI.create(endpoint))
            .region(Region.US_EAST_1)
            .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
            .httpClientBuilder(ApacheHttpClient.builder())
            .overrideConfiguration(override -> override.addExecutionInterceptor(new EncodingWatch(contentType)))
            .build()) {
      String stream = "clients-java-" + ProcessHandle.current().pid() + "-" + System.currentTimeMillis();
      new Suite(kinesis, stream, Instant.now()).run();
      new Resharding(kinesis, stream + "-resharded").run();
      new Settings(kinesis, stream + "-set").run();
    } catch (SdkException unexpected) {
      Check.that(false, "%s", unexpected);
    }
    System.out.printf("AWS SDK for Java %s, %s: all steps passed%n", VersionInfo.SDK_VERSION, cbor ? "CBOR" : "JSON");
  }
}
