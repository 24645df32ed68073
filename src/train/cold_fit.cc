#include "train/cold_fit.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/random.h"
#include "model/listwise_fit.h"
#include "train/case_scorer.h"

namespace attune {
namespace {

constexpr std::size_t kWidth = ContentModel::kColdFeatures;
// Share of the items held out to learn about new ones.
constexpr std::uint64_t kHeldOutOneIn = 8;
constexpr std::size_t kSampled = 300;
constexpr double kRidge = 1;
constexpr std::size_t kTasks = 64;

struct HeldOut {
  std::vector<std::uint8_t> flags;  ///< [N]
  std::vector<std::uint32_t> items;
};

HeldOut DrawItems(std::span<const std::uint32_t> warm, std::size_t item_count, std::uint64_t seed) {
  HeldOut held{.flags = std::vector<std::uint8_t>(item_count), .items = {}};
  for (const std::uint32_t item : warm) {
    if (MixSeed(MixSeed(seed, 3), item) % kHeldOutOneIn != 0) continue;
    held.flags[item] = 1;
    held.items.push_back(item);
  }
  return held;
}

/// When a new item is taken, as seen from the history that it is asked by: right after it, or somewhere along it.
enum class TakenWhen { kNext, kAnyTime };

/// A list of candidates, answer first: rows of cold features, and what is known before.
struct ColdList {
  std::vector<float> features;
  std::vector<float> offsets;

  void AddKnown(double log_share) {
    features.insert(features.end(), kWidth, 0.0f);
    offsets.push_back(static_cast<float>(log_share));
  }
  void AddNew(const ContentModel::ColdFeatures& values, double offset) {
    features.insert(features.end(), values.begin(), values.end());
    offsets.push_back(static_cast<float>(offset));
  }
};

/// Makes one list after the other; what it refers to outlives it. Thread-safe.
class ListMaker {
 public:
  ListMaker(const ContentModel& content, const ItemContents& contents, const ItemContents& held_contents,
            std::span<const std::uint32_t> warm, const HeldOut& held, const Blend& blend)
      : content_(content),
        contents_(contents),
        held_contents_(held_contents),
        warm_(warm),
        held_(held),
        blend_(blend) {}

  /// `scores` [N] are the blend's; known items other than the answer stand together in one row.
  ColdList Make(const Query& query, std::uint32_t answer, std::span<const float> scores, std::uint64_t seed) const {
    double known_total = 0;
    for (const std::uint32_t item : warm_) {
      if (held_.flags[item] == 0) known_total += std::exp(static_cast<double>(scores[item]));
    }
    const ContentProfile profile = ProfileOf(query);
    ColdList list;
    if (held_.flags[answer] != 0) {
      list.AddNew(content_.Features(profile, held_contents_[answer]), 0);
      list.AddKnown(0);
    } else {
      const double share = scores[answer] - std::log(std::max(known_total, 1e-300));
      list.AddKnown(share);
      list.AddKnown(std::log1p(-std::min(std::exp(share), 1 - 1e-9)));
    }
    AddOthers(profile, answer, std::log(SampleScale()), seed, list);
    return list;
  }

  /// One of the new items among `taken`, a whole history, against the other new ones: by `query`, or by what they had
  /// taken before it.
  ColdList MakeAmongNew(const Query& query, std::span<const std::uint32_t> taken, TakenWhen when,
                        std::uint64_t seed) const {
    ColdList list;
    std::vector<std::size_t> places;
    for (std::size_t place = when == TakenWhen::kNext ? 1 : 0; place < taken.size(); ++place) {
      if (held_.flags[taken[place]] != 0) places.push_back(place);
    }
    if (places.empty()) return list;
    const std::size_t place = places[Random(MixSeed(seed, when == TakenWhen::kNext ? 2 : 1)).Below(places.size())];
    Query asked = query;
    if (when == TakenWhen::kNext) asked.items = taken.first(place);
    const ContentProfile profile = ProfileOf(asked);
    list.AddNew(content_.Features(profile, held_contents_[taken[place]]), 0);
    AddOthers(profile, taken[place], 0, seed, list);
    return list;
  }

 private:
  ContentProfile ProfileOf(const Query& query) const {
    return MakeProfile(query.items, content_.attribute_count(), blend_.LengthFactor(query.items.size()),
                       [&](std::uint32_t item) { return held_.flags[item] != 0 ? nullptr : &contents_[item]; });
  }
  std::size_t Sampled() const { return std::min(held_.items.size(), kSampled); }
  double SampleScale() const { return static_cast<double>(held_.items.size()) / static_cast<double>(Sampled()); }
  /// Held-out items that were not the answer.
  void AddOthers(const ContentProfile& profile, std::uint32_t answer, double offset, std::uint64_t seed,
                 ColdList& list) const {
    Random random(seed);
    const std::size_t first = random.Below(held_.items.size());
    for (std::size_t s = 0; s < Sampled(); ++s) {
      const std::uint32_t item = held_.items[(first + s) % held_.items.size()];
      if (item != answer) list.AddNew(content_.Features(profile, held_contents_[item]), offset);
    }
  }

  const ContentModel& content_;
  const ItemContents& contents_;
  const ItemContents& held_contents_;
  const std::span<const std::uint32_t> warm_;
  const HeldOut& held_;
  const Blend& blend_;
};

std::array<double, kWidth> FitWeights(std::span<const ColdList> made, const std::array<double, kWidth>& start,
                                      const Workers& workers) {
  ListwiseProblem problem;
  problem.feature_count = kWidth;
  std::vector<std::size_t> lists;
  for (const ColdList& one : made) {
    if (one.offsets.empty()) continue;
    problem.features.insert(problem.features.end(), one.features.begin(), one.features.end());
    problem.offsets.insert(problem.offsets.end(), one.offsets.begin(), one.offsets.end());
    lists.push_back(problem.list_count());
    problem.list_begin.push_back(problem.offsets.size());
  }
  const auto weights = FitListwise(problem, lists, start, std::vector<double>(kWidth, kRidge), workers);
  std::array<double, kWidth> out{};
  std::copy(weights.begin(), weights.end(), out.begin());
  return out;
}

}  // namespace

Result<std::array<double, ContentModel::kColdFeatures>> FitColdWeights(
    const ModelParts& parts, std::span<const float> factors, const TrainingView& view,
    std::span<const ValidationCase> cases, const FitOptions& options, const FitContext& context) {
  const std::size_t item_count = view.item_count();
  const auto warm = WarmItems(view);
  const HeldOut held = DrawItems(warm, item_count, options.seed);
  // Until something is learned, a new item is as likely as an item that stands in the middle.
  std::array<double, kWidth> start{};
  start[0] = -std::log(static_cast<double>(std::max<std::size_t>(1, warm.size())));
  start[3] = 1;
  if (held.items.empty() || held.items.size() == warm.size()) return start;

  const ContentModel content = ContentModel::Fit(view, factors, held.flags, context.workers);
  const ItemContents contents = DescribeItems(content, view, factors, context.workers);
  ItemContents held_contents(item_count);
  for (const std::uint32_t item : held.items) held_contents[item] = content.Describe(view.data->item_attributes, item);
  ATTUNE_RETURN_IF_ERROR(context.Step("fitting new items"));
  const ListMaker maker(content, contents, held_contents, warm, held, parts.blend);
  std::vector<ColdList> made(3 * cases.size());
  context.workers.ParallelFor(kTasks, [&](std::size_t task) {
    CaseScorer scorer(parts.members, item_count);
    std::vector<float> scores(item_count);
    for (std::size_t i = task; i < cases.size() && !context.workers.cancelled(); i += kTasks) {
      const std::uint32_t answer = view.data->interactions.item[cases[i].position];
      if (parts.catalogue.warm[answer] == 0) continue;
      const CaseQuery asked(*view.data, cases[i], options.history_max);
      const Query& query = asked.query();
      parts.blend.Apply(query, scorer.Score(query), scores);
      const std::uint64_t seed = MixSeed(options.seed, cases[i].position);
      const auto taken = view.Items(cases[i].user);
      made[3 * i] = maker.Make(query, answer, scores, seed);
      made[3 * i + 1] = maker.MakeAmongNew(query, taken, TakenWhen::kAnyTime, seed);
      made[3 * i + 2] = maker.MakeAmongNew(query, taken, TakenWhen::kNext, seed);
    }
  });
  ATTUNE_RETURN_IF_ERROR(context.Step("fitting new items"));
  return FitWeights(made, start, context.workers);
}

}  // namespace attune
