#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "base/result.h"

namespace millrace::base {
namespace {

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < errc_count; ++i) {
    const std::string_view name = name_of(static_cast<Errc>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
  }
}

// The names stand in a table of their own, so a code added in the middle of the enum alone would shift them.
TEST(Error, NamesFollowTheEnum) {
  EXPECT_EQ(name_of(Errc::access_denied), "access_denied");
  EXPECT_EQ(name_of(Errc::kms_throttling), "kms_throttling");
  EXPECT_EQ(name_of(Errc::validation), "validation");
  EXPECT_EQ(name_of(Errc::fenced), "fenced");
  EXPECT_EQ(name_of(Errc::unknown_outcome), "unknown_outcome");
  EXPECT_EQ(name_of(Errc::io), "io");
}

TEST(Error, DescribeShowsWhatThereIs) {
  EXPECT_EQ(describe(Error(Errc::full)), "full");
  EXPECT_EQ(describe(Error(Errc::bad_config, "no such option")), "bad_config: no such option");
  EXPECT_EQ(describe(Error(Errc::io, "cannot open /x", ENOENT)),
            std::string("io: cannot open /x: ") + std::strerror(ENOENT));
}

TEST(Result, FailCarriesTheError) {
  const Result<int> result = fail(Errc::io, "cannot read", EIO);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), Error(Errc::io, "cannot read", EIO));
}

}  // namespace
}  // namespace millrace::base
