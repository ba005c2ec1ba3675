#include "http/head.h"

#include <utility>

namespace millrace::http {
namespace {

// Names are tokens of ASCII; `lower` is lower case already.
bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (low != lower[i]) return false;
  }
  return true;
}

}  // namespace

void Head::clear() {
  std::vector<Header> kept = std::move(headers);
  kept.clear();
  *this = Head{};
  headers = std::move(kept);
}

std::optional<std::string_view> Head::find(const char* request, std::string_view lower_case_name) const {
  for (const Header& header : headers) {
    if (header.name.size == lower_case_name.size() && equals_ignoring_case(header.name.in(request), lower_case_name)) {
      return header.value.in(request);
    }
  }
  return std::nullopt;
}

}  // namespace millrace::http
