#include "services/personalize_events/put_entities.h"

#include <fmt/format.h>

#include "data/put_record.h"
#include "services/answers.h"
#include "services/personalize_events/dataset_stream.h"
#include "services/personalize_events/ingest_index.h"

namespace attune {
namespace {

/// One of the request's records, whichever kind.
struct Given {
  std::string_view id;
  std::string_view properties;
};

template <class Entity>
std::string_view PropertiesOf(const Entity& entity) {
  return entity.properties ? std::string_view(entity.properties->text) : std::string_view();
}

Status PutRecords(Context& context, const std::string& dataset_arn, DatasetType type, const std::vector<Given>& given) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(dataset_arn, "dataset"));
  ATTUNE_TRY(const auto dataset, context.ingest_index.FindDataset(dataset_arn));
  if (dataset.type != type) {
    return InvalidArgument(fmt::format("{} is a dataset of type {}, not {}.", dataset_arn,
                                       DatasetTypeText(dataset.type), DatasetTypeText(type)));
  }
  const auto group = context.live_groups.Get(dataset.group_uid);
  std::vector<EntityPut> puts;
  std::vector<std::string> payloads;
  if (type == DatasetType::kItems) {
    std::vector<std::string_view> item_ids;
    for (const Given& record : given) item_ids.push_back(record.id);
    const Status room = group->CheckRoomForPut(item_ids);
    if (!room.ok()) return InvalidArgument(room.message());
  }
  for (const Given& record : given) {
    ATTUNE_TRY(auto put,
               ReadEntityProperties(*dataset.schema, record.id, record.properties, context.clock.UnixMilliseconds()));
    payloads.push_back(EncodeEntityPut(put));
    puts.push_back(std::move(put));
  }
  // The log first, memory second: what is visible is never lost.
  ATTUNE_TRY(const auto first_sequence, context.log.Append(DatasetStream(dataset.uid), payloads));
  if (const auto records = context.filter_data.FindRecords(dataset.uid)) records->Apply(puts, first_sequence);
  return group->CatchUp(context.log, *dataset.group_datasets, context.served_lists);
}

}  // namespace

Status PutItems(Context& context, const personalize_events::PutItemsRequest& request) {
  std::vector<Given> given;
  for (const auto& item : request.items) given.push_back({item.item_id, PropertiesOf(item)});
  return PutRecords(context, request.dataset_arn, DatasetType::kItems, given);
}

Status PutUsers(Context& context, const personalize_events::PutUsersRequest& request) {
  std::vector<Given> given;
  for (const auto& user : request.users) given.push_back({user.user_id, PropertiesOf(user)});
  return PutRecords(context, request.dataset_arn, DatasetType::kUsers, given);
}

Status PutActions(Context& context, const personalize_events::PutActionsRequest& request) {
  std::vector<Given> given;
  for (const auto& action : request.actions) given.push_back({action.action_id, PropertiesOf(action)});
  return PutRecords(context, request.dataset_arn, DatasetType::kActions, given);
}

}  // namespace attune
