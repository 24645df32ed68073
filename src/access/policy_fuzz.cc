// Any bytes as a policy document of each kind: refused, or understood so that what no statement allows is not allowed.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "access/policy_evaluation.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const AccessRequest request{.principal = {.arn = "arn:aws:iam::123456789012:user/u", .account = "123456789012"},
                              .action = "s3:GetObject",
                              .resource = "arn:aws:s3:::bucket/key",
                              .context = {{"aws:username", {"u"}},
                                          {"aws:sourceip", {"127.0.0.1"}},
                                          {"aws:currenttime", {"2026-11-27T00:00:00Z"}},
                                          {"aws:securetransport", {"false"}}}};
  for (const PolicyKind kind : {PolicyKind::kIdentity, PolicyKind::kTrust, PolicyKind::kBucket}) {
    const auto document = PolicyDocument::Parse(text, kind);
    if (!document.ok()) {
      ATTUNE_CHECK(document.status().code() == Code::kInvalidArgument);
      continue;
    }
    const AccessDecision decision = Evaluate(*document, request);
    const auto has = [&](PolicyEffect effect) {
      return std::ranges::any_of(document->statements, [&](const auto& each) { return each.effect == effect; });
    };
    if (decision == AccessDecision::kAllow) ATTUNE_CHECK(has(PolicyEffect::kAllow));
    if (decision == AccessDecision::kDeny) ATTUNE_CHECK(has(PolicyEffect::kDeny));
    ATTUNE_CHECK(Evaluate(*document, request) == decision);
  }
  return 0;
}
