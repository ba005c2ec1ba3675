#include "limits/profile.h"

namespace millrace::limits {

std::string_view wire_name(Profile profile) {
  return profile == Profile::strict ? "strict" : "relaxed";
}

std::optional<Profile> parse_profile(std::string_view name) {
  for (const Profile profile : {Profile::relaxed, Profile::strict}) {
    if (name == wire_name(profile)) return profile;
  }
  return std::nullopt;
}

std::optional<Profile> profile_of(const Tags& tags) {
  static const std::string key(profile_tag);
  const auto found = tags.find(key);
  return found == tags.end() ? std::nullopt : parse_profile(found->second);
}

}  // namespace millrace::limits
