#include "services/personalize/solution.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/answers.h"
#include "services/personalize/solution_configuration.h"

namespace attune {
namespace {

personalize::SolutionSummary Summarise(const Solution& solution) {
  personalize::SolutionSummary out{
      .name = solution.name, .solution_arn = solution.arn, .recipe_arn = IfSet(solution.recipe_arn)};
  DescribeCommon(solution, &out);
  return out;
}

personalize::SolutionVersionSummary SummariseVersion(const SolutionVersion& version) {
  personalize::SolutionVersionSummary out{.solution_version_arn = version.arn,
                                          .training_mode = version.training_mode,
                                          .training_type = version.training_type};
  DescribeCommon(version, &out);
  return out;
}

}  // namespace

Result<personalize::CreateSolutionResponse> CreateSolution(Context& context,
                                                           const personalize::CreateSolutionRequest& request) {
  Solution solution;
  solution.name = request.name;
  solution.arn = NewArn(context, "solution", request.name);
  solution.parent_arn = request.dataset_group_arn;
  solution.status = ResourceStatus::kActive;
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(FindChecked<DatasetGroup>(transaction, request.dataset_group_arn, "dataset-group").status());
    ATTUNE_RETURN_IF_ERROR(ReadSolution(transaction, request, &solution));
    ATTUNE_TRY(const auto count, transaction.Count(ResourceKind::kSolution, {.parent_arn = request.dataset_group_arn}));
    ATTUNE_RETURN_IF_ERROR(InsertWithTags(transaction, solution, request.tags));
    return CheckLimit(count, context.limits.solutions_per_group,
                      fmt::format("The dataset group {} has {} solutions already; the limit is {}.",
                                  request.dataset_group_arn, count, context.limits.solutions_per_group));
  });
  if (!stored.ok()) return stored;
  return personalize::CreateSolutionResponse{.solution_arn = solution.arn};
}

Result<personalize::DescribeSolutionResponse> DescribeSolution(Context& context,
                                                               const personalize::DescribeSolutionRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.solution_arn, "solution"));
  ATTUNE_TRY(const auto solution, context.catalog.Find<Solution>(request.solution_arn));
  ATTUNE_TRY(const auto versions, context.catalog.All<SolutionVersion>(solution.arn));
  personalize::Solution out{.name = solution.name,
                            .solution_arn = solution.arn,
                            .perform_hpo = solution.perform_hpo,
                            .perform_auto_ml = solution.perform_auto_ml,
                            .perform_auto_training = solution.perform_auto_training,
                            .perform_incremental_update = solution.perform_incremental_update,
                            .recipe_arn = IfSet(solution.recipe_arn),
                            .dataset_group_arn = solution.parent_arn,
                            .event_type = IfSet(solution.event_type)};
  if (!solution.solution_config_json.empty()) {
    ATTUNE_TRY(out.solution_config, FromJson<personalize::SolutionConfig>(solution.solution_config_json));
  }
  if (solution.perform_auto_ml && !versions.empty()) {  // The first version chooses.
    out.auto_ml_result =
        personalize::AutoMLResult{.best_recipe_arn = "arn:aws:personalize:::recipe/aws-user-personalization"};
  }
  if (!versions.empty()) out.latest_solution_version = SummariseVersion(versions.back());
  if (!solution.latest_update_json.empty()) {
    ATTUNE_TRY(out.latest_solution_update, FromJson<personalize::SolutionUpdateSummary>(solution.latest_update_json));
  }
  DescribeCommon(solution, &out);
  return personalize::DescribeSolutionResponse{.solution = std::move(out)};
}

Result<personalize::ListSolutionsResponse> ListSolutions(Context& context,
                                                         const personalize::ListSolutionsRequest& request) {
  personalize::ListSolutionsResponse out;
  ATTUNE_RETURN_IF_ERROR(ListPage(context, request.dataset_group_arn, "dataset-group", request, &out.solutions,
                                  &out.next_token, &Summarise));
  return out;
}

Result<personalize::UpdateSolutionResponse> UpdateSolution(Context& context,
                                                           const personalize::UpdateSolutionRequest& request) {
  if (request.perform_incremental_update.value_or(false)) {
    return InvalidArgument("performIncrementalUpdate is for the recipe aws-semantic-similarity only.");
  }
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto solution, FindChecked<Solution>(transaction, request.solution_arn, "solution"));
    if (request.solution_update_config) {
      const auto& config = *request.solution_update_config;
      if (config.events_config) return InvalidArgument("eventsConfig is for the v2 recipes.");
      if (config.auto_training_config && config.auto_training_config->scheduling_expression) {
        solution.auto_training_expression = *config.auto_training_config->scheduling_expression;
        ATTUNE_RETURN_IF_ERROR(CheckSchedulingExpression(solution.auto_training_expression));
      }
    }
    solution.auto_training_from_ms = context.clock.UnixMilliseconds();  // Even the same rate counts from now.
    if (request.perform_auto_training) solution.perform_auto_training = request.perform_auto_training;
    const Timestamp now{context.clock.UnixMilliseconds()};
    solution.latest_update_json =
        ToJson(personalize::SolutionUpdateSummary{.solution_update_config = request.solution_update_config,
                                                  .status = std::string(StatusText(ResourceStatus::kActive)),
                                                  .perform_auto_training = request.perform_auto_training,
                                                  .perform_incremental_update = request.perform_incremental_update,
                                                  .creation_date_time = now,
                                                  .last_updated_date_time = now});
    return transaction.Update(solution);
  });
  if (!stored.ok()) return stored;
  return personalize::UpdateSolutionResponse{.solution_arn = request.solution_arn};
}

Status DeleteSolution(Context& context, const personalize::DeleteSolutionRequest& request) {
  return context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto solution, FindChecked<Solution>(transaction, request.solution_arn, "solution"));
    ATTUNE_TRY(const auto campaigns, transaction.Count(ResourceKind::kCampaign, {.parent_arn = solution.arn}));
    if (campaigns > 0) {
      return Busy(fmt::format("The solution {} has {} campaigns; delete them first.", solution.arn, campaigns));
    }
    ATTUNE_TRY(const auto versions, transaction.All<SolutionVersion>(solution.arn));
    for (const auto& version : versions) {
      if (IsTransient(version.status)) {
        return Busy(fmt::format("The solution version {} is {}.", version.arn, StatusText(version.status)));
      }
    }
    for (const auto& version : versions) ATTUNE_RETURN_IF_ERROR(transaction.Remove(version.arn));
    return transaction.Remove(solution.arn);
  });
}

}  // namespace attune
