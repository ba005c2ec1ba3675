#include "limits/profile.h"

#include <gtest/gtest.h>

namespace millrace::limits {
namespace {

TEST(Profile, HasANameOfItsOwn) {
  for (const Profile profile : {Profile::relaxed, Profile::strict})
    EXPECT_EQ(parse_profile(wire_name(profile)), profile);
  EXPECT_FALSE(parse_profile("Strict"));
  EXPECT_FALSE(parse_profile(""));
}

TEST(Profile, ATagNamesIt) {
  EXPECT_FALSE(profile_of({}));
  EXPECT_FALSE(profile_of({{"limits", "strict"}}));
  EXPECT_FALSE(profile_of({{"millrace:limits", "harsh"}}));
  EXPECT_EQ(profile_of({{"a", "b"}, {"millrace:limits", "strict"}}), Profile::strict);
  EXPECT_EQ(profile_of({{"millrace:limits", "relaxed"}}), Profile::relaxed);
}

}  // namespace
}  // namespace millrace::limits
