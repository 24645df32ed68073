#include "protocol/sigv4.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

namespace attune {
namespace {

// 2015-08-30T12:36:00Z
constexpr std::int64_t kSignedUnixMs = 1'440'938'160'000;
constexpr std::int64_t kMinuteMs = 60'000;

class FakeCredentials final : public CredentialStore {
 public:
  std::optional<Credential> Find(std::string_view access_key_id) const override {
    const auto found = credentials.find(access_key_id);
    if (found == credentials.end()) return std::nullopt;
    return found->second;
  }

  std::map<std::string, Credential, std::less<>> credentials;
};

template <class T>
std::string CodeOf(const OrAwsError<T>& outcome) {
  const auto* error = std::get_if<AwsError>(&outcome);
  return error ? std::string(error->code()) : "";
}

/// A request as a client would send it, signed at kSignedUnixMs by AKIDEXAMPLE, which tests then spoil.
class SigV4 : public testing::Test {
 protected:
  static constexpr std::string_view kBody = R"({"name":"dsg1"})";

  SigV4() {
    store_.credentials["AKIDEXAMPLE"] = {.secret_access_key = "secretsecretsecret"};
    store_.credentials["ASIASESSION"] = {.secret_access_key = "sessionsecret1234",
                                         .session_token = "token",
                                         .expires_unix_ms = kSignedUnixMs + 5 * kMinuteMs};
  }

  HttpRequestHead Unsigned() const {
    HttpRequestHead head;
    head.method = "POST";
    head.target = "/";
    head.headers.Add("Host", "127.0.0.1:8080");
    head.headers.Add("Content-Type", "application/x-amz-json-1.1");
    head.headers.Add("X-Amz-Target", "AmazonPersonalize.CreateDatasetGroup");
    return head;
  }

  static RequestToSign ToSign(const HttpRequestHead& head, std::string_view payload_hash,
                              std::string_view service = "personalize") {
    return {.method = head.method,
            .path = head.path(),
            .query = head.query(),
            .headers = head.headers.fields(),
            .payload_hash = payload_hash,
            .unix_ms = kSignedUnixMs,
            .region = "eu-central-1",
            .service = service,
            .path_form = service == "s3" ? PathForm::kS3 : PathForm::kNormalized};
  }

  static void Sign(const SigningCredentials& credentials, const RequestToSign& request, HttpRequestHead* head) {
    const auto added = SignHeaders(credentials, request);
    ASSERT_TRUE(added);
    for (const auto& [name, value] : *added) head->headers.Add(name, value);
  }

  HttpRequestHead Signed(const SigningCredentials& credentials = {"AKIDEXAMPLE", "secretsecretsecret"},
                         std::string_view service = "personalize") const {
    HttpRequestHead head = Unsigned();
    const std::string payload_hash = ToHex(Sha256(kBody));
    Sign(credentials, ToSign(head, payload_hash, service), &head);
    return head;
  }

  /// A copy whose header `name` reads `value`.
  static HttpRequestHead With(const HttpRequestHead& head, std::string_view name, std::string value) {
    HttpRequestHead changed = head;
    changed.headers = {};
    for (const auto& [field, old] : head.headers.fields()) {
      changed.headers.Add(field, std::string_view(field) == name ? value : old);
    }
    return changed;
  }

  OrAwsError<VerifiedSignature> Verify(const HttpRequestHead& head, std::string_view body = kBody,
                                       const SignaturePolicy& policy = kPersonalizeSignatures) {
    auto signature = ReadSignature(head, policy.protocol);
    if (auto* error = std::get_if<AwsError>(&signature)) return std::move(*error);
    return verifier_.Verify(head, body, std::get<RequestSignature>(signature), policy);
  }

  FakeClock clock_{kSignedUnixMs};
  FakeCredentials store_;
  SigV4Verifier verifier_{clock_, store_};
};

TEST_F(SigV4, AcceptsASignedRequestAndSaysWhoAndWhere) {
  const auto verified = Verify(Signed());

  ASSERT_EQ(CodeOf(verified), "");
  EXPECT_EQ(std::get<VerifiedSignature>(verified).access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(std::get<VerifiedSignature>(verified).region, "eu-central-1");
  EXPECT_EQ(CodeOf(Verify(Signed())), "") << "with the signing key kept";
}

TEST_F(SigV4, AcceptsAnAccessKeyIdOfAnyForm) {
  store_.credentials["my/odd=key"] = {.secret_access_key = "secretsecretsecret"};

  EXPECT_EQ(CodeOf(Verify(Signed({"my/odd=key", "secretsecretsecret"}))), "");
}

TEST_F(SigV4, RefusesARequestWithoutSignature) {
  EXPECT_EQ(CodeOf(Verify(Unsigned())), "MissingAuthenticationTokenException");
  EXPECT_EQ(CodeOf(Verify(Unsigned(), kBody, kIamSignatures)), "MissingAuthenticationToken");
  EXPECT_EQ(CodeOf(Verify(Unsigned(), kBody, kS3Signatures)), "AccessDenied");
}

TEST_F(SigV4, RefusesAWrongSecret) {
  EXPECT_EQ(CodeOf(Verify(Signed({"AKIDEXAMPLE", "anothersecretsecret"}))), "InvalidSignatureException");
  EXPECT_EQ(CodeOf(Verify(Signed({"AKIDEXAMPLE", "anothersecretsecret"}, "sts"), kBody, kStsSignatures)),
            "SignatureDoesNotMatch");
}

TEST_F(SigV4, RefusesAnUnknownKey) {
  EXPECT_EQ(CodeOf(Verify(Signed({"AKIDUNKNOWN", "secretsecretsecret"}))), "UnrecognizedClientException");
  EXPECT_EQ(CodeOf(Verify(Signed({"AKIDUNKNOWN", "secretsecretsecret"}, "iam"), kBody, kIamSignatures)),
            "InvalidClientTokenId");
}

TEST_F(SigV4, AcceptsFifteenMinutesOfSkewEitherWayAndNoMore) {
  for (const int sign : {1, -1}) {
    clock_.SetUnixMilliseconds(kSignedUnixMs + sign * SigV4Verifier::kSkewMaxMs);
    EXPECT_EQ(CodeOf(Verify(Signed())), "") << sign;
    clock_.SetUnixMilliseconds(kSignedUnixMs + sign * (SigV4Verifier::kSkewMaxMs + 1));
    EXPECT_EQ(CodeOf(Verify(Signed())), "RequestExpired") << sign;
  }
}

TEST_F(SigV4, RefusesTheSameRequestReplayedAfterTheWindow) {
  const HttpRequestHead head = Signed();
  EXPECT_EQ(CodeOf(Verify(head)), "");

  clock_.Advance(std::chrono::minutes(16));

  EXPECT_EQ(CodeOf(Verify(head)), "RequestExpired");
}

TEST_F(SigV4, RefusesAnAlteredBody) {
  EXPECT_EQ(CodeOf(Verify(Signed(), R"({"name":"dsg2"})")), "InvalidSignatureException");
}

TEST_F(SigV4, RefusesABodyOtherThanTheDeclaredOne) {
  HttpRequestHead head = Unsigned();
  const std::string payload_hash = ToHex(Sha256(kBody));
  head.headers.Add("x-amz-content-sha256", payload_hash);
  Sign({"AKIDEXAMPLE", "secretsecretsecret"}, ToSign(head, payload_hash), &head);

  EXPECT_EQ(CodeOf(Verify(head)), "");
  EXPECT_EQ(CodeOf(Verify(head, "{}")), "InvalidSignatureException");
}

TEST_F(SigV4, RefusesAnAlteredHeaderMethodOrTarget) {
  const HttpRequestHead good = Signed();
  HttpRequestHead method = good;
  method.method = "PUT";
  HttpRequestHead target = good;
  target.target = "/?a=b";

  EXPECT_EQ(CodeOf(Verify(With(good, "X-Amz-Target", "AmazonPersonalize.DeleteDatasetGroup"))),
            "InvalidSignatureException");
  EXPECT_EQ(CodeOf(Verify(method)), "InvalidSignatureException");
  EXPECT_EQ(CodeOf(Verify(target)), "InvalidSignatureException");
}

TEST_F(SigV4, RefusesAHeaderAddedASecondTime) {
  HttpRequestHead head = Signed();
  head.headers.Add("X-Amz-Target", "AmazonPersonalize.DeleteDatasetGroup");

  EXPECT_EQ(CodeOf(Verify(head)), "InvalidSignatureException");
}

TEST_F(SigV4, RefusesTwoAuthorizationsOrDates) {
  HttpRequestHead authorization = Signed();
  authorization.headers.Add("Authorization", std::string(*authorization.headers.Find("Authorization")));
  HttpRequestHead date = Signed();
  date.headers.Add("X-Amz-Date", "20150830T123600Z");
  HttpRequestHead both_forms = Signed();
  both_forms.target = "/?X-Amz-Signature=1";

  EXPECT_EQ(CodeOf(Verify(authorization)), "IncompleteSignatureException");
  EXPECT_EQ(CodeOf(Verify(date)), "IncompleteSignatureException");
  EXPECT_EQ(CodeOf(Verify(both_forms)), "IncompleteSignatureException");
}

TEST_F(SigV4, RefusesAnUnsignedHeaderThatMustBeSigned) {
  HttpRequestHead amazon = Signed();
  amazon.headers.Add("X-Amz-Meta-Added", "1");
  HttpRequestHead host_unsigned;
  host_unsigned.method = "POST";
  host_unsigned.target = "/";
  Sign({"AKIDEXAMPLE", "secretsecretsecret"}, ToSign(host_unsigned, ToHex(Sha256(kBody))), &host_unsigned);

  EXPECT_EQ(CodeOf(Verify(amazon)), "InvalidSignatureException");
  EXPECT_EQ(CodeOf(Verify(host_unsigned)), "InvalidSignatureException");
  EXPECT_EQ(CodeOf(Verify(amazon, kBody, {"personalize", Protocol::kRestXml})), "AccessDenied");
}

TEST_F(SigV4, LetsHeadersBeUnsignedThatProxiesChange) {
  HttpRequestHead head = Signed();
  head.headers.Add("User-Agent", "Boto3");
  head.headers.Add("amz-sdk-request", "attempt=1");
  head.headers.Add("Accept-Encoding", "identity");

  EXPECT_EQ(CodeOf(Verify(head)), "");
}

TEST_F(SigV4, RefusesAScopeOfAnotherService) {
  EXPECT_EQ(CodeOf(Verify(Signed({"AKIDEXAMPLE", "secretsecretsecret"}, "s3"))), "InvalidSignatureException");
  EXPECT_EQ(CodeOf(Verify(Signed(), kBody, kS3Signatures)), "AuthorizationHeaderMalformed");
}

TEST_F(SigV4, RefusesAScopeOfAnotherDate) {
  const HttpRequestHead good = Signed();
  std::string authorization(*good.headers.Find("Authorization"));
  authorization.replace(authorization.find("/20150830/"), 10, "/20150829/");

  const auto outcome = Verify(With(good, "Authorization", authorization));

  EXPECT_EQ(CodeOf(outcome), "InvalidSignatureException");
  EXPECT_THAT(std::get<AwsError>(outcome).message, testing::HasSubstr("'20150829' != '20150830'"));
}

TEST_F(SigV4, RefusesMalformedAuthorizations) {
  const HttpRequestHead good = Signed();
  const std::string digits(64, 'a');
  const std::string credential = "Credential=AKIDEXAMPLE/20150830/us-east-1/personalize/aws4_request";
  const std::string names = "SignedHeaders=host;x-amz-date";
  const std::string cases[] = {
      "",
      "Basic dXNlcjpwYXNz",
      "AWS4-HMAC-SHA256",
      "AWS4-ECDSA-P256-SHA256 " + credential + ", " + names + ", Signature=" + digits,
      "AWS4-HMAC-SHA256 " + names + ", Signature=" + digits,
      "AWS4-HMAC-SHA256 " + credential + ", Signature=" + digits,
      "AWS4-HMAC-SHA256 " + credential + ", " + names,
      "AWS4-HMAC-SHA256 " + credential + ", " + credential + ", " + names + ", Signature=" + digits,
      "AWS4-HMAC-SHA256 " + credential + ", " + names + ", Signature=" + digits + "a",
      "AWS4-HMAC-SHA256 " + credential + ", " + names + ", Signature=" + std::string(64, 'A'),
      "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=x-amz-date;host, Signature=" + digits,
      "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host;host, Signature=" + digits,
      "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=Host, Signature=" + digits,
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/aws4_request, " + names + ", Signature=" + digits,
      "AWS4-HMAC-SHA256 Credential=/20150830/us-east-1/personalize/aws4_request, " + names + ", Signature=" + digits,
      "AWS4-HMAC-SHA256 Credential=A/20150830/US EAST/personalize/aws4_request, " + names + ", Signature=" + digits,
      "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/personalize/aws5, " + names + ", Signature=" + digits,
  };
  for (const std::string& authorization : cases) {
    EXPECT_EQ(CodeOf(Verify(With(good, "Authorization", authorization))), "IncompleteSignatureException")
        << authorization;
  }
  EXPECT_EQ(CodeOf(Verify(With(good, "X-Amz-Date", "yesterday"))), "IncompleteSignatureException");
}

TEST_F(SigV4, ComparesTheSessionTokenWithTheKeys) {
  EXPECT_EQ(CodeOf(Verify(Signed({"ASIASESSION", "sessionsecret1234", "token"}))), "");
  EXPECT_EQ(CodeOf(Verify(Signed({"ASIASESSION", "sessionsecret1234", "other"}))), "UnrecognizedClientException");
  EXPECT_EQ(CodeOf(Verify(Signed({"ASIASESSION", "sessionsecret1234"}))), "UnrecognizedClientException");
  EXPECT_EQ(CodeOf(Verify(Signed({"AKIDEXAMPLE", "secretsecretsecret", "token"}))), "UnrecognizedClientException");
}

TEST_F(SigV4, RefusesAnEndedSession) {
  clock_.Advance(std::chrono::minutes(5));

  EXPECT_EQ(CodeOf(Verify(Signed({"ASIASESSION", "sessionsecret1234", "token"}))), "ExpiredTokenException");
}

TEST_F(SigV4, FollowsASecretThatIsReplaced) {
  EXPECT_EQ(CodeOf(Verify(Signed())), "");
  store_.credentials["AKIDEXAMPLE"].secret_access_key = "rotatedrotatedrotated";

  EXPECT_EQ(CodeOf(Verify(Signed())), "InvalidSignatureException");
  EXPECT_EQ(CodeOf(Verify(Signed({"AKIDEXAMPLE", "rotatedrotatedrotated"}))), "");
}

TEST_F(SigV4, BoundsWhatAnAuthorizationMayHold) {
  const auto read = [&](std::string_view id, std::string_view region, std::size_t header_count) {
    std::string names = "a000";
    for (std::size_t i = 1; i < header_count; ++i) names += fmt::format(";a{:03}", i);
    const std::string authorization = fmt::format(
        "AWS4-HMAC-SHA256 Credential={}/20150830/{}/personalize/aws4_request, SignedHeaders={}, Signature={}", id,
        region, names, std::string(64, 'a'));
    return CodeOf(ReadSignature(With(Signed(), "Authorization", authorization), Protocol::kAwsJson11));
  };
  const std::string longest_id(kAccessKeyIdMax, 'A');
  const std::string longest_region(kRegionMax, 'r');

  EXPECT_EQ(read(longest_id, longest_region, kSignedHeadersMax), "");
  EXPECT_EQ(read(longest_id + "A", "r", 1), "IncompleteSignatureException");
  EXPECT_EQ(read("A", longest_region + "r", 1), "IncompleteSignatureException");
  EXPECT_EQ(read("A", "r", kSignedHeadersMax + 1), "IncompleteSignatureException");
}

TEST_F(SigV4, KeepsABoundedNumberOfSigningKeys) {
  const auto verify_in = [&](std::size_t region) {
    const std::string name = fmt::format("region-{}", region);
    HttpRequestHead head = Unsigned();
    const std::string payload_hash = ToHex(Sha256(kBody));
    RequestToSign request = ToSign(head, payload_hash);
    request.region = name;
    Sign({"AKIDEXAMPLE", "secretsecretsecret"}, request, &head);
    return CodeOf(Verify(head));
  };
  for (std::size_t i = 0; i < SigV4Verifier::kSigningKeysMax; ++i) ASSERT_EQ(verify_in(i), "");
  EXPECT_EQ(verifier_.signing_key_count(), SigV4Verifier::kSigningKeysMax);

  EXPECT_EQ(verify_in(SigV4Verifier::kSigningKeysMax), "");

  EXPECT_EQ(verifier_.signing_key_count(), 1u);
  EXPECT_EQ(verify_in(0), "") << "a key that was forgotten is derived again";
}

TEST_F(SigV4, KeepsNoKeyForASignatureThatIsWrong) {
  EXPECT_EQ(CodeOf(Verify(Signed({"AKIDEXAMPLE", "anothersecretsecret"}))), "InvalidSignatureException");

  EXPECT_EQ(verifier_.signing_key_count(), 0u);
}

TEST_F(SigV4, VerifiesFromManyThreads) {
  const HttpRequestHead good = Signed();
  const HttpRequestHead bad = Signed({"AKIDEXAMPLE", "anothersecretsecret"});
  std::atomic<int> right_count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        if (CodeOf(Verify(good)).empty() && CodeOf(Verify(bad)) == "InvalidSignatureException") ++right_count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(right_count, 200);
}

class SigV4OnS3 : public SigV4 {
 protected:
  HttpRequestHead Put(std::string payload_hash) const {
    HttpRequestHead head;
    head.method = "PUT";
    head.target = "/bucket/a%20key/../x";
    head.headers.Add("Host", "127.0.0.1:8080");
    head.headers.Add("x-amz-content-sha256", payload_hash);
    Sign({"AKIDEXAMPLE", "secretsecretsecret"}, ToSign(head, payload_hash, "s3"), &head);
    return head;
  }

  HttpRequestHead Presigned(std::int64_t expires_s) const {
    HttpRequestHead head;
    head.method = "GET";
    head.target = "/bucket/key?response-content-type=text%2Fplain";
    head.headers.Add("Host", "127.0.0.1:8080");
    const auto query =
        PresignQuery({"AKIDEXAMPLE", "secretsecretsecret"}, ToSign(head, kUnsignedPayload, "s3"), expires_s);
    head.target = "/bucket/key?" + *query;
    return head;
  }

  OrAwsError<VerifiedSignature> VerifyHead(const HttpRequestHead& head) {
    auto signature = ReadSignature(head, Protocol::kRestXml);
    if (auto* error = std::get_if<AwsError>(&signature)) return std::move(*error);
    return verifier_.VerifyHead(head, std::get<RequestSignature>(signature), kS3Signatures);
  }
};

TEST_F(SigV4OnS3, VerifiesOverTheDeclaredHashAndLeavesTheBodyToBeChecked) {
  const auto verified = VerifyHead(Put(ToHex(Sha256("content"))));

  ASSERT_EQ(CodeOf(verified), "");
  EXPECT_EQ(std::get<VerifiedSignature>(verified).payload_check, PayloadCheck::kHash);
  PayloadHashCheck good(std::get<VerifiedSignature>(verified).payload_hash);
  good.Update(AsBytes("con"));
  good.Update(AsBytes("tent"));
  EXPECT_FALSE(good.Finish());
  PayloadHashCheck bad(std::get<VerifiedSignature>(verified).payload_hash);
  bad.Update(AsBytes("contenT"));
  EXPECT_EQ(bad.Finish()->code(), "XAmzContentSHA256Mismatch");
}

TEST_F(SigV4OnS3, KnowsTheFormsOfPayload) {
  const std::pair<const char*, PayloadCheck> forms[] = {
      {"UNSIGNED-PAYLOAD", PayloadCheck::kNone},
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", PayloadCheck::kSignedChunks},
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", PayloadCheck::kSignedChunksTrailer},
      {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", PayloadCheck::kUnsignedChunksTrailer},
  };
  for (const auto& [hash, check] : forms) {
    const auto verified = VerifyHead(Put(hash));
    ASSERT_EQ(CodeOf(verified), "") << hash;
    EXPECT_EQ(std::get<VerifiedSignature>(verified).payload_check, check);
  }
  EXPECT_EQ(CodeOf(VerifyHead(Put("STREAMING-OTHER"))), "InvalidArgument");
}

TEST_F(SigV4OnS3, WantsTheHashDeclared) {
  HttpRequestHead head;
  head.method = "GET";
  head.target = "/";
  head.headers.Add("Host", "h");
  Sign({"AKIDEXAMPLE", "secretsecretsecret"}, ToSign(head, kEmptyPayloadHash, "s3"), &head);

  EXPECT_EQ(CodeOf(VerifyHead(head)), "InvalidRequest");
}

TEST_F(SigV4OnS3, NamesItsErrorsAsS3Does) {
  clock_.Advance(std::chrono::minutes(16));
  EXPECT_EQ(CodeOf(VerifyHead(Put("UNSIGNED-PAYLOAD"))), "RequestTimeTooSkewed");
  clock_.SetUnixMilliseconds(kSignedUnixMs);
  store_.credentials["AKIDEXAMPLE"].secret_access_key = "other";
  EXPECT_EQ(CodeOf(VerifyHead(Put("UNSIGNED-PAYLOAD"))), "SignatureDoesNotMatch");
  store_.credentials.clear();
  EXPECT_EQ(CodeOf(VerifyHead(Put("UNSIGNED-PAYLOAD"))), "InvalidAccessKeyId");
}

TEST_F(SigV4OnS3, AcceptsAPresignedUrlUntilItEnds) {
  const HttpRequestHead head = Presigned(60);
  EXPECT_EQ(CodeOf(VerifyHead(head)), "");

  clock_.SetUnixMilliseconds(kSignedUnixMs + 60'000);
  EXPECT_EQ(CodeOf(VerifyHead(head)), "");
  clock_.SetUnixMilliseconds(kSignedUnixMs + 60'001);
  EXPECT_EQ(CodeOf(VerifyHead(head)), "AccessDenied");
  clock_.SetUnixMilliseconds(kSignedUnixMs - SigV4Verifier::kSkewMaxMs - 1);
  EXPECT_EQ(CodeOf(VerifyHead(head)), "AccessDenied");
}

TEST_F(SigV4OnS3, RefusesAnAlteredPresignedUrl) {
  HttpRequestHead other_key = Presigned(60);
  other_key.target.replace(other_key.target.find("/bucket/key"), 11, "/bucket/kez");
  HttpRequestHead longer = Presigned(60);
  longer.target.replace(longer.target.find("Expires=60"), 10, "Expires=99");
  HttpRequestHead twice = Presigned(60);
  twice.target += "&X-Amz-Expires=60";

  EXPECT_EQ(CodeOf(VerifyHead(other_key)), "SignatureDoesNotMatch");
  EXPECT_EQ(CodeOf(VerifyHead(longer)), "SignatureDoesNotMatch");
  EXPECT_EQ(CodeOf(VerifyHead(twice)), "AuthorizationQueryParametersError");
}

TEST_F(SigV4OnS3, BoundsTheLifeOfAPresignedUrl) {
  EXPECT_EQ(CodeOf(VerifyHead(Presigned(1))), "");
  EXPECT_EQ(CodeOf(VerifyHead(Presigned(kPresignedExpiresMaxS))), "");
  EXPECT_EQ(CodeOf(VerifyHead(Presigned(0))), "AuthorizationQueryParametersError");
  EXPECT_EQ(CodeOf(VerifyHead(Presigned(kPresignedExpiresMaxS + 1))), "AuthorizationQueryParametersError");
}

}  // namespace
}  // namespace attune
