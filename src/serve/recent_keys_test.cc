#include "serve/recent_keys.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(RecentKeys, KnowTheLastOnesAndForgetTheOldest) {
  RecentKeys keys(2);
  EXPECT_TRUE(keys.Insert(1));
  EXPECT_TRUE(keys.Insert(2));
  EXPECT_FALSE(keys.Insert(1));
  EXPECT_FALSE(keys.Insert(2));

  EXPECT_TRUE(keys.Insert(3));  // 1 makes room, though it was met after 2: its first time counts.

  EXPECT_FALSE(keys.Insert(2));
  EXPECT_FALSE(keys.Insert(3));
  EXPECT_TRUE(keys.Insert(1));
  EXPECT_TRUE(keys.Insert(2));
}

}  // namespace
}  // namespace attune
