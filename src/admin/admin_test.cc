#include "admin/admin.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "http/testing/fake_request.h"

namespace millrace::admin {
namespace {

using http::testing::FakeRequest;

http::Response get(Admin& admin, const std::string& path) {
  return http::testing::answer_of(admin, FakeRequest("GET", path));
}

TEST(Admin, ServesItsPathsOnlyAndByGetOnly) {
  for (const char* path : {"/_health", "/_health/live", "/_health/ready", "/metrics", "/_health?x=1"}) {
    EXPECT_TRUE(Admin::serves(FakeRequest("GET", path))) << path;
    EXPECT_FALSE(Admin::serves(FakeRequest("POST", path))) << path;
  }
  for (const char* path : {"/", "/_healthy", "/metrics/", "/x"}) {
    EXPECT_FALSE(Admin::serves(FakeRequest("GET", path))) << path;
  }
}

TEST(Admin, IsReadyWhileEveryCheckIsContentAndLiveAlways) {
  base::Metrics metrics;
  std::string why;
  Admin admin(metrics, {{"engine", [&why] { return why; }}}, "\"engine\":\"memory\"");
  for (const char* path : {"/_health", "/_health/ready"}) {
    const http::Response answer = get(admin, path);
    EXPECT_EQ(answer.status, 200);
    const auto json = nlohmann::json::parse(answer.body);
    EXPECT_EQ(json["status"], "ready");
    EXPECT_EQ(json["engine"], "memory");
  }
  why = "the disk said \"no\"";
  const http::Response answer = get(admin, "/_health/ready");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(nlohmann::json::parse(answer.body)["reasons"]["engine"], why);
  EXPECT_EQ(get(admin, "/_health/live").status, 200);
}

TEST(Admin, ShowsTheMetrics) {
  base::Metrics metrics;
  metrics.add_counter("millrace_things_total", "Things.").add(3);
  Admin admin(metrics, {}, "\"engine\":\"memory\"");
  const http::Response answer = get(admin, "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(answer.body.find("# TYPE millrace_things_total counter\nmillrace_things_total 3\n"), std::string::npos);
}

}  // namespace
}  // namespace millrace::admin
