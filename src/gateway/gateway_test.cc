#include "gateway/gateway.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <vector>

#include "api/testing/api_fixture.h"
#include "base/base64.h"
#include "gateway/newer_operations.h"
#include "http/testing/fake_request.h"
#include "wire/codec.h"

namespace millrace::gateway {
namespace {

using http::testing::FakeRequest;

constexpr std::string_view json_type = "application/x-amz-json-1.1";
constexpr std::string_view cbor_type = "application/x-amz-cbor-1.1";
constexpr std::string_view signature =
    "AWS4-HMAC-SHA256 Credential=a/20260115/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=x";

// The whole broker but for its sockets.
class GatewayTest : public api::testing::Api {
 protected:
  // A request that passes every check; what is set differs.
  struct Ask {
    std::string method = "POST";
    std::string target = "/";
    std::string operation = "Kinesis_20131202.ListStreams";
    std::string content_type{json_type};
    std::string authorization{signature};
    std::string date = "20260115T093000Z";
    std::string body = "{}";
    FakeRequest::Headers more{};
  };

  http::Response send(const Ask& ask) {
    FakeRequest::Headers headers = ask.more;
    const auto add = [&headers](std::string name, const std::string& value) {
      if (!value.empty()) headers.emplace_back(std::move(name), value);
    };
    add("content-type", ask.content_type);
    add("x-amz-target", ask.operation);
    add("authorization", ask.authorization);
    add("x-amz-date", ask.date);
    return http::testing::answer_of(gateway_, FakeRequest(ask.method, ask.target, headers, ask.body));
  }

  http::Response call_by_json(std::string_view operation, std::string body) {
    return send({.operation = fmt::format("Kinesis_20131202.{}", operation), .body = std::move(body)});
  }

  Gateway gateway_{*context_, random_, clock_.steady(), metrics_, {{"AKIDOFTHREE", "333333333333"}}};
};

void expect_error(const http::Response& answer, std::string_view body, std::uint16_t status = 400) {
  EXPECT_EQ(answer.status, status);
  EXPECT_EQ(answer.content_type, json_type);
  EXPECT_EQ(answer.body, body);
}

constexpr std::string_view access_denied =
    "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
    "</AccessDeniedException>\n";

TEST_F(GatewayTest, AnswersWithIdsAndType) {
  const http::Response answer = send({});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, json_type);
  EXPECT_EQ(answer.body, R"({"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]})");
  const std::size_t id = answer.headers.find("x-amzn-RequestId: ");
  ASSERT_NE(id, std::string::npos);
  EXPECT_EQ(answer.headers.substr(id + 18 + 36, 2), "\r\n");
  EXPECT_NE(answer.headers.find("x-amz-id-2: "), std::string::npos);
  EXPECT_EQ(answer.headers.find("Access-Control"), std::string::npos);
}

TEST_F(GatewayTest, GivesEveryAnswerAnIdOfItsOwn) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i)
    seen.insert(send({}).headers);
  EXPECT_EQ(seen.size(), 100U);
}

TEST_F(GatewayTest, AnythingButAPostIsDenied) {
  for (const char* method : {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"}) {
    const http::Response answer = send({.method = method});
    EXPECT_EQ(answer.status, 403) << method;
    EXPECT_EQ(answer.body, access_denied);
    EXPECT_EQ(answer.content_type, "");
  }
}

TEST_F(GatewayTest, APreflightIsAnsweredByWhatItAsksFor) {
  const http::Response answer = send({.method = "OPTIONS",
                                      .more = {{"origin", "http://x"},
                                               {"access-control-request-headers", "a, b"},
                                               {"access-control-request-method", "POST"}}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_NE(answer.headers.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos);
  EXPECT_NE(answer.headers.find("Access-Control-Allow-Headers: a, b\r\n"), std::string::npos);
  EXPECT_NE(answer.headers.find("Access-Control-Allow-Methods: POST\r\n"), std::string::npos);
  EXPECT_NE(answer.headers.find("Access-Control-Max-Age: 172800\r\n"), std::string::npos);
  EXPECT_EQ(answer.headers.find("x-amz-id-2"), std::string::npos);
}

TEST_F(GatewayTest, AnswersToAnOriginAllowIt) {
  const http::Response answer = send({.more = {{"origin", "http://x"}}});
  EXPECT_NE(answer.headers.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos);
  EXPECT_NE(
      answer.headers.find("Access-Control-Expose-Headers: "
                          "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date\r\n"),
      std::string::npos);
}

TEST_F(GatewayTest, AnEmptyBodyIsNoRequestEvenWhereThereIsNoInput) {
  expect_error(send({.body = ""}), R"({"__type":"SerializationException"})");
  expect_error(send({.operation = "Kinesis_20131202.Nope", .body = ""}), R"({"__type":"UnknownOperationException"})");
  const http::Response answer = send({.content_type = "text/plain", .body = ""});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.content_type, cbor_type);
  EXPECT_EQ(answer.body, "\xbf\x66__type\x76SerializationException\xff");
}

TEST_F(GatewayTest, AnUnknownContentTypeIsDeniedOrNotFound) {
  http::Response answer = send({.operation = "", .content_type = "text/plain"});
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, access_denied);
  answer = send({.content_type = "text/plain"});
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "<UnknownOperationException/>\n");
  EXPECT_EQ(send({.content_type = ""}).status, 404);
}

TEST_F(GatewayTest, PlainJsonIsRecognisedButGoesNoFurther) {
  http::Response answer = send({.content_type = "application/json"});
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body,
            R"({"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"})");
  answer = send({.content_type = "application/json", .body = "{"});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"Output":{"__type":"com.amazon.coral.service#SerializationException"},"Version":"1.0"})");
}

TEST_F(GatewayTest, TheContentTypeIsReadUpToItsParameters) {
  EXPECT_EQ(send({.content_type = "application/x-amz-json-1.1 ; charset=utf-8"}).status, 200);
}

TEST_F(GatewayTest, AnUnparseableBodyComesBeforeTargetAndSignature) {
  for (const char* body : {"{", "[]", "1", "\"x\"", "{}{}", "null", "{\"a\":\"\xff\"}"}) {
    expect_error(send({.operation = "Kinesis_20131202.Nope", .authorization = "", .body = body}),
                 R"({"__type":"SerializationException"})");
  }
}

TEST_F(GatewayTest, AnUnknownTargetComesBeforeTheSignature) {
  for (const char* target : {"Kinesis_20131202.Nope", "Kinesis_20131203.ListStreams", "ListStreams", "",
                             "Kinesis_20131202.", "DynamoDB_20120810.ListTables", "Kinesis_20131202.CreateQueue"}) {
    expect_error(send({.operation = target, .authorization = ""}), R"({"__type":"UnknownOperationException"})");
  }
}

TEST_F(GatewayTest, ASignatureComesBeforeTypesAndConstraints) {
  const std::string body = R"({"Limit":"x"})";
  expect_error(send({.authorization = "", .date = "", .body = body}),
               R"({"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"})");
  expect_error(
      send({.date = "", .body = body}),
      fmt::format(R"({{"__type":"IncompleteSignatureException","message":"Authorization header requires existence )"
                  R"(of either a 'X-Amz-Date' or a 'Date' header. Authorization={}"}})",
                  signature));
  expect_error(
      send({.target = "/?X-Amz-Algorithm=x", .body = body}),
      R"({"__type":"InvalidSignatureException","message":"Found both 'X-Amz-Algorithm' as a query-string param )"
      R"(and 'Authorization' as HTTP header."})");
}

TEST_F(GatewayTest, AQuerySignatureWillDo) {
  EXPECT_EQ(
      send({.target = "/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=d&X-Amz-Date=e",
            .authorization = "",
            .date = ""})
          .status,
      200);
}

TEST_F(GatewayTest, AnyPathIsTaken) {
  EXPECT_EQ(send({.target = "/some/path"}).status, 200);
}

TEST_F(GatewayTest, TypesComeBeforeConstraints) {
  expect_error(
      call_by_json("ListStreams", R"({"Limit":"x","ExclusiveStartStreamName":""})"),
      R"({"__type":"SerializationException","Message":"class java.lang.String can not be converted to an Integer"})");
  expect_error(
      call_by_json("ListStreams", R"({"Limit":0})"),
      R"({"__type":"ValidationException","message":"1 validation error detected: Value '0' at 'limit' failed to )"
      R"(satisfy constraint: Member must have value greater than or equal to 1"})");
}

TEST_F(GatewayTest, OperationsWithoutOutputAnswerAnEmptyBody) {
  const http::Response answer = call_by_json("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.content_type, json_type);
}

TEST_F(GatewayTest, ErrorsOfTheHotPathAreThoseOfTheGeneralOne) {
  expect_error(call_by_json("PutRecord", R"({"StreamName":"s","PartitionKey":"a","Data":"aGk="})"),
               R"({"__type":"ResourceNotFoundException","message":"Stream s under account 000000000000 not found."})");
  expect_error(
      call_by_json("PutRecord", R"({"StreamName":"s","PartitionKey":"a","Data":"aGk"})"),
      R"({"__type":"SerializationException","Message":"'aGk' can not be converted to a Blob: Base64 encoded length )"
      R"(is expected a multiple of 4 bytes but found: 3"})");
  expect_error(call_by_json("GetRecords", R"({"ShardIterator":"x"})"),
               R"({"__type":"InvalidArgumentException","message":"Invalid ShardIterator."})");
}

TEST_F(GatewayTest, CborIsAnsweredInCborErrorsToo) {
  const auto cbor = [&](std::string_view operation, const wire::Value& input) {
    const wire::Shape& shape = *api::find_operation(operation)->shape->input;
    return send({.operation = fmt::format("Kinesis_20131202.{}", operation),
                 .content_type = std::string(cbor_type),
                 .body = wire::encode(wire::Encoding::cbor, input, shape)});
  };
  wire::Value input;
  input.add("StreamName", "s");
  http::Response answer = cbor("DescribeStream", input);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.content_type, cbor_type);
  EXPECT_EQ(answer.body,
            "\xbf\x66__type\x78\x19ResourceNotFoundException\x67message\x78\x2eStream s under account 000000000000 not "
            "found.\xff");
  create("s");
  answer = cbor("DescribeStream", input);
  EXPECT_EQ(answer.status, 200);
  const auto decoded = wire::decode(wire::Encoding::cbor, answer.body, *wire::op::describe_stream.output);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, ok("DescribeStream", R"({"StreamName":"s"})"));
}

// A request signed by an access key for a region.
std::string signed_by(std::string_view access_key, std::string_view region) {
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/20260115/{}/kinesis/aws4_request, SignedHeaders=host, Signature=x",
                     access_key, region);
}

TEST_F(GatewayTest, AccountsAndRegionsHaveStreamsOfTheirOwn) {
  const auto call = [&](std::string_view key, std::string_view region, std::string_view operation, std::string body) {
    return send({.operation = fmt::format("Kinesis_20131202.{}", operation),
                 .authorization = signed_by(key, region),
                 .body = std::move(body)});
  };
  struct Place {
    std::string_view key;
    std::string_view region;
    std::string_view account;
    std::string_view partition;
  };
  const std::vector<Place> places = {{"a", "us-east-1", "000000000000", "aws"},
                                     {"111111111111", "us-east-1", "111111111111", "aws"},
                                     {"AKIDOFTHREE", "us-east-1", "333333333333", "aws"},
                                     {"111111111111", "cn-north-1", "111111111111", "aws-cn"}};
  const auto arn_in = [](const Place& place) {
    return fmt::format("arn:{}:kinesis:{}:{}:stream/s", place.partition, place.region, place.account);
  };
  const std::string named = R"({"StreamName":"s"})";
  for (const Place& place : places) {
    expect_error(
        call(place.key, place.region, "DescribeStreamSummary", named),
        fmt::format(R"({{"__type":"ResourceNotFoundException","message":"Stream s under account {} not found."}})",
                    place.account));
    EXPECT_EQ(call(place.key, place.region, "CreateStream", R"({"StreamName":"s","ShardCount":1})").status, 200);
    EXPECT_EQ(
        call(place.key, place.region, "PutRecord",
             fmt::format(R"({{"StreamName":"s","PartitionKey":"k","Data":"{}"}})", base::base64_encode(place.account)))
            .status,
        200);
  }
  for (const Place& place : places) {
    const std::string summary = call(place.key, place.region, "DescribeStreamSummary", named).body;
    EXPECT_NE(summary.find(arn_in(place)), std::string::npos) << summary;
    for (const Place& other : places) {
      const http::Response answer =
          call(other.key, other.region, "PutRecord",
               fmt::format(R"({{"StreamARN":"{}","PartitionKey":"k","Data":"eA=="}})", arn_in(place)));
      EXPECT_EQ(answer.status, &place == &other ? 200 : 400) << arn_in(place) << " by " << arn_in(other);
    }
    call(place.key, place.region, "DeleteStream", named);
    EXPECT_EQ(call(place.key, place.region, "ListStreams", "{}").body,
              R"({"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]})");
  }
}

TEST_F(GatewayTest, LenientArnsMeanTheCallersOwn) {
  context_->lenient_arns = true;
  Gateway lenient(*context_, random_, clock_.steady(), metrics_);
  create("s");
  const FakeRequest::Headers headers = {{"content-type", std::string(json_type)},
                                        {"x-amz-target", "Kinesis_20131202.DescribeStreamSummary"},
                                        {"authorization", std::string(signature)},
                                        {"x-amz-date", "20260115T093000Z"}};
  const auto describe = [&](std::string_view arn) {
    return http::testing::answer_of(lenient,
                                    FakeRequest("POST", "/", headers, fmt::format(R"({{"StreamARN":"{}"}})", arn)));
  };
  const http::Response answer = describe("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/s");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("arn:aws:kinesis:us-east-1:000000000000:stream/s"), std::string::npos) << answer.body;
  EXPECT_EQ(describe("arn:aws:kinesis:us-east-1:000000000000:stream/t").status, 400);
}

TEST_F(GatewayTest, ANextTokenIsGoodWhereItWasGivenOnly) {
  for (const char* name : {"a", "b"})
    create(name);
  const http::Response first = send({.body = R"({"Limit":1})"});
  const auto decoded = wire::decode(wire::Encoding::json, first.body, *wire::op::list_streams.output);
  ASSERT_TRUE(decoded.has_value());
  const std::string next = fmt::format(R"({{"NextToken":"{}"}})", decoded->view("NextToken"));
  EXPECT_EQ(send({.body = next}).status, 200);
  for (const auto& elsewhere : {signed_by("111111111111", "us-east-1"), signed_by("a", "us-east-2")}) {
    const http::Response answer = send({.authorization = elsewhere, .body = next});
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.body.find("InvalidArgumentException"), std::string::npos) << answer.body;
  }
}

TEST_F(GatewayTest, EachAccountHasItsOwnRates) {
  context_->limits = limits::Profile::strict;
  Gateway strict(*context_, random_, clock_.steady(), metrics_);
  const auto describe = [&](std::string_view key, std::string_view region) {
    return http::testing::answer_of(strict, FakeRequest("POST", "/",
                                                        {{"content-type", std::string(json_type)},
                                                         {"x-amz-target", "Kinesis_20131202.DescribeLimits"},
                                                         {"authorization", signed_by(key, region)},
                                                         {"x-amz-date", "20260115T093000Z"}},
                                                        "{}"));
  };
  EXPECT_EQ(describe("111111111111", "us-east-1").status, 200);
  expect_error(describe("111111111111", "us-east-1"),
               R"({"__type":"LimitExceededException","message":"Rate exceeded."})");
  EXPECT_EQ(describe("222222222222", "us-east-1").status, 200);
  EXPECT_EQ(describe("111111111111", "us-east-2").status, 200);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(describe("111111111111", "us-east-1").status, 200);
}

TEST_F(GatewayTest, NewerOperationsAreNoneOfOurs) {
  for (const std::string_view name : newer_operations) {
    EXPECT_EQ(api::find_operation(name), nullptr) << name << " is there now: take it out of newer_operations";
    expect_error(call_by_json(name, "{}"), R"({"__type":"UnknownOperationException"})");
  }
  EXPECT_FALSE(is_newer_operation("Nope"));
}

TEST_F(GatewayTest, CountsRequestsByOperationAndOutcome) {
  send({});
  send({.body = "{"});
  send({.method = "GET"});
  const std::string text = metrics_.render();
  EXPECT_NE(text.find("millrace_requests_total{operation=\"ListStreams\",outcome=\"ok\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("millrace_requests_total{operation=\"ListStreams\",outcome=\"client_error\"} 2\n"),
            std::string::npos)
      << text;
}

TEST_F(GatewayTest, WhatNeverBecomesARequestIsRefusedWithIds) {
  const http::Response answer = gateway_.refuse(413);
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.headers.find("x-amzn-RequestId: "), std::string::npos);
}

}  // namespace
}  // namespace millrace::gateway
