// Any bytes as the body of requests of all three services: an error or a struct, and what is encoded reads back.
#include <cstddef>
#include <cstdint>

#include "protocol/generated/personalize.h"
#include "protocol/generated/personalize_events.h"
#include "protocol/generated/personalize_runtime.h"

namespace {

template <class Request>
void Check(std::string_view body) {
  Request request;
  if (attune::DecodeRequest(body, &request)) return;
  const std::string text = attune::ToJson(request);
  Request again;
  ATTUNE_CHECK(!attune::DecodeRequest(text, &again));
  // Rendered once more, so that moments rounded to milliseconds compare equal.
  ATTUNE_CHECK(attune::ToJson(again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  Check<attune::personalize::CreateSolutionRequest>(body);
  Check<attune::personalize::CreateDatasetGroupRequest>(body);
  Check<attune::personalize::CreateBatchInferenceJobRequest>(body);
  Check<attune::personalize::CreateMetricAttributionRequest>(body);
  Check<attune::personalize::ListCampaignsRequest>(body);
  Check<attune::personalize_runtime::GetRecommendationsRequest>(body);
  Check<attune::personalize_runtime::GetPersonalizedRankingRequest>(body);
  Check<attune::personalize_events::PutEventsRequest>(body);
  Check<attune::personalize_events::PutItemsRequest>(body);
  return 0;
}
