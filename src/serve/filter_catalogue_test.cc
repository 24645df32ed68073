#include "serve/filter_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/parser.h"
#include "filter/test_group.h"
#include "serve/test_model.h"

namespace attune {
namespace {

class FilterCatalogueTest : public ::testing::Test {
 protected:
  FilterCatalogueTest() {
    for (int i = 0; i < 3000; ++i) ids_.push_back("i" + std::to_string(i));
    items_ = {.table = MetadataTable::Empty(schema()), .generation = 1, .version = 1};
  }

  const Schema& schema() const { return *schemas_.at(DatasetType::kItems); }
  void Put(std::string_view id, int year) {
    const auto put = TestPut(schema(), id, R"({"year":)" + std::to_string(year) + "}");
    items_ = {.table = items_.table->With({&put, 1}), .generation = items_.generation, .version = items_.version + 1};
  }
  CompiledClause Clause(std::string_view condition) {
    const auto filter = ParseFilter("INCLUDE ItemID WHERE " + std::string(condition));
    EXPECT_TRUE(filter.ok()) << filter.status().ToString();
    const auto compiled = CompileFilter(*filter, schemas_, {});
    EXPECT_TRUE(compiled.ok()) << compiled.status().ToString();
    return compiled->clauses[0];
  }
  std::shared_ptr<const RecommenderModel> Model(std::size_t count) {
    return MakeTestModel(std::span(ids_).first(count), 2000);
  }
  std::vector<std::uint32_t> Found(const CompiledClause& clause, const std::shared_ptr<const RecommenderModel>& model) {
    const auto set = catalogue_.Matches(clause, model, items_);
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < set->size(); ++i) {
      if (set->Has(i)) found.push_back(i);
    }
    return found;
  }

  const FilterSchemas schemas_ = TestSchemas();
  std::vector<std::string> ids_;
  LiveMetadata::Snapshot items_;
  FilterCatalogue catalogue_;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(FilterCatalogueTest, KeepsWhatDidNotChangeAndSeesWhatDid) {
  const auto model = Model(2000);
  const auto clause = Clause("Items.YEAR = 7");
  EXPECT_THAT(Found(clause, model), IsEmpty());
  Put("i5", 7);
  Put("unknown", 7);
  Put("i1500", 7);
  EXPECT_THAT(Found(clause, model), ElementsAre(5, 1500));

  const auto first = catalogue_.Matches(clause, model, items_);
  EXPECT_EQ(catalogue_.Matches(clause, model, items_), first);  // The very same: nothing was done.

  Put("i5", 8);
  EXPECT_THAT(Found(clause, model), ElementsAre(1500));
}

TEST_F(FilterCatalogueTest, GrowsWithTheCatalogue) {
  const auto clause = Clause("Items.YEAR = 7");
  const auto without = Clause("Items.YEAR NOT IN (7)");
  Put("i2000", 7);
  Put("i2002", 7);
  const auto small = Model(2000);
  EXPECT_THAT(Found(clause, small), IsEmpty());
  EXPECT_THAT(Found(without, small), SizeIs(2000));

  const auto grown = Model(2003);
  EXPECT_THAT(Found(clause, grown), ElementsAre(2000, 2002));
  EXPECT_THAT(Found(without, grown), SizeIs(2001));
  // A request that still holds the smaller one gets what is known by now.
  EXPECT_EQ(catalogue_.Matches(clause, small, items_)->size(), 2003u);
}

TEST_F(FilterCatalogueTest, BeginsAnewForAnotherCatalogueAndAnotherTable) {
  const auto clause = Clause("Items.YEAR = 7");
  Put("i1", 7);
  EXPECT_THAT(Found(clause, Model(2002)), ElementsAre(1));
  std::swap(ids_[1], ids_[2]);
  ids_[2000] = "other";
  EXPECT_THAT(Found(clause, Model(2002)), ElementsAre(2));

  items_ = {.table = MetadataTable::Empty(schema()), .generation = 2, .version = items_.version + 1};
  Put("i3", 7);
  EXPECT_THAT(Found(clause, Model(2002)), ElementsAre(3));
}

TEST_F(FilterCatalogueTest, KnowsIdsOfItemsWithoutRecords) {
  const auto model = Model(2000);
  EXPECT_THAT(Found(Clause(R"(Items.ITEM_ID IN ("i3","i4"))"), model), ElementsAre(3, 4));
  Put("i4", 1);
  EXPECT_THAT(Found(Clause(R"(Items.ITEM_ID IN ("i3","i4"))"), model), ElementsAre(3, 4));
  EXPECT_THAT(Found(Clause(R"(Items.ITEM_ID NOT IN ("i3"))"), model), SizeIs(1999));
}

TEST_F(FilterCatalogueTest, RemembersSoManyClauses) {
  const auto model = Model(100);
  const auto first = catalogue_.Matches(Clause("Items.YEAR = 0"), model, items_);
  for (std::size_t i = 1; i < FilterCatalogue::kClausesMax; ++i) {
    catalogue_.Matches(Clause("Items.YEAR = " + std::to_string(i)), model, items_);
  }
  EXPECT_EQ(catalogue_.Matches(Clause("Items.YEAR = 0"), model, items_), first);
  catalogue_.Matches(Clause("Items.YEAR = 1000"), model, items_);
  EXPECT_EQ(catalogue_.Matches(Clause("Items.YEAR = 0"), model, items_), first);
  for (std::size_t i = 0; i < FilterCatalogue::kClausesMax; ++i) {
    catalogue_.Matches(Clause("Items.YEAR = -" + std::to_string(i + 1)), model, items_);
  }
  EXPECT_NE(catalogue_.Matches(Clause("Items.YEAR = 0"), model, items_), first);
}

}  // namespace
}  // namespace attune
