#include "serve/exploration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "explore/gaussian_thompson.h"
#include "serve/test_model.h"
#include "serve/top_k.h"

namespace attune {
namespace {

constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1000;
constexpr std::size_t kItems = 3000;
constexpr std::size_t kTrained = 2000;

struct Chosen {
  std::vector<Choice> choices;
  Contenders contenders;
};

/// Whoever may be explored is a candidate, whatever is believed of it.
Chosen ChooseFromAll(const Exploration& exploration, const RecommenderModel& model, std::span<const float> scores,
                     std::span<const float> factors, const Exploration::Slate& slate, std::uint64_t seed) {
  ItemSet eligible(scores.size());
  const auto from_ms =
      exploration.catalogue().now_ms() - static_cast<std::int64_t>(slate.age_cut_off_days * double(kDayMs));
  for (const std::uint32_t item :
       exploration.catalogue().CreatedSince(model, from_ms, Exploration::kEligibleMax, slate.kept)) {
    eligible.Set(item, true);
  }
  FewTaken(model).AddTo(eligible, model, exploration.posterior(), slate.kept,
                        Exploration::kEligibleMax - eligible.Count());
  ItemSet candidates = eligible;
  for (const std::uint32_t item : TopK(scores, std::max(slate.size, Exploration::kCandidatesMin), slate.kept)) {
    candidates.Set(item, true);
  }
  std::vector<std::uint32_t> items;
  std::vector<float> plain;
  std::vector<std::uint8_t> may;
  ForEachItem(candidates, [&](std::uint32_t item) {
    items.push_back(item);
    plain.push_back(scores[item]);
    may.push_back(eligible.Has(item) ? 1 : 0);
  });
  const SlateBeliefs beliefs = ReadBeliefs(exploration.posterior(), items, may, factors);
  const auto seasoned = SeasonedScores(plain, may, beliefs, slate.weight, exploration.spread());
  SlateRequest request{
      .scores = seasoned, .eligible = may, .beliefs = &beliefs, .slate_size = slate.size, .weight = slate.weight};
  Random random(seed);
  Chosen chosen{.choices = GaussianThompson().Choose(request, random), .contenders = Contenders()};
  for (Choice& choice : chosen.choices) choice.index = items[choice.index];
  request.scores = plain;
  chosen.contenders = FindContenders(request, exploration.spread(), Exploration::kContendersMax);
  for (std::uint32_t& index : chosen.contenders.indexes) index = items[index];
  return chosen;
}

void ExpectSame(const std::vector<Choice>& found, const std::vector<Choice>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].index, expected[i].index) << i;
    EXPECT_EQ(found[i].probability, expected[i].probability) << i;
    EXPECT_EQ(found[i].explored, expected[i].explored) << i;
  }
}

class ExplorationTest : public ::testing::Test {
 protected:
  ExplorationTest() {
    for (std::size_t i = 0; i < kItems; ++i) {
      ids_.push_back("i" + std::to_string(i));
      // Some of those that training met are as new as those that it did not.
      created_ms_.push_back(i < kTrained / 2 ? -100 * kDayMs : -kDayMs * static_cast<std::int64_t>(i % 30));
    }
    model_ = MakeTestModel(ids_, kTrained, 1, created_ms_);
  }

  /// Somebody is shown ten items, and takes one of them.
  static void Show(Exploration& exploration, std::span<const std::string> ids, Random& random) {
    Event event{.user_id = "u", .item_id = {}, .event_type = "click", .recommendation_id = {}, .impression = {}};
    for (int i = 0; i < 10; ++i) event.impression.push_back(ids[random.Below(ids.size())]);
    event.item_id = event.impression[random.Below(10)];
    exploration.Apply({.sequence = random.Next(), .content = event}, nullptr);
  }

  std::vector<std::string> ids_;
  std::vector<std::int64_t> created_ms_;
  std::shared_ptr<const RecommenderModel> model_;
};

TEST_F(ExplorationTest, ChoosesFromThoseWithinReachAsFromAll) {
  Exploration exploration(model_);
  ItemSet odd(kItems);
  for (std::size_t i = 1; i < kItems; i += 2) odd.Set(i, true);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    for (int i = 0; i < 5; ++i) Show(exploration, ids_, random);
    std::vector<float> scores(kItems);
    const double spread = 0.3 + 5 * random.Uniform();
    for (float& score : scores) score = static_cast<float>(-8 + spread * random.Normal());
    for (int i = 0; i < 50; ++i) scores[random.Below(kItems)] = -std::numeric_limits<float>::infinity();
    const auto factors = exploration.FactorsOf(scores);
    const Exploration::Slate slate{.size = seed % 4 == 0 ? 1U : 25U,
                                   .weight = seed % 3 == 0 ? 1 : 0.3,
                                   .age_cut_off_days = static_cast<double>(seed % 5 * 10),
                                   .kept = seed % 7 == 0 ? &odd : nullptr};
    const Chosen expected = ChooseFromAll(exploration, *model_, scores, factors, slate, seed);

    Random first(seed);
    ExpectSame(exploration.Prepare(*model_, scores, factors, slate)->Choose(first), expected.choices);
    Random second(seed);
    Contenders contenders;
    ExpectSame(exploration.Prepare(*model_, scores, factors, slate, &contenders)->Choose(second), expected.choices);
    EXPECT_EQ(contenders.indexes, expected.contenders.indexes);
    EXPECT_EQ(contenders.scores, expected.contenders.scores);
    EXPECT_EQ(contenders.eligible, expected.contenders.eligible);
    EXPECT_EQ(contenders.left_out, expected.contenders.left_out);
  }
}

TEST_F(ExplorationTest, MayExploreAnItemAsSoonAsItJoined) {
  Exploration exploration(model_);
  const auto explored = [&](const RecommenderModel& model) {
    std::vector<float> scores(model.item_count(), -20.0F);
    for (std::size_t i = 0; i < 100; ++i) scores[i] = -5;
    for (std::size_t i = kItems; i < scores.size(); ++i) scores[i] = -5;
    std::size_t count = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      Random random(seed);
      const auto choices =
          exploration.Prepare(model, scores, {}, {.size = 10, .weight = 1, .age_cut_off_days = 1})->Choose(random);
      for (const Choice& choice : choices) count += choice.index >= kItems ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(explored(*model_), 0U);
  exploration.Apply({.sequence = 1, .content = Event{.user_id = "u", .item_id = "joined", .event_type = "click"}},
                    nullptr);
  exploration.Publish();
  EXPECT_GT(explored(*exploration.catalogue().Current()), 0U);
  // The snapshot before it still knows nothing of it.
  EXPECT_EQ(explored(*model_), 0U);
}

}  // namespace
}  // namespace attune
