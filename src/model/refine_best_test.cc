#include "model/refine_best.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "model/content_model.h"
#include "model/sequence_transformer.h"
#include "tensor/best_values.h"

namespace attune {
namespace {

constexpr std::size_t kItems = RowScan::kExactRowsMax + 5000;
constexpr std::size_t kListSize = 25;

std::shared_ptr<const Member> MakeLatent(Random& random) {
  std::vector<ItemContent> contents(kItems);
  for (ItemContent& content : contents) {
    for (float& value : content.place) value = static_cast<float>(random.Normal());
  }
  return LatentMember::Fit(contents);
}

std::shared_ptr<const Member> MakeSequence(Random& random, std::size_t item_count) {
  const SequenceShape shape{
      .item_count = item_count, .block_count = 1, .block = {.width = 48, .hidden = 16, .length_max = 8}};
  std::vector<float> parameters(SequenceLayout(shape).size);
  for (float& value : parameters) value = static_cast<float>(0.3 * random.Normal());
  return std::make_shared<SequenceTransformer>(shape, std::move(parameters));
}

/// All members and the blend as a model has them, with what it scores.
struct Scored {
  explicit Scored(std::vector<std::shared_ptr<const Member>> of)
      : members(std::move(of)), scores(members[0]->item_count()) {
    for (const auto& member : members) {
      scratch.members.push_back(member->MakeScratch());
      blend.feature_names.emplace_back(member->name());
    }
    blend.weights = {6, 0.5F, 1, 0, 0};
    blend.by_length = {0.1F, 0.1F, 0, 0, 0};
    blend.empty_weights = {1, 1};
    scratch.features.resize(members.size());
  }

  void Score(const Query& query) {
    for (std::size_t m = 0; m < members.size(); ++m) {
      members[m]->Score(query, *scratch.members[m], std::span(scratch.features).subspan(m, 1));
    }
    blend.Apply(query, scratch.features, scores);
  }

  std::vector<std::shared_ptr<const Member>> members;
  Blend blend;
  ScoreScratch scratch;
  std::vector<float> scores;
};

TEST(RefineBest, FindsTheListThatFloatsWouldFind) {
  Random random(3);
  Scored scored({MakeLatent(random), MakeSequence(random, kItems)});
  std::vector<std::uint32_t> all(kItems);
  std::iota(all.begin(), all.end(), 0U);
  std::size_t missed_before = 0;
  for (int user = 0; user < 30; ++user) {
    std::vector<std::uint32_t> history(random.Below(20));
    for (auto& item : history) item = static_cast<std::uint32_t>(random.Below(kItems));
    const Query query{.items = history};
    scored.Score(query);
    const auto rounded = BestValues(scored.scores, kListSize);
    RefineBest(scored.blend, scored.members, query, scored.scratch, scored.scores);
    const std::vector<float> refined = scored.scores;

    for (std::size_t m = 0; m < scored.members.size(); ++m) scored.members[m]->Refine(all, *scored.scratch.members[m]);
    scored.blend.Apply(query, scored.scratch.features, scored.scores);
    const auto exact = BestValues(scored.scores, kListSize);

    EXPECT_EQ(BestValues(refined, kListSize), exact) << user;
    // What was taken away and added again is off by a few units in the last place.
    for (const std::uint32_t item : exact) EXPECT_NEAR(refined[item], scored.scores[item], 1e-4) << user;
    for (const std::uint32_t item : rounded) missed_before += std::ranges::count(exact, item) == 0 ? 1 : 0;
  }
  EXPECT_GT(missed_before, 0U);  // Otherwise nothing was tested.
}

TEST(RefineBest, ChangesNothingWhereNobodyRounds) {
  Random random(4);
  Scored scored({MakeSequence(random, 500), MakeSequence(random, 500)});
  const std::vector<std::uint32_t> history{1, 2, 3};
  scored.Score({.items = history});
  const std::vector<float> before = scored.scores;
  RefineBest(scored.blend, scored.members, {.items = history}, scored.scratch, scored.scores);
  EXPECT_EQ(scored.scores, before);
}

TEST(RefineBest, LeavesAloneWhoMayNotBeChosen) {
  Random random(5);
  Scored scored({MakeLatent(random), MakeSequence(random, kItems)});
  const std::vector<std::uint32_t> history{1, 2, 3};
  scored.Score({.items = history});
  for (std::size_t item = 40; item < kItems; ++item) scored.scores[item] = -HUGE_VALF;
  RefineBest(scored.blend, scored.members, {.items = history}, scored.scratch, scored.scores);
  for (std::size_t item = 40; item < kItems; ++item) EXPECT_EQ(scored.scores[item], -HUGE_VALF);
}

}  // namespace
}  // namespace attune
