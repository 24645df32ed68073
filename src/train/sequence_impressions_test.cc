// What the sequence transformer learns from items that were shown and not taken, on a world whose truth is known.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "storage/memory_env.h"
#include "train/folds.h"
#include "train/impression_trial.h"
#include "train/model_fit.h"
#include "train/sequence_plan.h"
#include "train/sequence_trainer.h"
#include "train/test_world.h"

namespace attune {
namespace {

constexpr std::uint32_t kItems = 60;
constexpr std::uint32_t kGenres = 5;
constexpr std::uint32_t kUsers = 200;
constexpr std::size_t kShown = 8;

/// Somebody shows lists of items, some items far more often than others whatever they are worth, and users take what
/// they like best of each. Counts tell mostly what was shown; lists tell what is liked.
struct ShownWorld {
  TrainingData data;
  /// For each user the chance of each item to be taken next if all were shown. [users][items]
  std::vector<std::vector<double>> liking;
};

ShownWorld MakeShownWorld(std::uint64_t seed) {
  Random random(seed);
  ShownWorld world;
  TrainingData& data = world.data;
  std::vector<double> quality, exposure;
  for (std::uint32_t item = 0; item < kItems; ++item) {
    data.items.Add("item" + std::to_string(item));
    quality.push_back(random.Normal());
    exposure.push_back(std::exp(1.2 * random.Normal()));
  }
  const auto draw = [&](const std::vector<double>& weights) {
    double total = 0;
    for (const double weight : weights) total += weight;
    double drawn = random.Uniform() * total;
    std::uint32_t index = 0;
    while (index + 1 < weights.size() && (drawn -= weights[index]) >= 0) ++index;
    return index;
  };
  data.interactions.impression_offsets = {0};
  for (std::uint32_t user = 0; user < kUsers; ++user) {
    data.users.Add("user" + std::to_string(user));
    const auto liked = static_cast<std::uint32_t>(random.Below(kGenres));
    auto& liking = world.liking.emplace_back();
    for (std::uint32_t item = 0; item < kItems; ++item) {
      liking.push_back(std::exp(1.5 * quality[item] + (item % kGenres == liked ? 2 : 0)));
    }
    for (std::uint32_t event = 0; event < 12; ++event) {
      std::vector<double> left = exposure;
      std::vector<std::uint32_t> shown;
      std::vector<double> of_shown;
      while (shown.size() < kShown) {
        shown.push_back(draw(left));
        left[shown.back()] = 0;
        of_shown.push_back(liking[shown.back()]);
      }
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(shown[draw(of_shown)]);
      data.interactions.timestamp_ms.push_back(1'600'000'000'000 + 60'000 * std::int64_t{event});
      data.interactions.event_type.push_back(kNoIndex);
      data.interactions.event_value.push_back(kMissing);
      data.interactions.impressions.insert(data.interactions.impressions.end(), shown.begin(), shown.end());
      data.interactions.impression_offsets.push_back(static_cast<std::uint32_t>(data.interactions.impressions.size()));
    }
    double total = 0;
    for (const double value : liking) total += value;
    for (double& value : liking) value /= total;
  }
  FinishTestData(data);
  return world;
}

void ForgetLists(TrainingData& data) {
  data.interactions.impressions.clear();
  data.interactions.impression_offsets.clear();
}

SequenceFit Fit(const Fold& fold, const SequenceOptions& options, std::size_t threads = 1) {
  const SequenceShape shape{
      .item_count = kItems, .block_count = 1, .block = {.width = 16, .hidden = 16, .length_max = 20}};
  ThreadPool pool(threads, 8);
  auto fit = FitSequence(fold.view, fold.cases, shape, options, pool, {});
  EXPECT_TRUE(fit.ok());
  return *std::move(fit);
}

struct Quality {
  double liked = 0;   ///< Mean chance of a user to like most one of the five best.
  double logged = 0;  ///< NDCG@10, among all items, of what was taken next of what was shown.
};

Quality QualityOn(const ShownWorld& world, std::size_t negatives) {
  const TrainingData& data = world.data;
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  const SequenceFit fit = Fit(fold, {.steps = {.negatives = negatives, .rate = 3e-3f}, .epochs_max = 40});
  const SequenceTransformer model(fit.shape, fit.served, fit.events);
  const auto scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  std::vector<std::uint32_t> order(kItems);
  std::iota(order.begin(), order.end(), 0u);
  Quality quality;
  for (const ValidationCase& one : fold.cases) {
    const CaseQuery asked(data, one, 20);
    model.ScoreDense(asked.query(), *scratch, scores);
    std::ranges::sort(order, std::greater<>(), [&](std::uint32_t item) { return scores[item]; });
    for (std::size_t i = 0; i < 5; ++i) quality.liked += world.liking[one.user][order[i]];
    const auto place = std::ranges::find(order, data.interactions.item[one.position]) - order.begin();
    quality.logged += place < 10 ? 1 / std::log2(static_cast<double>(place) + 2) : 0;
  }
  quality.liked /= static_cast<double>(fold.cases.size());
  quality.logged /= static_cast<double>(fold.cases.size());
  return quality;
}

class FitSequenceWithImpressions : public testing::TestWithParam<std::size_t> {};

TEST_P(FitSequenceWithImpressions, LearnsWhatIsLikedWhereCountsTellWhatWasShown) {
  constexpr std::uint64_t kWorlds = 3;
  Quality with, without;
  for (std::uint64_t seed = 1; seed <= kWorlds; ++seed) {
    ShownWorld world = MakeShownWorld(seed);
    const Quality knows = QualityOn(world, GetParam());
    ForgetLists(world.data);
    const Quality forgot = QualityOn(world, GetParam());
    with.liked += knows.liked / kWorlds;
    with.logged += knows.logged / kWorlds;
    without.liked += forgot.liked / kWorlds;
    without.logged += forgot.logged / kWorlds;
  }

  EXPECT_GT(with.liked, without.liked + 0.03);
  // What will be taken from lists like those before, which counts foresee best, is foreseen as well as without.
  EXPECT_GT(with.logged, without.logged - 0.01);
}

TEST_P(FitSequenceWithImpressions, GivesTheSameBitsForAnyNumberOfThreads) {
  const ShownWorld world = MakeShownWorld(1);
  const Fold fold = HoldOutNewest(WholeView(world.data), 1);
  const SequenceOptions options{.steps = {.negatives = GetParam()}, .epochs_max = 2, .epochs_between_checks = 1};

  EXPECT_EQ(Fit(fold, options, 1).parameters, Fit(fold, options, 3).parameters);
}

INSTANTIATE_TEST_SUITE_P(AllOrSome, FitSequenceWithImpressions, testing::Values(0, 12));

TEST(FitSequence, LearnsNothingFromAListOfWhatWasTakenAlone) {
  ShownWorld world = MakeShownWorld(1);
  ForgetLists(world.data);
  const Fold fold = HoldOutNewest(WholeView(world.data), 1);
  const SequenceOptions options{.epochs_max = 2, .epochs_between_checks = 1};
  const auto without = Fit(fold, options).parameters;
  Interactions& interactions = world.data.interactions;

  interactions.impressions = interactions.item;
  interactions.impression_offsets.resize(interactions.size() + 1);
  std::iota(interactions.impression_offsets.begin(), interactions.impression_offsets.end(), 0u);

  EXPECT_EQ(Fit(fold, options).parameters, without);
}

/// Everybody ends with items of three that stood in every list before and were passed over.
ShownWorld MakeMisleadingWorld() {
  ShownWorld world = MakeShownWorld(1);
  Interactions& interactions = world.data.interactions;
  Random random(9);
  interactions.impressions.clear();
  interactions.impression_offsets = {0};
  for (std::size_t i = 0; i < interactions.size(); ++i) {
    const bool hides = i % 12 < 10;
    const auto item = static_cast<std::uint32_t>(hides ? 3 + random.Below(kItems - 3) : random.Below(3));
    interactions.item[i] = item;
    interactions.impressions.push_back(item);
    if (hides) interactions.impressions.insert(interactions.impressions.end(), {0, 1, 2});
    interactions.impression_offsets.push_back(static_cast<std::uint32_t>(interactions.impressions.size()));
  }
  FinishTestData(world.data);
  return world;
}

/// The trial ends long before the training.
class FitSequenceUnharmedTest : public testing::TestWithParam<bool> {
 protected:
  FitSequenceUnharmedTest() { EXPECT_TRUE(env_.CreateDirectories("/t").ok()); }
  Result<SequenceFit> Fit(const OnSequenceEpoch& on_epoch, bool with_place) {
    const CheckpointPlace place{.env = &env_, .clock = &clock_, .path = "/t/checkpoint", .every_ms = 0};
    return FitSequenceUnharmed(fold_.view, fold_.cases, plan_, Workers(pool_, cancelled_), on_epoch,
                               with_place ? place : CheckpointPlace{});
  }

  const bool misleads_ = GetParam();
  const ShownWorld world_ = misleads_ ? MakeMisleadingWorld() : MakeShownWorld(1);
  const Fold fold_ = HoldOutNewest(WholeView(world_.data), 1);
  const SequencePlan plan_{
      .shape = {.item_count = kItems, .block_count = 1, .block = {.width = 16, .hidden = 16, .length_max = 20}},
      .options = {.steps = {.rate = 3e-3f}, .epochs_max = 15, .tokens_between_reports = 1e9, .trial_steps = 150}};
  static constexpr int kTrial = 12;
  ThreadPool pool_{1, 8};
  MemoryEnv env_;
  FakeClock clock_;
  std::atomic<bool> cancelled_{false};
};

TEST_P(FitSequenceUnharmedTest, LearnsFromListsUnlessTheySpeakAgainstWhatIsTakenNext) {
  std::vector<int> epochs;
  const auto fit = Fit(
      [&](const SequenceProgress& progress) {
        EXPECT_EQ(progress.trial_epochs, kTrial);
        epochs.push_back(progress.epoch);
      },
      false);

  ASSERT_TRUE(fit.ok());
  EXPECT_EQ(fit->steps.impression_weight, misleads_ ? 0 : 1);
  // Both to the end of the trial, and one of them from there to its own.
  std::vector<int> expected(2 * kTrial + 3);
  std::iota(expected.begin(), expected.begin() + kTrial, 1);
  std::iota(expected.begin() + kTrial, expected.end(), 1);
  EXPECT_EQ(epochs, expected);
}

TEST_P(FitSequenceUnharmedTest, GoesOnToTheSameFitWhereverItIsStopped) {
  const auto whole = Fit({}, false);
  ASSERT_TRUE(whole.ok());
  // Within the first trial, at its end, within the second, at its end, and after the decision.
  for (const int stop : {5, kTrial, kTrial + 5, 2 * kTrial, 2 * kTrial + 1}) {
    int ended = 0;
    const auto stopped = Fit([&](const SequenceProgress&) { cancelled_ = ++ended == stop; }, true);
    EXPECT_EQ(stopped.status().code(), Code::kCancelled);
    cancelled_ = false;
    ended = 0;

    const auto resumed = Fit([&](const SequenceProgress&) { ++ended; }, true);

    ASSERT_TRUE(resumed.ok());
    EXPECT_EQ(resumed->parameters, whole->parameters) << stop;
    EXPECT_EQ(resumed->steps.impression_weight, whole->steps.impression_weight);
    EXPECT_LT(ended, 2 * kTrial + 3) << "not from the beginning";
    ASSERT_TRUE(env_.RemoveFile("/t/checkpoint").ok());
  }
}

INSTANTIATE_TEST_SUITE_P(GoodAndBadLists, FitSequenceUnharmedTest, testing::Bool());

TEST(TrialEpochs, SufficeForItsSteps) {
  const SequenceOptions options{.epochs_max = 60};
  EXPECT_EQ(TrialEpochs(1000, options), 1);
  EXPECT_EQ(TrialEpochs(999, options), 2);
  EXPECT_EQ(TrialEpochs(17, options), 59);
  EXPECT_EQ(TrialEpochs(1, options), 60);
  EXPECT_EQ(TrialEpochs(0, options), 60);
}

TEST(SequencePlanOf, LeavesOperationsForTheTrial) {
  // 640 users are 40 steps of 16 an epoch, so a trial takes 25 epochs.
  TrainingData data = FewUsers(640, 3);
  const TrainingView view = WholeView(data);
  const auto epochs = [&](double affordable) {
    const SequencePlan whole = *PlanSequence(view, {.operations_max = 1e18});
    const double epoch = CostOfEpoch(view, whole.shape, whole.options.steps).operations;
    return SequencePlanOf(view, {.sequence_operations_max = (affordable + 0.1) * epoch})->options.epochs_max;
  };
  EXPECT_EQ(epochs(60), 60);
  data.interactions.impressions = data.interactions.item;
  data.interactions.impression_offsets.resize(data.interactions.size() + 1);
  std::iota(data.interactions.impression_offsets.begin(), data.interactions.impression_offsets.end(), 0u);

  EXPECT_EQ(epochs(60), 35);
  EXPECT_EQ(epochs(30), 15) << "the trial is then the whole training";
}

TEST(FitSequenceUnharmed, CallsWorseOnlyWhatChanceDoesNotExplain) {
  // Of 1,000 cases at these means a standard error is at most 0.006.
  EXPECT_TRUE(IsClearlyWorse(0.007, 0.028, 1000));
  EXPECT_FALSE(IsClearlyWorse(0.377, 0.385, 1000));
  EXPECT_FALSE(IsClearlyWorse(0.028, 0.007, 1000));
  EXPECT_FALSE(IsClearlyWorse(0, 0, 0));
}

TEST(FitSequence, WithWeightZeroIsAsWithoutLists) {
  ShownWorld world = MakeShownWorld(1);
  const Fold fold = HoldOutNewest(WholeView(world.data), 1);
  const SequenceOptions options{.steps = {.impression_weight = 0}, .epochs_max = 2, .epochs_between_checks = 1};
  const auto weightless = Fit(fold, options).parameters;

  ForgetLists(world.data);

  EXPECT_EQ(Fit(fold, options).parameters, weightless);
}

/// Twenty thousand showings of one item that nobody ever takes push it to the end, and nothing else out of place.
TEST(FitSequence, BearsAnItemThatIsShownInEveryListAndNeverTaken) {
  ShownWorld world = MakeShownWorld(1);
  ForgetLists(world.data);
  TrainingData& data = world.data;
  const std::uint32_t unloved = 0;
  for (std::uint32_t& item : data.interactions.item) item = item == unloved ? 1 : item;
  data.interactions.impressions.assign(data.interactions.size() * 9, unloved);
  for (std::size_t i = 0; i <= data.interactions.size(); ++i) {
    data.interactions.impression_offsets.push_back(static_cast<std::uint32_t>(i * 9));
  }
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  const SequenceFit fit = Fit(fold, {.steps = {.rate = 3e-3f}, .epochs_max = 40});
  const SequenceTransformer model(fit.shape, fit.served, fit.events);
  const auto scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  for (const ValidationCase& one : fold.cases) {
    const CaseQuery asked(data, one, 20);
    model.ScoreDense(asked.query(), *scratch, scores);
    for (const float score : scores) ASSERT_TRUE(std::isfinite(score));
    EXPECT_LT(std::ranges::count_if(scores, [&](float score) { return score < scores[unloved]; }), 5);
  }
}

}  // namespace
}  // namespace attune
