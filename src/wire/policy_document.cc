#include "wire/policy_document.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <span>

namespace millrace::wire {
namespace {

namespace json = boost::json;
using Flaw = std::optional<std::string>;
using std::string_view_literals::operator""sv;

// Source: the grammar of the JSON policy language in AWS's documentation of IAM.
constexpr std::array versions = {"2012-10-17"sv, "2008-10-17"sv};
constexpr std::array document_elements = {"Version"sv, "Id"sv, "Statement"sv};
constexpr std::array statement_elements = {"Sid"sv,       "Effect"sv,   "Principal"sv,   "NotPrincipal"sv, "Action"sv,
                                           "NotAction"sv, "Resource"sv, "NotResource"sv, "Condition"sv};
constexpr std::array principal_kinds = {"AWS"sv, "Service"sv, "Federated"sv, "CanonicalUser"sv};

std::string quoted(std::string_view name) {
  return '"' + std::string(name) + '"';
}

Flaw only(const json::object& object, std::span<const std::string_view> allowed) {
  for (const auto& [name, value] : object) {
    const std::string_view text(name.data(), name.size());
    if (std::ranges::find(allowed, text) == allowed.end()) return "it has an unknown element " + quoted(text);
  }
  return {};
}

bool is_text(const json::value* value) {
  return value != nullptr && value->is_string() && !value->get_string().empty();
}

// A text, or a list of some.
bool is_text_or_texts(const json::value& value) {
  if (is_text(&value)) return true;
  const json::array* list = value.if_array();
  return list != nullptr && !list->empty() &&
         std::ranges::all_of(*list, [](const json::value& e) { return is_text(&e); });
}

// Exactly one of an element and its opposite, as a text or texts.
Flaw one_of(const json::object& statement, std::string_view name, std::string_view opposite) {
  const json::value* is = statement.if_contains(name);
  const json::value* is_not = statement.if_contains(opposite);
  if ((is == nullptr) == (is_not == nullptr)) return "a statement needs " + quoted(name) + " or " + quoted(opposite);
  if (!is_text_or_texts(is != nullptr ? *is : *is_not))
    return quoted(name) + " of a statement must be a string or a list of some";
  return {};
}

// "kinesis:GetRecords", "kinesis:*" or "*".
bool is_action(std::string_view text) {
  const std::size_t colon = text.find(':');
  return text == "*" || (colon != std::string_view::npos && colon != 0 && colon + 1 < text.size());
}

Flaw check_actions(const json::object& statement) {
  if (auto flaw = one_of(statement, "Action", "NotAction")) return flaw;
  const json::value* actions = statement.if_contains("Action");
  if (actions == nullptr) actions = statement.if_contains("NotAction");
  const auto check = [](const json::value& action) -> Flaw {
    const std::string_view text(action.get_string());
    if (!is_action(text)) return quoted(text) + " is not an action";
    return {};
  };
  if (actions->is_string()) return check(*actions);
  for (const json::value& action : actions->get_array()) {
    if (auto flaw = check(action)) return flaw;
  }
  return {};
}

Flaw check_principal(const json::object& statement) {
  const json::value* is = statement.if_contains("Principal");
  const json::value* is_not = statement.if_contains("NotPrincipal");
  if ((is == nullptr) == (is_not == nullptr)) return "a statement needs \"Principal\" or \"NotPrincipal\"";
  const json::value& principal = is != nullptr ? *is : *is_not;
  if (principal.is_string()) {
    if (principal.get_string() != "*") return "a principal must be \"*\" or say of which kind it is";
    return {};
  }
  const json::object* kinds = principal.if_object();
  if (kinds == nullptr || kinds->empty()) return "a principal must be \"*\" or say of which kind it is";
  if (auto flaw = only(*kinds, principal_kinds)) return flaw;
  for (const auto& [kind, value] : *kinds) {
    if (!is_text_or_texts(value)) return "a principal must be a string or a list of some";
  }
  return {};
}

// Operators, each with keys, each with a value or some.
Flaw check_condition(const json::object& statement) {
  const json::value* condition = statement.if_contains("Condition");
  if (condition == nullptr) return {};
  constexpr std::string_view wrong =
      "a condition must give each operator its keys, and each key a value or a list of some";
  const auto is_value = [](const json::value& value) {
    return value.is_string() || value.is_bool() || value.is_number();
  };
  const json::object* operators = condition->if_object();
  if (operators == nullptr) return std::string(wrong);
  for (const auto& [name, keys] : *operators) {
    if (!keys.is_object()) return std::string(wrong);
    for (const auto& [key, value] : keys.get_object()) {
      const json::array* list = value.if_array();
      if (list != nullptr ? !std::ranges::all_of(*list, is_value) : !is_value(value)) return std::string(wrong);
    }
  }
  return {};
}

Flaw check_statement(const json::value& value) {
  const json::object* statement = value.if_object();
  if (statement == nullptr) return "a statement must be an object";
  if (auto flaw = only(*statement, statement_elements)) return flaw;
  const json::value* id = statement->if_contains("Sid");
  if (id != nullptr && !id->is_string()) return "\"Sid\" must be a string";
  const json::value* effect = statement->if_contains("Effect");
  if (effect == nullptr || (*effect != json::value("Allow") && *effect != json::value("Deny"))) {
    return "\"Effect\" of a statement must be \"Allow\" or \"Deny\"";
  }
  if (auto flaw = check_principal(*statement)) return flaw;
  if (auto flaw = check_actions(*statement)) return flaw;
  if (auto flaw = one_of(*statement, "Resource", "NotResource")) return flaw;
  return check_condition(*statement);
}

Flaw check_document(const json::object& document) {
  if (auto flaw = only(document, document_elements)) return flaw;
  if (const json::value* version = document.if_contains("Version")) {
    const bool is_known =
        version->is_string() && std::ranges::find(versions, std::string_view(version->get_string())) != versions.end();
    if (!is_known) return "\"Version\" must be \"2012-10-17\" or \"2008-10-17\"";
  }
  const json::value* id = document.if_contains("Id");
  if (id != nullptr && !id->is_string()) return "\"Id\" must be a string";
  const json::value* statements = document.if_contains("Statement");
  if (statements == nullptr) return "it has no \"Statement\"";
  const json::array* list = statements->if_array();
  if (list == nullptr) return check_statement(*statements);
  if (list->empty()) return "it has no \"Statement\"";
  for (const json::value& statement : *list) {
    if (auto flaw = check_statement(statement)) return flaw;
  }
  return {};
}

}  // namespace

std::optional<std::string> policy_flaw(std::string_view text) {
  boost::system::error_code error;
  // Nesting is limited by the parser, at 32.
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return "it is not a JSON object";
  return check_document(value.get_object());
}

}  // namespace millrace::wire
