#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "api/operations.h"
#include "base/metrics.h"
#include "gateway/callers.h"
#include "gateway/checks.h"
#include "gateway/request_ids.h"
#include "http/service.h"
#include "io/clock.h"
#include "io/random.h"

namespace millrace::gateway {

// Turns an HTTP request into an operation and its outcome into an answer. The checks come in the service's order, since
// the order decides which error a client sees; see checks.h.
//
// Threads: handle() on the connections' loops, at once on several.
class Gateway final : public http::Service {
 public:
  // `context` is that of the default account and region. All but the accounts outlive the gateway.
  Gateway(api::Context& context, io::Random& random, const io::SteadyClock& steady_clock, base::Metrics& metrics,
          Accounts accounts = {});
  ~Gateway();

  bool streams(const http::Request&) override { return false; }
  void handle(const http::Request& request, http::Reply reply) override;
  void stream(const http::Request& request, std::shared_ptr<http::StreamWriter> writer) override;
  http::Response refuse(std::uint16_t status) override;

 private:
  struct Exchange;
  struct OperationMetrics;

  void handle_hot(const http::Request& request, const Head& head, const auth::Claim& claim,
                  std::unique_ptr<Exchange> exchange);
  void log_unknown(const Head& head) const;
  const OperationMetrics& metrics_of(const api::Operation* operation) const;

  api::Context& context_;
  const io::SteadyClock& steady_clock_;
  RequestIds ids_;
  Callers callers_;
  // One for each row of the registry, and a last one for everything that is no operation.
  std::vector<OperationMetrics> metrics_;
};

}  // namespace millrace::gateway
