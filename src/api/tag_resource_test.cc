#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class TagResource : public testing::Api {
 protected:
  TagResource() {
    create("s");
    consumer_ = register_consumer("s", "c");
  }
  void tag(std::string_view resource, std::string_view tags) {
    ok("TagResource", fmt::format(R"({{"ResourceARN":"{}","Tags":{{{}}}}})", resource, tags));
  }
  Error tag_refused(std::string_view resource, std::string_view tags) {
    return refused("TagResource", fmt::format(R"({{"ResourceARN":"{}","Tags":{{{}}}}})", resource, tags));
  }
  std::string tags_of(std::string_view resource) {
    const wire::Value answer = ok("ListTagsForResource", fmt::format(R"({{"ResourceARN":"{}"}})", resource));
    std::string all;
    for (const wire::Value& tag : *answer.list("Tags"))
      all += fmt::format("{}={} ", tag.view("Key"), tag.view("Value"));
    return all;
  }
  std::string consumer_;
};

TEST_F(TagResource, AStreamsTagsAreThoseOfTheOlderCalls) {
  tag(arn("s"), R"("b":"2","a":"1")");
  EXPECT_EQ(tags_of(arn("s")), "a=1 b=2 ");
  EXPECT_EQ(ok("ListTagsForStream", R"({"StreamName":"s"})").list("Tags")->size(), 2U);
  ok("AddTagsToStream", R"({"StreamName":"s","Tags":{"a":"3"}})");
  EXPECT_EQ(tags_of(arn("s")), "a=3 b=2 ");
  ok("UntagResource", fmt::format(R"({{"ResourceARN":"{}","TagKeys":["a","unknown"]}})", arn("s")));
  EXPECT_EQ(tags_of(arn("s")), "b=2 ");
}

TEST_F(TagResource, AConsumerHasItsOwn) {
  tag(arn("s"), R"("a":"stream")");
  tag(consumer_, R"("a":"consumer")");
  EXPECT_EQ(tags_of(arn("s")), "a=stream ");
  EXPECT_EQ(tags_of(consumer_), "a=consumer ");
  ok("UntagResource", fmt::format(R"({{"ResourceARN":"{}","TagKeys":["a"]}})", consumer_));
  EXPECT_EQ(tags_of(consumer_), "");
  EXPECT_EQ(tags_of(arn("s")), "a=stream ");
}

TEST_F(TagResource, HoldsConsumersToTheSameRules) {
  EXPECT_EQ(tag_refused(consumer_, R"("a!":"b")").code, Errc::invalid_argument);
  EXPECT_EQ(tag_refused(consumer_, R"("aws:a":"b")").code, Errc::invalid_argument);
  EXPECT_EQ(
      tag_refused(consumer_, R"("a%":"b")"),
      Error(Errc::invalid_argument,
            "Failed to add tags to consumer c under account 000000000000 because some tags contained illegal "
            "characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'."));
  EXPECT_EQ(refused("UntagResource", fmt::format(R"({{"ResourceARN":"{}","TagKeys":["a%"]}})", consumer_)).code,
            Errc::invalid_argument);
  std::string tags;
  for (int i = 0; i < 50; ++i)
    tags += fmt::format(R"({}"k{}":"v")", i == 0 ? "" : ",", i);
  tag(consumer_, tags);
  EXPECT_EQ(
      tag_refused(consumer_, R"("one":"more")"),
      Error(Errc::invalid_argument,
            "Failed to add tags to consumer c under account 000000000000 because a given consumer cannot have more "
            "than 10 tags associated with it."));
  tag(consumer_, R"("k0":"other")");
}

TEST_F(TagResource, TheResourceMustBeThereAndUsable) {
  for (const std::string& missing : {arn("t"), arn("t") + "/consumer/c:1"}) {
    EXPECT_EQ(tag_refused(missing, R"("a":"b")"),
              Error(Errc::resource_not_found, "Stream t under account 000000000000 not found."));
  }
  EXPECT_EQ(tag_refused(arn("s") + "/consumer/c:1", R"("a":"b")"),
            Error(Errc::resource_not_found, "Consumer c, account 000000000000 not found."));
  // Of kinds that there is none of.
  for (const char* kind : {"channel", "queue"}) {
    const std::string other = fmt::format("arn:aws:kinesis:us-east-1:000000000000:{}/x", kind);
    EXPECT_EQ(tag_refused(other, R"("a":"b")"),
              Error(Errc::resource_not_found, fmt::format("Resource {} not found.", other)));
    EXPECT_EQ(refused("ListTagsForResource", fmt::format(R"({{"ResourceARN":"{}"}})", other)).code,
              Errc::resource_not_found);
  }
  apply(catalog::RegisterConsumer{.stream = stream("s").key(), .uid = stream("s").uid, .name = "d", .tags = {}});
  const std::string creating = fmt::format("{}/consumer/d:{}", arn("s"), stream("s").consumers.at("d").created_s);
  EXPECT_EQ(tag_refused(creating, R"("a":"b")").code, Errc::resource_in_use);
  EXPECT_EQ(refused("UntagResource", fmt::format(R"({{"ResourceARN":"{}","TagKeys":["a"]}})", creating)).code,
            Errc::resource_in_use);
  apply(catalog::MarkDeleting{.stream = stream("s").key(), .uid = stream("s").uid});
  EXPECT_EQ(tag_refused(arn("s"), R"("a":"b")"),
            Error(Errc::resource_in_use, "Stream s under account 000000000000 not ACTIVE, instead in state DELETING"));
}

}  // namespace
}  // namespace millrace::api
