#include "auth/signature_form.h"

#include <gtest/gtest.h>

namespace millrace::auth {
namespace {

using base::Errc;

constexpr std::string_view whole =
    "AWS4-HMAC-SHA256 Credential=AKID/20260115/eu-west-1/kinesis/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=da62";

SignedRequest header(std::string_view authorization, bool has_date = true) {
  return {.authorization = authorization, .query = {}, .has_date = has_date};
}

TEST(SignatureForm, AcceptsAWholeHeaderAndReadsItsClaim) {
  const auto claim = check_signature_form(header(whole));
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->access_key, "AKID");
  EXPECT_EQ(claim->region, "eu-west-1");
}

TEST(SignatureForm, AcceptsPartsSeparatedByCommasAlone) {
  EXPECT_TRUE(check_signature_form(header("AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=h,Signature=x")));
}

TEST(SignatureForm, MissesTheTokenWhereThereIsNoSignatureAtAll) {
  const auto claim = check_signature_form({});
  ASSERT_FALSE(claim.has_value());
  EXPECT_EQ(claim.error(), base::Error(Errc::missing_authentication_token, "Missing Authentication Token"));
}

TEST(SignatureForm, NamesEveryMissingPartInTheServicesOrder) {
  const auto claim = check_signature_form(header("AWS4-HMAC-SHA256 nothing", false));
  ASSERT_FALSE(claim.has_value());
  EXPECT_EQ(claim.error().code, Errc::incomplete_signature);
  EXPECT_EQ(claim.error().message,
            "Authorization header requires 'Credential' parameter. "
            "Authorization header requires 'Signature' parameter. "
            "Authorization header requires 'SignedHeaders' parameter. "
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            "Authorization=AWS4-HMAC-SHA256 nothing");
}

TEST(SignatureForm, TakesAnEmptyPartForAMissingOne) {
  const auto claim = check_signature_form(header("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=h, Signature="));
  ASSERT_FALSE(claim.has_value());
  EXPECT_EQ(claim.error().message,
            "Authorization header requires 'Signature' parameter. "
            "Authorization=AWS4-HMAC-SHA256 Credential=a, SignedHeaders=h, Signature=");
}

TEST(SignatureForm, RefusesAnotherAlgorithm) {
  const auto claim = check_signature_form(header("Basic Credential=a, SignedHeaders=h, Signature=x"));
  ASSERT_FALSE(claim.has_value());
  EXPECT_EQ(claim.error().code, Errc::incomplete_signature);
}

TEST(SignatureForm, AcceptsAWholeQuery) {
  const auto claim = check_signature_form(
      {.authorization = {},
       .query =
           "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260115%2Fus-east-1%2Fkinesis%2Faws4_request&"
           "X-Amz-Date=20260115T093000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=a0b1",
       .has_date = false});
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->access_key, "AKID");
  EXPECT_EQ(claim->region, "us-east-1");
}

TEST(SignatureForm, NamesWhatAQueryLacks) {
  const auto claim =
      check_signature_form({.authorization = {}, .query = "X-Amz-Algorithm=x&X-Amz-Date=y", .has_date = false});
  ASSERT_FALSE(claim.has_value());
  EXPECT_EQ(claim.error().message,
            "AWS query-string parameters must include 'X-Amz-Credential'. "
            "AWS query-string parameters must include 'X-Amz-Signature'. "
            "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
            "Re-examine the query-string parameters.");
}

TEST(SignatureForm, RefusesBothAtOnce) {
  const auto claim = check_signature_form({.authorization = whole, .query = "X-Amz-Algorithm=x", .has_date = true});
  ASSERT_FALSE(claim.has_value());
  EXPECT_EQ(claim.error().code, Errc::invalid_signature);
}

TEST(SignatureForm, IgnoresAQueryThatIsNoSignature) {
  const auto claim = check_signature_form({.authorization = whole, .query = "a=b&c", .has_date = true});
  EXPECT_TRUE(claim.has_value());
}

}  // namespace
}  // namespace millrace::auth
