#include "train/leave_one_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <numeric>

#include "model/recommender_model.h"
#include "train/case_scorer.h"

namespace attune {
namespace {

constexpr std::array<std::size_t, 3> kPlaces = {5, 10, 25};
constexpr std::size_t kListPlaces = 10;
constexpr std::size_t kTasks = 64;
constexpr double kMissed = 1e9;
constexpr std::uint64_t kBootstrapSeed = 1;

/// The tests, and which cases the fit may look at.
struct Cases {
  TrainingView view;
  std::vector<ValidationCase> fitted_on;
  std::vector<ValidationCase> tests;
};

Cases HoldOutLastTwo(const TrainingData& data) {
  Cases cases{.view = WholeView(data), .fitted_on = {}, .tests = {}};
  std::vector<ValidationCase> validation;
  for (std::uint32_t user = 0; user < cases.view.user_count(); ++user) {
    if (cases.view.Length(user) < 3) continue;
    cases.view.end[user] -= 2;
    validation.push_back({.user = user, .position = cases.view.end[user]});
    cases.tests.push_back({.user = user, .position = cases.view.end[user] + 1});
  }
  const std::size_t stride = validation.size() / kLeaveOneOutFitCasesMax + 1;
  for (std::size_t i = 0; i < validation.size(); i += stride) cases.fitted_on.push_back(validation[i]);
  return cases;
}

/// The first kListPlaces items that are not excluded, best first.
std::vector<std::uint32_t> FirstPlaces(std::span<const float> scores, std::span<const std::uint8_t> excluded) {
  const auto better = [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  std::vector<std::uint32_t> heap;  // The worst of the best is at the front.
  for (std::uint32_t item = 0; item < scores.size(); ++item) {
    if (excluded[item] != 0) continue;
    if (heap.size() == kListPlaces) {
      if (!better(item, heap.front())) continue;
      std::ranges::pop_heap(heap, better);
      heap.pop_back();
    }
    heap.push_back(item);
    std::ranges::push_heap(heap, better);
  }
  return heap;
}

/// What rankings gave for every test: [rankings][tests] ranks, and how often each item was in a list.
struct Outcomes {
  std::vector<std::vector<double>> ranks;
  std::vector<std::vector<std::atomic<std::uint32_t>>> shown;
};

Outcomes RankTests(const RecommenderModel& model, const ModelParts& parts, const TrainingData& data,
                   std::span<const ValidationCase> tests, const Workers& workers) {
  const std::size_t item_count = data.items.size();
  const std::size_t rankings = parts.blend.feature_names.size() + 1;  // The last is the blend.
  Outcomes outcomes;
  outcomes.ranks.assign(rankings, std::vector<double>(tests.size()));
  for (std::size_t r = 0; r < rankings; ++r) outcomes.shown.emplace_back(item_count);
  workers.ParallelFor(kTasks, [&](std::size_t task) {
    CaseScorer scorer(parts.members, item_count);
    ScoreScratch scratch = model.MakeScratch();
    std::vector<float> blended(item_count);
    std::vector<std::uint8_t> excluded(item_count);
    for (std::size_t i = task; i < tests.size() && !workers.cancelled(); i += kTasks) {
      const auto& test = tests[i];
      const CaseQuery asked(data, test, RecommenderModel::kHistoryMax);
      const Query& query = asked.query();
      const std::uint32_t begin = data.interactions.user_offsets[test.user];
      const auto history = std::span(data.interactions.item).subspan(begin, test.position - begin);
      const std::uint32_t answer = data.interactions.item[test.position];
      const std::span<const float> features = scorer.ScoreDense(query);
      model.ScoreAll(query, scratch, blended);
      for (const std::uint32_t item : history) excluded[item] = 1;
      for (std::size_t r = 0; r < rankings; ++r) {
        const auto scores =
            r + 1 == rankings ? std::span<const float>(blended) : features.subspan(r * item_count, item_count);
        outcomes.ranks[r][i] = excluded[answer] != 0 ? kMissed : ExpectedRank(scores, answer, excluded);
        for (const std::uint32_t item : FirstPlaces(scores, excluded)) ++outcomes.shown[r][item];
      }
      for (const std::uint32_t item : history) excluded[item] = 0;
    }
  });
  return outcomes;
}

/// 1 for items outside of the fifth of the catalogue that has the most interactions.
std::vector<std::uint8_t> TailItems(std::span<const std::uint32_t> interactions) {
  std::vector<std::uint32_t> order(interactions.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::uint32_t item) { return interactions[item]; });
  std::vector<std::uint8_t> tail(interactions.size(), 1);
  for (std::size_t i = 0; i < order.size() / 5; ++i) tail[order[i]] = 0;
  return tail;
}

double Mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(1, values.size()));
}

RankingQuality Summarise(std::span<const double> ranks, std::span<const std::atomic<std::uint32_t>> shown,
                         std::span<const std::uint8_t> tail) {
  RankingQuality quality;
  const std::vector<double> zeros(ranks.size());
  const auto add = [&](const std::string& name, const std::vector<double>& values) {
    quality.figures[name] = Mean(values);
  };
  for (const std::size_t k : kPlaces) {
    std::vector<double> ndcg, hits, reciprocal, precision;
    for (const double rank : ranks) {
      ndcg.push_back(NdcgAtRank(rank, k));
      hits.push_back(HitAtRank(rank, k));
      reciprocal.push_back(hits.back() / (rank + 1));
      precision.push_back(hits.back() / static_cast<double>(k));
    }
    add(fmt::format("ndcg_at_{}", k), ndcg);
    add(fmt::format("hr_at_{}", k), hits);
    add(fmt::format("mrr_at_{}", k), reciprocal);
    add(fmt::format("precision_at_{}", k), precision);
    if (k != kListPlaces) continue;
    quality.intervals["ndcg_at_10"] = PairedBootstrap(ndcg, zeros, kBootstrapSeed);
    quality.intervals["hr_at_10"] = PairedBootstrap(hits, zeros, kBootstrapSeed);
    quality.ndcg_at_10 = std::move(ndcg);
  }
  std::uint64_t places = 0, tail_places = 0, covered = 0;
  for (std::size_t item = 0; item < shown.size(); ++item) {
    places += shown[item];
    tail_places += tail[item] != 0 ? shown[item].load() : 0;
    covered += shown[item] > 0;
  }
  quality.figures["coverage"] =
      static_cast<double>(covered) / static_cast<double>(std::max<std::size_t>(1, shown.size()));
  quality.figures["tail_share"] =
      static_cast<double>(tail_places) / static_cast<double>(std::max<std::uint64_t>(1, places));
  return quality;
}

/// Tokens a second, from the ends of epochs. The first epoch of a fit has no beginning that could be seen.
class TokenRate {
 public:
  explicit TokenRate(const Clock& clock) : clock_(clock) {}
  void Add(const SequenceProgress& epoch) {
    const std::int64_t now = clock_.MonotonicNanoseconds();
    if (epoch.epoch != epoch.first_epoch) {
      tokens_ += epoch.tokens;
      nanoseconds_ += now - last_end_;
    }
    last_end_ = now;
  }
  double PerSecond() const {
    return nanoseconds_ == 0 ? 0 : static_cast<double>(tokens_) / (static_cast<double>(nanoseconds_) * 1e-9);
  }

 private:
  const Clock& clock_;
  std::int64_t last_end_ = 0;
  std::int64_t nanoseconds_ = 0;
  std::size_t tokens_ = 0;
};

}  // namespace

Result<LeaveOneOutReport> EvaluateLeaveOneOut(const TrainingData& data, const FitOptions& options,
                                              const FitContext& context, Env& env, const Clock& clock,
                                              const std::string& artifact_folder) {
  const Cases cases = HoldOutLastTwo(data);
  if (cases.tests.empty()) return InvalidArgument("no user has three interactions or more: there is nothing to test");
  const std::int64_t started = clock.MonotonicNanoseconds();
  TokenRate rate(clock);
  FitContext measured = context;
  measured.on_epoch = [&](const SequenceProgress& epoch) {
    if (epoch.epoch_share == 1) rate.Add(epoch);
    if (context.on_epoch) context.on_epoch(epoch);
  };
  ATTUNE_TRY(const auto fitted, FitModel(cases.view, cases.fitted_on, options, measured));
  ATTUNE_RETURN_IF_ERROR(context.Step("writing the artifact"));
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(artifact_folder));
  ATTUNE_RETURN_IF_ERROR(SaveModel(env, artifact_folder, fitted.parts, {}));
  LeaveOneOutReport report;
  report.fit_seconds = static_cast<double>(clock.MonotonicNanoseconds() - started) * 1e-9;
  report.train_tokens_per_second = rate.PerSecond();
  report.test_count = cases.tests.size();
  // What is measured as the blend is the whole model, items that training never met included.
  const auto model = RecommenderModel::FromParts({}, fitted.parts);
  ATTUNE_RETURN_IF_ERROR(context.Step("ranking the tests"));
  const Outcomes outcomes = RankTests(*model, fitted.parts, data, cases.tests, context.workers);
  ATTUNE_RETURN_IF_ERROR(context.Step("drawing the intervals"));
  const auto tail = TailItems(fitted.parts.catalogue.interactions);
  const auto& names = fitted.parts.blend.feature_names;
  report.blend = Summarise(outcomes.ranks.back(), outcomes.shown.back(), tail);
  for (std::size_t f = 0; f < names.size(); ++f) {
    auto& member = report.members[names[f]];
    member = Summarise(outcomes.ranks[f], outcomes.shown[f], tail);
    report.blend_minus_member[names[f]] = PairedBootstrap(report.blend.ndcg_at_10, member.ndcg_at_10, kBootstrapSeed);
  }
  return report;
}

}  // namespace attune
