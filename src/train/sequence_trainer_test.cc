#include "train/sequence_trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "storage/memory_env.h"
#include "train/folds.h"
#include "train/test_world.h"

namespace attune {
namespace {

/// Users walk around a ring of 12 items, every third item skipped by every second user: order alone tells.
TrainingData Ring() {
  TrainingData data;
  for (std::uint32_t user = 0; user < 120; ++user) {
    data.users.Add("user" + std::to_string(user));
    for (std::uint32_t step = 0; step < 14; ++step) {
      const std::uint32_t item = (user * 5 + step * (user % 2 == 0 ? 1 : 5)) % 12;
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(data.items.Add("item" + std::to_string(item)));
      data.interactions.timestamp_ms.push_back(1'600'000'000'000 + 60'000 * std::int64_t{step});
      data.interactions.event_type.push_back(kNoIndex);
      data.interactions.event_value.push_back(kMissing);
    }
  }
  FinishTestData(data);
  return data;
}

SequenceShape SmallShape(const TrainingData& data) {
  return {.item_count = data.items.size(), .block_count = 2, .block = {.width = 16, .hidden = 16, .length_max = 20}};
}

/// How often the item that scores best is the answer, whatever is in the history.
double Accuracy(const SequenceFit& fit, const TrainingData& data, const std::vector<ValidationCase>& cases) {
  const SequenceTransformer model(fit.shape, fit.served, fit.events);
  const auto scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  double right = 0;
  for (const ValidationCase& one : cases) {
    const CaseQuery asked(data, one, 20);
    model.ScoreDense(asked.query(), *scratch, scores);
    const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
    right += best == data.interactions.item[one.position];
  }
  return right / static_cast<double>(cases.size());
}

TEST(FitSequence, LearnsAnOrderThatCountsDoNotShow) {
  const TrainingData data = Ring();
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  ThreadPool pool(1, 8);

  const auto fit = FitSequence(fold.view, fold.cases, SmallShape(data),
                               {.steps = {.rate = 5e-3f}, .epochs_max = 30, .checks_without_gain_max = 100}, pool, {});

  ASSERT_TRUE(fit.ok());
  // One in twelve by chance.
  EXPECT_GT(Accuracy(*fit, data, fold.cases), 0.9);
}

TEST(FitSequence, LearnsItFromSampledNegativesToo) {
  const TrainingData data = Ring();
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  ThreadPool pool(1, 8);

  const auto fit = FitSequence(
      fold.view, fold.cases, SmallShape(data),
      {.steps = {.negatives = 4, .rate = 5e-3f}, .epochs_max = 30, .checks_without_gain_max = 100}, pool, {});

  ASSERT_TRUE(fit.ok());
  EXPECT_GT(Accuracy(*fit, data, fold.cases), 0.9);
}

class FitSequenceWithNegatives : public testing::TestWithParam<std::size_t> {};

TEST_P(FitSequenceWithNegatives, GivesTheSameBitsForAnyNumberOfThreads) {
  const TrainingData data = Ring();
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  ThreadPool one(1, 8);
  ThreadPool three(3, 8);
  const SequenceOptions options{.steps = {.negatives = GetParam()}, .epochs_max = 2, .epochs_between_checks = 1};

  const auto a = FitSequence(fold.view, fold.cases, SmallShape(data), options, one, {});
  const auto b = FitSequence(fold.view, fold.cases, SmallShape(data), options, three, {});

  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->parameters, b->parameters);
  const auto c = ContinueSequence(WholeView(data), *a, 1, one);
  const auto d = ContinueSequence(WholeView(data), *b, 1, three);
  EXPECT_EQ(c->parameters, d->parameters);
  EXPECT_NE(a->parameters, c->parameters);
}

INSTANTIATE_TEST_SUITE_P(AllOrSome, FitSequenceWithNegatives, testing::Values(0, 4));

TEST(FitSequence, StopsWhenItIsTold) {
  const TrainingData data = Ring();
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  ThreadPool pool(1, 8);
  std::atomic<bool> cancelled{false};
  int epochs = 0;

  const auto fit = FitSequence(fold.view, fold.cases, SmallShape(data), {}, Workers(pool, cancelled),
                               [&](const SequenceProgress& progress) {
                                 epochs = progress.epoch;
                                 cancelled = true;
                               });

  EXPECT_EQ(fit.status().code(), Code::kCancelled);
  EXPECT_EQ(epochs, 1);
}

TEST(FitSequence, TellsHowFarAnEpochIsAndTheLastFitToo) {
  const TrainingData data = Ring();
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  ThreadPool pool(1, 8);
  const std::atomic<bool> cancelled{false};
  const Workers workers(pool, cancelled);
  std::vector<SequenceProgress> told;
  const auto tell = [&](const SequenceProgress& progress) { told.push_back(progress); };
  const double quarter = static_cast<double>(fold.view.size()) / 4;

  const auto fit =
      FitSequence(fold.view, fold.cases, SmallShape(data),
                  {.epochs_max = 2, .epochs_between_checks = 2, .tokens_between_reports = quarter}, workers, tell);
  ASSERT_TRUE(fit.ok());
  const std::size_t of_fit = told.size();
  ASSERT_TRUE(ContinueSequence(fold.view, *fit, 1, workers, tell, quarter).ok());

  EXPECT_GE(of_fit, 4U) << "within each of two epochs, and after it";
  EXPECT_GE(told.size(), of_fit + 2);
  int epoch = 1;
  double share = 0;
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(told[i].is_last_fit, i >= of_fit);
    EXPECT_EQ(told[i].epochs_max, i < of_fit ? 2 : 1);
    if (i == of_fit) epoch = 1;
    EXPECT_EQ(told[i].epoch, epoch);
    EXPECT_GT(told[i].epoch_share, share);
    EXPECT_LE(told[i].epoch_share, 1);
    share = told[i].epoch_share;
    if (share < 1) continue;
    EXPECT_GT(told[i].tokens, 0U);
    EXPECT_GT(told[i].loss, 0);
    ++epoch;
    share = 0;
  }
}

class FitSequenceCheckpoint : public testing::Test {
 protected:
  FitSequenceCheckpoint() { EXPECT_TRUE(env_.CreateDirectories("/t").ok()); }
  Result<SequenceFit> Fit(const SequenceOptions& options, const OnSequenceEpoch& on_epoch, bool with_place = true) {
    const CheckpointPlace place{.env = &env_, .clock = &clock_, .path = "/t/checkpoint", .every_ms = 0};
    return FitSequence(fold_.view, fold_.cases, SmallShape(data_), options, Workers(pool_, cancelled_), on_epoch,
                       with_place ? place : CheckpointPlace{});
  }

  const TrainingData data_ = Ring();
  const Fold fold_ = HoldOutNewest(WholeView(data_), 1);
  const SequenceOptions options_{.epochs_max = 5, .epochs_between_checks = 2};
  ThreadPool pool_{1, 8};
  MemoryEnv env_;
  FakeClock clock_;
  std::atomic<bool> cancelled_{false};
};

TEST_F(FitSequenceCheckpoint, GoesOnToTheSameParameters) {
  const auto whole = Fit(options_, {}, false);
  // As if it had been killed: nothing is done after the third epoch.
  const auto killed = Fit(options_, [&](const SequenceProgress& progress) { cancelled_ = progress.epoch == 3; });
  cancelled_ = false;
  std::vector<int> epochs;

  const auto resumed = Fit(options_, [&](const SequenceProgress& progress) {
    epochs.push_back(progress.epoch);
    EXPECT_EQ(progress.first_epoch, 4);
  });

  ASSERT_TRUE(whole.ok() && resumed.ok());
  EXPECT_EQ(killed.status().code(), Code::kCancelled);
  EXPECT_EQ(epochs, (std::vector<int>{4, 5}));
  EXPECT_EQ(resumed->parameters, whole->parameters);
  EXPECT_EQ(resumed->served, whole->served);
  EXPECT_EQ(resumed->epochs, whole->epochs);
}

TEST_F(FitSequenceCheckpoint, BeginsAnewForOtherOptionsAndDamagedFiles) {
  ASSERT_TRUE(Fit(options_, {}).ok());
  const auto first_epoch = [&](const SequenceOptions& options) {
    int first = 0;
    EXPECT_TRUE(Fit(options, [&](const SequenceProgress& progress) { first = progress.first_epoch; }).ok());
    return first;
  };
  // A training that ended has nothing left to do.
  EXPECT_EQ(first_epoch(options_), 0);

  EXPECT_EQ(first_epoch({.steps = {.rate = 2e-3f}, .epochs_max = 5, .epochs_between_checks = 2}), 1);
  auto bytes = *env_.ReadFile("/t/checkpoint");
  bytes[bytes.size() / 2] ^= 1;
  auto file = env_.Create("/t/checkpoint");
  ASSERT_TRUE((*file)->Append(std::as_bytes(std::span(bytes))).ok() && (*file)->Close().ok());
  EXPECT_EQ(first_epoch({.steps = {.rate = 2e-3f}, .epochs_max = 5, .epochs_between_checks = 2}), 1);
}

TEST(FitModel, TakesTheSequenceTransformerInWhereOperationsAllow) {
  const TestWorld world = MakeTestWorld({.users = 40, .items = 40, .events_each = 14});
  const Fold fold = HoldOutNewest(WholeView(world.data), 1);
  ThreadPool pool(1, 8);
  const FitContext context{.workers = pool, .on_step = {}};
  const double epoch = CostOfEpoch(fold.view, {.item_count = world.data.items.size()}, {}).operations;
  const auto names = [&](double operations) {
    const auto fitted = FitModel(fold.view, fold.cases, {.sequence_operations_max = operations}, context);
    return fitted->parts.blend.feature_names;
  };

  EXPECT_EQ(names((kSequenceEpochsMin + 0.1) * epoch).back(), "sequence");
  EXPECT_EQ(names((kSequenceEpochsMin - 0.1) * epoch).back(), "latent");
}

}  // namespace
}  // namespace attune
