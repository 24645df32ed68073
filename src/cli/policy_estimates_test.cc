#include "cli/policy_estimates.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/thread_pool.h"
#include "explore/exposure.h"
#include "explore/gaussian_thompson.h"
#include "explore/greedy.h"

namespace attune {
namespace {

constexpr std::size_t kSlateSize = 8;
constexpr std::size_t kOld = 20;
constexpr std::size_t kNew = 20;
constexpr std::size_t kUsers = 12;
constexpr double kDeviationMax = 1;

/// Users with scores, beliefs that do not move, and the true chance of a click on each item by one who looks.
struct World {
  explicit World(std::uint64_t seed) : posterior({.items_max = 100}) {
    Random random(seed);
    std::vector<double> truth;
    for (std::uint32_t item = 0; item < kOld + kNew; ++item) {
      eligible.push_back(item < kOld ? 0 : 1);
      const std::vector<std::uint64_t> attributes{random.Below(4)};
      EXPECT_TRUE(posterior.SetItem(item, item < kOld ? 0.05 : 0.8, attributes).ok());
      truth.push_back(item < kOld ? 0 : 0.8 * random.Normal());
      names.push_back(fmt::format("i{}", item));
    }
    for (std::size_t user = 0; user < kUsers; ++user) {
      std::vector<float> scores;
      std::vector<double> chances;
      for (std::size_t item = 0; item < kOld + kNew; ++item) {
        scores.push_back(static_cast<float>(-2.5 + 0.7 * random.Normal() - (item < kOld ? 0 : 0.4)));
        chances.push_back(1 / (1 + std::exp(-static_cast<double>(scores.back()) - truth[item] - 1)));
      }
      users.push_back({.scores = scores, .chances = chances, .contenders = ContendersOf(scores)});
    }
    const ExaminationCurve curve;
    for (std::uint32_t rank = 1; rank <= kSlateSize; ++rank) examination.push_back(curve.At(rank));
  }

  Contenders ContendersOf(const std::vector<float>& scores) const {
    std::vector<std::uint32_t> items;
    for (std::uint32_t item = 0; item < scores.size(); ++item) items.push_back(item);
    const SlateBeliefs beliefs = ReadBeliefs(posterior, items, eligible, {});
    return FindContenders(
        {.scores = scores, .eligible = eligible, .beliefs = &beliefs, .slate_size = kSlateSize, .weight = 1},
        kDeviationMax, 100);
  }

  /// Clicks a place, as lists of a policy would earn them.
  double Value(const Policy& policy, double weight) const {
    Random random(99);
    double value = 0;
    for (const User& user : users) {
      const Exposure exposure =
          MeasureExposure(policy, weight, user.contenders, kDeviationMax, examination, 8'000, random);
      for (std::size_t c = 0; c < exposure.looked_at.size(); ++c) {
        value += exposure.looked_at[c] * user.chances[user.contenders.indexes[c]];
      }
    }
    return value / (kUsers * kSlateSize);
  }

  LoggedList Serve(std::size_t number, double weight, Random& random) const {
    const User& user = users[number % kUsers];
    const auto seasoned = SeasonedScores(user.contenders.scores, user.contenders.eligible, user.contenders.beliefs,
                                         weight, kDeviationMax);
    const GaussianThompson policy({.propensity_draws = 48});
    LoggedList list;
    RecommendationRecord& record = list.record;
    record = {.recommendation_id = fmt::format("RID-{}-{}", number, random.Next()),
              .user_id = fmt::format("u{}", number),  // As many people as lists, of twelve tastes.
              .policy = std::string(policy.name()),
              .policy_version = GaussianThompson::kVersion,
              .exploration_weight = weight};
    for (const Choice& choice : policy.Choose(user.contenders.Request(seasoned, kSlateSize, weight), random)) {
      const std::size_t item = user.contenders.indexes[choice.index];
      record.item_ids.push_back(names[item]);
      record.scores.push_back(user.scores[item]);
      record.propensities.push_back(static_cast<float>(choice.probability));
      record.propensity_errors.push_back(static_cast<float>(choice.probability_error));
      record.explored.push_back(choice.explored ? 1 : 0);
      const auto looks = static_cast<double>(examination[record.item_ids.size() - 1]);
      if (random.Uniform() < looks * user.chances[item]) list.clicked.insert(names[item]);
    }
    record.drawn_from = RecommendationRecord::DrawnFrom{
        .item_ids = {}, .contenders = user.contenders, .examination = examination, .deviation_max = kDeviationMax};
    auto& drawn_from = *record.drawn_from;
    for (const std::uint32_t item : user.contenders.indexes) drawn_from.item_ids.push_back(names[item]);
    return list;
  }

  PolicyLog Log(std::size_t list_count, double weight, Random& random) const {
    PolicyLog log;
    for (std::size_t i = 0; i < list_count; ++i) log.lists.push_back(Serve(i, weight, random));
    return log;
  }

  struct User {
    std::vector<float> scores;
    std::vector<double> chances;
    Contenders contenders;
  };
  Posterior posterior;
  std::vector<std::uint8_t> eligible;
  std::vector<std::string> names;
  std::vector<User> users;
  std::vector<float> examination;
};

PolicyAnswers Ask(const PolicyLog& log, const std::vector<PolicyQuestion>& questions, std::size_t draws) {
  ThreadPool pool(0, 1);
  return AnswerPolicyQuestions(log, questions, {.draw_count = draws}, Workers(pool), [](double) {});
}

std::shared_ptr<const Policy> Campaign() {
  return std::make_shared<GaussianThompson>(GaussianThompson::Options{.propensity_draws = 0});
}

TEST(PolicyEstimates, HoldTheTruthOfOtherWeights) {
  const World world(1);
  const std::vector<PolicyQuestion> questions{{Campaign(), 0.3}, {Campaign(), 0.6}, {Campaign(), 0}};
  std::vector<double> truths;
  for (const auto& question : questions) truths.push_back(world.Value(*question.policy, question.weight));
  ASSERT_GT(std::abs(truths[1] - truths[0]), 0.001) << "the question is trivial";

  std::vector<std::array<int, 3>> holds(questions.size());
  for (std::uint64_t run = 0; run < 200; ++run) {
    Random random(MixSeed(7, run));
    const PolicyAnswers answers = Ask(world.Log(50, 0.3, random), questions, 20);
    for (std::size_t q = 0; q < questions.size(); ++q) {
      const auto count = [&](const PolicyEstimate& e) { return e.low <= truths[q] && truths[q] <= e.high ? 1 : 0; };
      holds[q][0] += count(answers.estimates[q].inverse_propensity);
      holds[q][1] += count(answers.estimates[q].self_normalized);
      holds[q][2] += count(answers.estimates[q].doubly_robust);
    }
  }

  for (std::size_t q = 0; q < questions.size(); ++q) {
    // 95 % of 200, less two standard deviations.
    for (std::size_t e = 0; e < holds[q].size(); ++e) EXPECT_GE(holds[q][e], 184) << "question " << q << " " << e;
  }
}

TEST(PolicyEstimates, ComeNearTheTruthOnALongLog) {
  const World world(2);
  Random random(3);
  const std::vector<PolicyQuestion> questions{
      {Campaign(), 0}, {Campaign(), 0.3}, {Campaign(), 0.9}, {std::make_shared<Greedy>(), 0.3}};

  const PolicyAnswers answers = Ask(world.Log(1'000, 0.3, random), questions, 40);

  EXPECT_EQ(answers.lists, 1'000U);
  EXPECT_EQ(answers.places, 1'000 * kSlateSize);
  const PolicyEstimate& observed = answers.observed.inverse_propensity;
  EXPECT_DOUBLE_EQ(observed.value, static_cast<double>(answers.clicks) / static_cast<double>(answers.places));
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const double truth = world.Value(*questions[q].policy, questions[q].weight);
    const PolicyEstimate& estimate = answers.estimates[q].doubly_robust;
    EXPECT_NEAR(estimate.value, truth, 3.5 * estimate.standard_error) << q;
    EXPECT_LT(estimate.standard_error, 0.2 * truth) << q;
  }
}

TEST(PolicyEstimates, LeaveOutWhatCannotBeDrawnAgain) {
  const World world(4);
  Random random(5);
  PolicyLog log = world.Log(4, 0.3, random);
  log.lists[0].record.policy_version = 999;
  log.lists[1].record.item_ids[0] = "elsewhere";
  log.lists[2].record.drawn_from->contenders.left_out = 3;

  const PolicyAnswers answers = Ask(log, {{Campaign(), 0.3}}, 5);

  EXPECT_EQ(answers.lists, 2U);
  EXPECT_EQ(answers.unknown_policy, 2U);
  EXPECT_EQ(answers.cut_short, 1U);
}

TEST(PolicyEstimates, AreTheSameFromTheLinesOfTheLog) {
  const World world(6);
  Random random(7);
  const PolicyLog log = world.Log(20, 0.3, random);
  PolicyLog read;
  JsonParser parser;
  for (const LoggedList& list : log.lists) {
    auto decoded = DecodeLogLine(parser, EncodeLogLine(list.record));
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    read.lists.push_back({.record = std::get<RecommendationRecord>(*decoded), .clicked = list.clicked});
  }

  const auto before = Ask(log, {{Campaign(), 0.9}}, 20).estimates[0];
  const auto after = Ask(read, {{Campaign(), 0.9}}, 20).estimates[0];

  EXPECT_EQ(before.doubly_robust.value, after.doubly_robust.value);
  EXPECT_EQ(before.inverse_propensity.high, after.inverse_propensity.high);
}

}  // namespace
}  // namespace attune
