#include "api/operations.h"

#include <gtest/gtest.h>

namespace millrace::api {
namespace {

TEST(Operations, AreSortedByNameAndFound) {
  const auto rows = operations();
  for (std::size_t i = 1; i < rows.size(); ++i)
    EXPECT_LT(rows[i - 1].shape->name, rows[i].shape->name);
  for (const Operation& row : rows)
    EXPECT_EQ(find_operation(row.shape->name), &row);
  EXPECT_EQ(find_operation("PutRecordz"), nullptr);
  EXPECT_EQ(find_operation(""), nullptr);
}

TEST(Operations, EachHasExactlyOneGeneralHandler) {
  for (const Operation& row : operations()) {
    const int handlers = (row.handler != nullptr) + (row.async_handler != nullptr) + (row.data_handler != nullptr);
    EXPECT_EQ(handlers, 1) << row.shape->name;
    if (row.hot_handler != nullptr) EXPECT_NE(row.data_handler, nullptr) << row.shape->name;
  }
}

}  // namespace
}  // namespace millrace::api
