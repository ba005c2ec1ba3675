#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "wire/hot.h"

namespace millrace::wire::hot {

// What follows inside a map or a list.
enum class Next : std::uint8_t { item, end, refused };

// Walks over a body once and hands out views into it; what text() gives is well-formed UTF-8. False and Next::refused
// mean that the body is not of the plain form that the hot decoders take, and nothing may be asked of the reader
// afterwards.
template <class R>
concept Reader = requires(R in, typename R::Scope scope, std::string_view view, bool truth, std::int64_t number) {
  { R::data_form } -> std::convertible_to<DataForm>;
  { in.open_map(scope) } -> std::same_as<bool>;
  { in.open_list(scope) } -> std::same_as<bool>;
  { in.next_member(scope, view) } -> std::same_as<Next>;
  { in.next_element(scope) } -> std::same_as<Next>;
  { in.text(view) } -> std::same_as<bool>;
  { in.blob(view) } -> std::same_as<bool>;
  { in.boolean(truth) } -> std::same_as<bool>;
  { in.positive_integer(number) } -> std::same_as<bool>;
  { in.at_end() } -> std::same_as<bool>;
};

}  // namespace millrace::wire::hot
