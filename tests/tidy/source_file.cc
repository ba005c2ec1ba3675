#include "tests/tidy/source_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <span>

namespace millrace::tidy {
namespace {

constexpr std::array<std::string_view, 3> cpp_endings = {".h", ".cc", ".cpp"};
constexpr std::array<std::string_view, 15> text_endings = {".h",   ".cc",   ".cpp",   ".cmake", ".txt",
                                                           ".sh",  ".py",   ".md",    ".go",    ".java",
                                                           ".mjs", ".json", ".proto", ".toml",  ".xml"};
// Names that package managers and tools own; their content is not ours to judge.
constexpr std::array<std::string_view, 8> skipped_names = {
    ".git", "build", ".cache", "node_modules", "__pycache__", "target", "package-lock.json", "go.sum"};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Walks C++ text and blanks what stands in quotes and, in one of the two copies, what stands in comments.
class Blanker {
 public:
  explicit Blanker(const std::string& text) : text_(text), comments_(text), code_(text) {}

  void run() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        blank_comment(std::min(text_.find('\n', at_), text_.size()));
      } else if (starts("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        blank_comment(end == std::string::npos ? text_.size() : end + 2);
      } else if (text_[at_] == '"') {
        quoted();
      } else if (text_[at_] == '\'' && (at_ == 0 || !is_word(text_[at_ - 1]))) {
        blank_quotes(end_of_quote('\''));
      } else {
        ++at_;
      }
    }
  }

  std::string comments_without_quotes() { return std::move(comments_); }
  std::string code() { return std::move(code_); }

 private:
  bool starts(std::string_view what) const { return std::string_view(text_).substr(at_).starts_with(what); }

  void quoted() {
    const bool raw = at_ > 0 && text_[at_ - 1] == 'R' && (at_ == 1 || !is_word(text_[at_ - 2]));
    if (!raw) return blank_quotes(end_of_quote('"'));
    const std::size_t open = text_.find('(', at_);
    if (open == std::string::npos) return blank_quotes(text_.size());
    const std::string close = ")" + text_.substr(at_ + 1, open - at_ - 1) + "\"";
    const std::size_t end = text_.find(close, open);
    blank_quotes(end == std::string::npos ? text_.size() : end + close.size());
  }

  std::size_t end_of_quote(char quote) const {
    std::size_t i = at_ + 1;
    while (i < text_.size() && text_[i] != quote && text_[i] != '\n')
      i += text_[i] == '\\' ? 2 : 1;
    return std::min(i + 1, text_.size());
  }

  void blank_quotes(std::size_t end) {
    blank(comments_, end);
    blank(code_, end);
    at_ = end;
  }
  void blank_comment(std::size_t end) {
    blank(code_, end);
    at_ = end;
  }
  void blank(std::string& copy, std::size_t end) const {
    for (std::size_t i = at_; i < end; ++i) {
      if (copy[i] != '\n') copy[i] = ' ';
    }
  }

  const std::string& text_;
  std::string comments_;
  std::string code_;
  std::size_t at_ = 0;
};

bool ends_with_any(std::string_view path, std::span<const std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return path.ends_with(ending); });
}

// Scripts and the like have no ending; their first line says what they are.
bool is_script(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string first;
  std::getline(file, first);
  return first.starts_with("#!");
}

bool is_ours(const std::filesystem::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  return entry.is_regular_file() && (ends_with_any(name, text_endings) || name == "Dockerfile" ||
                                     (entry.path().extension().empty() && is_script(entry.path())));
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

bool SourceFile::is_cpp() const {
  return ends_with_any(path, cpp_endings);
}

bool SourceFile::is_test() const {
  return path.ends_with("_test.cc") || path.starts_with("tests/") || path.contains("/testing/");
}

std::string_view SourceFile::room() const {
  constexpr std::string_view top = "src/";
  if (!path.starts_with(top)) return {};
  const std::string_view rest = std::string_view(path).substr(top.size());
  const std::size_t slash = rest.find('/');
  return slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
}

std::size_t SourceFile::line_of(std::size_t position) const {
  return 1 +
         static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
}

SourceFile make_source_file(std::string path, std::string text) {
  SourceFile file{.path = std::move(path), .text = std::move(text), .comments = {}, .code = {}};
  if (!file.is_cpp()) {
    file.comments = file.text;
    file.code = file.text;
    return file;
  }
  Blanker blanker(file.text);
  blanker.run();
  file.comments = blanker.comments_without_quotes();
  file.code = blanker.code();
  return file;
}

std::vector<SourceFile> read_project(const std::filesystem::path& root) {
  std::vector<SourceFile> files;
  std::filesystem::recursive_directory_iterator walk(root);
  for (const std::filesystem::directory_entry& entry : walk) {
    const std::string name = entry.path().filename().string();
    if (std::ranges::find(skipped_names, name) != skipped_names.end()) {
      if (entry.is_directory()) walk.disable_recursion_pending();
      continue;
    }
    if (!is_ours(entry)) continue;
    files.push_back(
        make_source_file(std::filesystem::relative(entry.path(), root).generic_string(), read(entry.path())));
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

}  // namespace millrace::tidy
