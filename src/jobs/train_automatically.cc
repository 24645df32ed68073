#include "jobs/train_automatically.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "jobs/dataset_contents.h"

namespace attune {
namespace {

constexpr std::int64_t kDayMs = 24 * 60 * 60 * std::int64_t{1000};

/// "rate(7 days)", as CreateSolution checked it; 7 where nothing was said.
std::int64_t DaysBetween(const Solution& solution) {
  constexpr std::string_view kBefore = "rate(";
  std::int64_t days = 7;
  const std::string& text = solution.auto_training_expression;
  if (text.starts_with(kBefore)) std::from_chars(text.data() + kBefore.size(), text.data() + text.size(), days);
  return days;
}

/// Makes the version, if the solution is still there and none is on its way.
Status Begin(JobEnvironment& environment, const Solution& due) {
  return environment.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto solution, transaction.Find<Solution>(due.arn));
    if (solution.uid != due.uid) return {};
    ATTUNE_TRY(const auto busy, transaction.Count(ResourceKind::kSolutionVersion,
                                                  {.parent_arn = due.arn, .statuses = TransientStatuses()}));
    if (busy > 0) return {};
    const std::string digits = environment.entropy.Hex(8);
    SolutionVersion version;
    version.arn = fmt::format("{}/{}", solution.arn, digits);
    version.name = fmt::format("{}/{}", solution.name, digits);
    version.parent_arn = solution.arn;
    version.dataset_group_arn = solution.parent_arn;
    version.training_mode = "FULL";
    version.training_type = "AUTOMATIC";
    version.solution = solution;
    ATTUNE_RETURN_IF_ERROR(transaction.Insert(version));
    LogInfo("automatic training of {}: {}", solution.arn, version.arn);
    return {};
  });
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    ATTUNE_TRY(const auto solutions, environment_.catalog.All<Solution>({}, {ResourceStatus::kActive}));
    std::vector<Work> due;
    for (const Solution& solution : solutions) {
      if (!solution.perform_auto_training.value_or(false)) continue;
      ATTUNE_TRY(const bool is_due, IsDue(solution));
      if (!is_due) continue;
      due.push_back({.key = solution.arn, .lane = JobLane::kTransfer, .run = [this, solution](const CancelFlag&) {
                       const Status begun = Begin(environment_, solution);
                       if (!begun.ok()) LogWarning("automatic training of {}: {}", solution.arn, begun.message());
                     }});
    }
    return due;
  }

 private:
  Result<bool> IsDue(const Solution& solution) {
    ATTUNE_TRY(const auto versions, environment_.catalog.All<SolutionVersion>(solution.arn));
    const std::int64_t now_ms = environment_.clock.UnixMilliseconds();
    if (now_ms < NextAutomaticTraining(solution, versions, environment_.automatic)) return false;
    if (std::ranges::any_of(versions, [](const auto& version) { return IsTransient(version.status); })) return false;
    const auto before = std::ranges::find(versions.rbegin(), versions.rend(), std::string("AUTOMATIC"),
                                          &SolutionVersion::training_type);
    // The first one waits for data too: a training without any can only fail.
    const ContentsMark mark =
        before == versions.rend()
            ? ContentsMark{}
            : ContentsMark{before->data_segments, static_cast<std::uint64_t>(before->data_sequence)};
    return HasNewContents(environment_, solution.parent_arn, mark);
  }

  JobEnvironment& environment_;
};

}  // namespace

std::int64_t NextAutomaticTraining(const Solution& solution, const std::vector<SolutionVersion>& versions,
                                   const AutomaticWorkOptions& options) {
  const std::int64_t every_ms = DaysBetween(solution) * kDayMs;
  const std::int64_t from_ms = std::max(solution.created_ms, solution.auto_training_from_ms);
  const std::int64_t first_ms = from_ms + options.first_training_after.count();
  std::int64_t newest_automatic_ms = 0;
  bool is_replaced = false;  // The first one, by a version made by hand.
  for (const auto& version : versions) {
    if (version.created_ms < from_ms) continue;
    if (version.training_type == "AUTOMATIC") newest_automatic_ms = version.created_ms;
    const bool stands = IsTransient(version.status) || version.status == ResourceStatus::kActive;
    is_replaced = is_replaced || (stands && version.training_type != "AUTOMATIC" && version.created_ms <= first_ms);
  }
  if (newest_automatic_ms > 0) return newest_automatic_ms + every_ms;
  return is_replaced ? from_ms + every_ms : first_ms;
}

std::unique_ptr<WorkSource> TrainAutomaticallyWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

}  // namespace attune
