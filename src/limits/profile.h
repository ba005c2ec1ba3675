#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::limits {

// Which rows of the table hold: `strict` has all that the service has, `relaxed` none that a test would have to wait
// for.
enum class Profile : std::uint8_t { relaxed, strict };

std::string_view wire_name(Profile profile);  // "strict"
std::optional<Profile> parse_profile(std::string_view name);

// A stream that has this tag keeps the profile it names, whatever the broker's is.
inline constexpr std::string_view profile_tag = "millrace:limits";

using Tags = std::map<std::string, std::string>;
// Nothing where there is no such tag, or none that names a profile.
std::optional<Profile> profile_of(const Tags& tags);

}  // namespace millrace::limits
