#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/recommender_model.h"
#include "storage/memory_env.h"
#include "train/test_world.h"
#include "train/train_solution.h"

namespace attune {
namespace {

constexpr std::uint32_t kGenreCount = 6;

NewItem Put(const TrainingData& data, std::uint32_t item, std::uint32_t genre) {
  return {.id = std::string(data.items.id(item)),
          .attributes = {.categorical = {{"GENRES", {"genre" + std::to_string(genre)}}}, .numeric = {}, .text = {}}};
}

/// A trained world whose items are put anew.
class ChangedAttributes : public testing::Test {
 protected:
  void SetUp() override {
    TrainContext context{
        .env = env_, .clock = clock_, .pool = pool_, .cancelled = cancelled_, .on_progress = {}, .memory_bytes_max = 0};
    ASSERT_TRUE(TrainFull(world_.data, {.sequence_operations_max = 0}, context, "/model").ok());
    model_ = RecommenderModel::Load(env_, "/model").value();
  }

  std::vector<float> Scores(const RecommenderModel& model, std::uint32_t user) {
    ScoreScratch scratch = model.MakeScratch();
    std::vector<float> scores(model.item_count());
    const auto history = model.FindHistory(world_.data.users.id(user));
    model.ScoreAll({.items = history.items, .trained_user = history.user}, scratch, scores);
    return scores;
  }

  /// How much more of a user's history is of one genre than of another.
  double Leaning(std::uint32_t user, std::uint32_t to, std::uint32_t from) {
    const auto history = model_->FindHistory(world_.data.users.id(user));
    double sum = 0;
    for (const std::uint32_t item : history.items) {
      sum += (item % kGenreCount == to ? 1 : 0) - (item % kGenreCount == from ? 1 : 0);
    }
    return sum / static_cast<double>(history.items.size());
  }

  const TestWorld world_ = MakeTestWorld({});
  MemoryEnv env_;
  FakeClock clock_;
  ThreadPool pool_{1, 16};
  std::atomic<bool> cancelled_{false};
  std::shared_ptr<const RecommenderModel> model_;
};

TEST_F(ChangedAttributes, MoveAnItemThatTrainingMetTowardsThoseWhoLikeThem) {
  constexpr std::uint32_t kItem = 13;
  constexpr std::uint32_t kFrom = kItem % kGenreCount;
  constexpr std::uint32_t kTo = (kFrom + 2) % kGenreCount;
  const auto changed = model_->WithItems(std::vector{Put(world_.data, kItem, kTo)});

  EXPECT_TRUE(changed->HasChanged(kItem));
  EXPECT_FALSE(model_->HasChanged(kItem));
  EXPECT_EQ(changed->item_count(), model_->item_count());
  EXPECT_EQ(changed->item_prior(kItem).interactions, model_->item_prior(kItem).interactions);
  EXPECT_EQ(changed->item_created_ms(kItem), model_->item_created_ms(kItem));
  double towards = 0;
  double away = 0;
  for (std::uint32_t user = 0; user < world_.data.users.size(); ++user) {
    const double leaning = Leaning(user, kTo, kFrom);
    const double moved = double{Scores(*changed, user)[kItem]} - double{Scores(*model_, user)[kItem]};
    if (leaning > 0.2) towards += moved;
    if (leaning < -0.2) away += moved;
  }
  EXPECT_GT(towards, 0);
  EXPECT_LT(away, 0);
}

TEST_F(ChangedAttributes, LeaveProbabilitiesThatSumToOne) {
  std::vector<NewItem> puts;
  for (std::uint32_t item = 0; item < 40; ++item) puts.push_back(Put(world_.data, item, (item + 1) % kGenreCount));
  const auto changed = model_->WithItems(puts);
  for (const std::uint32_t user : {0u, 7u, 150u}) {
    double sum = 0;
    for (const float score : Scores(*changed, user)) sum += std::exp(double{score});
    EXPECT_NEAR(sum, 1, 1e-4);
  }
}

TEST_F(ChangedAttributes, ThatAreTakenBackLeaveNothingBehind) {
  const auto there = model_->WithItems(std::vector{Put(world_.data, 13, 3)});
  const auto back = there->WithItems(std::vector{Put(world_.data, 13, 13 % kGenreCount)});
  EXPECT_NE(Scores(*there, 1), Scores(*model_, 1));
  EXPECT_EQ(Scores(*back, 1), Scores(*model_, 1));
  EXPECT_FALSE(model_->WouldChange(13, Put(world_.data, 13, 13 % kGenreCount).attributes));
  EXPECT_TRUE(model_->WouldChange(13, Put(world_.data, 13, 3).attributes));
  EXPECT_FALSE(there->WouldChange(13, Put(world_.data, 13, 3).attributes));
}

TEST_F(ChangedAttributes, SayLessOfAnItemThatWasTakenOften) {
  const auto counts = [&](std::uint32_t item) { return model_->item_prior(item).interactions; };
  const auto moved = [&](std::uint32_t item) {
    const auto changed = model_->WithItems(std::vector{Put(world_.data, item, (item + 2) % kGenreCount)});
    double most = 0;
    for (std::uint32_t user = 0; user < 50; ++user) {
      const double change = double{Scores(*changed, user)[item]} - double{Scores(*model_, user)[item]};
      most = std::max(most, std::abs(change));
    }
    return most;
  };
  // Of one genre.
  std::vector<std::uint32_t> items;
  for (std::uint32_t item = 1; item < 100; item += kGenreCount) items.push_back(item);
  std::ranges::sort(items, {}, counts);
  ASSERT_GT(counts(items.back()), 3 * counts(items.front()));

  EXPECT_GT(moved(items.front()), 1.5 * moved(items.back()));
}

}  // namespace
}  // namespace attune
