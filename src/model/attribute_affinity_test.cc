#include "model/attribute_affinity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "storage/memory_env.h"

namespace attune {
namespace {

/// Four users of two kinds, who take items 0 to 2 in one of two weathers; item 3 nobody takes.
TrainingData TwoKinds() {
  TrainingData data;
  CategoricalColumn kind{.name = "KIND", .categories = {}, .offsets = {0}, .values = {}};
  CategoricalColumn weather{.name = "WEATHER", .categories = {}, .offsets = {0}, .values = {}};
  for (const char* item : {"a", "b", "c", "d"}) data.items.Add(item);
  const std::vector<std::vector<std::uint32_t>> histories = {{0, 0, 1}, {2, 1}, {0, 2, 0}, {2}};
  data.interactions.user_offsets = {0};
  for (std::uint32_t user = 0; user < histories.size(); ++user) {
    data.users.Add("u" + std::to_string(user));
    kind.values.push_back(kind.categories.Add(user % 2 == 0 ? "even" : "odd"));
    kind.offsets.push_back(user + 1);
    for (const std::uint32_t item : histories[user]) {
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(item);
      data.interactions.timestamp_ms.push_back(1000 + user);
      data.interactions.event_type.push_back(kNoIndex);
      data.interactions.event_value.push_back(kMissing);
      weather.values.push_back(weather.categories.Add(item == 1 ? "rain" : "sun"));
      weather.offsets.push_back(static_cast<std::uint32_t>(weather.values.size()));
    }
    data.interactions.user_offsets.push_back(static_cast<std::uint32_t>(data.interactions.size()));
  }
  data.user_attributes.categorical = {kind};
  data.interactions.context.categorical = {weather};
  return data;
}

constexpr double kPrior = 2;

std::vector<float> Score(const Member& member, const Query& query) {
  std::vector<float> scores(member.item_count());
  const auto scratch = member.MakeScratch();
  member.ScoreDense(query, *scratch, scores);
  return scores;
}

/// What the formula says of `count` of `total` interactions where the item has `taken` of all 9.
double Expected(double count, double total, double taken) {
  const double share = (taken + 0.5) / (9 + 4 * 0.5);
  return std::log((count + kPrior * share) / ((total + kPrior) * share));
}

TEST(AttributeAffinity, SaysWhatPeopleOfTheKindTakeMoreOften) {
  const TrainingData data = TwoKinds();
  const auto affinity = AttributeAffinity::Fit(WholeView(data), AttributeSource::kUser, kPrior);
  const std::vector<NamedValue> even = {{"KIND", "even"}};

  const auto scores = Score(*affinity, {.user_attributes = even});

  EXPECT_NEAR(scores[0], Expected(4, 6, 4), 1e-5);
  EXPECT_NEAR(scores[1], Expected(1, 6, 2), 1e-5);
  EXPECT_NEAR(scores[2], Expected(1, 6, 3), 1e-5);
  EXPECT_NEAR(scores[3], Expected(0, 6, 0), 1e-5);
}

TEST(AttributeAffinity, ReadsTheMomentOfEachInteraction) {
  const TrainingData data = TwoKinds();
  const auto affinity = AttributeAffinity::Fit(WholeView(data), AttributeSource::kContext, kPrior);
  const std::vector<NamedValue> rain = {{"weather", "rain"}};

  const auto scores = Score(*affinity, {.context = rain});

  EXPECT_NEAR(scores[1], Expected(2, 2, 2), 1e-5);
  EXPECT_NEAR(scores[0], Expected(0, 2, 4), 1e-5);
}

TEST(AttributeAffinity, SaysNothingOfWhatItDoesNotKnow) {
  const TrainingData data = TwoKinds();
  const auto affinity = AttributeAffinity::Fit(WholeView(data), AttributeSource::kUser, kPrior);
  const std::vector<NamedValue> strange = {{"KIND", "blue"}, {"AGE", "3"}, {"", ""}};
  EXPECT_EQ(Score(*affinity, {.user_attributes = strange}), std::vector<float>(4));
  EXPECT_EQ(Score(*affinity, {}), std::vector<float>(4));
}

TEST(AttributeAffinity, ForeseesWithChancesThatSumToOne) {
  const TrainingData data = TwoKinds();
  const auto affinity = AttributeAffinity::Fit(WholeView(data), AttributeSource::kUser, kPrior);
  const std::vector<NamedValue> odd = {{"KIND", "odd"}};
  double sum = 0;
  for (std::uint32_t item = 0; item < 4; ++item) sum += std::exp(affinity->LogLikelihood(odd, item));
  EXPECT_NEAR(sum, 1, 1e-5);
}

TEST(AttributeAffinity, IsThereWhereTheDataHasAttributes) {
  TrainingData data = TwoKinds();
  EXPECT_TRUE(AttributeAffinity::Has(data, AttributeSource::kUser));
  data.user_attributes = {};
  EXPECT_FALSE(AttributeAffinity::Has(data, AttributeSource::kUser));
  EXPECT_TRUE(AttributeAffinity::Has(data, AttributeSource::kContext));
}

TEST(AttributeAffinity, SurvivesDiskAndRefusesWhatDoesNotFit) {
  const TrainingData data = TwoKinds();
  const auto affinity = AttributeAffinity::Fit(WholeView(data), AttributeSource::kUser, kPrior);
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/m").ok());
  auto file = SnapshotFileWriter::Create(env, "/m/member", "test", 1);
  ASSERT_TRUE(affinity->Save(**file).ok());
  ASSERT_TRUE((*file)->Finish().ok());
  const auto opened = SnapshotFile::Open(env, "/m/member", "test", 1);
  const std::vector<NamedValue> even = {{"KIND", "even"}};

  const auto loaded = AttributeAffinity::Load(AttributeSource::kUser, **opened);

  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ((*loaded)->name(), "user_attributes");
  EXPECT_EQ(Score(**loaded, {.user_attributes = even}), Score(*affinity, {.user_attributes = even}));

  auto other = SnapshotFileWriter::Create(env, "/m/other", "test", 1);
  ASSERT_TRUE((*other)->WriteArray<float>("shares", std::vector<float>{1}).ok());
  ASSERT_TRUE((*other)->Finish().ok());
  const auto torn = SnapshotFile::Open(env, "/m/other", "test", 1);
  EXPECT_EQ(AttributeAffinity::Load(AttributeSource::kUser, **torn).status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace attune
