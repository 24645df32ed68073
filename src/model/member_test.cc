#include "model/member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "model/linear.h"
#include "model/popularity.h"
#include "model/sequential_neighbours.h"
#include "model/sequential_rules.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

constexpr std::int64_t kMinute = 60'000;

/// One user per list, an event a minute.
TrainingData Histories(const std::vector<std::vector<std::uint32_t>>& lists, std::size_t item_count) {
  TrainingData data;
  for (std::size_t item = 0; item < item_count; ++item) data.items.Add("i" + std::to_string(item));
  data.interactions.user_offsets.push_back(0);
  for (std::uint32_t user = 0; user < lists.size(); ++user) {
    data.users.Add("u" + std::to_string(user));
    for (std::size_t i = 0; i < lists[user].size(); ++i) {
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(lists[user][i]);
      data.interactions.timestamp_ms.push_back(static_cast<std::int64_t>(i) * kMinute);
      data.interactions.event_type.push_back(kNoIndex);
      data.interactions.event_value.push_back(kMissing);
    }
    data.interactions.user_offsets.push_back(static_cast<std::uint32_t>(data.interactions.size()));
  }
  return data;
}

std::vector<float> Score(const Member& member, const Query& query) {
  std::vector<float> features(member.feature_names().size() * member.item_count());
  const auto scratch = member.MakeScratch();
  member.ScoreDense(query, *scratch, features);
  return features;
}

std::size_t Best(std::span<const float> scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

/// Users walk around a ring of 12 items, each from its own start.
TrainingData Ring(std::size_t users) {
  std::vector<std::vector<std::uint32_t>> lists(users);
  for (std::uint32_t user = 0; user < users; ++user) {
    for (std::uint32_t step = 0; step < 8; ++step) lists[user].push_back((user + step) % 12);
  }
  return Histories(lists, 13);
}

std::unique_ptr<Member> FitNeighbours(const TrainingData& data) {
  return SequentialNeighbours::Fit(std::make_shared<const SequenceIndex>(SequenceIndex::Build(WholeView(data))));
}

using Loader = Result<std::unique_ptr<Member>> (*)(const SnapshotFile&);

/// What comes back from disk scores the same.
void ExpectSurvivesDisk(const Member& member, Loader load, const Query& query) {
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/m").ok());
  auto file = SnapshotFileWriter::Create(env, "/m/member", "test", 1);
  ASSERT_TRUE(member.Save(**file).ok());
  ASSERT_TRUE((*file)->Finish().ok());
  const auto opened = SnapshotFile::Open(env, "/m/member", "test", 1);

  const auto loaded = load(**opened);

  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(Score(**loaded, query), Score(member, query));
}

TEST(Popularity, CountsAndForgetsByHalfLife) {
  // Item 0 three times early, item 1 twice two minutes later.
  const auto data = Histories({{0, 2, 1}, {0, 2, 1}, {0}}, 3);

  const auto plain = Popularity::Fit(WholeView(data), 0);
  const auto recent = Popularity::Fit(WholeView(data), kMinute);

  EXPECT_EQ(plain->feature_names().size(), 1u);
  EXPECT_EQ(Best(Score(*plain, {})), 0u);
  EXPECT_EQ(Best(std::span<const float>(Score(*recent, {})).last(3)), 1u);
  // 3, 2, 2 events and 0.3 beside each of three items.
  EXPECT_NEAR(Score(*plain, {})[0], std::log(3.3 / 7.9), 1e-6);
  ExpectSurvivesDisk(*recent, Popularity::Load, {});
}

TEST(SequentialRules, FollowTheNewestItem) {
  const auto data = Ring(24);
  ThreadPool pool(1, 4);
  const auto rules = SequentialRules::Fit(SequenceIndex::Build(WholeView(data)), pool);
  const std::vector<std::uint32_t> history = {3, 4};

  EXPECT_EQ(Best(Score(*rules, {.items = history})), 5u);
  ExpectSurvivesDisk(*rules, SequentialRules::Load, {.items = history});
}

TEST(SequentialNeighbours, EveryFeatureFollowsThePlace) {
  const auto data = Ring(24);
  const auto neighbours = FitNeighbours(data);
  const std::vector<std::uint32_t> history = {3, 4};

  const auto features = Score(*neighbours, {.items = history});

  ASSERT_EQ(features.size(), 3u * 13);
  for (std::size_t f = 0; f < 3; ++f) EXPECT_EQ(Best(std::span(features).subspan(f * 13, 13)), 5u) << f;
  ExpectSurvivesDisk(*neighbours, SequentialNeighbours::Load, {.items = history});
}

TEST(SequentialNeighbours, LocalContextTellsPlacesApart) {
  // After 9 comes 1 where 5 and 6 came before, and 2 where 7 and 8 did.
  std::vector<std::vector<std::uint32_t>> lists;
  for (int i = 0; i < 20; ++i)
    lists.push_back(i % 2 == 0 ? std::vector<std::uint32_t>{5, 6, 9, 1} : std::vector<std::uint32_t>{7, 8, 9, 2});
  const auto data = Histories(lists, 10);
  const auto neighbours = FitNeighbours(data);

  const auto after_five = Score(*neighbours, {.items = std::vector<std::uint32_t>{5, 6, 9}});
  const auto after_seven = Score(*neighbours, {.items = std::vector<std::uint32_t>{7, 8, 9}});

  EXPECT_GT(after_five[1], after_five[2] + 0.5);
  EXPECT_GT(after_seven[2], after_seven[1] + 0.5);
}

TEST(SequentialNeighbours, NobodyIsTheirOwnNeighbour) {
  const auto data = Histories({{0, 1, 2}, {3, 4, 5}}, 6);
  const auto neighbours = FitNeighbours(data);
  const std::vector<std::uint32_t> history = {0, 1};

  EXPECT_EQ(Best(std::span<const float>(Score(*neighbours, {.items = history})).first(6)), 2u);
  // With oneself left out there is no evidence: all items score the same.
  const auto own = Score(*neighbours, {.items = history, .trained_user = 0});
  EXPECT_EQ(*std::min_element(own.begin(), own.end()), *std::max_element(own.begin(), own.end()));
}

TEST(SequenceIndex, KeepsTheNewestOccurrencesAndEvents) {
  std::vector<std::uint32_t> one_user(SequenceIndex::kUserEventsMax + 5, 0);
  one_user.back() = 1;
  std::vector<std::vector<std::uint32_t>> lists = {one_user};
  for (std::size_t i = 0; i <= SequenceIndex::kOccurrencesMax; ++i) lists.push_back({1});

  const auto index = SequenceIndex::Build(WholeView(Histories(lists, 2)));

  EXPECT_EQ(index.UserEnd(0) - index.UserBegin(0), SequenceIndex::kUserEventsMax);
  EXPECT_EQ(index.Occurrences(1).size(), SequenceIndex::kOccurrencesMax);
  EXPECT_EQ(index.Occurrences(1)[0], index.UserEnd(0) - 1);
}

TEST(SequenceIndex, RefusesWhatWouldBeReadBesideTheHistories) {
  // Two users with items 0, 1 and 1; the gap is 2.
  SequenceIndex sound;
  sound.item_count = 2;
  sound.items = {2, 0, 1, 2, 1, 2};
  sound.user_begin = {1, 4, 6};
  sound.occurrence_offsets = {0, 1, 3};
  sound.occurrences = {1, 4, 2};
  const auto load = [](const SequenceIndex& index) {
    MemoryEnv env;
    auto file = SnapshotFileWriter::Create(env, "/index", "test", 1);
    EXPECT_TRUE(index.Save(**file).ok() && (*file)->Finish().ok());
    return SequenceIndex::Load(**SnapshotFile::Open(env, "/index", "test", 1)).status().code();
  };
  const auto changed = [&](auto change) {
    SequenceIndex index = sound;
    change(index);
    return load(index);
  };

  EXPECT_EQ(load(sound), Code::kOk);
  // A walk back from the first gap, and one on from the last, would leave the array.
  EXPECT_EQ(changed([](auto& index) { index.occurrences[0] = 0; }), Code::kCorrupt);
  EXPECT_EQ(changed([](auto& index) { index.occurrences[2] = 5; }), Code::kCorrupt);
  // These users would end before they begin.
  EXPECT_EQ(changed([](auto& index) { index.user_begin = {0, 0, 6}; }), Code::kCorrupt);
  EXPECT_EQ(changed([](auto& index) { index.user_begin = {4, 4, 6}; }), Code::kCorrupt);
  EXPECT_EQ(changed([](auto& index) { index.user_begin = {1, 4, 4}; }), Code::kCorrupt);
  EXPECT_EQ(changed([](auto& index) { index.user_begin = {1, 3, 6}; }), Code::kCorrupt);
  EXPECT_EQ(changed([](auto& index) { index.occurrence_offsets[0] = 1; }), Code::kCorrupt);
}

TEST(LinearModel, ReconstructsFromWhatIsTakenTogether) {
  std::vector<std::vector<std::uint32_t>> lists;
  for (int i = 0; i < 60; ++i)
    lists.push_back(i % 2 == 0 ? std::vector<std::uint32_t>{0, 1, 2} : std::vector<std::uint32_t>{3, 4, 5});
  const auto data = Histories(lists, 6);
  ThreadPool pool(1, 4);
  const auto linear = LinearModel::Fit(WholeView(data), pool);
  const std::vector<std::uint32_t> history = {0, 1};

  const auto scores = Score(*linear, {.items = history});

  EXPECT_EQ(Best(scores), 2u);
  EXPECT_GT(scores[2], scores[3] + 1);
  ExpectSurvivesDisk(*linear, LinearModel::Load, {.items = history});
}

TEST(Members, PassOverItemsThatTrainingNeverSaw) {
  const auto data = Ring(24);
  ThreadPool pool(1, 4);
  const auto index = std::make_shared<const SequenceIndex>(SequenceIndex::Build(WholeView(data)));
  const std::vector<std::uint32_t> with = {3, 4, 77};
  const std::vector<std::uint32_t> only = {77};
  std::vector<std::unique_ptr<Member>> members;
  members.push_back(Popularity::Fit(WholeView(data), 0));
  members.push_back(SequentialRules::Fit(*index, pool));
  members.push_back(SequentialNeighbours::Fit(index));
  members.push_back(LinearModel::Fit(WholeView(data), pool));

  for (const auto& member : members) {
    for (const Query& query : {Query{.items = with}, Query{.items = only}, Query{}}) {
      for (const float score : Score(*member, query)) EXPECT_TRUE(std::isfinite(score)) << member->name();
    }
  }
}

TEST(Members, ScratchCarriesNothingFromQueryToQuery) {
  const auto data = Ring(24);
  const auto neighbours = FitNeighbours(data);
  const auto scratch = neighbours->MakeScratch();
  std::vector<float> first(3 * 13);
  std::vector<float> again(3 * 13);
  const std::vector<std::uint32_t> history = {3, 4};
  const std::vector<std::uint32_t> other = {9, 10, 11, 0};

  neighbours->ScoreDense({.items = history}, *scratch, first);
  neighbours->ScoreDense({.items = other}, *scratch, again);
  neighbours->ScoreDense({.items = history}, *scratch, again);

  EXPECT_EQ(first, again);
}

}  // namespace
}  // namespace attune
