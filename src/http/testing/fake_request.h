#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/service.h"

namespace millrace::http::testing {

// A request that came over no connection.
class FakeRequest final : public Request {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit FakeRequest(std::string method, std::string target = "/", Headers headers = {}, std::string body = {})
      : method_(std::move(method)), target_(std::move(target)), headers_(std::move(headers)), body_(std::move(body)) {}

  std::string_view method() const override { return method_; }
  std::string_view target() const override { return target_; }
  std::string_view header(std::string_view lower_case_name) const override {
    for (const auto& [name, value] : headers_) {
      if (name == lower_case_name) return value;
    }
    return {};
  }
  bool has_header(std::string_view lower_case_name) const override {
    for (const auto& [name, value] : headers_) {
      if (name == lower_case_name) return true;
    }
    return false;
  }
  std::vector<std::pair<std::string_view, std::string_view>> headers() const override {
    return {headers_.begin(), headers_.end()};
  }
  std::string_view body() const override { return body_; }
  std::string peer() const override { return "test"; }
  io::Loop& loop() const override { std::abort(); }

 private:
  std::string method_;
  std::string target_;
  Headers headers_;  // names in lower case
  std::string body_;
};

// Keeps the answer that a service gives.
struct KeptReply final : Reply::Target {
  void complete(Response answer) override { response = std::move(answer); }
  Response response{.status = 0};
};

inline Response answer_of(Service& service, const Request& request) {
  const auto kept = std::make_shared<KeptReply>();
  service.handle(request, Reply(kept));
  return std::move(kept->response);
}

}  // namespace millrace::http::testing
