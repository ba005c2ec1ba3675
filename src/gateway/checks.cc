#include "gateway/checks.h"

#include <array>
#include <utility>

#include "auth/signature_form.h"
#include "wire/codec.h"
#include "wire/errors.h"
#include "wire/sentences.h"
#include "wire/validate.h"

namespace millrace::gateway {
namespace {

using base::Errc;

constexpr std::string_view target_prefix = "Kinesis_20131202";
constexpr std::string_view plain_json = "application/json";

// Bodies that are neither JSON nor CBOR, as recorded from the service.
constexpr std::string_view access_denied_xml =
    "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
    "</AccessDeniedException>\n";
constexpr std::string_view unknown_operation_xml = "<UnknownOperationException/>\n";
// application/json is recognised, and goes no further.
constexpr std::string_view unknown_operation_json =
    R"({"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"})";
constexpr std::string_view serialization_json =
    R"({"Output":{"__type":"com.amazon.coral.service#SerializationException"},"Version":"1.0"})";

// What an unknown operation is decoded by: any map will do.
constexpr wire::Shape any_structure{
    .type = wire::Type::structure, .name = "Any", .min = {}, .max = {}, .enumeration = {}, .members = {}};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

base::Result<auth::Claim> check_signature(const http::Request& request) {
  const std::string_view target = request.target();
  const std::size_t question = target.find('?');
  return auth::check_signature_form(
      {.authorization = request.header("authorization"),
       .query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1),
       .has_date = request.has_header("x-amz-date") || request.has_header("date")});
}

base::Error empty_body_error(const Head& head) {
  return base::Error(head.operation != nullptr ? Errc::serialization : Errc::unknown_operation);
}

// The nth step answers, or lets the request pass on. One function each, in the service's order.
using EarlyStep = std::optional<EarlyAnswer> (*)(const http::Request&, const Head&);

std::optional<EarlyAnswer> answer_preflight(const http::Request& request, const Head& head) {
  if (request.method() != "OPTIONS" || !head.has_origin) return std::nullopt;
  EarlyAnswer answer{.status = 200, .content_type = {}, .body = {}, .headers = {}, .has_id_2 = false};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> echoed = {
      {{"access-control-request-headers", "Access-Control-Allow-Headers: "},
       {"access-control-request-method", "Access-Control-Allow-Methods: "}}};
  for (const auto& [asked, name] : echoed) {
    if (!request.has_header(asked)) continue;
    answer.headers.append(name).append(request.header(asked)).append("\r\n");
  }
  answer.headers += "Access-Control-Max-Age: 172800\r\n";
  return answer;
}

std::optional<EarlyAnswer> require_post(const http::Request& request, const Head&) {
  if (request.method() == "POST") return std::nullopt;
  return EarlyAnswer{.status = 403, .content_type = {}, .body = std::string(access_denied_xml), .headers = {}};
}

std::optional<EarlyAnswer> require_body(const http::Request& request, const Head& head) {
  if (!request.body().empty()) return std::nullopt;
  const wire::Encoding encoding =
      head.content_type == content_type(wire::Encoding::json) ? wire::Encoding::json : wire::Encoding::cbor;
  return EarlyAnswer{.status = 400,
                     .content_type = content_type(encoding),
                     .body = wire::render_error(encoding, empty_body_error(head)),
                     .headers = {}};
}

std::optional<EarlyAnswer> require_content_type(const http::Request& request, const Head& head) {
  if (head.encoding) return std::nullopt;
  if (head.content_type == plain_json) {
    const auto parsed = wire::decode(wire::Encoding::json, request.body(), any_structure);
    return EarlyAnswer{.status = static_cast<std::uint16_t>(parsed ? 404 : 400),
                       .content_type = plain_json,
                       .body = std::string(parsed ? unknown_operation_json : serialization_json),
                       .headers = {}};
  }
  if (head.service.empty() || head.operation_name.empty()) {
    return EarlyAnswer{.status = 403, .content_type = {}, .body = std::string(access_denied_xml), .headers = {}};
  }
  return EarlyAnswer{.status = 404, .content_type = {}, .body = std::string(unknown_operation_xml), .headers = {}};
}

constexpr std::array<EarlyStep, 4> early_steps = {&answer_preflight, &require_post, &require_body,
                                                  &require_content_type};

}  // namespace

Head read_head(const http::Request& request) {
  Head head;
  const std::string_view type = request.header("content-type");
  head.content_type = trim(type.substr(0, type.find(';')));
  for (const wire::Encoding encoding : {wire::Encoding::json, wire::Encoding::cbor}) {
    if (head.content_type == content_type(encoding)) head.encoding = encoding;
  }
  const std::string_view target = request.header("x-amz-target");
  const std::size_t dot = target.find('.');
  head.service = target.substr(0, dot);
  if (dot != std::string_view::npos) {
    const std::string_view rest = target.substr(dot + 1);
    head.operation_name = rest.substr(0, rest.find('.'));
  }
  if (head.service == target_prefix) head.operation = api::find_operation(head.operation_name);
  head.has_origin = request.has_header("origin");
  return head;
}

std::optional<EarlyAnswer> check_early(const http::Request& request, const Head& head) {
  for (const EarlyStep step : early_steps) {
    if (auto answer = step(request, head)) return answer;
  }
  return std::nullopt;
}

base::Result<Input> check_input(const http::Request& request, const Head& head) {
  const wire::Shape& shape = head.operation != nullptr ? *head.operation->shape->input : any_structure;
  auto input = wire::decode(*head.encoding, request.body(), shape);
  // Parsing and types are one pass; what is told of them has its place in the order: a body that does not parse comes
  // before the target and the signature, a value of the wrong type behind them.
  const bool parses = input.has_value() || !input.error().message.empty();
  if (!parses) return base::fail(std::move(input.error()));
  if (head.operation == nullptr) return base::fail(wire::unknown_operation());
  auto claim = check_signature(request);
  if (!claim) return base::fail(std::move(claim.error()));
  if (!input) return base::fail(std::move(input.error()));
  if (auto violated = wire::validate(*input, shape)) return base::fail(std::move(*violated));
  return Input{.value = std::move(*input), .claim = *claim};
}

std::optional<auth::Claim> may_be_hot(const http::Request& request, const Head& head) {
  const bool may_be = head.operation != nullptr && head.operation->hot_handler != nullptr && head.encoding &&
                      request.method() == "POST" && !request.body().empty();
  if (!may_be) return std::nullopt;
  const auto claim = check_signature(request);
  return claim ? std::optional(*claim) : std::nullopt;
}

}  // namespace millrace::gateway
