// Compares every operation, member, type, constraint and error of our tables with kinesis_facts.json, in both
// directions: what the model has and we do not fails, and what we have and the model does not fails. Where we differ on
// purpose, a row of `deviations` says why, and a row that is no longer needed fails as well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "wire/errors.h"
#include "wire/operations.h"
#include "wire/pattern.h"

namespace millrace::wire {
namespace {

using nlohmann::json;

struct Deviation {
  std::string_view place;
  std::string_view ours;
  std::string_view facts;
  std::string_view reason;
};

constexpr Deviation deviations[] = {
    {"HashKey pattern", "0|([1-9]\\d{0,38})", "^(0|([1-9]\\d{0,38}))$",
     "the service was recorded to print it without anchors; both mean the same, since patterns match whole texts"},
    {"SequenceNumber pattern", "0|([1-9]\\d{0,128})", "^(0|([1-9]\\d{0,128}))$",
     "the service was recorded to print it without anchors; both mean the same, since patterns match whole texts"},
    {"ShardIteratorType enum order", "AFTER_SEQUENCE_NUMBER LATEST AT_TIMESTAMP AT_SEQUENCE_NUMBER TRIM_HORIZON",
     "AT_SEQUENCE_NUMBER AFTER_SEQUENCE_NUMBER TRIM_HORIZON LATEST AT_TIMESTAMP",
     "the order in which the service was recorded to print the values"},
    {"GetRecords error", "InternalFailure", "InternalFailureException",
     "the service answers its own failures under the shorter name; the longer one is used inside event streams"},
    {"GetShardIterator error", "InternalFailure", "InternalFailureException", "as for GetRecords"},
    {"PutRecord error", "InternalFailure", "InternalFailureException", "as for GetRecords"},
    {"PutRecords error", "InternalFailure", "InternalFailureException", "as for GetRecords"},
};

class Facts : public testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(MILLRACE_FACTS);
    ASSERT_TRUE(file) << MILLRACE_FACTS;
    facts_ = json::parse(file);
    ASSERT_FALSE(facts_.at("source").get<std::string>().empty());
    ASSERT_FALSE(facts_.at("date").get<std::string>().empty());
  }

  // Both texts are the same, or a row allows exactly this difference.
  void compare(const std::string& place, const std::string& ours, const std::string& facts) {
    if (ours == facts) return;
    for (const Deviation& row : deviations) {
      if (row.place != place || row.ours != ours || row.facts != facts) continue;
      used_.insert(row.place);
      return;
    }
    ADD_FAILURE() << place << ": ours is \"" << ours << "\", the model's is \"" << facts << "\"";
  }

  static std::string number(const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : "none";
  }
  static std::string number(const json& shape, const char* name) {
    return shape.contains(name) ? std::to_string(shape[name].get<std::int64_t>()) : "none";
  }

  // A shape and all that it is made of; each name once, and the same name always means the same shape.
  void compare_shape(const Shape& shape, const std::string& name) {
    compare(name + " name", std::string(shape.name), name);
    const auto [known, is_new] = shapes_.emplace(name, &shape);
    if (!is_new) {
      EXPECT_EQ(known->second, &shape) << name << " is declared twice";
      return;
    }
    ASSERT_TRUE(facts_["shapes"].contains(name)) << name;
    const json& fact = facts_["shapes"][name];
    compare(name + " type", std::string(type_name(shape.type)), fact["type"]);
    compare(name + " min", number(shape.min), number(fact, "min"));
    compare(name + " max", number(shape.max), number(fact, "max"));
    compare(name + " pattern", std::string(text_of(shape.pattern)), fact.value("pattern", ""));
    compare_enumeration(shape, name, fact);
    compare_members(shape, name, fact);
    compare_parts(shape, name, fact);
  }

  static std::string_view type_name(Type type) {
    constexpr std::string_view names[] = {"structure", "list", "map",     "string",   "blob",
                                          "integer",   "long", "boolean", "timestamp"};
    return names[static_cast<std::size_t>(type)];
  }

  void compare_enumeration(const Shape& shape, const std::string& name, const json& fact) {
    const auto expected = fact.value("enum", std::vector<std::string>{});
    EXPECT_THAT(std::vector<std::string>(shape.enumeration.begin(), shape.enumeration.end()),
                testing::UnorderedElementsAreArray(expected))
        << name;
    const auto joined = [](const auto& texts) {
      std::string all;
      for (const auto& text : texts)
        all += std::string(all.empty() ? "" : " ") + std::string(text);
      return all;
    };
    compare(name + " enum order", joined(shape.enumeration), joined(expected));
  }

  void compare_members(const Shape& shape, const std::string& name, const json& fact) {
    const json members = fact.value("members", json::object());
    std::set<std::string> seen;
    for (const MemberShape& member : shape.members) {
      const std::string member_name(member.name);
      EXPECT_TRUE(seen.insert(member_name).second) << name << " has " << member_name << " twice";
      if (!members.contains(member_name)) {
        ADD_FAILURE() << name << "." << member_name << " is not in the model";
        continue;
      }
      compare(name + "." + member_name + " required", member.required ? "yes" : "no",
              members[member_name].value("required", false) ? "yes" : "no");
      compare_shape(*member.shape, members[member_name]["shape"]);
    }
    for (const auto& [member_name, member] : members.items()) {
      EXPECT_TRUE(seen.contains(member_name)) << name << "." << member_name << " is missing";
    }
  }

  void compare_parts(const Shape& shape, const std::string& name, const json& fact) {
    EXPECT_EQ(shape.key != nullptr, fact.contains("key")) << name;
    EXPECT_EQ(shape.element != nullptr, fact.contains("member") || fact.contains("value")) << name;
    if (shape.key != nullptr && fact.contains("key")) compare_shape(*shape.key, fact["key"]);
    if (shape.element == nullptr) return;
    if (fact.contains("member")) compare_shape(*shape.element, fact["member"]);
    if (fact.contains("value")) compare_shape(*shape.element, fact["value"]);
  }

  json facts_;
  std::map<std::string, const Shape*> shapes_;
  std::set<std::string_view> used_;
};

TEST_F(Facts, OurTablesAreTheModels) {
  std::set<std::string> seen;
  for (const OperationShape* operation : operations) {
    const std::string name(operation->name);
    SCOPED_TRACE(name);
    EXPECT_TRUE(seen.insert(name).second);
    ASSERT_TRUE(facts_["operations"].contains(name));
    const json& fact = facts_["operations"][name];
    compare(name + " plane", operation->plane == Plane::data ? "data" : "control", fact["plane"]);
    compare_shape(*operation->input, fact["input"]);
    EXPECT_EQ(operation->output == nullptr, fact["output"].is_null());
    if (operation->output != nullptr && !fact["output"].is_null()) compare_shape(*operation->output, fact["output"]);
    ASSERT_EQ(operation->errors.size(), fact["errors"].size());
    for (std::size_t i = 0; i < operation->errors.size(); ++i) {
      const WireError& error = wire_error(operation->errors[i]);
      compare(name + " error", std::string(error.type), fact["errors"][i][0]);
      EXPECT_EQ(error.http_status, fact["errors"][i][1].get<int>());
    }
  }
  // The facts are those of the whole model, so that a new operation finds its own there; ours are among them.
  EXPECT_EQ(facts_["operations"].size(), 57U);
  for (const Deviation& row : deviations) {
    EXPECT_FALSE(row.reason.empty());
    EXPECT_TRUE(used_.contains(row.place)) << row.place << " differs no longer";
  }
}

}  // namespace
}  // namespace millrace::wire
