#include "storage/s3_object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "storage/fake_s3.h"
#include "storage/memory_env.h"
#include "storage/object_store_world.h"
#include "storage/s3_xml.h"

namespace attune {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Trouble = FakeS3::Trouble;

class S3ObjectStoreTest : public testing::Test {
 protected:
  S3ObjectStoreTest()
      : world_(env_),
        s3_(*world_.store),
        client_(s3_, world_.clock, world_.entropy,
                [this](std::chrono::milliseconds pause) { pauses_.push_back(pause.count()); },
                {.host = "s3.example:9000",
                 .region = "eu-west-1",
                 .credentials = {.access_key_id = "key", .secret_access_key = "secret"}}),
        store_(client_) {
    EXPECT_TRUE(store_.CreateBucket("b", "us-east-1").ok());
  }

  std::string Get(const std::string& key) {
    const auto content = store_.ReadObject("b", key);
    return content.ok() ? *content : content.status().ToString();
  }
  std::vector<std::string> Keys(const ListObjectsRequest& request) {
    std::vector<std::string> keys;
    const auto page = store_.ListObjects("b", request);
    EXPECT_TRUE(page.ok()) << page.status().ToString();
    for (const ObjectInfo& object : page->objects) keys.push_back(object.key);
    return keys;
  }

  MemoryEnv env_;
  ObjectStoreWorld world_;
  FakeS3 s3_;
  std::vector<std::int64_t> pauses_;
  S3Client client_;
  S3ObjectStore store_;
};

TEST_F(S3ObjectStoreTest, SignsEveryRequestForItsHostAndRegion) {
  ASSERT_TRUE(store_.FindBucket("b").ok());

  std::string authorization;
  for (const auto& [name, value] : s3_.last_call().headers) {
    if (name == "Authorization") authorization = value;
    if (name == "Host") {
      EXPECT_EQ(value, "s3.example:9000");
    }
  }
  EXPECT_THAT(authorization, HasSubstr("/eu-west-1/s3/aws4_request"));
  EXPECT_THAT(authorization, HasSubstr("SignedHeaders=host;x-amz-content-sha256;x-amz-date"));
}

TEST_F(S3ObjectStoreTest, HandlesBuckets) {
  ASSERT_TRUE(store_.CreateBucket("a", "ap-south-1").ok());
  EXPECT_THAT(world_.store->FindBucket("a")->region, HasSubstr("<LocationConstraint>ap-south-1</LocationConstraint>"));
  EXPECT_EQ(store_.CreateBucket("a", "us-east-1").code(), Code::kAlreadyExists);
  EXPECT_EQ(store_.FindBucket("a")->region, "eu-west-1");
  EXPECT_EQ(store_.FindBucket("missing").status().code(), Code::kNotFound);
  const auto buckets = store_.ListBuckets();
  ASSERT_THAT(*buckets, SizeIs(2));
  EXPECT_EQ((*buckets)[0].name, "a");
  EXPECT_EQ((*buckets)[0].created_ms, 1'700'000'000'123);
  ASSERT_TRUE(store_.PutObject("b", "k", "x").ok());
  EXPECT_EQ(store_.DeleteBucket("b").code(), Code::kBusy);
  EXPECT_TRUE(store_.DeleteBucket("a").ok());
}

TEST_F(S3ObjectStoreTest, HandlesPolicies) {
  EXPECT_EQ(*store_.BucketPolicy("b"), std::nullopt);
  ASSERT_TRUE(store_.PutBucketPolicy("b", "{}").ok());
  EXPECT_EQ(*store_.BucketPolicy("b"), "{}");
  ASSERT_TRUE(store_.DeleteBucketPolicy("b").ok());
  EXPECT_EQ(*store_.BucketPolicy("b"), std::nullopt);
  EXPECT_EQ(store_.BucketPolicy("missing").status().code(), Code::kNotFound);
}

TEST_F(S3ObjectStoreTest, PutsAndFindsASmallObjectInOneRequest) {
  const auto writer = store_.BeginPut(
      "b", "a key/\xc3\xa4+&?",
      {.content_type = "text/csv", .headers = {{"cache-control", "no-cache"}}, .metadata = {{"owner", "me"}}});
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(AsBytes("hello world")).ok());
  (*writer)->SetChecksum("crc32", "DUoRhQ==");
  const auto put = (*writer)->Commit();
  ASSERT_TRUE(put.ok()) << put.status().ToString();

  const auto info = store_.FindObject("b", "a key/\xc3\xa4+&?");
  ASSERT_TRUE(info.ok()) << info.status().ToString();
  EXPECT_EQ(info->size, 11u);
  EXPECT_EQ(info->etag, "5eb63bbbe01eeed093cb22bb8f5acdc3");
  EXPECT_EQ(info->attributes.content_type, "text/csv");
  EXPECT_EQ(info->attributes.metadata.at("owner"), "me");
  EXPECT_EQ(info->attributes.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(info->checksums.at("crc32"), "DUoRhQ==");
  EXPECT_EQ(info->last_modified_ms, 1'700'000'000'000);
  EXPECT_THAT(s3_.calls(), testing::Contains("PUT /b/a%20key/%C3%A4%2B%26%3F"));
  EXPECT_EQ(Get("a key/\xc3\xa4+&?"), "hello world");
  EXPECT_EQ(Get("other").substr(0, 8), "NotFound");
}

TEST_F(S3ObjectStoreTest, PutsALargeObjectInParts) {
  std::string content(S3ObjectStore::kWriteBytes * 2 + 5, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 >> 8);

  ASSERT_TRUE(store_.PutObject("b", "k", content).ok());

  EXPECT_TRUE(store_.FindObject("b", "k")->etag.ends_with("-3"));
  EXPECT_TRUE(Get("k") == content);
  const auto exact = store_.PutObject("b", "exact", content.substr(0, S3ObjectStore::kWriteBytes));
  EXPECT_EQ(exact->etag.find('-'), std::string::npos) << "one request is enough";
}

TEST_F(S3ObjectStoreTest, LeavesNothingOfAWriterThatDidNotCommit) {
  {
    const auto writer = store_.BeginPut("b", "k", {});
    ASSERT_TRUE((*writer)->Append(AsBytes(std::string(S3ObjectStore::kWriteBytes + 1, 'x'))).ok());
    ASSERT_THAT(*world_.store->ListUploads("b", "", "", "", 10), SizeIs(1));
  }

  EXPECT_THAT(*world_.store->ListUploads("b", "", "", "", 10), IsEmpty());
  EXPECT_EQ(world_.FileCount(), 0u);
}

TEST_F(S3ObjectStoreTest, PagesThroughKeysAndCommonPrefixes) {
  for (const char* const key : {"a", "d/1", "d/2", "f/1", "g", "\xc3\xa4/1"}) {
    ASSERT_TRUE(store_.PutObject("b", key, "x").ok());
  }
  std::vector<std::string> seen;
  std::string after;
  for (;;) {
    const auto page = store_.ListObjects("b", {.delimiter = "/", .start_after = after, .limit = 1});
    ASSERT_TRUE(page.ok());
    for (const ObjectInfo& object : page->objects) seen.push_back(object.key);
    seen.insert(seen.end(), page->common_prefixes.begin(), page->common_prefixes.end());
    if (!page->truncated) break;
    after = page->next_start_after;
  }

  EXPECT_THAT(seen, ElementsAre("a", "d/", "f/", "g", "\xc3\xa4/"));
  EXPECT_THAT(Keys({.prefix = "d/"}), ElementsAre("d/1", "d/2"));
  EXPECT_THAT(Keys({.limit = 0}), IsEmpty());
}

TEST_F(S3ObjectStoreTest, DeletesInPagesOfAThousand) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1001; ++i) keys.push_back("missing" + std::to_string(i));
  ASSERT_TRUE(store_.PutObject("b", "<&>", "x").ok());
  keys.push_back("<&>");

  ASSERT_TRUE(store_.DeleteObjects("b", keys).ok());

  EXPECT_EQ(Get("<&>").substr(0, 8), "NotFound");
  EXPECT_EQ(std::count(s3_.calls().begin(), s3_.calls().end(), "POST /b?delete="), 2);
}

TEST_F(S3ObjectStoreTest, HandlesUploads) {
  const auto upload_id = store_.CreateUpload("b", "k", {});
  ASSERT_TRUE(upload_id.ok());
  std::vector<CompletedPart> parts;
  for (const std::uint32_t number : {1u, 2u}) {
    const auto writer = store_.BeginPart("b", "k", *upload_id, number);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Append(AsBytes(std::string(number == 1 ? ObjectStore::kPartBytesMin : 3, 'x'))).ok());
    const std::string md5 = (*writer)->Md5Hex();
    const auto part = (*writer)->Commit();
    ASSERT_TRUE(part.ok());
    EXPECT_EQ(part->etag, md5);
    parts.push_back({.number = number, .etag = part->etag});
  }

  EXPECT_THAT(*store_.ListParts("b", "k", *upload_id, 0, 10), SizeIs(2));
  EXPECT_THAT(*store_.ListParts("b", "k", *upload_id, 1, 10), SizeIs(1));
  const auto second = store_.CreateUpload("b", "k2", {});
  EXPECT_THAT(*store_.ListUploads("b", "", "", "", 10), SizeIs(2));
  EXPECT_TRUE(store_.AbortUpload("b", "k2", *second).ok());
  EXPECT_EQ(store_.FindUpload("b", "k2", *second).status().code(), Code::kNotFound);
  EXPECT_EQ(store_.CompleteUpload("b", "k", *upload_id, std::vector<CompletedPart>{{1, "no"}}, {}).status().code(),
            Code::kInvalidArgument);
  const auto info = store_.CompleteUpload("b", "k", *upload_id, parts, {});
  ASSERT_TRUE(info.ok()) << info.status().ToString();
  EXPECT_EQ(info->size, ObjectStore::kPartBytesMin + 3);
}

TEST_F(S3ObjectStoreTest, TriesAgainWithLongerAndLongerPauses) {
  ASSERT_TRUE(store_.PutObject("b", "k", "x").ok());
  for (std::size_t call = 0; call < 4; ++call) s3_.TroubleAt(call, Trouble::kUnavailable);

  ASSERT_TRUE(store_.FindObject("b", "k").ok());

  ASSERT_THAT(pauses_, SizeIs(4));
  const std::int64_t longest[] = {100, 200, 400, 800};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_GE(pauses_[i], longest[i] / 2);
    EXPECT_LE(pauses_[i], longest[i]);
  }
}

TEST_F(S3ObjectStoreTest, GivesUpInTheEndAndSaysWhy) {
  s3_.TroubleAlways(Trouble::kUnavailable);
  EXPECT_EQ(store_.FindObject("b", "k").status(), IoError("HEAD of b/k in the S3 store: status 503 SlowDown: m"));
  EXPECT_THAT(pauses_, SizeIs(5));

  s3_.TroubleAlways(Trouble::kNoAnswer);
  EXPECT_EQ(store_.FindObject("b", "k").status(), IoError("HEAD of b/k in the S3 store: the connection broke"));
}

TEST_F(S3ObjectStoreTest, DoesNotRepeatWhatIsWrong) {
  const std::size_t before = s3_.calls().size();
  EXPECT_EQ(store_.FindObject("b", "missing").status().code(), Code::kNotFound);

  EXPECT_EQ(s3_.calls().size(), before + 1);
}

TEST_F(S3ObjectStoreTest, ResumesARangeThatBrokeOff) {
  const std::string content(1'000'000, 'x');
  ASSERT_TRUE(store_.PutObject("b", "k", content).ok());
  const auto reader = store_.OpenObject("b", "k");
  // Four times in a row the connection breaks after half of what is left.
  for (std::size_t call = 0; call < 4; ++call) s3_.TroubleAt(call, Trouble::kHalfAnswer);
  std::string read(content.size(), '\0');

  ASSERT_EQ(*(*reader)->ReadAt(0, std::as_writable_bytes(std::span(read))), content.size());

  EXPECT_TRUE(read == content);
  EXPECT_THAT(s3_.last_call().headers,
              testing::Contains(std::pair<std::string, std::string>("Range", "bytes=937500-999999")));
}

TEST_F(S3ObjectStoreTest, SaysBusyWhenTheObjectIsReplacedWhileItIsRead) {
  ASSERT_TRUE(store_.PutObject("b", "k", "old").ok());
  const auto reader = store_.OpenObject("b", "k");
  ASSERT_TRUE(store_.PutObject("b", "k", "new").ok());
  std::string read(3, '\0');

  EXPECT_EQ((*reader)->ReadAt(0, std::as_writable_bytes(std::span(read))).status(),
            Busy("object k was replaced while it was read"));
}

/// Whichever request of a put in parts meets whichever trouble once, the object is there in the end.
TEST_F(S3ObjectStoreTest, PutsInPartsWhateverTroubleOneRequestMeets) {
  const std::string content(S3ObjectStore::kWriteBytes + 1, 'x');
  for (const Trouble trouble : {Trouble::kUnavailable, Trouble::kNoAnswer, Trouble::kLostAnswer}) {
    for (std::size_t call = 0; call < 6; ++call) {
      const std::string key = "k" + std::to_string(call) + std::to_string(static_cast<int>(trouble));
      s3_.TroubleAt(call, trouble);

      const auto put = store_.PutObject("b", key, content);

      ASSERT_TRUE(put.ok()) << put.status().ToString() << " at call " << call;
      EXPECT_TRUE(Get(key) == content);
      ASSERT_TRUE(store_.DeleteObjects("b", std::vector<std::string>{key}).ok());
    }
  }
}

TEST_F(S3ObjectStoreTest, SaysCancelledOnceTheServerStopsAndAsksNoMore) {
  ASSERT_TRUE(store_.PutObject("b", "k", "content").ok());
  const auto reader = store_.OpenObject("b", "k");
  ASSERT_TRUE(reader.ok());
  client_.Cancel();
  EXPECT_TRUE(s3_.cancelled());
  const std::size_t calls = s3_.calls().size();
  pauses_.clear();
  std::string read(3, '\0');

  EXPECT_EQ((*reader)->ReadAt(0, std::as_writable_bytes(std::span(read))).status().code(), Code::kCancelled);
  EXPECT_EQ(store_.FindObject("b", "k").status().code(), Code::kCancelled);
  EXPECT_EQ(store_.PutObject("b", "k", "new").status().code(), Code::kCancelled);
  EXPECT_EQ(s3_.calls().size(), calls);
  EXPECT_THAT(pauses_, testing::IsEmpty());
}

TEST(S3Xml, SaysCorruptForWhatIsNoSuchDocument) {
  for (const std::string_view xml : {"", "<a", "<Other/>", "hello", "{}"}) {
    EXPECT_EQ(ParseListBuckets(xml).status().code(), Code::kCorrupt) << xml;
    EXPECT_EQ(ParseListObjects(xml).status().code(), Code::kCorrupt) << xml;
    EXPECT_EQ(ParseListParts(xml).status().code(), Code::kCorrupt) << xml;
    EXPECT_EQ(ParseListUploads(xml).status().code(), Code::kCorrupt) << xml;
    EXPECT_EQ(ParseCreateUpload(xml).status().code(), Code::kCorrupt) << xml;
    EXPECT_EQ(ParseCompleteUpload(xml).status().code(), Code::kCorrupt) << xml;
    EXPECT_EQ(ParseDeleteObjects(xml).status().code(), Code::kCorrupt) << xml;
    EXPECT_EQ(ParseS3Error(xml).code, "") << xml;
  }
  EXPECT_EQ(ParseListObjects("<ListBucketResult><Contents><Key>%</Key></Contents></ListBucketResult>").status().code(),
            Code::kCorrupt);
}

TEST(S3Xml, ReadsBothFormsOfTime) {
  EXPECT_EQ(ParseS3Time("2023-11-14T22:13:20.123Z"), 1'700'000'000'123);
  EXPECT_EQ(ParseS3Time("2023-11-14T22:13:20Z"), 1'700'000'000'000);
  EXPECT_EQ(ParseS3Time("Tue, 14 Nov 2023 22:13:20 GMT"), 1'700'000'000'000);
  EXPECT_EQ(ParseS3Time("Tue, 31 Foo 2023 22:13:20 GMT"), 0);
  EXPECT_EQ(ParseS3Time(""), 0);
}

}  // namespace
}  // namespace attune
