#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/value.h"
#include "serve/filter_request.h"
#include "services/context.h"
#include "services/personalize_runtime/runtime_index.h"

namespace attune {

/// The filter of one request, with the data that it asks for as that is now.
class RequestFilter {
 public:
  RequestFilter(const RequestFilter&) = delete;
  RequestFilter& operator=(const RequestFilter&) = delete;

  /// See KeptItems and KeptIds.
  ItemSet KeptOf(const Deployment& deployment) const;
  std::vector<bool> KeptOf(std::span<const std::string_view> item_ids) const { return KeptIds(request_, item_ids); }

 private:
  friend struct RequestFilterMaker;
  explicit RequestFilter(FilterData& data) : data_(data) {}

  FilterData& data_;
  CompiledFilter filter_;
  std::string user_id_;
  std::vector<FilterHistory::Entry> events_;
  FilterRequest request_;  ///< Points into the above.
};

/// What a request names as its filter.
struct NamedFilter {
  const std::optional<std::string>& arn;
  const std::optional<StringMap<std::string>>& values;
};

/// Null where the request has no filter. NotFound for a filter that does not exist; InvalidArgument for one of another
/// group or of users or actions, for one that asks for the current item, and for values that do not fit.
Result<std::unique_ptr<const RequestFilter>> OpenRequestFilter(Context& context, const RuntimeCampaign& campaign,
                                                               const NamedFilter& named, std::string_view user_id);

/// Whether everything that requests of the group may ask for was read, since the last import too: what filters read
/// where there are filters, and users where there are campaigns.
bool FilterDataIsFresh(const RuntimeGroup& group, const FilterData& data);
/// Reads what was not.
Status RefreshFilterData(const RuntimeGroup& group, FilterData& data, Env& env, const EventLog& log);

}  // namespace attune
