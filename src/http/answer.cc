#include "http/answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace millrace::http {
namespace {

struct Reason {
  std::uint16_t status;
  std::string_view line;
};

constexpr std::array<Reason, 16> reasons = {{
    {200, "HTTP/1.1 200 OK\r\n"},
    {201, "HTTP/1.1 201 Created\r\n"},
    {204, "HTTP/1.1 204 No Content\r\n"},
    {307, "HTTP/1.1 307 Temporary Redirect\r\n"},
    {400, "HTTP/1.1 400 Bad Request\r\n"},
    {403, "HTTP/1.1 403 Forbidden\r\n"},
    {404, "HTTP/1.1 404 Not Found\r\n"},
    {405, "HTTP/1.1 405 Method Not Allowed\r\n"},
    {408, "HTTP/1.1 408 Request Timeout\r\n"},
    {413, "HTTP/1.1 413 Payload Too Large\r\n"},
    {415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
    {429, "HTTP/1.1 429 Too Many Requests\r\n"},
    {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    {500, "HTTP/1.1 500 Internal Server Error\r\n"},
    {501, "HTTP/1.1 501 Not Implemented\r\n"},
    {503, "HTTP/1.1 503 Service Unavailable\r\n"},
}};

void append_status_line(std::string& out, std::uint16_t status) {
  const auto row = std::ranges::lower_bound(reasons, status, {}, &Reason::status);
  if (row != reasons.end() && row->status == status) {
    out += row->line;
    return;
  }
  // The phrase may be empty; the space before it may not be left out.
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += " \r\n";
}

void append_number(std::string& out, std::size_t value, int base) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), end);
}

void append_two_digits(std::string& out, unsigned value) {
  out.push_back(static_cast<char>('0' + value / 10 % 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

}  // namespace

std::string http_date(std::int64_t unix_seconds) {
  using namespace std::chrono;
  constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds time{seconds(unix_seconds)};
  const sys_days day = floor<std::chrono::days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::string text;
  text.reserve(29);
  text += days[weekday(day).c_encoding()];
  text += ", ";
  append_two_digits(text, static_cast<unsigned>(date.day()));
  text += ' ';
  text += months[static_cast<unsigned>(date.month()) - 1];
  text += ' ';
  text += std::to_string(static_cast<int>(date.year()));
  text += ' ';
  append_two_digits(text, static_cast<unsigned>(clock.hours().count()));
  text += ':';
  append_two_digits(text, static_cast<unsigned>(clock.minutes().count()));
  text += ':';
  append_two_digits(text, static_cast<unsigned>(clock.seconds().count()));
  text += " GMT";
  return text;
}

std::string_view DateLine::now() {
  const std::int64_t second = clock_.now_ms() / 1000;
  if (second != second_) {
    second_ = second;
    line_ = "Date: " + http_date(second) + "\r\n";
  }
  return line_;
}

void append_head(std::string& out, const Response& response, std::string_view date_line, Framing framing, bool close) {
  append_status_line(out, response.status);
  out += date_line;
  if (!response.content_type.empty()) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\n";
  }
  out += response.headers;
  if (framing == Framing::length) {
    out += "Content-Length: ";
    append_number(out, response.body.size(), 10);
    out += "\r\n";
  } else if (framing == Framing::chunks) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  out += close ? std::string_view("Connection: close\r\n\r\n") : std::string_view("\r\n");
}

void append_chunk_size(std::string& out, std::size_t size) {
  append_number(out, size, 16);
  out += "\r\n";
}

}  // namespace millrace::http
