#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <limits>
#include <string>

#include "wire/codec.h"
#include "wire/parsers.h"

namespace millrace::wire {
namespace {

namespace json = boost::json;

// The handler of Boost.JSON's event parser. The parser gives text in parts only where it had to unescape it.
class JsonEvents {
 public:
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

  explicit JsonEvents(TreeBuilder& builder) : builder_(&builder) {}

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) {
    builder_->begin_list();
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    builder_->end_list();
    return true;
  }
  bool on_object_begin(json::error_code&) {
    builder_->begin_map();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    builder_->end_map();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    builder_->key(whole(part));
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    if (!builder_->passes_over()) text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    if (builder_->passes_over()) return true;
    builder_->text(whole(part));
    if (text_.capacity() > text_kept_max) {
      std::string().swap(text_);
    } else {
      text_.clear();
    }
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    builder_->integer(number);
    return true;
  }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) {
    // Only what does not fit the signed form comes here, and every type ends far below it.
    builder_->integer(std::numeric_limits<std::int64_t>::max());
    return true;
  }
  bool on_double(double number, json::string_view, json::error_code&) {
    builder_->fraction(number);
    return true;
  }
  bool on_bool(bool truth, json::error_code&) {
    builder_->boolean(truth);
    return true;
  }
  bool on_null(json::error_code&) {
    builder_->null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  // Memory that one unescaped text needed and the next may use again.
  static constexpr std::size_t text_kept_max = 64 * 1024;

  std::string_view whole(json::string_view part) {
    if (text_.empty()) return {part.data(), part.size()};
    text_.append(part.data(), part.size());
    return text_;
  }

  TreeBuilder* builder_;
  std::string text_;  // the parts so far of the text that is being read
};

}  // namespace

bool parse_json(std::string_view body, TreeBuilder& builder) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::basic_parser<JsonEvents> parser(options, builder);
  json::error_code error;
  const std::size_t used = parser.write_some(false, body.data(), body.size(), error);
  return !error && used == body.size();
}

}  // namespace millrace::wire
