// A request head from any bytes: first line "METHOD target", then "Name:value" lines, an empty line, the body. Nothing
// that was not signed with the key may verify.
#include <cstddef>
#include <cstdint>

#include "protocol/sigv4.h"

namespace {

class OneKey final : public attune::CredentialStore {
 public:
  std::optional<attune::Credential> Find(std::string_view) const override {
    return attune::Credential{.secret_access_key = "a secret that no input knows", .session_token = {}};
  }
};

std::string_view TakeLine(std::string_view* text) {
  const std::string_view line = text->substr(0, text->find('\n'));
  text->remove_prefix(std::min(line.size() + 1, text->size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  HttpRequestHead head;
  const std::string_view first = TakeLine(&text);
  head.method = first.substr(0, first.find(' '));
  head.target = first.substr(std::min(head.method.size() + 1, first.size()));
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    if (line.empty()) break;
    const std::string_view name = line.substr(0, line.find(':'));
    head.headers.Add(std::string(name), std::string(line.substr(std::min(name.size() + 1, line.size()))));
  }
  FakeClock clock(1'440'938'160'000);
  OneKey store;
  SigV4Verifier verifier(clock, store);
  for (const SignaturePolicy& policy : {kPersonalizeSignatures, kS3Signatures, kIamSignatures}) {
    const auto signature = ReadSignature(head, policy.protocol);
    if (const auto* read = std::get_if<RequestSignature>(&signature)) {
      ATTUNE_CHECK(std::holds_alternative<AwsError>(verifier.Verify(head, text, *read, policy)));
      ATTUNE_CHECK(std::holds_alternative<AwsError>(verifier.VerifyHead(head, *read, policy)));
    }
  }
  return 0;
}
