#include <gtest/gtest.h>

#include "base/hash.h"
#include "services/s3/crc64nvme.h"
#include "services/s3/http_time.h"
#include "services/s3/object_checksums.h"
#include "services/s3/object_headers.h"
#include "services/s3/s3_operations.h"
#include "services/s3/s3_request.h"

namespace attune {
namespace {

const std::vector<std::string> kDomains = {"s3.localhost", "localhost"};

S3Address Address(std::string_view host, std::string_view path) {
  return std::get<S3Address>(ParseS3Address(host, path, kDomains));
}

TEST(S3Address, NamesABucketInThePathOrInTheHost) {
  EXPECT_EQ(Address("127.0.0.1:8080", "/b/k/x").bucket, "b");
  EXPECT_EQ(Address("127.0.0.1:8080", "/b/k/x").key, "k/x");
  EXPECT_EQ(Address("localhost:8080", "/b").bucket, "b");
  EXPECT_EQ(Address("localhost", "/").bucket, "");
  EXPECT_EQ(Address("my.bucket.localhost:8080", "/k/x").bucket, "my.bucket");
  EXPECT_EQ(Address("my.bucket.localhost:8080", "/k/x").key, "k/x");
  EXPECT_EQ(Address("b.s3.localhost", "/").bucket, "b");
  EXPECT_EQ(Address("notlocalhost", "/b/k").bucket, "b");
}

TEST(S3Address, KeepsWhatAKeyHolds) {
  EXPECT_EQ(Address("a", "/b/../../etc/passwd").key, "../../etc/passwd");
  EXPECT_EQ(Address("a", "/b//k//").key, "/k//");
  EXPECT_EQ(Address("a", "/b/a%2Fb%20c+d").key, "a/b c+d");
  EXPECT_TRUE(std::holds_alternative<AwsError>(ParseS3Address("a", "/b/%zz", kDomains)));
}

TEST(BucketName, HasThreeToSixtyThreeLetters) {
  EXPECT_TRUE(CheckBucketName("ab"));
  EXPECT_FALSE(CheckBucketName("abc"));
  EXPECT_FALSE(CheckBucketName(std::string(63, 'a')));
  EXPECT_TRUE(CheckBucketName(std::string(64, 'a')));
}

TEST(BucketName, KeepsTheRulesOfNames) {
  for (const auto* good : {"a-b", "a.b", "1a2", "10.0.0.1a"}) EXPECT_FALSE(CheckBucketName(good)) << good;
  for (const auto* bad : {"-ab", "ab-", ".ab", "a..b", "Abc", "a_b", "a/b", "10.0.0.1", "xn--abc", "abc-s3alias"}) {
    EXPECT_TRUE(CheckBucketName(bad)) << bad;
  }
}

std::optional<ByteRange> Range(std::string_view text, std::uint64_t size) {
  return std::get<0>(ParseRange(text, size));
}

TEST(Range, IsFirstAndLastOrASuffix) {
  EXPECT_EQ(Range("bytes=0-0", 10)->size, 1U);
  EXPECT_EQ(Range("bytes=2-", 10)->size, 8U);
  EXPECT_EQ(Range("bytes=2-100", 10)->size, 8U);
  EXPECT_EQ(Range("bytes=-3", 10)->first, 7U);
  EXPECT_EQ(Range("bytes=-30", 10)->size, 10U);
  EXPECT_EQ(Range("bytes=0-18446744073709551615", 10)->size, 10U);
}

TEST(Range, IsPassedOverWhereItIsMalformed) {
  for (const auto* text : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=3-2", "bytes=0-1,3-4", "lines=0-1"}) {
    EXPECT_FALSE(Range(text, 10).has_value()) << text;
  }
}

TEST(Range, IsRefusedWhereNoByteIsMeant) {
  for (const auto* text : {"bytes=10-", "bytes=10-20", "bytes=-0"}) {
    EXPECT_TRUE(std::holds_alternative<AwsError>(ParseRange(text, 10))) << text;
  }
  EXPECT_TRUE(std::holds_alternative<AwsError>(ParseRange("bytes=0-0", 0)));
}

TEST(HttpTime, ReadsAllThreeForms) {
  constexpr std::int64_t kMoment = 784111777000;
  EXPECT_EQ(FormatHttpDate(kMoment), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), kMoment);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), kMoment);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994"), kMoment);
  EXPECT_FALSE(ParseHttpDate("yesterday"));
  EXPECT_EQ(FormatIsoTime(kMoment + 5), "1994-11-06T08:49:37.005Z");
}

std::string ChecksumOf(ChecksumKind kind, std::string_view text) {
  Checksum checksum(kind);
  // In two parts, as bodies come.
  checksum.Update(AsBytes(text.substr(0, 4)));
  checksum.Update(AsBytes(text.substr(4)));
  return ToHex(AsBytes(checksum.Finish()));
}

// The check values of "123456789" in the catalogue of parametrised CRC algorithms, and of FIPS 180.
TEST(Checksum, GivesTheKnownValues) {
  EXPECT_EQ(ChecksumOf(ChecksumKind::kCrc32, "123456789"), "cbf43926");
  EXPECT_EQ(ChecksumOf(ChecksumKind::kCrc32c, "123456789"), "e3069283");
  EXPECT_EQ(ChecksumOf(ChecksumKind::kCrc64Nvme, "123456789"), "ae8b14860a799888");
  EXPECT_EQ(ChecksumOf(ChecksumKind::kSha1, "123456789"), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
}

/// However bytes are cut into parts, empty ones too, the parts' checksums give that of all bytes.
TEST(Checksum, OfAllBytesFollowsFromThoseOfTheParts) {
  std::string text;
  for (std::uint32_t i = 0; i < 100'000; ++i) text.push_back(static_cast<char>(i * i + i / 7));
  for (const ChecksumKind kind : {ChecksumKind::kCrc32, ChecksumKind::kCrc32c, ChecksumKind::kCrc64Nvme}) {
    const auto base64_of = [kind](std::string_view bytes) {
      Checksum checksum(kind);
      checksum.Update(AsBytes(bytes));
      const std::string raw = checksum.Finish();
      return ToBase64(AsBytes(raw));
    };
    for (const std::size_t part_size : {1'000UL, 4'096UL, 33'333UL, 99'999UL, 100'000UL}) {
      std::vector<PartChecksum> parts = {{.base64 = base64_of(""), .size = 0}};
      for (std::size_t begin = 0; begin < text.size(); begin += part_size) {
        const auto part = std::string_view(text).substr(begin, part_size);
        parts.push_back({.base64 = base64_of(part), .size = part.size()});
      }
      EXPECT_EQ(FullObjectChecksum(kind, parts), base64_of(text)) << ChecksumName(kind) << " " << part_size;
      std::swap(parts[1], parts.back());
      EXPECT_EQ(FullObjectChecksum(kind, parts) == base64_of(text), parts.size() == 2) << part_size;
    }
  }
  EXPECT_EQ(FullObjectChecksum(ChecksumKind::kSha1, std::vector<PartChecksum>{}), std::nullopt);
  EXPECT_EQ(FullObjectChecksum(ChecksumKind::kCrc32, std::vector<PartChecksum>{{.base64 = "AA==", .size = 1}}),
            std::nullopt);
}

S3Request Request(std::string method, std::string bucket, std::string key, std::vector<NameAndValue> parameters) {
  S3Request request;
  request.head.method = std::move(method);
  request.bucket = std::move(bucket);
  request.key = std::move(key);
  request.parameters = std::move(parameters);
  return request;
}

std::string OperationOf(const S3Request& request) {
  const auto found = FindS3Operation(request);
  if (const auto* error = std::get_if<AwsError>(&found)) return std::string(error->code());
  return std::string(std::get<const S3Operation*>(found)->name);
}

TEST(S3Operation, IsFoundByMethodAddressAndQuery) {
  EXPECT_EQ(OperationOf(Request("GET", "", "", {})), "ListBuckets");
  EXPECT_EQ(OperationOf(Request("GET", "b", "", {{"prefix", "policy"}})), "ListObjects");
  EXPECT_EQ(OperationOf(Request("GET", "b", "", {{"list-type", "2"}})), "ListObjectsV2");
  EXPECT_EQ(OperationOf(Request("GET", "b", "policy", {})), "GetObject");
  EXPECT_EQ(OperationOf(Request("GET", "b", "", {{"policy", ""}})), "GetBucketPolicy");
  EXPECT_EQ(OperationOf(Request("PUT", "b", "k", {{"partNumber", "1"}, {"uploadId", "u"}})), "UploadPart");
  auto copy = Request("PUT", "b", "k", {});
  copy.head.headers.Add("x-amz-copy-source", "b/k");
  EXPECT_EQ(OperationOf(copy), "CopyObject");
  copy.parameters = {{"partNumber", "1"}, {"uploadId", "u"}};
  EXPECT_EQ(OperationOf(copy), "UploadPartCopy");
}

// A subresource that is not served must not turn into the plain operation: PUT ?tagging would overwrite the object.
TEST(S3Operation, RefusesSubresourcesThatItDoesNotKnow) {
  EXPECT_EQ(OperationOf(Request("PUT", "b", "k", {{"tagging", ""}})), "NotImplemented");
  EXPECT_EQ(OperationOf(Request("DELETE", "b", "", {{"lifecycle", ""}})), "NotImplemented");
  EXPECT_EQ(OperationOf(Request("PUT", "b", "", {{"versioning", ""}})), "NotImplemented");
  EXPECT_EQ(OperationOf(Request("POST", "b", "", {})), "MethodNotAllowed");
  EXPECT_EQ(OperationOf(Request("PATCH", "b", "k", {})), "MethodNotAllowed");
}

TEST(ObjectAttributes, HaveAMetadataLimit) {
  HttpHeaders headers;
  headers.Add("X-Amz-Meta-A", std::string(kMetadataBytesMax - 1, 'v'));
  EXPECT_TRUE(std::holds_alternative<ObjectAttributes>(ReadAttributes(headers)));
  headers.Add("x-amz-meta-b", "");
  EXPECT_TRUE(std::holds_alternative<AwsError>(ReadAttributes(headers)));
}

TEST(ObjectAttributes, LeaveOutTheEncodingOfTheUpload) {
  HttpHeaders headers;
  headers.Add("content-encoding", "aws-chunked, gzip");
  EXPECT_EQ(std::get<ObjectAttributes>(ReadAttributes(headers)).headers.at("content-encoding"), "gzip");
}

}  // namespace
}  // namespace attune
