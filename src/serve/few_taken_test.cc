#include "serve/few_taken.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "serve/test_model.h"

namespace attune {
namespace {

using testing::ElementsAre;

/// Items "0"… of which the first two were taken ten times and the others never; a higher number is newer.
class FewTakenTest : public testing::Test {
 protected:
  static std::shared_ptr<const RecommenderModel> Model() {
    std::vector<std::string> ids;
    std::vector<std::int64_t> created;
    for (std::int64_t i = 0; i < 8; ++i) {
      ids.push_back(std::to_string(i));
      created.push_back(100 + i);
    }
    return MakeTestModel(ids, 2, 1, created);
  }

  std::vector<std::uint32_t> Eligible(std::size_t unmet_max, std::size_t count_max = 100, const ItemSet* kept = nullptr,
                                      std::vector<std::uint32_t> already = {}) {
    ItemSet eligible(model_->item_count());
    for (const std::uint32_t item : already) eligible.Set(item, true);
    few_taken_.AddTo(eligible, *model_, posterior_, kept, count_max, unmet_max);
    std::vector<std::uint32_t> items;
    ForEachItem(eligible, [&](std::uint32_t item) { items.push_back(item); });
    return items;
  }
  void Show(std::uint32_t item, Feedback feedback, std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) {
      const Impression impression{.item = item, .rank = 1, .feedback = feedback};
      EXPECT_TRUE(posterior_.Observe({&impression, 1}, {}).ok());
    }
  }

  std::shared_ptr<const RecommenderModel> model_ = Model();
  const FewTaken few_taken_{*model_};
  Posterior posterior_{Posterior::Options{}};
};

TEST_F(FewTakenTest, AreTheNewestThatHardlyAnybodyTookAndNoMoreThanTheLimit) {
  EXPECT_THAT(Eligible(3), ElementsAre(5, 6, 7));
  EXPECT_THAT(Eligible(100), ElementsAre(2, 3, 4, 5, 6, 7)) << "0 and 1 were taken";
  EXPECT_THAT(Eligible(100, 2), ElementsAre(6, 7));
  EXPECT_THAT(Eligible(0), ElementsAre());
  EXPECT_THAT(Eligible(2, 100, nullptr, {1, 7}), ElementsAre(1, 5, 6, 7)) << "those that are new take nothing away";
}

TEST_F(FewTakenTest, MakeRoomWhenTheyWereLookedAtAndStayWhenTheyWereClicked) {
  Show(7, Feedback::kIgnored, FewTaken::kFewInteractions - 1);
  EXPECT_THAT(Eligible(1), ElementsAre(7)) << "one look less than enough";
  Show(7, Feedback::kIgnored, 1);
  EXPECT_THAT(Eligible(1), ElementsAre(6)) << "nobody wanted it";
  Show(6, Feedback::kClicked, FewTaken::kFewInteractions);
  EXPECT_THAT(Eligible(1), ElementsAre(5, 6)) << "somebody did";
}

TEST_F(FewTakenTest, AreThoseThatMayBeShown) {
  ItemSet kept(model_->item_count());
  for (const std::uint32_t item : {0u, 3u, 4u}) kept.Set(item, true);
  EXPECT_THAT(Eligible(1, 100, &kept), ElementsAre(4));
  EXPECT_THAT(Eligible(9, 100, &kept), ElementsAre(3, 4));
}

TEST_F(FewTakenTest, MayHaveJoinedSince) {
  model_ = model_->WithItems(std::vector<NewItem>{{.id = "joined", .created_ms = 1, .attributes = {}}});
  EXPECT_THAT(Eligible(2), ElementsAre(7, 8));
}

}  // namespace
}  // namespace attune
