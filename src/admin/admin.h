#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "http/service.h"

namespace millrace::admin {

// One thing that must be true for the broker to be ready; gives a reason where it is not, else an empty text.
struct ReadyCheck {
  std::string name;
  std::function<std::string()> why_not;
};

// The administrative paths: /_health and /_health/ready (200 when ready, else 503 with the reasons), /_health/live (200
// as long as the process answers) and /metrics. Unsigned, GET only. Threads: any.
class Admin final : public http::Service {
 public:
  // What is shown of the broker in the health answer, as a JSON object's members: `"engine":"memory"`.
  Admin(base::Metrics& metrics, std::vector<ReadyCheck> checks, std::string facts);

  // Whether the request is for these paths; everything else belongs to the API.
  static bool serves(const http::Request& request);

  bool streams(const http::Request&) override { return false; }
  void handle(const http::Request& request, http::Reply reply) override;
  void stream(const http::Request& request, std::shared_ptr<http::StreamWriter> writer) override;
  http::Response refuse(std::uint16_t status) override;

 private:
  http::Response health() const;

  base::Metrics& metrics_;
  const std::vector<ReadyCheck> checks_;
  const std::string facts_;
};

}  // namespace millrace::admin
