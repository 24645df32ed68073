#include "services/personalize/dataset_group.h"

#include <fmt/format.h>

#include "services/answers.h"

namespace attune {

Result<personalize::CreateDatasetGroupResponse> CreateDatasetGroup(
    Context& context, const personalize::CreateDatasetGroupRequest& request) {
  if (request.role_arn && !request.kms_key_arn) {
    return InvalidArgument("roleArn may be given only together with kmsKeyArn.");
  }
  DatasetGroup group;
  group.name = request.name;
  group.arn = NewArn(context, "dataset-group", request.name);
  group.status = ResourceStatus::kActive;  // It is a record and nothing else: there is nothing to wait for.
  group.role_arn = request.role_arn.value_or("");
  group.kms_key_arn = request.kms_key_arn.value_or("");
  group.domain = request.domain.value_or("");
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(InsertWithTags(transaction, group, request.tags));
    ATTUNE_TRY(const auto count,
               transaction.Count(ResourceKind::kDatasetGroup, {.arn_prefix = NewArn(context, "dataset-group", "")}));
    return CheckLimit(count - 1, context.limits.dataset_groups,
                      fmt::format("More than {} dataset groups.", context.limits.dataset_groups));
  });
  if (!stored.ok()) return stored;
  return personalize::CreateDatasetGroupResponse{.dataset_group_arn = group.arn, .domain = request.domain};
}

Result<personalize::DescribeDatasetGroupResponse> DescribeDatasetGroup(
    Context& context, const personalize::DescribeDatasetGroupRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.dataset_group_arn, "dataset-group"));
  ATTUNE_TRY(const auto group, context.catalog.Find<DatasetGroup>(request.dataset_group_arn));
  personalize::DatasetGroup out{.name = group.name,
                                .dataset_group_arn = group.arn,
                                .role_arn = IfSet(group.role_arn),
                                .kms_key_arn = IfSet(group.kms_key_arn),
                                .domain = IfSet(group.domain)};
  DescribeCommon(group, &out);
  return personalize::DescribeDatasetGroupResponse{.dataset_group = std::move(out)};
}

namespace {

personalize::DatasetGroupSummary Summarise(const DatasetGroup& group) {
  personalize::DatasetGroupSummary out{
      .name = group.name, .dataset_group_arn = group.arn, .domain = IfSet(group.domain)};
  DescribeCommon(group, &out);
  return out;
}

}  // namespace

Result<personalize::ListDatasetGroupsResponse> ListDatasetGroups(Context& context,
                                                                 const personalize::ListDatasetGroupsRequest& request) {
  personalize::ListDatasetGroupsResponse out;
  ATTUNE_RETURN_IF_ERROR(
      ListPage(context, std::nullopt, "", request, &out.dataset_groups, &out.next_token, &Summarise));
  return out;
}

Status DeleteDatasetGroup(Context& context, const personalize::DeleteDatasetGroupRequest& request) {
  std::string uid;
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto group, FindChecked<DatasetGroup>(transaction, request.dataset_group_arn, "dataset-group"));
    uid = group.uid;
    for (const auto kind :
         {ResourceKind::kDataset, ResourceKind::kEventTracker, ResourceKind::kSolution, ResourceKind::kFilter}) {
      ATTUNE_TRY(const auto count, transaction.Count(kind, {.parent_arn = group.arn}));
      if (count > 0) {
        return Busy(fmt::format("The dataset group {} still has {} of kind {}; delete them first.", group.arn, count,
                                KindText(kind)));
      }
    }
    return transaction.Remove(group.arn);
  });
  if (!stored.ok()) return stored;
  context.live_groups.Remove(uid);
  return {};
}

}  // namespace attune
