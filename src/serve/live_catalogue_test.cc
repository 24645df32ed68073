#include "serve/live_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "serve/test_model.h"

namespace attune {
namespace {

using testing::ElementsAre;

const std::vector<std::string> kIds = {"a", "b", "c"};
const std::vector<std::int64_t> kCreated = {100, 200, 300};

/// Items with nothing but a time of creation.
class LiveCatalogueTest : public testing::Test {
 protected:
  std::optional<LiveCatalogue::Joined> Put(LiveCatalogue& catalogue, const std::string& id, std::int64_t created_ms,
                                           std::uint64_t sequence) {
    const auto joined = catalogue.Put(schema_, {.id = id, .received_ms = 1000, .values = {id, created_ms}}, sequence);
    catalogue.Publish();
    return joined;
  }
  static std::vector<std::uint32_t> Since(const LiveCatalogue& catalogue, std::int64_t from_ms) {
    return catalogue.CreatedSince(*catalogue.Current(), from_ms, 10);
  }

  const Schema schema_ = Schema::Parse(R"({"type": "record", "name": "Items",
      "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
      "fields": [{"name": "ITEM_ID", "type": "string"}, {"name": "CREATION_TIMESTAMP", "type": "long"},
                 {"name": "GENRES", "type": ["null", "string"], "categorical": true}]})")
                             .value();
};

TEST_F(LiveCatalogueTest, AnItemOfTrainingThatIsRedatedIsAsNewAsItSays) {
  LiveCatalogue catalogue(MakeTestModel(kIds, 3, 1, kCreated));
  EXPECT_THAT(Since(catalogue, 250), ElementsAre(2));

  EXPECT_TRUE(Put(catalogue, "a", 400, 1)->has_changed);
  EXPECT_THAT(Since(catalogue, 250), ElementsAre(2, 0));
  EXPECT_TRUE(Put(catalogue, "c", 50, 2)->has_changed);
  EXPECT_THAT(Since(catalogue, 250), ElementsAre(0));
  EXPECT_FALSE(Put(catalogue, "b", 200, 3)->has_changed) << "nothing new";
  EXPECT_FALSE(Put(catalogue, "b", 0, 4)->has_changed) << "nothing said";
}

TEST_F(LiveCatalogueTest, WhatTrainingReadOfItsItemsChangesNothing) {
  LiveCatalogue catalogue(MakeTestModel(kIds, 3, 1, kCreated, /*log_sequence=*/7));
  EXPECT_FALSE(Put(catalogue, "a", 400, 7)->has_changed);
  EXPECT_TRUE(Put(catalogue, "a", 400, 8)->has_changed);
}

TEST_F(LiveCatalogueTest, MoreChangesThanTheLimitWaitForTheNextTraining) {
  LiveCatalogue catalogue(MakeTestModel(kIds, 3, 1, kCreated), {.changed_items_max = 2});
  EXPECT_TRUE(Put(catalogue, "a", 400, 1)->has_changed);
  EXPECT_TRUE(Put(catalogue, "b", 400, 2)->has_changed);

  const auto one_more = Put(catalogue, "c", 400, 3);
  ASSERT_TRUE(one_more.has_value()) << "it is refused to nobody";
  EXPECT_FALSE(one_more->has_changed);
  EXPECT_EQ(catalogue.Current()->item_created_ms(2), 300);
  EXPECT_TRUE(Put(catalogue, "a", 500, 4)->has_changed) << "who has changed may change again";
  EXPECT_EQ(catalogue.Current()->item_created_ms(0), 500);
}

}  // namespace
}  // namespace attune
