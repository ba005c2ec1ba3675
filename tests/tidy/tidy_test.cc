// Reads every source file of the project and fails where one breaks a rule of the house. Each rule is shown a sample
// that breaks it first, since a rule that finds nothing proves nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/tidy/rules.h"
#include "tests/tidy/tables.h"

namespace millrace::tidy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Findings layers_of(std::string path, std::string text) {
  return check_layers(make_source_file(std::move(path), std::move(text)));
}
Findings headers_of(std::string path, std::string text) {
  return check_headers(make_source_file(std::move(path), std::move(text)));
}
Findings names_of(std::string path, std::string text) {
  return check_names(make_source_file(std::move(path), std::move(text)));
}
Findings pauses_of(std::string path, std::string text) {
  return check_pauses(make_source_file(std::move(path), std::move(text)));
}
Findings leftovers_of(std::string path, std::string text) {
  return check_leftovers(make_source_file(std::move(path), std::move(text)));
}

TEST(SourceFileTest, QuotesAndCommentsAreBlankedAndLinesKept) {
  const SourceFile file =
      make_source_file("src/base/x.cc", "a(\"b\\\"c\"); // d\n/* e\n */ f('\\'', 1'000);\nR\"x(g\n)\" h)x\" i \"j\n");
  EXPECT_EQ(file.code.size(), file.text.size());
  for (const char hidden : {'b', 'c', 'd', 'e', 'g', 'h', 'j'}) {
    EXPECT_EQ(file.code.find(hidden), std::string::npos) << hidden;
  }
  for (const std::string_view shown : {"a(", "f(", "1'000", "i"})
    EXPECT_NE(file.code.find(shown), std::string::npos);
  EXPECT_NE(file.comments.find('d'), std::string::npos);
  EXPECT_EQ(file.comments.find('b'), std::string::npos);
  EXPECT_EQ(file.line_of(file.code.find('f')), 3u);
  EXPECT_EQ(file.line_of(file.code.find('i')), 5u);
}

TEST(LayersTest, AnIncludePointsDown) {
  EXPECT_THAT(layers_of("src/shard/x.cc", "#include \"log/engine.h\"\n#include \"shard/y.h\"\n"), IsEmpty());
  EXPECT_THAT(layers_of("src/log/x.cc", "\n#include \"shard/y.h\"\n"),
              ElementsAre("src/log/x.cc:2: log (layer 2) must not include \"shard/y.h\" (layer 3)"));
  EXPECT_THAT(layers_of("src/wire/x.cc", "#include \"log/y.h\"\n"), ElementsAre(HasSubstr("must not include")));
  EXPECT_THAT(layers_of("src/base/x.h", "// #include \"log/y.h\"\n"), IsEmpty());
}

TEST(LayersTest, SimAndTestingAreForTests) {
  EXPECT_THAT(layers_of("src/app/x.cc", "#include \"sim/y.h\"\n"), ElementsAre(HasSubstr("for tests only")));
  EXPECT_THAT(layers_of("src/shard/x.cc", "#include \"log/testing/y.h\"\n"), ElementsAre(HasSubstr("for tests only")));
  EXPECT_THAT(layers_of("src/http/x_test.cc", "#include \"sim/y.h\"\n"), IsEmpty());
  EXPECT_THAT(layers_of("src/http/x_test.cc", "#include \"gateway/y.h\"\n"),
              ElementsAre(HasSubstr("must not include")));
}

TEST(LayersTest, ARoomMustBeKnown) {
  EXPECT_THAT(layers_of("src/cellar/x.cc", ""), ElementsAre(HasSubstr("not in the table of rooms")));
  EXPECT_THAT(layers_of("src/log/x.cc", "#include \"cellar/y.h\"\n"), ElementsAre(HasSubstr("no header of a room")));
  EXPECT_THAT(layers_of("src/log/x.cc", "#include \"block.h\"\n"), ElementsAre(HasSubstr("no header of a room")));
}

// Every row of the table finds its own header in a place that is not its own.
TEST(HeadersTest, EveryRowIsHeld) {
  for (const HeaderRow& row : headers()) {
    const std::string include = "#include <" + std::string(row.header) + ">\n";
    EXPECT_THAT(headers_of("src/coordinator/x.cc", include), ElementsAre(HasSubstr(row.reason))) << row.header;
    EXPECT_EQ(headers_of("src/coordinator/x_test.cc", include).empty(), row.free_in_tests) << row.header;
    EXPECT_THAT(headers_of("bench/x.cc", include), IsEmpty()) << row.header;
    if (!row.places.empty()) {
      const std::string place(row.places.substr(0, row.places.find(' ')));
      EXPECT_THAT(headers_of(place.ends_with('/') ? place + "x.cc" : place, include), IsEmpty()) << row.header;
    }
  }
  EXPECT_THAT(headers_of("src/coordinator/x.cc", "#include <thread_local.h>\n#include <vector>\n"), IsEmpty());
}

// Every row of the table finds its own name, in code and not in comments, texts or parts of words.
TEST(NamesTest, EveryRowIsHeld) {
  for (const NameRow& row : names()) {
    const std::string name(row.name);
    const std::string use = row.shape == Shape::global ? "  ::" + name + "(1);\n" : "  " + name + "(1);\n";
    EXPECT_THAT(names_of("src/coordinator/x.cc", use), ElementsAre(HasSubstr(row.instead))) << name;
    EXPECT_EQ(names_of("src/coordinator/x_test.cc", use).empty(), !row.in_tests) << name;
    EXPECT_THAT(names_of("src/coordinator/x.cc", "// " + use + "f(\"" + name + "(1)\");\n"), IsEmpty()) << name;
    EXPECT_THAT(names_of("src/coordinator/x.cc", "my_" + name + "_x();\n"), IsEmpty()) << name;
  }
}

TEST(NamesTest, OwnNamesThatLookLikeTheSystemsAreFine) {
  EXPECT_THAT(names_of("src/catalog/x.cc", "Catalog::open(1); files.open(path); base::Result<void> open(int);\n"),
              IsEmpty());
  EXPECT_THAT(names_of("src/catalog/x.cc", "loop.steady_clock().now_ms(); entry.time(1);\n"), IsEmpty());
}

TEST(NamesTest, NoTestSleeps) {
  const std::string use = "std::this_thread::sleep_for(1ms);\n";
  EXPECT_THAT(names_of("src/http/x_test.cc", use), ElementsAre(HasSubstr("wait for the thing")));
  EXPECT_THAT(names_of("tests/load/x.cc", use), ElementsAre(HasSubstr("wait for the thing")));
  EXPECT_THAT(pauses_of("tests/process/x.py", "import time\ntime.sleep(1)\n"), ElementsAre(HasSubstr("x.py:2: ")));
  EXPECT_THAT(pauses_of("tests/process/x.py", "time.sleep(0.02)\n"), IsEmpty());
  EXPECT_THAT(pauses_of("tests/clients/X.java", "Thread.sleep(500);\n"), ElementsAre(HasSubstr("does not sleep")));
  EXPECT_THAT(pauses_of("scripts/x", "  sleep 5\n"), ElementsAre(HasSubstr("does not sleep")));
  EXPECT_THAT(pauses_of("scripts/lib/x.sh", "  sleep 2.5\n"), ElementsAre(HasSubstr("does not sleep")));
}

TEST(LeftoversTest, NothingIsLeftToDo) {
  // In two pieces, so that this file does not find itself.
  for (const std::string word : {"TO"
                                 "DO",
                                 "FIX"
                                 "ME",
                                 "XX"
                                 "X"}) {
    EXPECT_THAT(leftovers_of("src/log/x.cc", "f(); // " + word + ": later\n"), ElementsAre(HasSubstr("do it"))) << word;
    EXPECT_THAT(leftovers_of("docs/x.md", "- " + word + "\n"), ElementsAre(HasSubstr("do it"))) << word;
    EXPECT_THAT(leftovers_of("src/log/x.cc", "f(\"" + word + "\");\n"), IsEmpty()) << word;
  }
  const std::string pattern = std::string("mktemp /tmp/XXX") + "XXX\n";
  EXPECT_THAT(leftovers_of("scripts/x", pattern), IsEmpty());
}

TEST(LeftoversTest, TheWorkplaceHasNoName) {
  const std::string sample = std::string("cd /wo") + "rk/main\n";
  EXPECT_THAT(leftovers_of("scripts/x", sample), ElementsAre(HasSubstr("scripts/x:1: names a folder")));
  EXPECT_THAT(leftovers_of("scripts/x", "cd build/network/main\n"), IsEmpty());
}

TEST(LengthTest, AFileHoldsOneNoun) {
  const std::string full(lines_max, '\n');
  EXPECT_THAT(check_length(make_source_file("src/log/x.cc", full)), IsEmpty());
  EXPECT_THAT(check_length(make_source_file("src/log/x.cc", full + "\n")), ElementsAre(HasSubstr("one noun")));
}

TEST(CompiledTest, EverySourceBelongsToATarget) {
  const std::set<std::string> compiled = {"src/log/x.cc"};
  EXPECT_THAT(check_compiled(make_source_file("src/log/x.cc", ""), compiled), IsEmpty());
  EXPECT_THAT(check_compiled(make_source_file("src/log/x_test.cc", ""), compiled), ElementsAre(HasSubstr("no target")));
  EXPECT_THAT(check_compiled(make_source_file("src/log/x.h", ""), compiled), IsEmpty());
}

// The paths below the project's top that this build compiles.
std::set<std::string> compiled_sources() {
  std::ifstream file(MILLRACE_BINARY_DIR "/compile_commands.json");
  std::set<std::string> paths;
  for (const auto& entry : nlohmann::json::parse(file)) {
    const std::filesystem::path path = entry.at("file").get<std::string>();
    paths.insert(std::filesystem::relative(path, MILLRACE_SOURCE_DIR).generic_string());
  }
  return paths;
}

TEST(ProjectTest, EveryFileKeepsTheRules) {
  const std::vector<SourceFile> files = read_project(MILLRACE_SOURCE_DIR);
  ASSERT_GT(files.size(), 100u) << "the project was not found in " MILLRACE_SOURCE_DIR;
  const std::set<std::string> compiled = compiled_sources();
  ASSERT_GT(compiled.size(), 50u);
  std::string all;
  for (const SourceFile& file : files) {
    Findings findings = check(file);
    const Findings uncompiled = check_compiled(file, compiled);
    findings.insert(findings.end(), uncompiled.begin(), uncompiled.end());
    for (const std::string& finding : findings)
      all += finding + "\n";
  }
  EXPECT_TRUE(all.empty()) << "\n" << all;
}

}  // namespace
}  // namespace millrace::tidy
