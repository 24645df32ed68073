#include "model/explanation.h"

#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "train/folds.h"
#include "train/model_fit.h"
#include "train/test_world.h"

// Stands here because an explanation needs a model, and a model needs training.
namespace attune {
namespace {

class ExplanationTest : public testing::Test {
 protected:
  static std::shared_ptr<const RecommenderModel> Fit(const TrainingData& data) {
    ThreadPool pool(1, 16);
    const FitContext context{.workers = pool, .on_step = {}};
    const Fold fold = HoldOutNewest(WholeView(data), 1);
    auto fitted = FitModel(fold.view, fold.cases, {.sequence_operations_max = kOperationsMin}, context);
    EXPECT_TRUE(fitted.ok()) << fitted.status().ToString();
    return RecommenderModel::FromParts({}, std::move(fitted->parts));
  }

  /// One for all tests: a fit takes as long as everything else here.
  static const TestWorld& World() {
    static const TestWorld world = MakeTestWorld({.seed = 11, .new_items = 5, .repeat_share = 0.2});
    return world;
  }
  static const std::shared_ptr<const RecommenderModel>& Model() {
    static const std::shared_ptr<const RecommenderModel> model = Fit(World().data);
    return model;
  }

  const TestWorld& world_ = World();
  const std::shared_ptr<const RecommenderModel> model_ = Model();
  ScoreScratch scratch_ = model_->MakeScratch();
};

double Sum(const Explanation& explanation) {
  double sum = 0;
  for (const auto& [name, value] : explanation.parts) sum += value;
  return sum;
}

TEST_F(ExplanationTest, ThePartsAddUpToWhatSetsItemsApart) {
  const auto history = model_->FindHistory(world_.data.users.id(3));
  const Query query{.items = history.items, .trained_user = history.user};
  std::vector<float> scores(model_->item_count());
  model_->ScoreAll(query, scratch_, scores);
  const auto first = Explain(*model_, query, 10, scratch_);
  const auto second = Explain(*model_, query, 20, scratch_);
  EXPECT_NEAR(Sum(first) - Sum(second), static_cast<double>(scores[10]) - static_cast<double>(scores[20]), 1e-3);
  EXPECT_NEAR(first.probability, std::exp(static_cast<double>(scores[10])), 1e-9);
}

TEST_F(ExplanationTest, AnEventCountsByWhatTheItemLosesWithoutIt) {
  const auto history = model_->FindHistory(world_.data.users.id(4));
  const Query query{.items = history.items, .trained_user = history.user};
  const auto explanation = Explain(*model_, query, 15, scratch_);
  ASSERT_EQ(explanation.events.size(), history.items.size());
  EXPECT_TRUE(
      std::ranges::is_sorted(explanation.events, std::greater<>(), [](const auto& each) { return each.second; }));
  const auto [place, fall] = explanation.events.front();
  std::vector<std::uint32_t> without(history.items.begin(), history.items.end());
  without.erase(without.begin() + static_cast<std::ptrdiff_t>(place));
  std::vector<float> scores(model_->item_count());
  model_->ScoreAll({.items = without, .trained_user = history.user}, scratch_, scores);
  EXPECT_NEAR(std::log(explanation.probability) - fall, static_cast<double>(scores[15]), 1e-4);
}

TEST_F(ExplanationTest, ANewItemIsExplainedByItsAttributes) {
  const auto extended = model_->WithItems(world_.new_items);
  const auto item = extended->FindItem(world_.new_items[0].id);
  ASSERT_TRUE(item.has_value());
  ScoreScratch scratch = extended->MakeScratch();
  const auto history = extended->FindHistory(world_.data.users.id(0));
  const auto explanation = Explain(*extended, {.items = history.items}, *item, scratch);
  EXPECT_TRUE(explanation.is_cold);
  EXPECT_TRUE(explanation.parts.empty());
  for (const auto& [attribute, times] : explanation.shared_attributes) EXPECT_GT(times, 0u);
}

TEST_F(ExplanationTest, WithoutHistoryPopularityAloneSpeaks) {
  const auto explanation = Explain(*model_, {}, 0, scratch_);
  EXPECT_TRUE(explanation.events.empty());
  for (const auto& [name, value] : explanation.parts) {
    EXPECT_TRUE(value == 0 || name.find("popularity") != std::string::npos) << name;
  }
}

}  // namespace
}  // namespace attune
