#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// What the rules of the source are, as tables: to change a rule is to change a row here.
namespace millrace::tidy {

// A room of src/ and its layer. An include points to a lower layer or stays in its room.
struct RoomRow {
  std::string_view name;
  int layer;
};
std::span<const RoomRow> rooms();

// Headers from outside, by the beginning of their name, and the places of src/ (beginnings of paths, separated by
// spaces) that may include them. Files outside src/ may include any.
struct HeaderRow {
  std::string_view header;
  std::string_view places;
  std::string_view reason;
  bool free_in_tests;  // unit tests may include it wherever they are
};
std::span<const HeaderRow> headers();

// How a name has to stand in the code to be found.
enum class Shape : std::uint8_t {
  word,    // as a whole word, qualified or not
  global,  // as a call of the global name, `::open(`, with nothing before the colons
};

// Names that product code of src/ may use in the given places only, and what to use in their stead.
struct NameRow {
  std::string_view name;
  Shape shape;
  std::string_view places;
  bool in_tests;  // unit tests are held to it, too
  std::string_view instead;
};
std::span<const NameRow> names();

// Pauses in languages other than C++: the call, and from which number on it is a test that sleeps to wait rather than
// one that polls for what it waits for.
struct PauseRow {
  std::string_view ending;  // of the path; empty: a script
  std::string_view call;
  double limit;
};
std::span<const PauseRow> pauses();

inline constexpr std::size_t lines_max = 900;

}  // namespace millrace::tidy
