#include "http/head_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>
#include <new>
#include <optional>

namespace millrace::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

// Beast's parser, which reports views into what it is fed; they are kept as offsets.
class RequestParser final : public beast_http::basic_parser<true> {
 public:
  explicit RequestParser(const Limits& limits) : headers_max_(limits.headers_max) {
    header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
    body_limit(limits.body_bytes_max);
  }

  void aim(const char* request, std::size_t available, Head& head) {
    request_ = request;
    available_ = available;
    head_ = &head;
  }

 private:
  Slice slice(BeastView view) const {
    return {static_cast<std::uint32_t>(view.data() - request_), static_cast<std::uint32_t>(view.size())};
  }

  void on_request_impl(beast_http::verb, BeastView method, BeastView target, int version, error_code&) override {
    head_->method = slice(method);
    head_->target = slice(target);
    head_->http_1_0 = version < 11;
  }

  // Beast declares it for both directions.
  void on_response_impl(int, BeastView, int, error_code&) override {}

  void on_field_impl(beast_http::field field, BeastView name, BeastView value, error_code& error) override {
    if (++headers_ > headers_max_) {
      error = beast_http::error::header_limit;
      return;
    }
    if (is_folded(name, value)) {
      error = beast_http::error::bad_value;
      return;
    }
    const std::string_view text(value.data(), value.size());
    if (field == beast_http::field::transfer_encoding && (!equals_ignoring_case(text, "chunked") || head_->http_1_0)) {
      error = beast_http::error::bad_transfer_encoding;
      return;
    }
    if (field == beast_http::field::expect && equals_ignoring_case(text, "100-continue")) {
      head_->expects_continue = !head_->http_1_0;
    }
    head_->headers.push_back({slice(name), slice(value)});
  }

  // A value that goes over several lines is either a copy elsewhere or does not begin on the line of its name.
  bool is_folded(BeastView name, BeastView value) const {
    const char* after_name = name.data() + name.size();
    if (value.data() < after_name || value.data() > request_ + available_) return true;
    return std::find(after_name, value.data(), '\r') != value.data();
  }

  void on_header_impl(error_code&) override {
    head_->keep_alive = keep_alive() && !head_->http_1_0;
    head_->chunked = chunked();
    head_->content_length = content_length().value_or(0);
  }

  // Bodies never come here: the connection reads them itself.
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}

  std::size_t headers_max_;
  std::size_t headers_ = 0;
  const char* request_ = nullptr;
  std::size_t available_ = 0;
  Head* head_ = nullptr;
};

std::uint16_t status_of(const error_code& error) {
  if (error == beast_http::error::header_limit) return 431;
  if (error == beast_http::error::body_limit) return 413;
  return 400;
}

}  // namespace

class HeadParser::Parser {
 public:
  std::optional<RequestParser> beast;
};

HeadParser::HeadParser(const Limits& limits) : limits_(limits), parser_(std::make_unique<Parser>()) {
  reset();
}
HeadParser::~HeadParser() = default;

void HeadParser::reset() {
  parser_->beast.emplace(limits_);
  refusal_ = 0;
}

HeadParser::Outcome HeadParser::parse_head(std::string_view request, std::size_t& parsed, Head& head) {
  RequestParser& beast = *parser_->beast;
  beast.aim(request.data(), request.size(), head);
  error_code error;
  parsed += beast.put({request.data() + parsed, request.size() - parsed}, error);
  if (error && error != beast_http::error::need_more) {
    refusal_ = status_of(error);
    return Outcome::refused;
  }
  if (!beast.is_header_done()) return Outcome::need_more;
  head.size = parsed;
  return Outcome::done;
}

}  // namespace millrace::http
