#include "train/blend_fit.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/check.h"
#include "base/random.h"
#include "model/attribute_affinity.h"
#include "model/listwise_fit.h"
#include "train/case_scorer.h"

namespace attune {
namespace {

// Of each list: the items that one feature puts on top, and the sample of the others.
constexpr std::size_t kTopPerFeature = 60;
constexpr std::size_t kSampled = 200;
// Tasks are fixed, so that results do not depend on the number of threads.
constexpr std::size_t kTasks = 64;
// How firmly weights are held at zero, in units of lists: the second halves move with length and are held firmer.
constexpr double kRidge = 0.3;
constexpr double kLengthRidge = 3;
// Fewer cases than this cannot tell weights apart by length.
constexpr std::size_t kLengthCasesMin = 200;

struct CaseRows {
  bool in_reach = false;  ///< Some feature puts the answer among its top.
  std::vector<float> features;
  std::vector<float> offsets;
};

/// Adds the items with the `count` largest values, among those allowed.
void AddTop(std::span<const float> values, std::span<const std::uint32_t> allowed, std::size_t count,
            std::vector<float>& work, std::vector<std::uint32_t>& chosen) {
  work.clear();
  for (const std::uint32_t item : allowed) work.push_back(values[item]);
  if (work.size() > count) {
    std::nth_element(work.begin(), work.begin() + static_cast<std::ptrdiff_t>(count), work.end(), std::greater<>());
  }
  const float threshold = work.size() > count ? work[count] : -HUGE_VALF;
  std::size_t added = 0;
  for (const std::uint32_t item : allowed) {
    if (values[item] > threshold && added < count) {
      chosen.push_back(item);
      ++added;
    }
  }
}

/// The items of one list: answer first, then others once each, and how many items each of the sampled stands for.
struct Candidates {
  bool answer_in_reach = false;  ///< Some feature puts it among its top, or it is in the history.
  std::vector<std::uint32_t> items;
  std::size_t certain = 0;  ///< Items before here stand for themselves.
  float sampled_offset = 0;
};

Candidates ChooseCandidates(std::uint32_t answer, std::span<const std::uint32_t> history,
                            std::span<const float> features, std::span<const std::uint32_t> warm,
                            std::size_t item_count, Random& random) {
  Candidates candidates;
  std::vector<std::uint32_t> certain(history.begin(), history.end());
  std::vector<float> work;
  for (std::size_t f = 0; f * item_count < features.size(); ++f) {
    AddTop(features.subspan(f * item_count, item_count), warm, kTopPerFeature, work, certain);
  }
  candidates.answer_in_reach = std::find(certain.begin(), certain.end(), answer) != certain.end();
  std::unordered_set<std::uint32_t> taken{answer};
  candidates.items.push_back(answer);
  for (const std::uint32_t item : certain) {
    if (std::binary_search(warm.begin(), warm.end(), item) && taken.insert(item).second) {
      candidates.items.push_back(item);
    }
  }
  candidates.certain = candidates.items.size();
  const std::size_t rest = warm.size() - candidates.certain;
  const std::size_t wanted = std::min(rest, kSampled);
  // Rejection is cheap while the rest is large; a small rest is taken whole.
  if (rest <= kSampled * 2) {
    for (const std::uint32_t item : warm) {
      if (taken.insert(item).second) candidates.items.push_back(item);
    }
    return candidates;
  }
  while (candidates.items.size() < candidates.certain + wanted) {
    const std::uint32_t item = warm[random.Below(warm.size())];
    if (taken.insert(item).second) candidates.items.push_back(item);
  }
  candidates.sampled_offset = std::log(static_cast<float>(rest) / static_cast<float>(wanted));
  return candidates;
}

CaseRows MakeRows(const Query& query, const Candidates& candidates, std::span<const float> features,
                  std::size_t item_count, float length_factor) {
  CaseRows rows{.in_reach = candidates.answer_in_reach, .features = {}, .offsets = {}};
  const std::size_t feature_count = features.size() / item_count;
  std::vector<RepeatedItem> repeated = RepeatedItems(query.items, item_count);
  std::sort(repeated.begin(), repeated.end(), [](const auto& a, const auto& b) { return a.item < b.item; });
  for (std::size_t i = 0; i < candidates.items.size(); ++i) {
    const std::uint32_t item = candidates.items[i];
    std::vector<float> row;
    for (std::size_t f = 0; f < feature_count; ++f) row.push_back(features[f * item_count + item]);
    const auto found = std::lower_bound(repeated.begin(), repeated.end(), item,
                                        [](const RepeatedItem& r, std::uint32_t wanted) { return r.item < wanted; });
    const bool is_repeated = found != repeated.end() && found->item == item;
    for (std::size_t r = 0; r < kRepeatFeatures; ++r) row.push_back(is_repeated ? found->values[r] : 0);
    const std::size_t width = row.size();
    for (std::size_t f = 0; f < width; ++f) row.push_back(row[f] * length_factor);
    rows.features.insert(rows.features.end(), row.begin(), row.end());
    rows.offsets.push_back(i < candidates.certain ? 0 : candidates.sampled_offset);
  }
  return rows;
}

double MeanNdcg(std::span<const double> ranks) {
  double sum = 0;
  for (const double rank : ranks) sum += rank < 10 ? 1 / std::log2(rank + 2) : 0;
  return sum / static_cast<double>(std::max<std::size_t>(1, ranks.size()));
}

/// A way of weighing: which of the weights may differ from zero.
struct Shape {
  std::vector<double> ridge;  ///< kHeldRidge holds a weight at zero.
  /// Learn from the lists alone whose answer some feature puts on top: what no feature sees coming says much about
  /// probabilities and nothing about the order on top.
  bool in_reach_only = false;
};

struct Folds {
  std::array<std::vector<std::size_t>, 2> lists;
  std::array<std::vector<std::size_t>, 2> lists_in_reach;
  std::vector<std::size_t> all;
  std::vector<std::size_t> all_in_reach;
};

struct BlendProblem {
  ListwiseProblem lists;
  std::vector<bool> in_reach;  ///< For each list.
};

/// NDCG@10 of a shape, each fold ranked with weights of the other.
double CrossValidate(const ListwiseProblem& problem, const Folds& folds, const Shape& shape,
                     std::span<const double> start, const Workers& workers) {
  std::vector<double> ranks;
  for (std::size_t fold = 0; fold < 2; ++fold) {
    const auto& lists = shape.in_reach_only ? folds.lists_in_reach : folds.lists;
    const auto weights = FitListwise(problem, lists[1 - fold], start, shape.ridge, workers);
    const auto fold_ranks = ListwiseRanks(problem, folds.lists[fold], weights);
    ranks.insert(ranks.end(), fold_ranks.begin(), fold_ranks.end());
  }
  return MeanNdcg(ranks);
}

enum class History { kShown, kHidden };

/// The same user asks as nobody who did anything yet.
Query WithoutHistory(const Query& query) {
  return {.context = query.context, .user_attributes = query.user_attributes};
}

Result<BlendProblem> MakeProblem(std::span<const std::shared_ptr<const Member>> members, const TrainingView& view,
                                 std::span<const ValidationCase> cases, const FitOptions& options,
                                 const FitContext& context, const Blend& blend, History history) {
  const auto warm = WarmItems(view);
  const std::size_t item_count = view.item_count();
  std::vector<CaseRows> rows(cases.size());
  context.workers.ParallelFor(kTasks, [&](std::size_t task) {
    CaseScorer scorer(members, item_count);
    for (std::size_t i = task; i < cases.size() && !context.workers.cancelled(); i += kTasks) {
      const std::uint32_t answer = view.data->interactions.item[cases[i].position];
      if (!std::binary_search(warm.begin(), warm.end(), answer)) continue;
      const CaseQuery asked(*view.data, cases[i], options.history_max);
      const Query query = history == History::kShown ? asked.query() : WithoutHistory(asked.query());
      Random random(MixSeed(options.seed, cases[i].position));
      const auto features = scorer.ScoreDense(query);
      const auto candidates = ChooseCandidates(answer, query.items, features, warm, item_count, random);
      rows[i] = MakeRows(query, candidates, features, item_count, blend.LengthFactor(query.items.size()));
    }
  });
  ATTUNE_RETURN_IF_ERROR(context.Step("weighing members"));
  BlendProblem blend_problem;
  ListwiseProblem& problem = blend_problem.lists;
  problem.feature_count = 2 * (blend.feature_names.size() + kRepeatFeatures);
  for (CaseRows& one : rows) {
    if (one.offsets.empty()) continue;
    problem.features.insert(problem.features.end(), one.features.begin(), one.features.end());
    problem.offsets.insert(problem.offsets.end(), one.offsets.begin(), one.offsets.end());
    problem.list_begin.push_back(problem.offsets.size());
    blend_problem.in_reach.push_back(one.in_reach);
    one = {};
  }
  return blend_problem;
}

double MedianLength(const TrainingData& data, std::span<const ValidationCase> cases, std::size_t history_max) {
  std::vector<double> lengths;
  for (const ValidationCase& one : cases) {
    const std::uint32_t before = one.position - data.interactions.user_offsets[one.user];
    lengths.push_back(static_cast<double>(std::min<std::size_t>(before, history_max)));
  }
  if (lengths.empty()) return 1;
  std::nth_element(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2), lengths.end());
  return std::max(1.0, lengths[lengths.size() / 2]);
}

Folds MakeFolds(const std::vector<bool>& in_reach, std::uint64_t seed) {
  Folds folds;
  for (std::size_t list = 0; list < in_reach.size(); ++list) {
    const std::size_t fold = MixSeed(seed, list) % 2;
    folds.lists[fold].push_back(list);
    folds.all.push_back(list);
    if (!in_reach[list]) continue;
    folds.lists_in_reach[fold].push_back(list);
    folds.all_in_reach.push_back(list);
  }
  return folds;
}

/// The one that people without history are served by: the recent one where there is one.
std::size_t PopularityFeature(const std::vector<std::string>& names) {
  const auto recent = std::ranges::find(names, "recent_popularity");
  const auto found = recent != names.end() ? recent : std::ranges::find(names, "popularity");
  ATTUNE_CHECK(found != names.end());
  return static_cast<std::size_t>(found - names.begin());
}

/// Without history there is popularity alone, and what attributes of the user and of the moment say, where that ranks
/// the cases better once their history is hidden.
Status FitEmptyWeights(std::span<const std::shared_ptr<const Member>> members, const TrainingView& view,
                       std::span<const ValidationCase> cases, const FitOptions& options, const FitContext& context,
                       Blend& blend, std::map<std::string, double>& figures) {
  const std::size_t feature_count = blend.feature_names.size();
  const std::size_t popularity = PopularityFeature(blend.feature_names);
  blend.empty_weights.assign(feature_count, 0);
  blend.empty_weights[popularity] = 1;
  const std::size_t width = 2 * (feature_count + kRepeatFeatures);
  const Shape held{.ridge = std::vector<double>(width, kHeldRidge)};
  Shape free = held;
  for (std::size_t f = 0; f < feature_count; ++f) {
    const bool speaks = blend.feature_names[f] == AttributeAffinity::NameOf(AttributeSource::kUser) ||
                        blend.feature_names[f] == AttributeAffinity::NameOf(AttributeSource::kContext);
    if (speaks) free.ridge[f] = free.ridge[popularity] = kRidge;
  }
  if (free.ridge == held.ridge) return {};
  ATTUNE_TRY(const auto hidden, MakeProblem(members, view, cases, options, context, blend, History::kHidden));
  const Folds folds = MakeFolds(hidden.in_reach, options.seed);
  std::vector<double> start(width);
  start[popularity] = 1;
  const double before = CrossValidate(hidden.lists, folds, held, start, context.workers);
  const double after = CrossValidate(hidden.lists, folds, free, start, context.workers);
  figures["no_history_popularity_validation_ndcg_at_10"] = before;
  figures["no_history_validation_ndcg_at_10"] = std::max(before, after);
  if (after <= before) return {};
  const auto weights = FitListwise(hidden.lists, folds.all, start, free.ridge, context.workers);
  blend.empty_weights.assign(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(feature_count));
  return {};
}

}  // namespace

Result<Blend> FitBlend(std::span<const std::shared_ptr<const Member>> members, const TrainingView& view,
                       std::span<const ValidationCase> cases, const FitOptions& options, const FitContext& context,
                       std::map<std::string, double>& figures) {
  Blend blend;
  for (const auto& member : members) {
    for (const std::string_view name : member->feature_names()) blend.feature_names.emplace_back(name);
  }
  const std::size_t feature_count = blend.feature_names.size();
  const std::size_t width = feature_count + kRepeatFeatures;
  blend.typical_length = MedianLength(*view.data, cases, options.history_max);
  ATTUNE_TRY(const auto blend_problem, MakeProblem(members, view, cases, options, context, blend, History::kShown));
  const ListwiseProblem& problem = blend_problem.lists;
  const Folds folds = MakeFolds(blend_problem.in_reach, options.seed);
  const std::vector<double> start(2 * width);
  Shape plain_shape{.ridge = std::vector<double>(2 * width, kRidge)};
  std::fill(plain_shape.ridge.begin() + static_cast<std::ptrdiff_t>(width), plain_shape.ridge.end(), kHeldRidge);
  std::vector<Shape> shapes = {plain_shape};
  if (problem.list_count() >= kLengthCasesMin) {
    Shape by_length = plain_shape;
    std::fill(by_length.ridge.begin() + static_cast<std::ptrdiff_t>(width), by_length.ridge.end(), kLengthRidge);
    shapes.push_back(by_length);
  }
  for (std::size_t i = 0, count = shapes.size(); i < count; ++i) {
    shapes.push_back(shapes[i]);
    shapes.back().in_reach_only = true;
  }
  Shape chosen = shapes[0];
  double best = -1;
  for (const Shape& shape : shapes) {
    ATTUNE_RETURN_IF_ERROR(context.Step("validating the blend"));
    const double ndcg = CrossValidate(problem, folds, shape, start, context.workers);
    if (ndcg <= best) continue;
    best = ndcg;
    chosen = shape;
  }
  figures["blend_validation_ndcg_at_10"] = best;
  figures["blend_learns_in_reach_only"] = chosen.in_reach_only ? 1 : 0;
  for (std::size_t f = 0; f < feature_count; ++f) {
    ATTUNE_RETURN_IF_ERROR(context.Step("validating members"));
    Shape single = plain_shape;
    for (std::size_t other = 0; other < feature_count; ++other) single.ridge[other] = other == f ? kRidge : kHeldRidge;
    const double ndcg = CrossValidate(problem, folds, single, start, context.workers);
    figures[blend.feature_names[f] + "_validation_ndcg_at_10"] = ndcg;
    if (ndcg > best) {
      best = ndcg;
      chosen = single;
    }
  }
  const auto weights =
      FitListwise(problem, chosen.in_reach_only ? folds.all_in_reach : folds.all, start, chosen.ridge, context.workers);
  blend.weights.assign(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(width));
  blend.by_length.assign(weights.begin() + static_cast<std::ptrdiff_t>(width), weights.end());
  for (std::size_t f = 0; f < 2 * width; ++f) {
    if (chosen.ridge[f] == kHeldRidge) (f < width ? blend.weights[f] : blend.by_length[f - width]) = 0;
  }
  ATTUNE_RETURN_IF_ERROR(FitEmptyWeights(members, view, cases, options, context, blend, figures));
  return blend;
}

}  // namespace attune
