#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/property/random.h"
#include "wire/shape.h"
#include "wire/value.h"

// Random requests from the tables of shapes, right ones and ones that are wrong in a chosen place. For whatever reads
// requests: the codecs and the validator, and a whole broker behind its gateway.
namespace millrace::property {

// A way to be wrong.
enum class Break : std::uint8_t {
  missing,     // a required member
  wrong_type,  // a value that cannot be converted
  too_short,   // text, blob, list or map
  too_long,
  too_small,  // a number
  too_large,
  pattern,
  enumeration,
  null_element,  // of a list, or a value of a map
};
inline constexpr std::size_t break_count = 9;
std::string_view name_of(Break kind);

// A place where a request of some shape can be wrong in one way: "Records.[].PartitionKey too_long". The elements of a
// list are "[]", the keys of a map "{key}" and its values "{value}".
struct Site {
  std::string path;
  Break kind;
  const wire::Shape* shape;
  bool is_heavy = false;  // a request that is wrong here has a size in megabytes

  std::string text() const { return path + " " + std::string(name_of(kind)); }
  // In an element, a key or a value of scalars, of which the service speaks together.
  bool is_in_scalar_element() const;
  // What the service's sentence says of it, where it is a violated constraint and not a wrong type.
  std::string constraint() const;
};

// Every place of a shape, in a fixed order.
std::vector<Site> sites_of(const wire::Shape& shape);

struct Request {
  wire::Value value;
  std::vector<Site> broken;  // none hides another; empty: it satisfies every constraint
};

// One seed gives one sequence of requests. One thread.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Request valid(const wire::Shape& shape);
  // Wrong in one place, or in two or three of them (once in four). Goes through all places in turn, and through the
  // heavy ones once in `heavy_every` of these requests. Of a shape that cannot be wrong: a valid one.
  Request invalid(const wire::Shape& shape);
  static constexpr std::size_t heavy_every = 400;

  Random& random() { return random_; }

 private:
  struct Turns {
    std::vector<Site> light;
    std::vector<Site> heavy;
    std::size_t requests = 0;
    std::size_t next_light = 0;
    std::size_t next_heavy = 0;
  };

  std::vector<Site> choose(Turns& turns);
  bool is_broken(const std::string& path, Break kind) const;
  bool is_broken_below(const std::string& path) const;

  wire::Value make(const wire::Shape& shape, const std::string& path);
  wire::Value make_structure(const wire::Shape& shape, const std::string& path);
  wire::Value make_list(const wire::Shape& shape, const std::string& path);
  wire::Value make_map(const wire::Shape& shape, const std::string& path);
  std::string make_text(const wire::Shape& shape, const std::string& path);
  std::string make_blob(const wire::Shape& shape, const std::string& path);
  std::int64_t make_number(const wire::Shape& shape, const std::string& path);
  wire::Value make_of_wrong_type(const wire::Shape& shape);
  std::size_t length(const wire::Shape& shape, const std::string& path, std::size_t usual_max);
  std::string characters(std::size_t count);
  std::string of_pattern(const wire::Shape& shape, std::size_t count);
  std::string digits(std::size_t count);

  Random random_;
  std::map<const wire::Shape*, Turns> turns_;
  std::vector<Site> broken_;  // of the request that is being made
};

}  // namespace millrace::property
