#include "train/cold_fit.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "base/thread_pool.h"
#include "train/folds.h"
#include "train/test_world.h"

namespace attune {
namespace {

/// Everybody likes some genres for good, and takes them in moods: six events of one genre, then six of another.
TrainingData MoodsOfALastingTaste() {
  constexpr std::uint32_t kGenres = 12, kItemsEach = 12, kUsers = 120, kLikedEach = 3;
  constexpr std::size_t kMoods = 8, kMoodLength = 6;
  Random random(5);
  TrainingData data;
  CategoricalColumn genres{.name = "GENRE", .categories = {}, .offsets = {0}, .values = {}};
  for (std::uint32_t item = 0; item < kGenres * kItemsEach; ++item) {
    data.items.Add("item" + std::to_string(item));
    genres.values.push_back(genres.categories.Add("genre" + std::to_string(item % kGenres)));
    genres.offsets.push_back(item + 1);
  }
  data.item_attributes.categorical.push_back(std::move(genres));
  for (std::uint32_t user = 0; user < kUsers; ++user) {
    data.users.Add("user" + std::to_string(user));
    std::vector<std::uint32_t> liked;
    for (std::uint32_t i = 0; i < kLikedEach; ++i) liked.push_back(static_cast<std::uint32_t>(random.Below(kGenres)));
    for (std::size_t event = 0, genre = 0; event < kMoods * kMoodLength; ++event) {
      if (event % kMoodLength == 0) genre = liked[random.Below(kLikedEach)];
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(static_cast<std::uint32_t>(genre + kGenres * random.Below(kItemsEach)));
      data.interactions.timestamp_ms.push_back(60'000 * static_cast<std::int64_t>(event));
      data.interactions.event_type.push_back(kNoIndex);
      data.interactions.event_value.push_back(kMissing);
    }
  }
  FinishTestData(data);
  return data;
}

/// Weights by the place among ContentModel's cold features.
std::array<double, ContentModel::kColdFeatures> WeightsOn(const TrainingData& data, std::size_t threads) {
  ThreadPool pool(threads, 16);
  const FitContext context{.workers = pool, .on_step = {}};
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  const auto fitted = FitModel(fold.view, fold.cases, {.sequence_operations_max = 0}, context);
  EXPECT_TRUE(fitted.ok());
  return fitted->choices.cold_weights;
}

TEST(FitColdWeights, HearsTheMoodAndTheTasteThatLasts) {
  const auto weights = WeightsOn(MoodsOfALastingTaste(), 1);

  EXPECT_GT(weights[1] + weights[4], 0.5) << "recent";
  EXPECT_GT(weights[5] + weights[6], 0.5) << "steady";
}

TEST(FitColdWeights, GivesTheSameBitsForAnyNumberOfThreads) {
  const TrainingData data = MoodsOfALastingTaste();

  EXPECT_EQ(WeightsOn(data, 1), WeightsOn(data, 3));
}

}  // namespace
}  // namespace attune
