#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class ListStreamConsumers : public testing::Api {
 protected:
  ListStreamConsumers() {
    create("s");
    create("t");
    for (const char* name : {"c", "a", "B"})
      register_consumer("s", name);
  }
  std::string request(std::string_view more = "", std::string_view stream = "s") const {
    return fmt::format(R"({{"StreamARN":"{}"{}}})", arn(stream), more);
  }
  static std::string names(const wire::Value& page) {
    std::string all;
    for (const wire::Value& consumer : *page.list("Consumers"))
      all += consumer.view("ConsumerName");
    return all;
  }
};

TEST_F(ListStreamConsumers, ByNameAndWithoutTheStream) {
  const wire::Value page = ok("ListStreamConsumers", request());
  EXPECT_EQ(names(page), "Bac");
  EXPECT_EQ(page.text("NextToken"), nullptr);
  const wire::Value& consumer = page.list("Consumers")->front();
  EXPECT_EQ(consumer.view("ConsumerStatus"), "ACTIVE");
  EXPECT_EQ(consumer.find("StreamARN"), nullptr);
  EXPECT_EQ(names(ok("ListStreamConsumers", request("", "t"))), "");
}

TEST_F(ListStreamConsumers, PagesByToken) {
  wire::Value page = ok("ListStreamConsumers", request(R"(,"MaxResults":2)"));
  EXPECT_EQ(names(page), "Ba");
  const std::string token(page.view("NextToken"));
  // What comes in between is found where it belongs; what was shown is not shown again.
  register_consumer("s", "b");
  register_consumer("s", "A");
  page = ok("ListStreamConsumers", request(fmt::format(R"(,"NextToken":"{}")", token)));
  EXPECT_EQ(names(page), "bc");
  EXPECT_EQ(page.text("NextToken"), nullptr);
}

TEST_F(ListStreamConsumers, ATokenExpiresIsOfOneStreamAndCannotBeForged) {
  const wire::Value page = ok("ListStreamConsumers", request(R"(,"MaxResults":1)"));
  const std::string with_token = fmt::format(R"(,"NextToken":"{}")", page.view("NextToken"));
  EXPECT_EQ(refused("ListStreamConsumers", request(with_token, "t")).code, Errc::invalid_argument);
  EXPECT_EQ(refused("ListStreamConsumers", request(with_token + R"(,"StreamCreationTimestamp":1)")).code,
            Errc::invalid_argument);
  EXPECT_EQ(refused("ListStreamConsumers", request(R"(,"NextToken":"AAAA")")),
            Error(Errc::invalid_argument, "Invalid NextToken."));
  // A token of another listing is none of this one.
  const wire::Value streams = ok("ListStreams", R"({"Limit":1})");
  EXPECT_EQ(
      refused("ListStreamConsumers", request(fmt::format(R"(,"NextToken":"{}")", streams.view("NextToken")))).code,
      Errc::invalid_argument);
  clock_.advance(std::chrono::seconds(300));
  ok("ListStreamConsumers", request(with_token));
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(refused("ListStreamConsumers", request(with_token)).code, Errc::expired_next_token);
}

TEST_F(ListStreamConsumers, TheCreationTimeTellsStreamsApart) {
  const std::int64_t created_s = sim::SimClock::start_ms / 1000;
  EXPECT_EQ(names(ok("ListStreamConsumers", request(fmt::format(R"(,"StreamCreationTimestamp":{})", created_s)))),
            "Bac");
  EXPECT_EQ(refused("ListStreamConsumers", request(fmt::format(R"(,"StreamCreationTimestamp":{})", created_s - 1))),
            Error(Errc::resource_not_found, "Stream s under account 000000000000 not found."));
}

TEST_F(ListStreamConsumers, AStreamThatIsBeingMadeHasNoneYet) {
  catalog::CreateStream creation;
  creation.stream = {stream("s").place, "new"};
  creation.shards_max = 10;
  apply(creation);
  EXPECT_EQ(
      refused("ListStreamConsumers", request("", "new")),
      Error(Errc::resource_in_use, "Stream new under account 000000000000 not ACTIVE, instead in state CREATING"));
}

}  // namespace
}  // namespace millrace::api
