// The common steps of tests/clients/README.md with the AWS SDK for Go v2.
//
// Usage: suite [ENDPOINT]        (default: the environment's AWS_ENDPOINT_URL)
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"os"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
)

const clockSlack = 5 * time.Second

func step(number int, text string) { fmt.Printf("step %2d: %s\n", number, text) }

func check(condition bool, format string, arguments ...any) {
	if !condition {
		fmt.Fprintf(os.Stderr, "FAILED: "+format+"\n", arguments...)
		os.Exit(1)
	}
}

func equal(actual, expected any, what string) {
	check(reflect.DeepEqual(actual, expected), "%s: expected %.300v, got %.300v", what, expected, actual)
}

// must unwraps an answer that has to be there.
func must[Output any](output Output, err error) Output {
	check(err == nil, "%T: %v", output, err)
	return output
}

// expectError demands an error of the class Class, which the broker answered with HTTP status 400.
func expectError[Class error](what string, err error) {
	var wanted Class
	check(errors.As(err, &wanted), "%s: expected %T, got %v", what, wanted, err)
	expectStatus400(what, err)
}

// expectCode is for errors that the operation's model does not list: the SDK has no class for them there.
func expectCode(code, what string, err error) {
	var failure smithy.APIError
	check(errors.As(err, &failure), "%s: expected %s, got %v", what, code, err)
	equal(failure.ErrorCode(), code, what)
	expectStatus400(what, err)
}

func expectStatus400(what string, err error) {
	var response *http.ResponseError
	check(errors.As(err, &response), "%s: no answer: %v", what, err)
	equal(response.HTTPStatusCode(), 400, "HTTP status of "+what)
}

func waitUntil(what string, condition func() bool) {
	const limit = 30 * time.Second
	for end := time.Now().Add(limit); !condition(); time.Sleep(2 * time.Millisecond) {
		check(time.Now().Before(end), "%s did not happen within %v", what, limit)
	}
}

// plainBody is a request's body without its WriteTo, see quickAnswers.
type plainBody struct{ io.ReadCloser }

// quickAnswers is the SDK's HTTP client, fit for a broker that answers within microseconds. The SDK closes the body of a
// request once the answer's head is there. Where that comes before the transport has looked for the end of the body,
// its closed body says io.EOF from WriteTo, which io.Copy takes for a failure: the transport cuts the connection, and
// the SDK sends the request once more (smithy-go 1.28.9, safeWriteToReadCloser). From Read, io.EOF is an end.
type quickAnswers struct{ client *http.BuildableClient }

func (q quickAnswers) Do(request *nethttp.Request) (*nethttp.Response, error) {
	if request.Body != nil {
		request.Body = plainBody{request.Body}
	}
	return q.client.Do(request)
}

func main() {
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if len(os.Args) > 1 {
		endpoint = os.Args[1]
	}
	check(endpoint != "", "no endpoint: give it as an argument or in AWS_ENDPOINT_URL")
	client := kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       "us-east-1",
		HTTPClient:   quickAnswers{http.NewBuildableClient()},
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	name := fmt.Sprintf("clients-go-%d-%d", os.Getpid(), time.Now().UnixMilli())
	suite := &Suite{ctx: context.Background(), kinesis: client, stream: name, started: time.Now()}
	suite.run()
	fmt.Printf("AWS SDK for Go v2, kinesis %s: all steps passed\n", kinesisVersion())
}
