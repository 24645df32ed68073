// What the sequence transformer makes of types and values of events, on worlds in which nothing else tells what is
// next.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "train/folds.h"
#include "train/sequence_trainer.h"
#include "train/test_world.h"

namespace attune {
namespace {

constexpr std::uint32_t kItems = 12;

enum class Tells { kType, kValue };

/// Users walk around a ring of items: a step after a view or a low value, five after a purchase or a high one. Which it
/// is falls by chance, so whoever does not read it is right half of the time at most.
TrainingData Walk(Tells tells) {
  Random random(3);
  TrainingData data;
  for (std::uint32_t item = 0; item < kItems; ++item) data.items.Add("item" + std::to_string(item));
  const std::uint32_t view = data.interactions.event_types.Add("view");
  const std::uint32_t purchase = data.interactions.event_types.Add("purchase");
  for (std::uint32_t user = 0; user < 150; ++user) {
    data.users.Add("user" + std::to_string(user));
    auto item = static_cast<std::uint32_t>(random.Below(kItems));
    for (std::uint32_t event = 0; event < 14; ++event) {
      const bool far = random.Below(2) == 1;
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(item);
      data.interactions.timestamp_ms.push_back(1'600'000'000'000 + 60'000 * std::int64_t{event});
      data.interactions.event_type.push_back(tells == Tells::kType && far ? purchase : view);
      const double value = (far ? 900 : 100) + 200 * random.Uniform();
      data.interactions.event_value.push_back(tells == Tells::kValue ? static_cast<float>(value) : kMissing);
      item = (item + (far ? 5 : 1)) % kItems;
    }
  }
  FinishTestData(data);
  return data;
}

/// How often the item that scores best is the answer.
double AccuracyOn(const TrainingData& data) {
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  const SequenceShape shape{
      .item_count = kItems, .block_count = 2, .block = {.width = 16, .hidden = 16, .length_max = 20}};
  ThreadPool pool(1, 8);
  const auto fit = FitSequence(fold.view, fold.cases, shape,
                               {.steps = {.rate = 5e-3f}, .epochs_max = 30, .checks_without_gain_max = 100}, pool, {});
  const SequenceTransformer model(fit->shape, fit->served, fit->events);
  const auto scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  double right = 0;
  for (const ValidationCase& one : fold.cases) {
    const CaseQuery asked(data, one, 20);
    model.ScoreDense(asked.query(), *scratch, scores);
    right += std::ranges::max_element(scores) - scores.begin() == data.interactions.item[one.position];
  }
  return right / static_cast<double>(fold.cases.size());
}

TEST(FitSequence, LearnsWhatTheTypeOfTheLastEventTells) {
  TrainingData data = Walk(Tells::kType);
  EXPECT_GT(AccuracyOn(data), 0.9);

  std::ranges::fill(data.interactions.event_type, kNoIndex);
  EXPECT_LT(AccuracyOn(data), 0.65);
}

TEST(FitSequence, LearnsWhatTheValueOfTheLastEventTells) {
  TrainingData data = Walk(Tells::kValue);
  EXPECT_GT(AccuracyOn(data), 0.9);

  std::ranges::fill(data.interactions.event_value, kMissing);
  EXPECT_LT(AccuracyOn(data), 0.65);
}

TEST(FitSequence, GivesTheSameBitsWithTypesAndValues) {
  const TrainingData data = Walk(Tells::kType);
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  const SequenceShape shape{
      .item_count = kItems, .block_count = 1, .block = {.width = 16, .hidden = 16, .length_max = 20}};
  ThreadPool one(1, 8);
  ThreadPool three(3, 8);

  const auto a = FitSequence(fold.view, fold.cases, shape, {.epochs_max = 2, .epochs_between_checks = 1}, one, {});
  const auto b = FitSequence(fold.view, fold.cases, shape, {.epochs_max = 2, .epochs_between_checks = 1}, three, {});

  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->shape.event_rows, 1u);
  EXPECT_EQ(a->parameters, b->parameters);
  const auto c = ContinueSequence(WholeView(data), *a, 1, one);
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c->shape.event_rows, 1u);
  EXPECT_NE(a->parameters, c->parameters);
}

/// Types and values that say nothing change nothing: an artifact is what it was before they were read.
TEST(FitSequence, IsTheSameWithAndWithoutATypeThatAllEventsHave) {
  TrainingData data = Walk(Tells::kType);
  std::ranges::fill(data.interactions.event_type, 0u);
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  const SequenceShape shape{
      .item_count = kItems, .block_count = 1, .block = {.width = 16, .hidden = 16, .length_max = 20}};
  ThreadPool pool(1, 8);
  const auto fit = [&] {
    return FitSequence(fold.view, fold.cases, shape, {.epochs_max = 2, .epochs_between_checks = 1}, pool, {})->served;
  };
  const auto with = fit();

  std::ranges::fill(data.interactions.event_type, kNoIndex);

  EXPECT_EQ(with, fit());
}

}  // namespace
}  // namespace attune
