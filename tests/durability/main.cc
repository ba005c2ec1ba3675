#include <gtest/gtest.h>

#include "base/log.h"

// The engine would say a line at each of thousands of starts.
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  millrace::base::log::init(millrace::base::log::Level::off, millrace::base::log::Format::text);
  return RUN_ALL_TESTS();
}
