#include "train/leave_one_out.h"

#include <gtest/gtest.h>

#include "storage/memory_env.h"
#include "train/test_world.h"

namespace attune {
namespace {

class LeaveOneOut : public testing::Test {
 protected:
  LeaveOneOutReport Evaluate(const TrainingData& data, std::uint64_t seed = 1) {
    const FitContext context{.workers = pool_, .on_step = {}};
    auto report =
        EvaluateLeaveOneOut(data, {.seed = seed}, context, env_, clock_, "/artifact-" + std::to_string(artifacts_++));
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    return *std::move(report);
  }

  MemoryEnv env_;
  FakeClock clock_;
  ThreadPool pool_{1, 16};
  int artifacts_ = 0;
};

/// NDCG@10 of ranking by how often items were taken in training, for each user's last event: by the definition alone.
double PopularityNdcg(const TrainingData& data) {
  std::vector<double> counts(data.items.size());
  for (std::uint32_t user = 0; user < data.users.size(); ++user) {
    const auto items = data.interactions.Items(user);
    const std::size_t training = items.size() < 3 ? items.size() : items.size() - 2;
    for (std::size_t i = 0; i < training; ++i) ++counts[items[i]];
  }
  double sum = 0;
  std::size_t tests = 0;
  for (std::uint32_t user = 0; user < data.users.size(); ++user) {
    const auto items = data.interactions.Items(user);
    if (items.size() < 3) continue;
    ++tests;
    const std::set<std::uint32_t> history(items.begin(), items.end() - 1);
    const std::uint32_t answer = items.back();
    if (history.contains(answer)) continue;
    double rank = 0;
    for (std::uint32_t item = 0; item < counts.size(); ++item) {
      if (item == answer || history.contains(item)) continue;
      rank += counts[item] > counts[answer] ? 1 : counts[item] == counts[answer] ? 0.5 : 0;
    }
    if (rank < 10) sum += 1 / std::log2(rank + 2);
  }
  return sum / static_cast<double>(tests);
}

TEST_F(LeaveOneOut, RanksByTheProtocolsDefinition) {
  TestWorld world = MakeTestWorld({.seed = 5, .repeat_share = 0.1});
  AppendEvent(world.data, "one-event", "item1");
  AppendEvent(world.data, "two-events", "item1");
  AppendEvent(world.data, "two-events", "item2");
  const auto report = Evaluate(world.data);
  EXPECT_EQ(report.test_count, 200u) << "users with fewer than three events are not asked";
  EXPECT_NEAR(report.members.at("popularity").figures.at("ndcg_at_10"), PopularityNdcg(world.data), 1e-9);
}

TEST_F(LeaveOneOut, TheBlendIsBetterThanItsPartsAndFiguresFit) {
  const TestWorld world = MakeTestWorld({.seed = 6, .users = 400});
  const auto report = Evaluate(world.data);
  const auto& blend = report.blend.figures;
  for (const auto& [name, member] : report.members) {
    EXPECT_GT(report.blend_minus_member.at(name).high, 0) << name;
    for (const auto& [figure, value] : member.figures) EXPECT_TRUE(value >= 0 && value <= 1) << name << " " << figure;
  }
  EXPECT_GT(blend.at("ndcg_at_10"), 1.2 * report.members.at("popularity").figures.at("ndcg_at_10"));
  EXPECT_LE(blend.at("hr_at_5"), blend.at("hr_at_10"));
  EXPECT_LE(blend.at("hr_at_10"), blend.at("hr_at_25"));
  EXPECT_LE(blend.at("mrr_at_10"), blend.at("ndcg_at_10"));
  EXPECT_NEAR(blend.at("precision_at_10"), blend.at("hr_at_10") / 10, 1e-12);
  const auto& interval = report.blend.intervals.at("hr_at_10");
  EXPECT_LT(interval.low, blend.at("hr_at_10"));
  EXPECT_GT(interval.high, blend.at("hr_at_10"));
}

TEST_F(LeaveOneOut, TheSameSeedGivesTheSameFigures) {
  const TestWorld world = MakeTestWorld({.seed = 7});
  EXPECT_EQ(Evaluate(world.data, 3).blend.figures, Evaluate(world.data, 3).blend.figures);
}

TEST_F(LeaveOneOut, RefusesDataWithoutATest) {
  TrainingData data;
  data.interactions.user_offsets = {0};
  AppendEvent(data, "u", "a");
  const FitContext context{.workers = pool_, .on_step = {}};
  EXPECT_EQ(EvaluateLeaveOneOut(data, {}, context, env_, clock_, "/x").status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace attune
