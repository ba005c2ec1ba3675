#include "admin/admin.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace millrace::admin {
namespace {

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

http::Response json(std::uint16_t status, std::string body) {
  return {.status = status, .content_type = "application/json", .headers = {}, .body = std::move(body)};
}

}  // namespace

Admin::Admin(base::Metrics& metrics, std::vector<ReadyCheck> checks, std::string facts)
    : metrics_(metrics), checks_(std::move(checks)), facts_(std::move(facts)) {}

bool Admin::serves(const http::Request& request) {
  if (request.method() != "GET") return false;
  const std::string_view path = path_of(request.target());
  return path == "/_health" || path == "/_health/live" || path == "/_health/ready" || path == "/metrics";
}

void Admin::handle(const http::Request& request, http::Reply reply) {
  const std::string_view path = path_of(request.target());
  if (path == "/metrics") {
    return reply.send({.status = 200,
                       .content_type = "text/plain; version=0.0.4; charset=utf-8",
                       .headers = {},
                       .body = metrics_.render()});
  }
  if (path == "/_health/live") return reply.send(json(200, "{\"status\":\"live\"}\n"));
  reply.send(health());
}

void Admin::stream(const http::Request&, std::shared_ptr<http::StreamWriter> writer) {
  writer->reply(refuse(404));
}

http::Response Admin::refuse(std::uint16_t status) {
  return {.status = status, .body = {}};
}

http::Response Admin::health() const {
  nlohmann::json reasons = nlohmann::json::object();
  for (const ReadyCheck& check : checks_) {
    if (std::string why = check.why_not(); !why.empty()) reasons[check.name] = std::move(why);
  }
  if (reasons.empty()) return json(200, fmt::format("{{\"status\":\"ready\",{}}}\n", facts_));
  return json(503, fmt::format("{{\"status\":\"not ready\",\"reasons\":{},{}}}\n", reasons.dump(), facts_));
}

}  // namespace millrace::admin
