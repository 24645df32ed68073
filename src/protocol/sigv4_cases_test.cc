#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.h"
#include "protocol/sigv4.h"

namespace attune {
namespace {

// 2015-08-30T12:36:00Z, the moment of the published cases.
constexpr std::int64_t kSignedUnixMs = 1'440'938'160'000;
constexpr SignaturePolicy kCaseSignatures{"service", Protocol::kAwsJson11};

class OneKey final : public CredentialStore {
 public:
  explicit OneKey(Credential credential) : credential_(std::move(credential)) {}
  std::optional<Credential> Find(std::string_view access_key_id) const override {
    if (access_key_id != "AKIDEXAMPLE") return std::nullopt;
    return credential_;
  }

 private:
  const Credential credential_;
};

std::string Text(simdjson::dom::element element) { return std::string(std::string_view(element)); }

HttpRequestHead HeadOf(simdjson::dom::element json) {
  HttpRequestHead head;
  head.method = Text(json["method"]);
  head.target = Text(json["target"]);
  for (const auto header : simdjson::dom::array(json["headers"])) {
    head.headers.Add(Text(header.at(0)), Text(header.at(1)));
  }
  return head;
}

template <class T>
std::string CodeOf(const OrAwsError<T>& outcome) {
  const auto* error = std::get_if<AwsError>(&outcome);
  return error ? std::string(error->code()) : "";
}

TEST(SigV4PublishedCases, AreAcceptedInBothForms) {
  std::ifstream file(ATTUNE_VECTORS_DIR "/sigv4/cases.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto document = JsonDocument::Parse(text.str());
  ASSERT_TRUE(document.ok());
  const simdjson::dom::array cases = document->root()["cases"];
  ASSERT_EQ(cases.size(), 38u);
  FakeClock clock(kSignedUnixMs);
  int verified_count = 0;
  for (const auto test_case : cases) {
    const std::string name = Text(test_case["name"]);
    std::string_view token;
    if (test_case["sessionToken"].get(token)) token = {};
    OneKey store({.secret_access_key = Text(test_case["secretAccessKey"]), .session_token = std::string(token)});
    SigV4Verifier verifier(clock, store);
    for (const char* form : {"header", "query"}) {
      SCOPED_TRACE(name + " " + form);
      const auto request = test_case[form]["signedRequest"].value();
      const HttpRequestHead head = HeadOf(request);
      SignaturePolicy policy = kCaseSignatures;
      policy.path_form = bool(test_case["normalize"]) ? PathForm::kNormalized : PathForm::kAsSent;

      const auto signature = ReadSignature(head, policy.protocol);

      ASSERT_EQ(CodeOf(signature), "");
      EXPECT_EQ(CodeOf(verifier.Verify(head, Text(request["body"]), std::get<RequestSignature>(signature), policy)),
                "");
      ++verified_count;
    }
  }
  EXPECT_EQ(verified_count, 76);
}

}  // namespace
}  // namespace attune
