#include "serve/user_query.h"

namespace attune {

UserQuery::UserQuery(const Deployment& deployment, std::string_view user_id, std::span<const NamedValue> context,
                     std::span<const NamedValue> user_attributes)
    : context_(context), user_attributes_(user_attributes) {
  const RecommenderModel& model = deployment.model();
  const TrainedHistory trained = model.FindHistory(user_id);
  trained_user_ = trained.user;
  for (std::size_t i = 0; i < trained.items.size(); ++i) {
    if (trained.items[i] >= model.trained_item_count()) continue;
    Append(trained.items[i], trained.timestamp_ms[i], trained.event_type[i], trained.event_value[i]);
  }
  // Items that training did not meet say nothing of what comes next: what stands before them speaks.
  for (const SessionEvent& event : deployment.group().sessions().Find(user_id, model.log_sequence())) {
    const auto item = model.FindItem(event.item_id);
    if (item && *item < model.trained_item_count()) {
      Append(*item, event.timestamp_ms, model.FindEventType(event.event_type), event.event_value);
    }
  }
}

Query UserQuery::query() const {
  return {.items = items_,
          .timestamp_ms = timestamp_ms_,
          .event_type = event_type_,
          .event_value = event_value_,
          .trained_user = trained_user_,
          .context = context_,
          .user_attributes = user_attributes_};
}

void UserQuery::Append(std::uint32_t item, std::int64_t timestamp_ms, std::uint32_t event_type, float event_value) {
  items_.push_back(item);
  timestamp_ms_.push_back(timestamp_ms);
  event_type_.push_back(event_type);
  event_value_.push_back(event_value);
}

}  // namespace attune
