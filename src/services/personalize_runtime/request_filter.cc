#include "services/personalize_runtime/request_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/answers.h"

namespace attune {
namespace {

/// Which datasets the filter reads.
struct Needs {
  bool items = false;
  bool users = false;
  bool interactions = false;
};

Needs NeedsOf(const CompiledFilter& filter) {
  Needs needs;
  for (const CompiledClause& clause : filter.clauses) {
    if (clause.reads_events) {
      needs.interactions = true;
    } else {
      needs.items = true;
    }
    if (!clause.only_if.empty()) needs.users = true;
  }
  return needs;
}

/// What cannot be read is the server's trouble, not a wrong request: a file that an import has just replaced may be
/// gone.
Status AsServerError(const Status& status) {
  return status.ok() ? status : IoError(fmt::format("what filters need could not be read: {}", status.message()));
}

Status RefreshRecords(const StoredDataset& dataset, FilterData& data, Env& env, const EventLog& log) {
  return AsServerError(data.Records(dataset.uid)->Refresh(dataset, env, log));
}

Status RefreshHistory(const StoredDataset& dataset, FilterData& data, Env& env, const EventLog& log) {
  return AsServerError(data.History(dataset.uid)->Refresh(dataset, env, log));
}

bool IsAskedFor(const RuntimeGroup& group, DatasetType type) {
  return group.has_filters || (group.has_campaigns && type == DatasetType::kUsers);
}

}  // namespace

/// Fills a RequestFilter. CheckFilter has seen that the datasets that it needs are there.
struct RequestFilterMaker {
  static Result<std::unique_ptr<const RequestFilter>> Make(Context& context, const RuntimeGroup& group,
                                                           CompiledFilter compiled, std::string_view user_id) {
    std::unique_ptr<RequestFilter> made(new RequestFilter(context.filter_data));
    made->filter_ = std::move(compiled);
    made->user_id_ = user_id;
    made->request_.filter = &made->filter_;
    made->request_.user_id = made->user_id_;
    const Needs needs = NeedsOf(made->filter_);
    FilterData& data = context.filter_data;
    if (needs.items) {
      const StoredDataset& items = *group.Find(DatasetType::kItems);
      ATTUNE_RETURN_IF_ERROR(RefreshRecords(items, data, context.env, context.log));
      made->request_.items = data.Records(items.uid)->Current();
    }
    if (needs.users) {
      const StoredDataset& users = *group.Find(DatasetType::kUsers);
      ATTUNE_RETURN_IF_ERROR(RefreshRecords(users, data, context.env, context.log));
      made->request_.users = data.Records(users.uid)->Current().table;
    }
    if (needs.interactions) {
      const StoredDataset& interactions = *group.Find(DatasetType::kInteractions);
      ATTUNE_RETURN_IF_ERROR(RefreshHistory(interactions, data, context.env, context.log));
      made->events_ = data.History(interactions.uid)->Find(user_id);
      made->request_.events = made->events_;
    }
    return std::unique_ptr<const RequestFilter>(std::move(made));
  }
};

ItemSet RequestFilter::KeptOf(const Deployment& deployment) const {
  const auto& configuration = deployment.configuration();
  return KeptItems(request_, deployment.shared_model(),
                   *data_.Catalogue(configuration.uid, configuration.artifact_name));
}

Result<std::unique_ptr<const RequestFilter>> OpenRequestFilter(Context& context, const RuntimeCampaign& campaign,
                                                               const NamedFilter& named, std::string_view user_id) {
  if (!named.arn) {
    if (!named.values || named.values->empty()) return std::unique_ptr<const RequestFilter>();
    return InvalidArgument("filterValues is given, but no filterArn.");
  }
  ATTUNE_RETURN_IF_ERROR(CheckArn(*named.arn, "filter"));
  ATTUNE_TRY(const auto filter, context.runtime_index.FindFilter(*named.arn));
  if (filter.group_arn != campaign.group->arn) {
    return InvalidArgument(fmt::format("The filter {} is of the dataset group {}, the campaign of {}.", *named.arn,
                                       filter.group_arn, campaign.group->arn));
  }
  if (filter.expression->target != FilterTarget::kItems) {
    return InvalidArgument(
        fmt::format("The filter {} does not choose among items: it must be about ItemID.", *named.arn));
  }
  ATTUNE_TRY(auto compiled,
             CompileFilter(*filter.expression, campaign.group->schemas, named.values ? *named.values : FilterValues()));
  if (compiled.needs_current_item()) {
    return InvalidArgument(fmt::format(
        "The filter {} asks for the CurrentItem, which only requests of RELATED_ITEMS recipes have; this one is {}.",
        *named.arn, campaign.recipe_name));
  }
  return RequestFilterMaker::Make(context, *campaign.group, std::move(compiled), user_id);
}

bool FilterDataIsFresh(const RuntimeGroup& group, const FilterData& data) {
  return std::ranges::all_of(group.datasets, [&](const auto& each) {
    const auto& [type, dataset] = each;
    if (!IsAskedFor(group, type)) return true;
    switch (type) {
      case DatasetType::kItems:
      case DatasetType::kUsers: {
        const auto records = data.FindRecords(dataset->uid);
        return records && records->IsFresh(*dataset);
      }
      case DatasetType::kInteractions: {
        const auto history = data.FindHistory(dataset->uid);
        return history && history->IsFresh(*dataset);
      }
      case DatasetType::kActions:
      case DatasetType::kActionInteractions: return true;
    }
    return true;
  });
}

Status RefreshFilterData(const RuntimeGroup& group, FilterData& data, Env& env, const EventLog& log) {
  for (const auto& [type, dataset] : group.datasets) {
    if (!IsAskedFor(group, type)) continue;
    switch (type) {
      case DatasetType::kItems:
      case DatasetType::kUsers: ATTUNE_RETURN_IF_ERROR(RefreshRecords(*dataset, data, env, log)); break;
      case DatasetType::kInteractions: ATTUNE_RETURN_IF_ERROR(RefreshHistory(*dataset, data, env, log)); break;
      case DatasetType::kActions:
      case DatasetType::kActionInteractions: break;  // No recipe of this version recommends actions.
    }
  }
  return {};
}

}  // namespace attune
