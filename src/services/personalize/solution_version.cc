#include "services/personalize/solution_version.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/answers.h"
#include "services/personalize/recipe_catalogue.h"

namespace attune {
namespace {

/// UPDATE goes on from a FULL version, and only for recipes that explore new items.
Status CheckUpdate(CatalogTransaction& transaction, const Solution& solution) {
  const RecipeEntry* recipe = FindRecipe(solution.recipe_arn);
  const bool can_update =
      recipe == nullptr || recipe->name == "aws-user-personalization" || recipe->name == "aws-hrnn-coldstart";
  if (!can_update) {
    return InvalidArgument(
        fmt::format("trainingMode UPDATE is for the recipes aws-user-personalization and "
                    "aws-hrnn-coldstart; the recipe is {}.",
                    recipe->name));
  }
  ATTUNE_TRY(const auto versions, transaction.All<SolutionVersion>(solution.arn));
  const bool has_full = std::ranges::any_of(versions, [](const SolutionVersion& version) {
    return version.training_mode == "FULL" && version.status == ResourceStatus::kActive;
  });
  if (has_full) return {};
  return InvalidArgument(fmt::format(
      "trainingMode UPDATE needs an earlier version of {} with trainingMode FULL that is ACTIVE.", solution.arn));
}

personalize::SolutionVersionSummary Summarise(const SolutionVersion& version) {
  personalize::SolutionVersionSummary out{.solution_version_arn = version.arn,
                                          .training_mode = version.training_mode,
                                          .training_type = version.training_type};
  DescribeCommon(version, &out);
  return out;
}

}  // namespace

Result<personalize::CreateSolutionVersionResponse> CreateSolutionVersion(
    Context& context, const personalize::CreateSolutionVersionRequest& request) {
  SolutionVersion version;
  version.parent_arn = request.solution_arn;
  version.training_mode = request.training_mode.value_or("FULL");
  version.training_type = "MANUAL";
  if (version.training_mode == "AUTOTRAIN") {
    return InvalidArgument("trainingMode AUTOTRAIN is the service's own; give FULL or UPDATE.");
  }
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(version.solution, FindChecked<Solution>(transaction, request.solution_arn, "solution"));
    version.dataset_group_arn = version.solution.parent_arn;
    if (version.training_mode == "UPDATE") ATTUNE_RETURN_IF_ERROR(CheckUpdate(transaction, version.solution));
    ATTUNE_TRY(const auto versions, transaction.All<SolutionVersion>(request.solution_arn));
    const bool name_is_taken = request.name && std::ranges::any_of(versions, [&](const SolutionVersion& other) {
                                 return other.name == *request.name;
                               });
    if (name_is_taken) {
      return AlreadyExists(
          fmt::format("The solution {} has a version named {} already.", request.solution_arn, *request.name));
    }
    ATTUNE_RETURN_IF_ERROR(CheckInProgress(context, transaction, ResourceKind::kSolutionVersion,
                                           context.limits.solution_versions_in_progress));
    const std::string digits = context.entropy.Hex(8);
    version.arn = fmt::format("{}/{}", request.solution_arn, digits);
    version.name = request.name.value_or(fmt::format("{}/{}", version.solution.name, digits));
    return InsertWithTags(transaction, version, request.tags);
  });
  if (!stored.ok()) return stored;
  return personalize::CreateSolutionVersionResponse{.solution_version_arn = version.arn};
}

Result<personalize::DescribeSolutionVersionResponse> DescribeSolutionVersion(
    Context& context, const personalize::DescribeSolutionVersionRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.solution_version_arn, "solution"));
  ATTUNE_TRY(const auto version, context.catalog.Find<SolutionVersion>(request.solution_version_arn));
  const Solution& solution = version.solution;
  personalize::SolutionVersion out{.name = version.name,
                                   .solution_version_arn = version.arn,
                                   .solution_arn = version.parent_arn,
                                   .perform_hpo = solution.perform_hpo,
                                   .perform_auto_ml = solution.perform_auto_ml,
                                   .recipe_arn = IfSet(solution.recipe_arn),
                                   .event_type = IfSet(solution.event_type),
                                   .dataset_group_arn = version.dataset_group_arn,
                                   .training_hours = version.training_hours,
                                   .training_mode = version.training_mode,
                                   .training_type = version.training_type};
  if (!solution.solution_config_json.empty()) {
    ATTUNE_TRY(out.solution_config, FromJson<personalize::SolutionConfig>(solution.solution_config_json));
  }
  DescribeCommon(version, &out);
  return personalize::DescribeSolutionVersionResponse{.solution_version = std::move(out)};
}

Result<personalize::ListSolutionVersionsResponse> ListSolutionVersions(
    Context& context, const personalize::ListSolutionVersionsRequest& request) {
  if (request.solution_arn) {
    ATTUNE_RETURN_IF_ERROR(CheckArn(*request.solution_arn, "solution"));
    ATTUNE_RETURN_IF_ERROR(context.catalog.Find<Solution>(*request.solution_arn).status());
  }
  personalize::ListSolutionVersionsResponse out;
  ATTUNE_RETURN_IF_ERROR(ListPage(context, request.solution_arn, "solution", request, &out.solution_versions,
                                  &out.next_token, &Summarise));
  return out;
}

Status StopSolutionVersionCreation(Context& context, const personalize::StopSolutionVersionCreationRequest& request) {
  return context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto version, FindChecked<SolutionVersion>(transaction, request.solution_version_arn, "solution"));
    switch (version.status) {
      case ResourceStatus::kCreatePending: return transaction.Advance(version, ResourceStatus::kCreateStopped);
      case ResourceStatus::kCreateInProgress: return transaction.Advance(version, ResourceStatus::kCreateStopping);
      default:
        return Busy(
            fmt::format("The solution version {} is {}; only one that is pending or in progress can be stopped.",
                        version.arn, StatusText(version.status)));
    }
  });
}

Result<personalize::GetSolutionMetricsResponse> GetSolutionMetrics(
    Context& context, const personalize::GetSolutionMetricsRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.solution_version_arn, "solution"));
  ATTUNE_TRY(const auto version, context.catalog.Find<SolutionVersion>(request.solution_version_arn));
  if (version.status != ResourceStatus::kActive) {
    return Busy(fmt::format("The solution version {} is {}; metrics are there when it is ACTIVE.", version.arn,
                            StatusText(version.status)));
  }
  return personalize::GetSolutionMetricsResponse{
      .solution_version_arn = version.arn,
      .metrics = StringMap<double>(version.metrics.begin(), version.metrics.end())};
}

}  // namespace attune
