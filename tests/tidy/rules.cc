#include "tests/tidy/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>

#include "tests/tidy/tables.h"

namespace millrace::tidy {
namespace {

struct Include {
  std::string_view name;
  std::size_t position = 0;
  bool in_quotes = false;
};

// The includes of a file. Names in quotes are blanked in the code, so the directive is found there and read in the
// text.
std::vector<Include> includes(const SourceFile& file) {
  std::vector<Include> found;
  constexpr std::string_view directive = "#include ";
  for (std::size_t at = file.code.find(directive); at != std::string::npos; at = file.code.find(directive, at + 1)) {
    const std::size_t open = at + directive.size();
    if (open >= file.text.size()) break;
    const char close = file.text[open] == '"' ? '"' : '>';
    const std::size_t end = file.text.find(close, open + 1);
    if (end == std::string::npos) break;
    found.push_back({std::string_view(file.text).substr(open + 1, end - open - 1), at, close == '"'});
  }
  return found;
}

std::string finding(const SourceFile& file, std::size_t position, std::string_view what) {
  return fmt::format("{}:{}: {}", file.path, file.line_of(position), what);
}

// Whether the path begins with one of the places, which are separated by spaces.
bool is_in(std::string_view path, std::string_view places) {
  while (!places.empty()) {
    const std::size_t space = std::min(places.find(' '), places.size());
    if (path.starts_with(places.substr(0, space))) return true;
    places.remove_prefix(std::min(space + 1, places.size()));
  }
  return false;
}

const RoomRow* find_room(std::string_view name) {
  const auto found = std::ranges::find(rooms(), name, &RoomRow::name);
  return found == rooms().end() ? nullptr : &*found;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Positions where `word` stands by itself.
void for_each_word(std::string_view code, std::string_view word, const std::function<void(std::size_t)>& visit) {
  for (std::size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    const bool begins = at == 0 || !is_word(code[at - 1]);
    const std::size_t end = at + word.size();
    if (begins && (end == code.size() || !is_word(code[end]))) visit(at);
  }
}

// Whether the name at `at` is written `::name(` with nothing before the colons.
bool is_global_call(std::string_view code, std::string_view name, std::size_t at) {
  if (at < 2 || code.substr(at - 2, 2) != "::") return false;
  const char before = at == 2 ? ' ' : code[at - 3];
  return !is_word(before) && before != '>' && code.substr(at + name.size()).starts_with("(");
}

}  // namespace

Findings check_layers(const SourceFile& file) {
  Findings findings;
  if (!file.is_cpp() || file.room().empty()) return findings;
  const RoomRow* own = find_room(file.room());
  if (own == nullptr) return {finding(file, 0, fmt::format("the room {} is not in the table of rooms", file.room()))};
  for (const Include& include : includes(file)) {
    if (!include.in_quotes) continue;
    const std::string_view room = include.name.substr(0, include.name.find('/'));
    const RoomRow* other = find_room(room);
    if (room == "millrace" && own->name == "app") continue;  // the public header, which app implements
    if (other == nullptr) {
      if (!include.name.ends_with(".pb.h")) {
        findings.push_back(finding(file, include.position,
                                   fmt::format("\"{}\" is no header of a room; write \"room/file.h\"", include.name)));
      }
      continue;
    }
    const bool tests_only = other->name == "sim" || include.name.contains("/testing/");
    if (tests_only && !file.is_test() && own->name != "sim") {
      findings.push_back(finding(file, include.position, fmt::format("\"{}\" is for tests only", include.name)));
    } else if (other != own && other->layer >= own->layer && !(tests_only && file.is_test())) {
      findings.push_back(finding(file, include.position,
                                 fmt::format("{} (layer {}) must not include \"{}\" (layer {})", own->name, own->layer,
                                             include.name, other->layer)));
    }
  }
  return findings;
}

Findings check_headers(const SourceFile& file) {
  Findings findings;
  if (!file.is_cpp() || file.room().empty()) return findings;
  for (const Include& include : includes(file)) {
    if (include.in_quotes) continue;
    for (const HeaderRow& row : headers()) {
      const bool whole = row.header.find_first_of("/.") == std::string_view::npos;
      const bool matches = whole ? include.name == row.header : include.name.starts_with(row.header);
      if (!matches || is_in(file.path, row.places) || (row.free_in_tests && file.is_test())) continue;
      findings.push_back(
          finding(file, include.position, fmt::format("<{}> does not belong here: {}", include.name, row.reason)));
    }
  }
  return findings;
}

Findings check_names(const SourceFile& file) {
  Findings findings;
  if (!file.is_cpp() || (file.room().empty() && !file.is_test())) return findings;
  for (const NameRow& row : names()) {
    // Tests outside src/ start real processes and wait for them, so of the rows that hold for tests only sleeps are
    // theirs.
    const bool outside = file.room().empty();
    if (outside && !row.name.contains("sleep")) continue;
    if (file.is_test() ? !row.in_tests : is_in(file.path, row.places)) continue;
    for_each_word(file.code, row.name, [&](std::size_t at) {
      if (row.shape == Shape::global && !is_global_call(file.code, row.name, at)) return;
      findings.push_back(finding(file, at, fmt::format("{} does not belong here; use {}", row.name, row.instead)));
    });
  }
  return findings;
}

Findings check_pauses(const SourceFile& file) {
  Findings findings;
  if (!file.path.starts_with("tests/") && !file.path.starts_with("scripts/")) return findings;
  const std::string_view name = std::string_view(file.path).substr(file.path.rfind('/') + 1);
  for (const PauseRow& row : pauses()) {
    if (row.ending.empty() ? name.contains('.') : !name.ends_with(row.ending)) continue;
    for (std::size_t at = file.text.find(row.call); at != std::string::npos; at = file.text.find(row.call, at + 1)) {
      const char* begin = file.text.data() + at + row.call.size();
      double pause = 0;
      const auto [end, error] = std::from_chars(begin, file.text.data() + file.text.size(), pause);
      if (error == std::errc{} && pause >= row.limit) {
        findings.push_back(finding(file, at, "a test waits for the thing itself, with a limit, and does not sleep"));
      }
    }
  }
  return findings;
}

Findings check_leftovers(const SourceFile& file) {
  Findings findings;
  for (const std::string_view word : {"TODO", "FIXME", "XXX"}) {
    for_each_word(file.comments, word, [&](std::size_t at) {
      findings.push_back(finding(file, at, fmt::format("{}: do it, or file it where it is seen", word)));
    });
  }
  // In two pieces, so that this file does not find itself.
  const std::string workplace = std::string("/wo") + "rk/";
  for (std::size_t at = file.text.find(workplace); at != std::string::npos; at = file.text.find(workplace, at + 1)) {
    findings.push_back(finding(file, at, "names a folder of the machine it was written on"));
  }
  return findings;
}

Findings check_length(const SourceFile& file) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(file.text, '\n'));
  // Data is as long as it is.
  if (lines <= lines_max || file.path.ends_with(".json")) return {};
  return {finding(file, 0, fmt::format("{} lines are more than {}: does it hold one noun?", lines, lines_max))};
}

Findings check_compiled(const SourceFile& file, const std::set<std::string>& compiled) {
  if (!file.path.ends_with(".cc") || compiled.contains(file.path)) return {};
  return {finding(file, 0, "belongs to no target: no CMakeLists.txt that is read names it")};
}

Findings check(const SourceFile& file) {
  Findings all;
  for (const auto rule : {check_layers, check_headers, check_names, check_pauses, check_leftovers, check_length}) {
    Findings findings = rule(file);
    all.insert(all.end(), findings.begin(), findings.end());
  }
  return all;
}

}  // namespace millrace::tidy
