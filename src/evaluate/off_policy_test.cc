#include "evaluate/off_policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"

namespace attune {
namespace {

constexpr std::size_t kArms = 6;
constexpr std::size_t kContexts = 4;
using Table = std::array<std::array<double, kArms>, kContexts>;

/// Contexts come alike often; each has its click rates, logging policy and policy in question.
struct Bandit {
  Table click_rate{};
  Table logged{};
  Table target{};
  Table model{};  ///< What the reward model predicts.

  double Truth() const {
    double value = 0;
    for (std::size_t c = 0; c < kContexts; ++c) {
      for (std::size_t a = 0; a < kArms; ++a) value += target[c][a] * click_rate[c][a] / kContexts;
    }
    return value;
  }
};

void FillPolicy(Table& policy, double sharpness, Random& random) {
  for (auto& row : policy) {
    double sum = 0;
    for (double& p : row) sum += p = std::exp(sharpness * random.Normal());
    for (double& p : row) p /= sum;
  }
}

Bandit MakeBandit(std::uint64_t seed, double model_error) {
  Random random(seed);
  Bandit bandit;
  FillPolicy(bandit.logged, 0.7, random);
  FillPolicy(bandit.target, 1.0, random);
  for (std::size_t c = 0; c < kContexts; ++c) {
    for (std::size_t a = 0; a < kArms; ++a) {
      bandit.click_rate[c][a] = 0.02 + 0.2 * random.Uniform();
      bandit.model[c][a] = bandit.click_rate[c][a] + model_error * random.Uniform();
    }
  }
  return bandit;
}

std::vector<LoggedChoice> MakeLog(const Bandit& bandit, std::size_t size, Random& random) {
  std::vector<LoggedChoice> log;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t c = random.Below(kContexts);
    double left = random.Uniform();
    std::size_t a = 0;
    while (a + 1 < kArms && (left -= bandit.logged[c][a]) >= 0) ++a;
    double value = 0;
    for (std::size_t b = 0; b < kArms; ++b) value += bandit.target[c][b] * bandit.model[c][b];
    log.push_back({.reward = random.Uniform() < bandit.click_rate[c][a] ? 1.0 : 0.0,
                   .logged_probability = bandit.logged[c][a],
                   .target_probability = bandit.target[c][a],
                   .predicted_reward = bandit.model[c][a],
                   .predicted_value = value});
  }
  return log;
}

TEST(OffPolicy, GivesTheKnownAnswersOfASmallLog) {
  const std::vector<LoggedChoice> log{
      {.reward = 1,
       .logged_probability = 0.5,
       .target_probability = 0.25,
       .predicted_reward = 0.4,
       .predicted_value = 0.3},
      {.reward = 0,
       .logged_probability = 0.5,
       .target_probability = 0.75,
       .predicted_reward = 0.2,
       .predicted_value = 0.3},
  };

  const OffPolicyEstimates estimates = EstimateOffPolicy(log);

  EXPECT_DOUBLE_EQ(estimates.inverse_propensity.value, 0.25);  // (0.5 * 1 + 1.5 * 0) / 2
  EXPECT_DOUBLE_EQ(estimates.self_normalized.value, 0.25);     // 0.5 / (0.5 + 1.5)
  EXPECT_DOUBLE_EQ(estimates.direct.value, 0.3);
  EXPECT_DOUBLE_EQ(estimates.doubly_robust.value, 0.3);  // (0.3 + 0.5 * 0.6 + 0.3 - 1.5 * 0.2) / 2
  EXPECT_DOUBLE_EQ(estimates.inverse_propensity.standard_error, 0.25);
  EXPECT_DOUBLE_EQ(estimates.effective_choices, 1.6);  // 2^2 / 2.5
  EXPECT_DOUBLE_EQ(estimates.weight_max, 1.5);
}

TEST(OffPolicy, HoldsTheTruthInItsIntervals) {
  const Bandit bandit = MakeBandit(1, 0.3);  // A model that is far off.
  int inverse_propensity = 0;
  int self_normalized = 0;
  int doubly_robust = 0;
  for (std::uint64_t run = 0; run < 200; ++run) {
    Random random(MixSeed(2, run));
    const OffPolicyEstimates estimates = EstimateOffPolicy(MakeLog(bandit, 5'000, random));
    const auto holds = [&](const PolicyEstimate& e) { return e.low <= bandit.Truth() && bandit.Truth() <= e.high; };
    inverse_propensity += holds(estimates.inverse_propensity);
    self_normalized += holds(estimates.self_normalized);
    doubly_robust += holds(estimates.doubly_robust);
  }

  // 93 % of 200 runs.
  EXPECT_GE(inverse_propensity, 186);
  EXPECT_GE(self_normalized, 186);
  EXPECT_GE(doubly_robust, 186);
  EXPECT_LT(inverse_propensity, 200);  // Nor wide for safety's sake.
}

TEST(OffPolicy, HoldsTheTruthInTheDirectIntervalWhereTheModelIsRight) {
  const Bandit bandit = MakeBandit(3, 0);
  int direct = 0;
  for (std::uint64_t run = 0; run < 200; ++run) {
    Random random(MixSeed(4, run));
    const OffPolicyEstimates estimates = EstimateOffPolicy(MakeLog(bandit, 5'000, random));
    direct += estimates.direct.low <= bandit.Truth() && bandit.Truth() <= estimates.direct.high;
    EXPECT_LT(estimates.doubly_robust.standard_error, 1.02 * estimates.inverse_propensity.standard_error);
  }
  EXPECT_GE(direct, 186);
}

TEST(OffPolicy, CountsThePlacesOfOneSlateAsOneDraw) {
  Random random(5);
  int holds = 0;
  for (int run = 0; run < 200; ++run) {
    std::vector<LoggedChoice> log;
    for (std::uint64_t slate = 1; slate <= 500; ++slate) {
      const double mood = random.Uniform() < 0.5 ? 0.02 : 0.5;  // All places of a slate share it.
      for (int place = 0; place < 10; ++place) {
        log.push_back({.reward = random.Uniform() < mood ? 1.0 : 0.0, .target_probability = 1, .group = slate});
      }
    }
    const PolicyEstimate estimate = EstimateOffPolicy(log).inverse_propensity;
    holds += estimate.low <= 0.26 && 0.26 <= estimate.high;
  }
  EXPECT_GE(holds, 186);
}

TEST(OffPolicy, SaysWhatItCut) {
  const std::vector<LoggedChoice> log{{.reward = 1, .logged_probability = 0.01, .target_probability = 1},
                                      {.reward = 1, .logged_probability = 1, .target_probability = 1}};

  const OffPolicyEstimates estimates = EstimateOffPolicy(log, {.weight_max = 10});

  EXPECT_EQ(estimates.clipped_choices, 1U);
  EXPECT_DOUBLE_EQ(estimates.weight_max, 100);
  EXPECT_DOUBLE_EQ(estimates.inverse_propensity.value, 5.5);
}

TEST(OffPolicy, GivesZerosForNothing) {
  const OffPolicyEstimates estimates = EstimateOffPolicy({});

  EXPECT_EQ(estimates.inverse_propensity.value, 0);
  EXPECT_EQ(estimates.doubly_robust.high, 0);
  EXPECT_EQ(estimates.effective_choices, 0);
}

// A check on real logs (Open Bandit Dataset, ZOZO 2020): what the random log says of the other policy must hold that
// policy's own click rate.

struct ObdRow {
  int item = 0;
  int position = 0;
  double click = 0;
  double propensity = 0;
};

std::vector<ObdRow> ReadObd(const std::string& path) {
  std::vector<ObdRow> rows;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return rows;
  std::array<char, 1 << 14> line{};
  gzgets(file, line.data(), static_cast<int>(line.size()));
  while (gzgets(file, line.data(), static_cast<int>(line.size())) != nullptr) {
    std::vector<std::string> fields(1);
    for (const char* c = line.data(); *c != '\0' && fields.size() < 7; ++c) {
      if (*c == ',')
        fields.emplace_back();
      else
        fields.back() += *c;
    }
    if (fields.size() < 6) continue;
    rows.push_back({std::stoi(fields[2]), std::stoi(fields[3]), std::stod(fields[4]), std::stod(fields[5])});
  }
  gzclose(file);
  return rows;
}

TEST(OffPolicy, FindsTheClickRateOfTheOtherPolicyOnTheOpenBanditData) {
  const char* folder = std::getenv("ATTUNE_OBD_DIR");
  if (folder == nullptr) GTEST_SKIP() << "ATTUNE_OBD_DIR does not name a folder with random-*.csv.gz and bts-*.csv.gz";
  for (const std::string campaign : {"men", "women"}) {
    const std::vector<ObdRow> random_log = ReadObd(fmt::format("{}/random-{}.csv.gz", folder, campaign));
    const std::vector<ObdRow> target_log = ReadObd(fmt::format("{}/bts-{}.csv.gz", folder, campaign));
    ASSERT_GT(random_log.size(), 1'000U);
    ASSERT_GT(target_log.size(), 1'000U);
    double clicks = 0;
    std::map<int, double> position_count;
    std::map<std::pair<int, int>, double> shown;
    for (const ObdRow& row : target_log) {
      clicks += row.click;
      ++position_count[row.position];
      ++shown[{row.item, row.position}];
    }
    const auto target = [&](int item, int position) {
      const auto found = shown.find({item, position});
      return found == shown.end() ? 0 : found->second / position_count[position];
    };
    // The model for a row: shrunken click rates of items in the other half of the log.
    std::array<std::map<int, std::pair<double, double>>, 2> halves;
    for (std::size_t i = 0; i < random_log.size(); ++i) {
      auto& [count, sum] = halves[i % 2][random_log[i].item];
      count += 1;
      sum += random_log[i].click;
    }
    const auto predict = [&](std::size_t half, int item) {
      const auto& [count, sum] = halves[1 - half][item];
      return (sum + 0.5) / (count + 100);
    };

    std::vector<LoggedChoice> log;
    for (std::size_t i = 0; i < random_log.size(); ++i) {
      const ObdRow& row = random_log[i];
      double value = 0;
      for (const auto& [place, count] : shown) {
        if (place.second == row.position) value += target(place.first, row.position) * predict(i % 2, place.first);
      }
      log.push_back({.reward = row.click,
                     .logged_probability = row.propensity,
                     .target_probability = target(row.item, row.position),
                     .predicted_reward = predict(i % 2, row.item),
                     .predicted_value = value});
    }
    const double truth = clicks / static_cast<double>(target_log.size());
    const OffPolicyEstimates estimates = EstimateOffPolicy(log);
    for (const PolicyEstimate* e :
         {&estimates.inverse_propensity, &estimates.self_normalized, &estimates.doubly_robust}) {
      fmt::print("{}: {:.5f} [{:.5f}, {:.5f}], its own log {:.5f}\n", campaign, e->value, e->low, e->high, truth);
      EXPECT_LE(e->low, truth) << campaign;
      EXPECT_GE(e->high, truth) << campaign;
    }
  }
}

}  // namespace
}  // namespace attune
