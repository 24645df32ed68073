#include "train/train_solution.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/random.h"
#include "evaluate/ranking_metrics.h"
#include "model/linear.h"
#include "model/recommender_model.h"
#include "model/sequential_rules.h"
#include "train/folds.h"
#include "train/model_fit.h"
#include "train/train_parameters.h"
#include "train/update.h"

namespace attune {
namespace {

// About how many steps the two fits of a training report.
constexpr double kSteps = 26;
// Of the whole time, that of the sequence transformer's epochs.
constexpr double kEpochsShare = 0.64;
// Those of the last fit on everything.
constexpr double kLastFitShare = 0.06;
constexpr std::size_t kMetricTasks = 64;

Status CheckData(const TrainingData& data, const TrainParameters& parameters) {
  const Interactions& interactions = data.interactions;
  if (interactions.size() < kInteractionsMin) {
    return InvalidArgument(parameters.event_type.empty()
                               ? fmt::format("Create failed. Dataset has fewer than {} interactions.", kInteractionsMin)
                               : fmt::format("Dataset has fewer than {} interactions after filtering by event type: {}",
                                             kInteractionsMin, parameters.event_type));
  }
  std::size_t users = 0;
  for (std::uint32_t user = 0; user < data.users.size(); ++user) users += interactions.Items(user).size() >= 2;
  if (users < kUsersMin) {
    return InvalidArgument(
        fmt::format("Create failed. Dataset has fewer than {} users with at least 2 interactions each.", kUsersMin));
  }
  std::set<std::uint32_t> types(interactions.event_type.begin(), interactions.event_type.end());
  types.erase(kNoIndex);
  if (types.size() > kEventTypesMax) {
    return InvalidArgument(fmt::format("Create failed. Dataset has {} distinct event types; the limit is {}.",
                                       types.size(), kEventTypesMax));
  }
  return {};
}

/// Bytes that a training needs at once, besides the data: the linear model's matrix, histories and their index three
/// times (fit, member, artifact), rules, the sequence transformer, and the lists that the blend is fitted on.
std::uint64_t EstimateBytes(const TrainingView& view, const FitOptions& options) {
  const TrainingData& data = *view.data;
  const auto items = static_cast<std::uint64_t>(data.items.size());
  const std::uint64_t linear_items = std::min<std::uint64_t>(items, LinearModel::kItemsMax);
  const std::uint64_t linear = linear_items * linear_items * 4 + items * LinearModel::kWeightsMax * 16;
  const std::uint64_t histories = data.interactions.size() * 60 + data.users.size() * 100;
  const std::uint64_t rules = items * SequentialRules::kFollowersMax * 16;
  const std::uint64_t lists = std::uint64_t{kCasesMax} * 700 * 22 * 4 * 2;
  const auto plan = SequencePlanOf(view, options);
  return linear + histories + rules + lists + (plan ? SequenceBytes(*plan) : 0);
}

/// Lists for the test users: their oldest nine tenths are the history, the newest tenth is the truth.
Result<std::map<std::string, double>> MeasureMetrics(const RecommenderModel& model, const TrainingData& data,
                                                     std::span<const std::uint32_t> users, const FitContext& context) {
  struct Outcome {
    std::vector<std::uint32_t> top;
    std::set<std::uint32_t> relevant;
  };
  std::vector<Outcome> outcomes(users.size());
  context.workers.ParallelFor(kMetricTasks, [&](std::size_t task) {
    ScoreScratch scratch = model.MakeScratch();
    std::vector<float> scores(model.item_count());
    for (std::size_t i = task; i < users.size() && !context.workers.cancelled(); i += kMetricTasks) {
      const std::uint32_t user = users[i];
      const auto items = data.interactions.Items(user);
      const std::size_t truth = std::max<std::size_t>(1, items.size() / 10);
      const std::uint32_t end = data.interactions.user_offsets[user + 1];
      const ValidationCase question{.user = user, .position = end - static_cast<std::uint32_t>(truth)};
      const CaseQuery asked(data, question, RecommenderModel::kHistoryMax);
      model.ScoreAll(asked.query(), scratch, scores);
      const auto newest = items.last(truth);
      outcomes[i] = {.top = TopItems(scores, 25), .relevant = {newest.begin(), newest.end()}};
    }
  });
  ATTUNE_RETURN_IF_ERROR(context.Step("measuring"));
  SolutionMetrics metrics(data.items.size());
  for (const Outcome& outcome : outcomes) metrics.Add(outcome.top, outcome.relevant);
  return metrics.Result();
}

/// Writes into a folder beside the wanted one and renames it: the artifact appears complete or not at all.
Status PublishArtifact(Env& env, const std::string& folder, const ModelParts& parts, const Manifest& manifest) {
  if (env.Exists(folder)) return AlreadyExists(fmt::format("artifact folder {} exists", folder));
  const std::string temporary = folder + ".partial";
  ATTUNE_RETURN_IF_ERROR(env.RemoveTree(temporary));
  bool has_its_name = false;
  const auto publish = [&]() -> Status {
    ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(temporary));
    ATTUNE_RETURN_IF_ERROR(SaveModel(env, temporary, parts, manifest));
    ATTUNE_RETURN_IF_ERROR(env.Rename(temporary, folder));
    has_its_name = true;
    return env.SyncDirectory(ParentPath(folder));
  };
  const Status published = publish();
  // A full disk gets its room back, and the next attempt finds nothing in its way.
  if (!published.ok()) (void)env.RemoveTree(has_its_name ? folder : temporary);
  return published;
}

/// Says how far the training is: counts the steps that the fits report, and within the longest its epochs.
class Progress {
 public:
  explicit Progress(TrainContext& context) : context_(context) {}

  void Step(std::string_view step) {
    fraction_ += (1 - kEpochsShare - kLastFitShare) / kSteps;
    Report(step, fraction_);
  }

  void Epoch(const SequenceProgress& progress) {
    const double share =
        (progress.is_last_fit ? kLastFitShare : kEpochsShare) / (progress.epochs_max + progress.trial_epochs);
    std::string step = fmt::format("{}: epoch {} of {}{}",
                                   progress.is_last_fit ? "sequence transformer, last fit" : "sequence transformer",
                                   progress.epoch, progress.is_last_fit ? "" : "at most ", progress.epochs_max);
    if (progress.epoch_share < 1) {
      return Report(fmt::format("{}, {:.0f} %", step, 100 * progress.epoch_share),
                    fraction_ + share * progress.epoch_share);
    }
    const std::int64_t now = context_.clock.MonotonicNanoseconds();
    if (progress.epoch == progress.first_epoch) epochs_started_ = now;
    fraction_ += share;
    const int done = progress.epoch - progress.first_epoch;
    step += fmt::format(", loss {:.4f}", progress.loss);
    if (progress.validation_ndcg >= 0) step += fmt::format(", validation NDCG@10 {:.4f}", progress.validation_ndcg);
    if (done > 0) {
      const double seconds_each = static_cast<double>(now - epochs_started_) * 1e-9 / done;
      step += fmt::format(
          ", {:.0f} tokens/s, {}{:.0f} s left", static_cast<double>(progress.tokens) / std::max(1e-9, seconds_each),
          progress.is_last_fit ? "" : "at most ", seconds_each * (progress.epochs_max - progress.epoch));
    }
    Report(step, fraction_);
  }

 private:
  void Report(std::string_view step, double fraction) const {
    if (context_.on_progress) context_.on_progress({.step = step, .fraction = std::min(0.99, fraction)});
  }

  TrainContext& context_;
  double fraction_ = 0;
  std::int64_t epochs_started_ = 0;  ///< When the first epoch ended.
};

/// Takes the checkpoint away when the training ends, however it ends.
class CheckpointRemoval {
 public:
  explicit CheckpointRemoval(const CheckpointPlace& place) : place_(place) {}
  ~CheckpointRemoval() {
    if (!place_.env->Exists(place_.path)) return;
    const Status removed = place_.env->RemoveFile(place_.path);
    if (!removed.ok()) LogWarning("checkpoint: {}", removed.message());
  }

 private:
  const CheckpointPlace& place_;
};

Manifest DescribeTraining(const TrainingData& data, const TrainParameters& parameters) {
  return {.recipe = parameters.recipe,
          .training_mode = "FULL",
          .seed = parameters.seed,
          .parameters = parameters.parameters,
          .chosen = {},
          .metrics = {},
          .members = {},
          .user_count = data.users.size(),
          .item_count = data.items.size(),
          .interaction_count = data.interactions.size(),
          .newest_interaction_ms = data.newest_interaction_ms,
          .log_sequence = data.log_sequence,
          .fitted_log_sequence = data.log_sequence,
          .files = {}};
}

}  // namespace

Result<TrainReport> TrainFull(const TrainingData& data, const TrainParameters& parameters, TrainContext& context,
                              const std::string& artifact_folder) {
  const std::int64_t started = context.clock.MonotonicNanoseconds();
  ATTUNE_TRY(const auto recipe, ParseRecipeParameters(parameters));
  ATTUNE_RETURN_IF_ERROR(CheckData(data, parameters));
  Progress progress(context);
  const FitContext fit_context{.workers = Workers(context.pool, context.cancelled),
                               .on_step = [&](std::string_view step) { progress.Step(step); },
                               .on_epoch = [&](const SequenceProgress& epoch) { progress.Epoch(epoch); },
                               .checkpoint = {.env = &context.env,
                                              .clock = &context.clock,
                                              .path = artifact_folder + std::string(kCheckpointSuffix)}};
  // A training that is killed leaves its checkpoint to the next one of the same artifact; any other end takes it away.
  const CheckpointRemoval removal(fit_context.checkpoint);
  ATTUNE_TRY(const FitOptions options, FitOptionsOf(parameters));
  const TrainingView whole = WithoutExtremeUsers(WholeView(data), recipe.min_user_history_length_percentile,
                                                 recipe.max_user_history_length_percentile);
  if (whole.size() == 0) return InvalidArgument("Create failed. The history length percentiles leave no users.");
  TrainReport report{.metrics = {}, .seconds = 0, .peak_bytes_estimate = EstimateBytes(whole, options)};
  if (context.memory_bytes_max > 0 && report.peak_bytes_estimate > context.memory_bytes_max) {
    return ResourceExhausted(fmt::format("Training needs about {} bytes of memory; the limit is {}.",
                                         report.peak_bytes_estimate, context.memory_bytes_max));
  }

  // First nine tenths of the users, less their newest events: these choose weights, and the other tenth measures.
  const auto test_users = DrawTestUsers(whole, MixSeed(parameters.seed, 1));
  const Fold fold = HoldOutNewest(WithoutUsers(whole, test_users), MixSeed(parameters.seed, 2));
  ATTUNE_TRY(auto fitted, FitModel(fold.view, fold.cases, options, fit_context));
  Manifest manifest = DescribeTraining(data, parameters);
  manifest.chosen = fitted.choices.figures;
  {
    const auto model = RecommenderModel::FromParts(manifest, std::move(fitted.parts));
    ATTUNE_TRY(report.metrics, MeasureMetrics(*model, data, test_users, fit_context));
  }
  manifest.metrics = report.metrics;

  // Then everything, with what was chosen.
  ATTUNE_TRY(const auto parts, RefitModel(whole, fitted.choices, options, fit_context));
  ATTUNE_RETURN_IF_ERROR(fit_context.Step("writing the artifact"));
  ATTUNE_RETURN_IF_ERROR(PublishArtifact(context.env, artifact_folder, parts, manifest));
  report.seconds = static_cast<double>(context.clock.MonotonicNanoseconds() - started) * 1e-9;
  if (context.on_progress) context.on_progress({.step = "done", .fraction = 1});
  return report;
}

Result<TrainReport> TrainUpdate(const std::string& previous_folder, const TrainingData& data,
                                const TrainParameters& parameters, TrainContext& context,
                                const std::string& artifact_folder) {
  const std::int64_t started = context.clock.MonotonicNanoseconds();
  ATTUNE_RETURN_IF_ERROR(CheckTrainParameters(parameters));
  ATTUNE_TRY(const auto previous, ReadManifest(context.env, previous_folder));
  ATTUNE_TRY(auto parts, LoadModel(context.env, previous_folder, previous));
  const auto half_life = previous.chosen.find("popularity_half_life_ms");
  const ModelParts updated = UpdateParts(
      std::move(parts), data, half_life == previous.chosen.end() ? 0 : static_cast<std::int64_t>(half_life->second),
      RecommenderModel::kHistoryMax);
  if (context.cancelled) return Cancelled("training was stopped");
  Manifest manifest = DescribeTraining(data, parameters);
  manifest.training_mode = "UPDATE";
  manifest.chosen = previous.chosen;
  manifest.metrics = previous.metrics;
  manifest.fitted_log_sequence = previous.fitted_log_sequence;
  manifest.user_count = updated.histories.users.size();
  manifest.item_count = updated.catalogue.ids.size();
  ATTUNE_RETURN_IF_ERROR(PublishArtifact(context.env, artifact_folder, updated, manifest));
  if (context.on_progress) context.on_progress({.step = "done", .fraction = 1});
  return TrainReport{.metrics = previous.metrics,
                     .seconds = static_cast<double>(context.clock.MonotonicNanoseconds() - started) * 1e-9,
                     .peak_bytes_estimate = EstimateBytes(WholeView(data), {.sequence_operations_max = 0})};
}

}  // namespace attune
