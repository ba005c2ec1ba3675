#include "gateway/gateway.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "gateway/checks.h"
#include "gateway/newer_operations.h"
#include "wire/errors.h"

namespace millrace::gateway {
namespace {

constexpr std::string_view cors_headers =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: "
    "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date\r\n";
constexpr std::string_view preflight_header = "Access-Control-Allow-Origin: *\r\n";

// Of a name that a client made up; the longest the service has takes 39.
constexpr std::size_t operation_chars_logged_max = 64;

}  // namespace

struct Gateway::OperationMetrics {
  std::string_view name;
  base::Counter* succeeded;
  base::Counter* refused;  // 4xx
  base::Counter* failed;   // 5xx
  base::Histogram* latency_us;
};

// One request on its way: what is needed to answer it, from whichever thread.
struct Gateway::Exchange {
  Gateway& gateway;
  http::Reply reply;
  wire::Encoding encoding = wire::Encoding::json;
  bool has_origin = false;
  const OperationMetrics* metrics;
  std::int64_t begun_us;
  std::shared_ptr<api::Context> caller{};  // set once it is known

  std::string headers(const std::string& request_id, bool with_id_2) const;
  void answer(base::Result<std::string> body);
  void answer_early(EarlyAnswer early);
  void count(std::uint16_t status) const;
};

std::string Gateway::Exchange::headers(const std::string& request_id, bool with_id_2) const {
  std::string text;
  text.reserve(192);
  text.append("x-amzn-RequestId: ").append(request_id).append("\r\n");
  if (with_id_2) {
    text += "x-amz-id-2: ";
    gateway.ids_.append_id_2(text);
    text += "\r\n";
  }
  return text;
}

void Gateway::Exchange::count(std::uint16_t status) const {
  (status < 400 ? metrics->succeeded : status < 500 ? metrics->refused : metrics->failed)->add();
  const std::int64_t took_us = gateway.steady_clock_.now_us() - begun_us;
  metrics->latency_us->observe(took_us > 0 ? static_cast<std::uint64_t>(took_us) : 0);
}

void Gateway::Exchange::answer(base::Result<std::string> body) {
  const std::string request_id = gateway.ids_.request_id();
  http::Response response{
      .status = 200, .content_type = content_type(encoding), .headers = headers(request_id, true), .body = {}};
  if (has_origin) response.headers += cors_headers;
  if (body) {
    response.body = std::move(*body);
  } else {
    response.status = wire::wire_error(body.error().code).http_status;
    response.body = wire::render_error(encoding, body.error());
    if (response.status >= 500) {
      base::log::write_limited(metrics->name, gateway.context_.clock.now_ms(), base::log::Level::error,
                               "a request failed",
                               {{"operation", std::string(metrics->name)},
                                {"status", fmt::format("{}", response.status)},
                                {"request_id", request_id},
                                {"cause", base::describe(body.error())}});
    }
  }
  count(response.status);
  reply.send(std::move(response));
}

void Gateway::Exchange::answer_early(EarlyAnswer early) {
  http::Response response{.status = early.status,
                          .content_type = early.content_type,
                          .headers = headers(gateway.ids_.request_id(), early.has_id_2),
                          .body = std::move(early.body)};
  if (has_origin) response.headers += early.has_id_2 ? cors_headers : preflight_header;
  response.headers += early.headers;
  count(response.status);
  reply.send(std::move(response));
}

Gateway::Gateway(api::Context& context, io::Random& random, const io::SteadyClock& steady_clock, base::Metrics& metrics,
                 Accounts accounts)
    : context_(context), steady_clock_(steady_clock), ids_(random), callers_(context, std::move(accounts)) {
  const auto add = [&](std::string_view name) {
    const auto counter = [&](std::string_view outcome) {
      return &metrics.add_counter("millrace_requests_total", "Requests by operation and outcome.",
                                  fmt::format("operation=\"{}\",outcome=\"{}\"", name, outcome));
    };
    metrics_.push_back({.name = name,
                        .succeeded = counter("ok"),
                        .refused = counter("client_error"),
                        .failed = counter("server_error"),
                        .latency_us = &metrics.add_histogram("millrace_request_seconds",
                                                             "Time from a whole request to its answer, by operation.",
                                                             1e-6, fmt::format("operation=\"{}\"", name))});
  };
  for (const api::Operation& operation : api::operations())
    add(operation.shape->name);
  add("none");
}

Gateway::~Gateway() = default;

const Gateway::OperationMetrics& Gateway::metrics_of(const api::Operation* operation) const {
  if (operation == nullptr) return metrics_.back();
  return metrics_[static_cast<std::size_t>(operation - api::operations().data())];
}

void Gateway::handle(const http::Request& request, http::Reply reply) {
  const Head head = read_head(request);
  auto exchange = std::make_unique<Exchange>(*this, std::move(reply), head.encoding.value_or(wire::Encoding::json),
                                             head.has_origin, &metrics_of(head.operation), steady_clock_.now_us());
  if (const auto claim = may_be_hot(request, head)) return handle_hot(request, head, *claim, std::move(exchange));
  if (head.operation == nullptr && !head.operation_name.empty()) log_unknown(head);
  if (auto early = check_early(request, head)) return exchange->answer_early(std::move(*early));
  auto input = check_input(request, head);
  if (!input) return exchange->answer(base::fail(std::move(input.error())));
  exchange->caller = callers_.of(input->claim);
  api::Context& caller = *exchange->caller;
  const wire::Encoding encoding = *head.encoding;
  api::run(
      *head.operation, caller, input->value, encoding,
      [exchange = std::move(exchange)](base::Result<std::string> body) mutable { exchange->answer(std::move(body)); });
}

void Gateway::handle_hot(const http::Request& request, const Head& head, const auth::Claim& claim,
                         std::unique_ptr<Exchange> exchange) {
  exchange->caller = callers_.of(claim);
  api::Context& caller = *exchange->caller;
  const wire::Encoding encoding = *head.encoding;
  api::Answered done = [exchange = std::move(exchange)](base::Result<std::string> body) mutable {
    exchange->answer(std::move(body));
  };
  if (head.operation->hot_handler(caller, request.body(), encoding, done)) return;
  auto input = check_input(request, head);
  if (!input) return done(base::fail(std::move(input.error())));
  api::run(*head.operation, caller, input->value, encoding, std::move(done));
}

void Gateway::log_unknown(const Head& head) const {
  const std::int64_t now_ms = context_.clock.now_ms();
  std::string operation(head.operation_name.substr(0, operation_chars_logged_max));
  if (is_newer_operation(head.operation_name)) {
    // Each has a limit of its own: there are few, and somebody wants to use them.
    return base::log::write_limited("newer-operation " + operation, now_ms, base::log::Level::warn,
                                    "an operation was asked for that this version does not have",
                                    {{"operation", operation}});
  }
  base::log::write_limited("unknown-operation", now_ms, base::log::Level::warn, "an unknown operation was asked for",
                           {{"service", std::string(head.service.substr(0, operation_chars_logged_max))},
                            {"operation", std::move(operation)}});
}

void Gateway::stream(const http::Request&, std::shared_ptr<http::StreamWriter> writer) {
  writer->reply(refuse(500));
}

http::Response Gateway::refuse(std::uint16_t status) {
  std::string headers = "x-amzn-RequestId: " + ids_.request_id() + "\r\nx-amz-id-2: ";
  ids_.append_id_2(headers);
  headers += "\r\n";
  return {.status = status, .headers = std::move(headers), .body = {}};
}

}  // namespace millrace::gateway
