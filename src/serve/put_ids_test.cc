#include "serve/put_ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace attune {
namespace {

using Ids = std::vector<std::string_view>;

TEST(PutIds, TakeAsManyAsTheLimitSaysAndKnownOnesAlways) {
  PutIds ids(3);
  for (const char* id : {"a", "b", "a"}) ids.Insert(id);
  EXPECT_EQ(ids.count(), 2u);
  EXPECT_TRUE(ids.CheckRoom(Ids{"c"}).ok());
  EXPECT_TRUE(ids.CheckRoom(Ids{"c", "a", "c", "b"}).ok()) << "one new item, named twice";
  EXPECT_FALSE(ids.CheckRoom(Ids{"c", "d"}).ok()) << "together they are one too many";

  ids.Insert("c");
  const Status refused = ids.CheckRoom(Ids{"a", "d"});

  EXPECT_EQ(refused.code(), Code::kLimitExceeded);
  EXPECT_THAT(refused.message(), testing::HasSubstr("'d' is new, as 1 of this request are, and 3 items were put"));
  EXPECT_THAT(refused.message(), testing::HasSubstr("the limit is 3"));
  EXPECT_TRUE(ids.CheckRoom(Ids{"a", "b", "c"}).ok());
  EXPECT_TRUE(ids.CheckRoom({}).ok());
}

TEST(PutIds, RememberNoMoreThanRequestsAtOnceMayAdd) {
  PutIds ids(1);
  for (std::size_t i = 0; i < PutIds::kOvershootMax + 10; ++i) ids.Insert("id" + std::to_string(i));
  EXPECT_EQ(ids.count(), PutIds::kOvershootMax + 1);
}

}  // namespace
}  // namespace attune
