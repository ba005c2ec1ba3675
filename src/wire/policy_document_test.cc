#include "wire/policy_document.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace millrace::wire {
namespace {

constexpr std::string_view statement =
    R"({"Sid":"a","Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":["kinesis:GetRecords","kinesis:*"],)"
    R"("Resource":"arn:aws:kinesis:us-east-1:123456789012:stream/s",)"
    R"("Condition":{"StringEquals":{"aws:SourceAccount":["1","2"]},"Bool":{"aws:SecureTransport":true}}})";

TEST(PolicyDocument, AcceptsWhatIsWellFormed) {
  EXPECT_EQ(policy_flaw(fmt::format(R"({{"Version":"2012-10-17","Id":"p","Statement":[{0},{0}]}})", statement)),
            std::nullopt);
  // Version and Id may be left out, and one statement needs no list.
  EXPECT_EQ(policy_flaw(fmt::format(R"({{"Statement":{}}})", statement)), std::nullopt);
  EXPECT_EQ(policy_flaw(R"( {"Version":"2008-10-17","Statement":{"Effect":"Deny","NotPrincipal":{"Service":["a","b"]},)"
                        R"("NotAction":"*","NotResource":["x"]}} )"),
            std::nullopt);
  EXPECT_EQ(policy_flaw(R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}})"),
            std::nullopt);
}

TEST(PolicyDocument, SaysWhatIsWrongWithTheDocument) {
  for (const std::string_view text : {"", "x", "[]", "\"{}\"", "{", "{} {}", R"({"Statement":[],})"}) {
    EXPECT_EQ(policy_flaw(text), "it is not a JSON object") << text;
  }
  EXPECT_EQ(policy_flaw("{}"), "it has no \"Statement\"");
  EXPECT_EQ(policy_flaw(R"({"Statement":[]})"), "it has no \"Statement\"");
  EXPECT_EQ(policy_flaw(R"({"Statement":["x"]})"), "a statement must be an object");
  EXPECT_EQ(policy_flaw(R"({"Statements":[]})"), "it has an unknown element \"Statements\"");
  EXPECT_EQ(policy_flaw(fmt::format(R"({{"Version":"2026-01-01","Statement":{}}})", statement)),
            "\"Version\" must be \"2012-10-17\" or \"2008-10-17\"");
  EXPECT_EQ(policy_flaw(fmt::format(R"({{"Version":20121017,"Statement":{}}})", statement)),
            "\"Version\" must be \"2012-10-17\" or \"2008-10-17\"");
  EXPECT_EQ(policy_flaw(fmt::format(R"({{"Id":1,"Statement":{}}})", statement)), "\"Id\" must be a string");
  // Deeper than any policy, and than the parser goes.
  EXPECT_EQ(policy_flaw(std::string(100'000, '[') + std::string(100'000, ']')), "it is not a JSON object");
}

TEST(PolicyDocument, SaysWhatIsWrongWithAStatement) {
  const auto flaw = [](std::string_view elements) {
    return policy_flaw(fmt::format(R"({{"Statement":{{{}}}}})", elements));
  };
  const std::string_view effect = "\"Effect\" of a statement must be \"Allow\" or \"Deny\"";
  EXPECT_EQ(flaw(R"("Principal":"*","Action":"*","Resource":"*")"), effect);
  EXPECT_EQ(flaw(R"("Effect":"allow","Principal":"*","Action":"*","Resource":"*")"), effect);
  EXPECT_EQ(flaw(R"("Effect":["Allow"],"Principal":"*","Action":"*","Resource":"*")"), effect);
  EXPECT_EQ(flaw(R"("Sid":1,"Effect":"Allow","Principal":"*","Action":"*","Resource":"*")"),
            "\"Sid\" must be a string");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Action":"*","Resource":"*")"),
            "a statement needs \"Principal\" or \"NotPrincipal\"");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":"*","NotPrincipal":"*","Action":"*","Resource":"*")"),
            "a statement needs \"Principal\" or \"NotPrincipal\"");
  const std::string_view kind = "a principal must be \"*\" or say of which kind it is";
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":"123456789012","Action":"*","Resource":"*")"), kind);
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":{},"Action":"*","Resource":"*")"), kind);
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":{"Who":"x"},"Action":"*","Resource":"*")"),
            "it has an unknown element \"Who\"");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":{"AWS":[]},"Action":"*","Resource":"*")"),
            "a principal must be a string or a list of some");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":"*","Resource":"*")"),
            "a statement needs \"Action\" or \"NotAction\"");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":"*","Action":[],"Resource":"*")"),
            "\"Action\" of a statement must be a string or a list of some");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":"*","Action":["kinesis:*","PutRecord"],"Resource":"*")"),
            "\"PutRecord\" is not an action");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":"*","Action":"*")"),
            "a statement needs \"Resource\" or \"NotResource\"");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":[1])"),
            "\"Resource\" of a statement must be a string or a list of some");
  EXPECT_EQ(flaw(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Extra":1)"),
            "it has an unknown element \"Extra\"");
  const std::string_view condition =
      "a condition must give each operator its keys, and each key a value or a list of some";
  for (const std::string_view value : {"[]", R"({"Bool":true})", R"({"Bool":{"a":{}}})", R"({"Bool":{"a":[null]}})"}) {
    EXPECT_EQ(
        flaw(fmt::format(R"("Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{})", value)),
        condition)
        << value;
  }
}

}  // namespace
}  // namespace millrace::wire
