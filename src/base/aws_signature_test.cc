#include "base/aws_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.h"

namespace attune {
namespace {

using testing::Contains;
using testing::Pair;
using testing::SizeIs;

class PublishedCases : public testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(ATTUNE_VECTORS_DIR "/sigv4/cases.json");
    std::stringstream text;
    text << file.rdbuf();
    text_ = text.str();
    auto document = JsonDocument::Parse(text_);
    ASSERT_TRUE(document.ok()) << document.status().ToString();
    document_.emplace(std::move(*document));
    ASSERT_THAT(Cases(), SizeIs(38));
  }

  simdjson::dom::array Cases() const { return document_->root()["cases"]; }

  std::string text_;
  std::optional<JsonDocument> document_;
};

std::string Text(simdjson::dom::element element) { return std::string(std::string_view(element)); }

struct Request {
  explicit Request(simdjson::dom::element json) : method(Text(json["method"])), body(Text(json["body"])) {
    const std::string target = Text(json["target"]);
    path = target.substr(0, target.find('?'));
    if (target.size() > path.size()) query = target.substr(path.size() + 1);
    for (const auto header : simdjson::dom::array(json["headers"])) {
      headers.emplace_back(Text(header.at(0)), Text(header.at(1)));
    }
  }

  std::string method;
  std::string path;
  std::string query;
  std::vector<SignedHeaderField> headers;
  std::string body;
};

// 2015-08-30T12:36:00Z, the moment of every case.
constexpr std::int64_t kCaseUnixMs = 1'440'938'160'000;

RequestToSign ToSign(const Request& request, std::string_view payload_hash, bool normalize) {
  return {.method = request.method,
          .path = request.path,
          .query = request.query,
          .headers = request.headers,
          .payload_hash = payload_hash,
          .unix_ms = kCaseUnixMs,
          .region = "us-east-1",
          .service = "service",
          .path_form = normalize ? PathForm::kNormalized : PathForm::kAsSent};
}

SigningCredentials CredentialsOf(simdjson::dom::element test_case) {
  std::string_view token;
  if (bool(test_case["omitSessionToken"]) || test_case["sessionToken"].get(token)) token = {};
  return {Text(test_case["accessKeyId"]), Text(test_case["secretAccessKey"]), std::string(token)};
}

TEST_F(PublishedCases, AreSignedInTheHeaderForm) {
  for (const auto test_case : Cases()) {
    SCOPED_TRACE(Text(test_case["name"]));
    Request request(test_case["request"]);
    const std::string payload_hash = ToHex(Sha256(request.body));
    if (bool(test_case["signBody"])) request.headers.emplace_back("x-amz-content-sha256", payload_hash);

    const auto added =
        SignHeaders(CredentialsOf(test_case), ToSign(request, payload_hash, bool(test_case["normalize"])));

    ASSERT_TRUE(added);
    const Request expected(test_case["header"]["signedRequest"]);
    for (const auto& field : *added) EXPECT_THAT(expected.headers, Contains(field));
  }
}

TEST_F(PublishedCases, AreSignedInTheQueryForm) {
  for (const auto test_case : Cases()) {
    SCOPED_TRACE(Text(test_case["name"]));
    const Request request(test_case["request"]);
    const std::string payload_hash = ToHex(Sha256(request.body));

    const auto query =
        PresignQuery(CredentialsOf(test_case), ToSign(request, payload_hash, bool(test_case["normalize"])), 3600);

    ASSERT_TRUE(query);
    EXPECT_THAT(*query, testing::HasSubstr("&X-Amz-Signature=" + Text(test_case["query"]["signature"])));
  }
}

TEST_F(PublishedCases, HaveTheCanonicalRequestAndStringToSignThatTheyState) {
  const CredentialScope scope{"20150830", "us-east-1", "service"};
  for (const auto test_case : Cases()) {
    SCOPED_TRACE(Text(test_case["name"]));
    const Request request(test_case["header"]["signedRequest"]);
    const std::string expected = Text(test_case["header"]["canonicalRequest"]);
    // The last but one line of the canonical request.
    std::string names = expected.substr(0, expected.rfind('\n'));
    names = names.substr(names.rfind('\n') + 1);
    std::vector<std::string_view> signed_headers;
    for (std::string_view left = names; !left.empty();) {
      signed_headers.push_back(left.substr(0, left.find(';')));
      left.remove_prefix(std::min(signed_headers.back().size() + 1, left.size()));
    }

    const auto canonical =
        CanonicalRequest({.method = request.method,
                          .path = request.path,
                          .query = request.query,
                          .path_form = bool(test_case["normalize"]) ? PathForm::kNormalized : PathForm::kAsSent,
                          .headers = request.headers,
                          .signed_headers = signed_headers,
                          .payload_hash = ToHex(Sha256(request.body))});

    EXPECT_EQ(canonical, expected);
    EXPECT_EQ(StringToSign("20150830T123600Z", scope, *canonical), Text(test_case["header"]["stringToSign"]));
  }
}

TEST(CanonicalRequest, KeepsAnS3KeyAsItIs) {
  const std::vector<SignedHeaderField> headers = {{"Host", "b"}};
  const std::string_view names[] = {"host"};

  const auto canonical = CanonicalRequest({.method = "GET",
                                           .path = "/b//a/../%2e%2e/x%20y%2Fz+",
                                           .query = "",
                                           .path_form = PathForm::kS3,
                                           .headers = headers,
                                           .signed_headers = names,
                                           .payload_hash = kUnsignedPayload});

  EXPECT_EQ(canonical, "GET\n/b//a/../../x%20y/z%2B\n\nhost:b\n\nhost\nUNSIGNED-PAYLOAD");
}

TEST(CanonicalRequest, IsNothingForAWrongEscape) {
  EXPECT_FALSE(CanonicalRequest({.method = "GET", .path = "/%zz", .query = "", .path_form = PathForm::kS3}));
  EXPECT_FALSE(CanonicalRequest({.method = "GET", .path = "/", .query = "a=%4"}));
}

TEST(AmzDate, IsReadAndWritten) {
  EXPECT_EQ(FormatAmzDate(kCaseUnixMs + 999), "20150830T123600Z");
  EXPECT_EQ(ParseAmzDate("20150830T123600Z"), kCaseUnixMs);
  EXPECT_EQ(ParseAmzDate("20240229T235959Z"), 1'709'251'199'000);
}

TEST(AmzDate, RefusesOtherForms) {
  for (const char* text : {"", "20150830T123600", "2015-08-30T12:36:00Z", "20150230T000000Z", "20151301T000000Z",
                           "20150830T240000Z", "20150830T123660Z", "2015083OT123600Z", "20150830 123600Z"}) {
    EXPECT_EQ(ParseAmzDate(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace attune
