// What a request costs between the socket and its handler. See README.md beside this file.
#include <benchmark/benchmark.h>

#include "protocol/generated/personalize_events.h"
#include "protocol/generated/personalize_runtime.h"
#include "protocol/operation.h"
#include "protocol/sigv4.h"

namespace attune {
namespace {

constexpr std::string_view kGetRecommendations =
    R"({"campaignArn":"arn:aws:personalize:us-east-1:123456789012:campaign/demo","userId":"101","numResults":25})";

constexpr std::string_view kPutEvents =
    R"({"trackingId":"820029aa-0f6c-4a4b-9d3e-0123456789ab","userId":"101","sessionId":"session-1","eventList":[)"
    R"({"eventId":"e1","eventType":"click","itemId":"245","sentAt":1553631760,)"
    R"("recommendationId":"RID-8f3c0a8e-5f1d-4f5a-9f4a-0f3f0c4a0a11","impression":["245","240","241"],)"
    R"("properties":"{\"numRatings\": 1}"}]})";

void BM_DecodeGetRecommendations(benchmark::State& state) {
  for (auto _ : state) {
    personalize_runtime::GetRecommendationsRequest request;
    const auto error = DecodeRequest(kGetRecommendations, &request);
    if (error || request.user_id != "101") state.SkipWithError("not decoded");
    benchmark::DoNotOptimize(request);
  }
}
BENCHMARK(BM_DecodeGetRecommendations);

void BM_DecodePutEvents(benchmark::State& state) {
  for (auto _ : state) {
    personalize_events::PutEventsRequest request;
    const auto error = DecodeRequest(kPutEvents, &request);
    if (error || request.event_list[0].impression->size() != 3) state.SkipWithError("not decoded");
    benchmark::DoNotOptimize(request);
  }
}
BENCHMARK(BM_DecodePutEvents);

/// Bodies of changing size, as threads meet them: the parser's memory must not be made anew each time.
void BM_DecodeBothInTurn(benchmark::State& state) {
  for (auto _ : state) {
    personalize_runtime::GetRecommendationsRequest recommendations;
    personalize_events::PutEventsRequest events;
    if (DecodeRequest(kGetRecommendations, &recommendations) || DecodeRequest(kPutEvents, &events)) {
      state.SkipWithError("not decoded");
    }
    benchmark::DoNotOptimize(recommendations);
    benchmark::DoNotOptimize(events);
  }
}
BENCHMARK(BM_DecodeBothInTurn);

void BM_EncodeTwentyFiveItems(benchmark::State& state) {
  personalize_runtime::GetRecommendationsResponse response;
  for (int i = 0; i < 25; ++i)
    response.item_list.push_back({.item_id = std::to_string(i), .score = 0.0039451 / (i + 1)});
  response.recommendation_id = "RID-8f3c0a8e-5f1d-4f5a-9f4a-0f3f0c4a0a11";
  for (auto _ : state) {
    const std::string text = ToJson(response);
    if (text.size() < 500) state.SkipWithError("not encoded");
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(BM_EncodeTwentyFiveItems);

class OneKey final : public CredentialStore {
 public:
  std::optional<Credential> Find(std::string_view access_key_id) const override {
    if (access_key_id != "AKIDEXAMPLE") return std::nullopt;
    return Credential{.secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  }
};

void BM_VerifySignature(benchmark::State& state) {
  FakeClock clock;
  OneKey store;
  SigV4Verifier verifier(clock, store);
  HttpRequestHead head;
  head.method = "POST";
  head.target = "/recommendations";
  head.headers.Add("Host", "127.0.0.1:8080");
  head.headers.Add("Accept-Encoding", "identity");
  head.headers.Add("Content-Type", "application/json");
  head.headers.Add("Content-Length", std::to_string(kGetRecommendations.size()));
  const std::vector<SignedHeaderField> headers = {{"Host", "127.0.0.1:8080"}, {"Content-Type", "application/json"}};
  const auto added = SignHeaders({"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
                                 {.method = head.method,
                                  .path = head.path(),
                                  .query = {},
                                  .headers = headers,
                                  .payload_hash = ToHex(Sha256(kGetRecommendations)),
                                  .unix_ms = clock.UnixMilliseconds(),
                                  .region = "us-east-1",
                                  .service = "personalize"});
  for (const auto& [name, value] : *added) head.headers.Add(name, value);
  for (auto _ : state) {
    const auto signature = ReadSignature(head, Protocol::kRestJson);
    const auto verified =
        verifier.Verify(head, kGetRecommendations, std::get<RequestSignature>(signature), kPersonalizeSignatures);
    if (!std::holds_alternative<VerifiedSignature>(verified)) state.SkipWithError("not verified");
    benchmark::DoNotOptimize(verified);
  }
}
BENCHMARK(BM_VerifySignature);

void BM_DeriveSigningKey(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        DeriveSigningKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {"20150830", "us-east-1", "personalize"}));
  }
}
BENCHMARK(BM_DeriveSigningKey);

void BM_Sha256OfABody(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Sha256(kGetRecommendations));
}
BENCHMARK(BM_Sha256OfABody);

}  // namespace
}  // namespace attune

BENCHMARK_MAIN();
