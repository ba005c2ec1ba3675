#include "app/config_file.h"

#include <fmt/format.h>

// Exceptions of the parser are off: a parse gives a table or an error.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <optional>

namespace millrace::app {
namespace {

// The value as a flag would write it; nothing where it is of a kind that no option has.
std::optional<std::string> as_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  const toml::array* list = node.as_array();
  if (list == nullptr || list->empty()) return std::nullopt;
  std::string joined;
  for (const toml::node& element : *list) {
    const auto* text = element.as_string();
    if (text == nullptr) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += text->get();
  }
  return joined;
}

std::unexpected<base::Error> fail_at(const std::string& path, const toml::source_region& where, std::string_view what) {
  return base::fail(base::Errc::bad_config, fmt::format("{}:{}: {}", path, where.begin.line, what));
}

}  // namespace

base::Result<std::vector<Given>> parse_config_file(std::string_view text, const std::string& path,
                                                   std::span<const OptionRow> options) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) return fail_at(path, parsed.error().source(), parsed.error().description());

  std::vector<std::string_view> names;
  for (const OptionRow& row : options) {
    if (row.in_file) names.push_back(row.name);
  }
  std::vector<Given> given;
  for (const auto& [key, node] : parsed.table()) {
    const std::string_view name = key.str();
    const OptionRow* row = find_option(options, name, ~0u);
    if (row == nullptr || !row->in_file) {
      return fail_at(path, node.source(), fmt::format("unknown option '{}'{}", name, did_you_mean(name, names, "")));
    }
    auto value = as_text(node);
    if (!value) return fail_at(path, node.source(), fmt::format("{} is neither a text nor a number", name));
    given.push_back({row, std::move(*value), fmt::format("file {}", path)});
  }
  return given;
}

}  // namespace millrace::app
