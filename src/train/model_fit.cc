#include "train/model_fit.h"

#include <algorithm>
#include <cmath>

#include "model/attribute_affinity.h"
#include "model/latent_factors.h"
#include "model/linear.h"
#include "model/popularity.h"
#include "model/sequential_neighbours.h"
#include "model/sequential_rules.h"
#include "train/blend_fit.h"
#include "train/cold_fit.h"
#include "train/impression_trial.h"

namespace attune {
namespace {

// Half-lives tried: the time from the oldest to the newest interaction, divided by these.
constexpr std::array<std::int64_t, 6> kHalfLifeParts = {2, 4, 8, 16, 32, 64};

// Prior interactions an item that are tried for what attributes say.
constexpr std::array<double, 5> kPriorsPerItem = {0.3, 1, 3, 10, 30};

// One epoch on everything for so many that were spent on the fold.
constexpr int kEpochsPerLastEpoch = 10;

double MeanLogShare(const TrainingView& view, std::span<const ValidationCase> cases, std::int64_t half_life_ms) {
  const auto popularity = Popularity::Fit(view, half_life_ms);
  const std::size_t features = popularity->feature_names().size();
  std::vector<float> shares(features * view.item_count());
  MemberScratch scratch;
  popularity->ScoreDense({}, scratch, shares);
  const float* last = shares.data() + (features - 1) * view.item_count();
  double sum = 0;
  for (const ValidationCase& validation_case : cases)
    sum += last[view.data->interactions.item[validation_case.position]];
  return sum / static_cast<double>(std::max<std::size_t>(1, cases.size()));
}

std::int64_t ChooseHalfLife(const TrainingView& view, std::span<const ValidationCase> cases) {
  std::int64_t oldest = INT64_MAX;
  std::int64_t newest = INT64_MIN;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    if (view.Length(user) == 0) continue;
    oldest = std::min(oldest, view.Times(user).front());
    newest = std::max(newest, view.Times(user).back());
  }
  std::int64_t best = 0;
  double best_log_share = MeanLogShare(view, cases, 0);
  for (const std::int64_t part : kHalfLifeParts) {
    const std::int64_t half_life = newest > oldest ? (newest - oldest) / part : 0;
    if (half_life <= 0) continue;
    const double log_share = MeanLogShare(view, cases, half_life);
    if (log_share > best_log_share) {
      best_log_share = log_share;
      best = half_life;
    }
  }
  return best;
}

/// The prior under which attributes foresee the cases' answers best; 0 without attributes.
double ChoosePriorInteractions(const TrainingView& view, std::span<const ValidationCase> cases,
                               AttributeSource source) {
  if (!AttributeAffinity::Has(*view.data, source)) return 0;
  double best = kPriorsPerItem.back() * static_cast<double>(view.item_count());
  double most = -HUGE_VAL;
  for (const double each : kPriorsPerItem) {
    const double prior = each * static_cast<double>(view.item_count());
    const auto affinity = AttributeAffinity::Fit(view, source, prior);
    double sum = 0;
    for (const ValidationCase& one : cases) {
      const CaseQuery asked(*view.data, one, 0);
      const auto& values = source == AttributeSource::kUser ? asked.query().user_attributes : asked.query().context;
      sum += affinity->LogLikelihood(values, view.data->interactions.item[one.position]);
    }
    if (sum <= most) continue;
    most = sum;
    best = prior;
  }
  return best;
}

void FillCatalogue(const TrainingView& view, ModelCatalogue& catalogue) {
  const TrainingData& data = *view.data;
  for (std::uint32_t item = 0; item < data.items.size(); ++item) catalogue.ids.Add(data.items.id(item));
  catalogue.created_ms = data.item_created_ms;
  catalogue.interactions = ItemCounts(view);
  for (const std::uint32_t count : catalogue.interactions) catalogue.warm.push_back(count > 0);
  catalogue.impressions.assign(data.items.size(), 0);
  for (const std::uint32_t item : data.interactions.impressions) ++catalogue.impressions[item];
  std::vector<std::int64_t> times = data.interactions.timestamp_ms;
  std::sort(times.begin(), times.end());
  for (const std::int64_t created : catalogue.created_ms) {
    catalogue.events_since.push_back(
        static_cast<std::uint64_t>(times.end() - std::upper_bound(times.begin(), times.end(), created)));
  }
}

/// Of every user, those left out of training too: their history still counts when they ask.
void FillHistories(const TrainingData& data, std::size_t history_max, ModelHistories& histories) {
  for (std::uint32_t type = 0; type < data.interactions.event_types.size(); ++type) {
    histories.event_types.Add(data.interactions.event_types.id(type));
  }
  const TrainingView whole = WholeView(data);
  for (std::uint32_t user = 0; user < data.users.size(); ++user) {
    histories.users.Add(data.users.id(user));
    const auto append = [&](auto values, auto& out) {
      const auto newest = values.last(std::min(values.size(), history_max));
      out.insert(out.end(), newest.begin(), newest.end());
    };
    append(whole.Items(user), histories.items);
    append(whole.Times(user), histories.timestamp_ms);
    append(whole.EventTypes(user), histories.event_type);
    append(whole.EventValues(user), histories.event_value);
    histories.offsets.push_back(histories.items.size());
  }
}

/// Everything but blend and cold weights. `factors` gets the latent factors.
Result<ModelParts> FitParts(const TrainingView& view, const FitChoices& choices, const FitOptions& options,
                            const FitContext& context, std::vector<float>& factors) {
  ModelParts parts;
  parts.trained_item_count = view.item_count();
  ATTUNE_RETURN_IF_ERROR(context.Step("counting"));
  FillCatalogue(view, parts.catalogue);
  FillHistories(*view.data, options.history_max, parts.histories);
  parts.members.push_back(Popularity::Fit(view, choices.half_life_ms));
  ATTUNE_RETURN_IF_ERROR(context.Step("indexing histories"));
  const auto index = std::make_shared<const SequenceIndex>(SequenceIndex::Build(view));
  parts.members.push_back(SequentialNeighbours::Fit(index));
  ATTUNE_RETURN_IF_ERROR(context.Step("fitting rules"));
  parts.members.push_back(SequentialRules::Fit(*index, context.workers));
  ATTUNE_RETURN_IF_ERROR(context.Step("fitting the linear model"));
  parts.members.push_back(LinearModel::Fit(view, context.workers));
  ATTUNE_RETURN_IF_ERROR(context.Step("fitting content"));
  factors = FitLatentFactors(view, options.seed, context.workers);
  auto content = std::make_shared<ContentModel>(ContentModel::Fit(view, factors, {}, context.workers));
  parts.catalogue.contents = DescribeItems(*content, view, factors, context.workers);
  parts.content = content;
  parts.members.push_back(LatentMember::Fit(parts.catalogue.contents));
  for (const auto& [source, prior] : {std::pair(AttributeSource::kUser, choices.user_prior_interactions),
                                      std::pair(AttributeSource::kContext, choices.context_prior_interactions)}) {
    if (prior > 0) parts.members.push_back(AttributeAffinity::Fit(view, source, prior));
  }
  return parts;
}

/// The sequence transformer, if the operations allowed suffice for enough epochs.
Result<std::optional<SequenceFit>> FitSequenceWithin(const TrainingView& view, std::span<const ValidationCase> cases,
                                                     const FitOptions& options, const FitContext& context,
                                                     std::map<std::string, double>& figures) {
  const auto plan = SequencePlanOf(view, options);
  if (!plan) return std::optional<SequenceFit>();
  ATTUNE_RETURN_IF_ERROR(context.Step("fitting the sequence transformer"));
  ATTUNE_TRY(auto fit, FitSequenceUnharmed(view, cases, *plan, context.workers, context.on_epoch, context.checkpoint));
  figures["sequence_epochs"] = fit.epochs;
  figures["sequence_width"] = static_cast<double>(fit.shape.block.width);
  if (!view.data->interactions.impressions.empty()) figures["impression_weight"] = fit.steps.impression_weight;
  figures["sequence_dropout"] = plan->options.steps.dropout;
  return std::optional<SequenceFit>(std::move(fit));
}

void SetColdWeights(ModelParts& parts, const std::array<double, ContentModel::kColdFeatures>& weights) {
  auto content = std::make_shared<ContentModel>(*parts.content);
  content->set_cold_weights(weights);
  parts.content = std::move(content);
}

}  // namespace

std::optional<SequencePlan> SequencePlanOf(const TrainingView& view, const FitOptions& options) {
  SequenceWishes wishes{.seed = options.seed,
                        .history_max = options.history_max,
                        .hidden_dimension = options.hidden_dimension,
                        .bptt = options.bptt,
                        .operations_max = options.sequence_operations_max};
  auto plan = PlanSequence(view, wishes);
  const bool is_tried = !view.data->interactions.impressions.empty();
  if (!plan || !is_tried || wishes.operations_max == kOperationsByRule) return plan;
  // What somebody allows suffices for the trial too.
  const SequenceCost cost = CostOfEpoch(view, plan->shape, plan->options.steps);
  const double of_trial = cost.operations * TrialEpochs(cost.steps, plan->options);
  wishes.operations_max -= std::min(of_trial, wishes.operations_max / 2);
  return PlanSequence(view, wishes);
}

Status FitContext::Step(std::string_view step) const {
  if (workers.cancelled()) return Cancelled("training was stopped");
  if (on_step) on_step(step);
  return {};
}

Result<FittedModel> FitModel(const TrainingView& view, std::span<const ValidationCase> cases, const FitOptions& options,
                             const FitContext& context) {
  FittedModel fitted;
  FitChoices& choices = fitted.choices;
  ATTUNE_RETURN_IF_ERROR(context.Step("choosing the half-life of popularity"));
  choices.half_life_ms = options.recency ? ChooseHalfLife(view, cases) : 0;
  ATTUNE_RETURN_IF_ERROR(context.Step("choosing what attributes of users say"));
  choices.user_prior_interactions = ChoosePriorInteractions(view, cases, AttributeSource::kUser);
  choices.context_prior_interactions = ChoosePriorInteractions(view, cases, AttributeSource::kContext);
  std::vector<float> factors;
  ATTUNE_TRY(fitted.parts, FitParts(view, choices, options, context, factors));
  ATTUNE_TRY(choices.sequence, FitSequenceWithin(view, cases, options, context, choices.figures));
  if (choices.sequence) {
    fitted.parts.members.push_back(std::make_shared<SequenceTransformer>(
        choices.sequence->shape, choices.sequence->served, choices.sequence->events));
  }
  ATTUNE_RETURN_IF_ERROR(context.Step("fitting the blend"));
  ATTUNE_TRY(choices.blend, FitBlend(fitted.parts.members, view, cases, options, context, choices.figures));
  fitted.parts.blend = choices.blend;
  ATTUNE_RETURN_IF_ERROR(context.Step("fitting new items"));
  ATTUNE_TRY(choices.cold_weights, FitColdWeights(fitted.parts, factors, view, cases, options, context));
  SetColdWeights(fitted.parts, choices.cold_weights);
  choices.figures["popularity_half_life_ms"] = static_cast<double>(choices.half_life_ms);
  choices.figures["user_prior_interactions"] = choices.user_prior_interactions;
  choices.figures["context_prior_interactions"] = choices.context_prior_interactions;
  choices.figures["content_ridge"] = fitted.parts.content->ridge();
  choices.figures["new_item_standard_deviation"] = fitted.parts.content->standard_deviation();
  return fitted;
}

Result<ModelParts> RefitModel(const TrainingView& view, const FitChoices& choices, const FitOptions& options,
                              const FitContext& context) {
  std::vector<float> factors;
  ATTUNE_TRY(auto parts, FitParts(view, choices, options, context, factors));
  if (choices.sequence) {
    ATTUNE_RETURN_IF_ERROR(context.Step("fitting the sequence transformer"));
    const int epochs = std::max(1, choices.sequence->epochs / kEpochsPerLastEpoch);
    ATTUNE_TRY(const auto fit, ContinueSequence(view, *choices.sequence, epochs, context.workers, context.on_epoch));
    parts.members.push_back(std::make_shared<SequenceTransformer>(fit.shape, fit.served, fit.events));
  }
  parts.blend = choices.blend;
  SetColdWeights(parts, choices.cold_weights);
  return parts;
}

}  // namespace attune
