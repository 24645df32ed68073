#include "storage/directory_object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/hash.h"
#include "storage/memory_env.h"
#include "storage/object_store_world.h"

namespace attune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using World = ObjectStoreWorld;

class ObjectStoreTest : public testing::Test {
 protected:
  ObjectStoreTest() : world_(std::make_unique<World>(env_)) {
    EXPECT_TRUE(world_->status.ok()) << world_->status.ToString();
    EXPECT_TRUE(store().CreateBucket("b", "eu-west-1").ok());
  }

  DirectoryObjectStore& store() { return *world_->store; }
  void Reopen() {
    world_.reset();
    world_ = std::make_unique<World>(env_);
    ASSERT_TRUE(world_->status.ok()) << world_->status.ToString();
  }
  void Put(const std::string& key, std::string_view content = "x") {
    const auto put = store().PutObject("b", key, content);
    ASSERT_TRUE(put.ok()) << put.status().ToString();
  }
  std::string Get(const std::string& key) {
    const auto content = store().ReadObject("b", key);
    return content.ok() ? *content : std::string(CodeName(content.status().code()));
  }

  struct Listing {
    std::vector<std::string> keys;
    std::vector<std::string> prefixes;
    bool truncated = false;
    std::string next;
  };
  Listing List(const ListObjectsRequest& request) {
    Listing listing;
    const auto page = store().ListObjects("b", request);
    EXPECT_TRUE(page.ok());
    for (const ObjectInfo& object : page->objects) listing.keys.push_back(object.key);
    listing.prefixes = page->common_prefixes;
    listing.truncated = page->truncated;
    listing.next = page->next_start_after;
    return listing;
  }

  std::string PutPart(const std::string& upload_id, std::uint32_t number, std::string_view content) {
    const auto writer = store().BeginPart("b", "k", upload_id, number);
    if (!writer.ok()) return std::string(CodeName(writer.status().code()));
    EXPECT_TRUE((*writer)->Append(AsBytes(content)).ok());
    const auto part = (*writer)->Commit();
    return part.ok() ? part->etag : std::string(CodeName(part.status().code()));
  }

  MemoryEnv env_;
  std::unique_ptr<World> world_;
};

TEST_F(ObjectStoreTest, CreatesFindsListsAndDeletesBuckets) {
  world_->clock.Advance(std::chrono::milliseconds(500));
  ASSERT_TRUE(store().CreateBucket("a", "us-east-1").ok());

  EXPECT_EQ(store().CreateBucket("a", "us-east-1"), AlreadyExists("bucket a exists"));
  const auto bucket = store().FindBucket("a");
  ASSERT_TRUE(bucket.ok());
  EXPECT_EQ(bucket->region, "us-east-1");
  EXPECT_EQ(bucket->created_ms, 1'500);
  const auto buckets = store().ListBuckets();
  ASSERT_THAT(*buckets, SizeIs(2));
  EXPECT_EQ((*buckets)[0].name, "a");
  EXPECT_EQ((*buckets)[1].name, "b");
  ASSERT_TRUE(store().DeleteBucket("a").ok());
  EXPECT_EQ(store().FindBucket("a").status(), NotFound("bucket a does not exist"));
  EXPECT_EQ(store().DeleteBucket("a").code(), Code::kNotFound);
}

TEST_F(ObjectStoreTest, RefusesBucketNamesAndKeysBeyondTheirLimits) {
  const std::string longest_bucket(ObjectStore::kBucketNameBytesMax, 'b');
  const std::string longest_key(ObjectStore::kKeyBytesMax, 'k');

  EXPECT_EQ(store().CreateBucket("", "r").code(), Code::kInvalidArgument);
  EXPECT_EQ(store().CreateBucket(std::string("a\0b", 3), "r").code(), Code::kInvalidArgument);
  EXPECT_EQ(store().CreateBucket(longest_bucket + "b", "r").code(), Code::kInvalidArgument);
  EXPECT_TRUE(store().CreateBucket(longest_bucket, "r").ok());
  EXPECT_EQ(store().PutObject("b", "", "x").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(store().PutObject("b", longest_key + "k", "x").status(),
            InvalidArgument("an object's key is 1025 bytes; it must be 1 to 1024"));
  EXPECT_TRUE(store().PutObject("b", longest_key, "x").ok());
  EXPECT_EQ(store().CreateUpload("b", longest_key + "k", {}).status().code(), Code::kInvalidArgument);
}

TEST_F(ObjectStoreTest, KeepsABucketThatHoldsAnObject) {
  Put("k");
  EXPECT_EQ(store().DeleteBucket("b"), Busy("bucket b is not empty"));

  ASSERT_TRUE(store().DeleteObjects("b", std::vector<std::string>{"k"}).ok());

  EXPECT_TRUE(store().DeleteBucket("b").ok());
}

TEST_F(ObjectStoreTest, PutsGetsAndDeletesABucketsPolicy) {
  EXPECT_EQ(*store().BucketPolicy("b"), std::nullopt);
  ASSERT_TRUE(store().PutBucketPolicy("b", "{}").ok());
  EXPECT_EQ(*store().BucketPolicy("b"), "{}");
  EXPECT_EQ(store().FindBucket("b")->region, "eu-west-1");
  ASSERT_TRUE(store().DeleteBucketPolicy("b").ok());
  EXPECT_EQ(*store().BucketPolicy("b"), std::nullopt);
  EXPECT_EQ(store().PutBucketPolicy("missing", "{}").code(), Code::kNotFound);
}

TEST_F(ObjectStoreTest, GivesBackAnObjectWithAllThatIsKnownOfIt) {
  const auto writer = store().BeginPut(
      "b", "k",
      {.content_type = "text/csv", .headers = {{"cache-control", "no-cache"}}, .metadata = {{"owner", "me"}}});
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(AsBytes("hello ")).ok());
  ASSERT_TRUE((*writer)->Append(AsBytes("world")).ok());
  EXPECT_EQ((*writer)->Md5Hex(), "5eb63bbbe01eeed093cb22bb8f5acdc3");
  (*writer)->SetChecksum("crc32", "DUoRhQ==");
  world_->clock.Advance(std::chrono::milliseconds(234));
  ASSERT_TRUE((*writer)->Commit().ok());
  Reopen();

  const auto info = store().FindObject("b", "k");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->key, "k");
  EXPECT_EQ(info->size, 11u);
  EXPECT_EQ(info->etag, "5eb63bbbe01eeed093cb22bb8f5acdc3");
  EXPECT_EQ(info->last_modified_ms, 1'234);
  EXPECT_EQ(info->attributes.content_type, "text/csv");
  EXPECT_EQ(info->attributes.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(info->attributes.metadata.at("owner"), "me");
  EXPECT_EQ(info->checksums.at("crc32"), "DUoRhQ==");
  EXPECT_EQ(Get("k"), "hello world");
}

TEST_F(ObjectStoreTest, ShowsNothingBeforeCommitAndLeavesNothingWithoutIt) {
  {
    const auto writer = store().BeginPut("b", "k", {});
    ASSERT_TRUE((*writer)->Append(AsBytes("half")).ok());
    EXPECT_EQ(Get("k"), "NotFound");
    EXPECT_THAT(List({}).keys, IsEmpty());
  }

  EXPECT_EQ(Get("k"), "NotFound");
  EXPECT_EQ(world_->FileCount(), 0u);
}

TEST_F(ObjectStoreTest, ReplacesAnObjectAndItsFile) {
  Put("k", "old");
  Put("k", "new!");

  EXPECT_EQ(Get("k"), "new!");
  EXPECT_EQ(world_->FileCount(), 1u);
}

TEST_F(ObjectStoreTest, LetsTheLastWriterToCommitWin) {
  const auto first = store().BeginPut("b", "k", {});
  const auto second = store().BeginPut("b", "k", {});
  ASSERT_TRUE((*first)->Append(AsBytes("first")).ok());
  ASSERT_TRUE((*second)->Append(AsBytes("second")).ok());
  ASSERT_TRUE((*second)->Commit().ok());
  ASSERT_TRUE((*first)->Commit().ok());

  EXPECT_EQ(Get("k"), "first");
  EXPECT_EQ(world_->FileCount(), 1u);
}

TEST_F(ObjectStoreTest, LetsReadersFinishTheBytesTheyBegan) {
  Put("k", "old");
  {
    const auto reader = store().OpenObject("b", "k");
    ASSERT_TRUE(reader.ok());
    Put("k", "new");
    ASSERT_TRUE(store().DeleteObjects("b", std::vector<std::string>{"k"}).ok());

    std::string content(3, '\0');
    EXPECT_EQ(*(*reader)->ReadAt(0, std::as_writable_bytes(std::span(content))), 3u);
    EXPECT_EQ(content, "old");
    EXPECT_EQ(world_->FileCount(), 1u);
  }
  EXPECT_EQ(world_->FileCount(), 0u);
}

TEST_F(ObjectStoreTest, ReadsRanges) {
  Put("k", "0123456789");
  const auto reader = store().OpenObject("b", "k");
  std::string buffer(4, '\0');
  const auto bytes = std::as_writable_bytes(std::span(buffer));

  EXPECT_EQ(*(*reader)->ReadAt(3, bytes), 4u);
  EXPECT_EQ(buffer, "3456");
  EXPECT_EQ(*(*reader)->ReadAt(8, bytes), 2u);
  EXPECT_EQ(*(*reader)->ReadAt(10, bytes), 0u);
  EXPECT_EQ(*(*reader)->ReadAt(99, bytes), 0u);
}

TEST_F(ObjectStoreTest, HoldsAnEmptyObject) {
  Put("k", "");

  EXPECT_EQ(Get("k"), "");
  EXPECT_EQ(store().FindObject("b", "k")->etag, "d41d8cd98f00b204e9800998ecf8427e");
}

TEST_F(ObjectStoreTest, KeepsAnyKeyWithinItsFolder) {
  for (const std::string& key : {std::string("../../etc/passwd"), std::string("/"), std::string("a//b/"),
                                 std::string("nul\0in it", 9), std::string("\xc3\xa4"), std::string(".")}) {
    Put(key, key);
    EXPECT_EQ(Get(key), key);
  }
  EXPECT_FALSE(env_.Exists("/etc"));
  EXPECT_EQ(env_.List("/")->size(), 2u);
  EXPECT_EQ(world_->FileCount(), 6u);
}

TEST_F(ObjectStoreTest, SaysNotFoundForMissingBucketsAndKeys) {
  EXPECT_EQ(store().PutObject("missing", "k", "x").status().code(), Code::kNotFound);
  EXPECT_EQ(store().FindObject("missing", "k").status().message(), "bucket missing does not exist");
  EXPECT_EQ(store().FindObject("b", "k").status().message(), "bucket b has no object k");
  EXPECT_EQ(store().OpenObject("b", "k").status().code(), Code::kNotFound);
  EXPECT_EQ(store().ListObjects("missing", {}).status().code(), Code::kNotFound);
  EXPECT_EQ(store().DeleteObjects("missing", {}).code(), Code::kNotFound);
  EXPECT_TRUE(store().DeleteObjects("b", std::vector<std::string>{"k"}).ok());
}

TEST_F(ObjectStoreTest, DoesNotCommitIntoABucketThatIsGone) {
  const auto writer = store().BeginPut("b", "k", {});
  ASSERT_TRUE(store().DeleteBucket("b").ok());

  EXPECT_EQ((*writer)->Commit().status().code(), Code::kNotFound);
}

TEST_F(ObjectStoreTest, DeletesManyAtOnce) {
  for (const char* const key : {"a", "b", "c"}) Put(key);

  ASSERT_TRUE(store().DeleteObjects("b", std::vector<std::string>{"a", "missing", "c", "c"}).ok());

  EXPECT_THAT(List({}).keys, ElementsAre("b"));
  EXPECT_EQ(world_->FileCount(), 1u);
}

TEST_F(ObjectStoreTest, RefusesToReadAnObjectLargerThanTheLimitAtOnce) {
  Put("k", "12345");

  EXPECT_TRUE(store().ReadObject("b", "k", 5).ok());
  EXPECT_EQ(store().ReadObject("b", "k", 4).status(),
            LimitExceeded("object k has 5 bytes; at most 4 are read at once"));
}

TEST_F(ObjectStoreTest, SaysCorruptWhenTheFileIsMissingOrShort) {
  Put("k", "0123456789");
  const std::string shard = "/objects/" + (*env_.List("/objects"))[0].name;
  const std::string file = shard + "/" + (*env_.List(shard))[0].name;
  ASSERT_TRUE(env_.Truncate(file, 4).ok());
  EXPECT_EQ(Get("k"), "Corrupt");
  ASSERT_TRUE(env_.RemoveFile(file).ok());
  EXPECT_EQ(Get("k"), "Corrupt");
}

TEST_F(ObjectStoreTest, ListsKeysInByteOrder) {
  for (const char* const key : {"b", "a", "\xc3\xa4", "B", "aa", "a/b"}) Put(key);
  ASSERT_TRUE(store().CreateBucket("b2", "r").ok());
  ASSERT_TRUE(store().PutObject("b2", "other", "x").ok());

  EXPECT_THAT(List({}).keys, ElementsAre("B", "a", "a/b", "aa", "b", "\xc3\xa4"));
  EXPECT_THAT(List({.prefix = "a"}).keys, ElementsAre("a", "a/b", "aa"));
  EXPECT_THAT(List({.start_after = "a"}).keys, ElementsAre("a/b", "aa", "b", "\xc3\xa4"));
  EXPECT_THAT(List({.prefix = "a", .start_after = "a/zzz"}).keys, ElementsAre("aa"));
  EXPECT_THAT(List({.prefix = "b", .start_after = "a"}).keys, ElementsAre("b"));
  EXPECT_THAT(List({.prefix = "a", .start_after = "b"}).keys, IsEmpty());
}

TEST_F(ObjectStoreTest, RollsKeysUpToCommonPrefixes) {
  for (const char* const key : {"a", "d/1", "d/2", "d/e/3", "f/", "z"}) Put(key);

  const Listing top = List({.delimiter = "/"});
  EXPECT_THAT(top.keys, ElementsAre("a", "z"));
  EXPECT_THAT(top.prefixes, ElementsAre("d/", "f/"));
  const Listing folder = List({.prefix = "d/", .delimiter = "/"});
  EXPECT_THAT(folder.keys, ElementsAre("d/1", "d/2"));
  EXPECT_THAT(folder.prefixes, ElementsAre("d/e/"));
  // The folder's own key is not rolled up in itself.
  EXPECT_THAT(List({.prefix = "f/", .delimiter = "/"}).keys, ElementsAre("f/"));
  EXPECT_THAT(List({.delimiter = "/e/"}).prefixes, ElementsAre("d/e/"));
}

TEST_F(ObjectStoreTest, PagesThroughKeysAndPrefixesWithoutLossOrRepetition) {
  for (const char* const key : {"a", "d/1", "d/2", "f/1", "g", "h/\xff\xff", "h0", "z"}) Put(key);
  for (std::size_t limit = 1; limit <= 8; ++limit) {
    std::vector<std::string> seen;
    std::string after;
    for (;;) {
      const Listing page = List({.delimiter = "/", .start_after = after, .limit = limit});
      EXPECT_LE(page.keys.size() + page.prefixes.size(), limit);
      seen.insert(seen.end(), page.keys.begin(), page.keys.end());
      seen.insert(seen.end(), page.prefixes.begin(), page.prefixes.end());
      if (!page.truncated) {
        EXPECT_EQ(page.next, "");
        break;
      }
      after = page.next;
    }
    EXPECT_THAT(seen, testing::UnorderedElementsAre("a", "d/", "f/", "g", "h/", "h0", "z")) << limit;
  }
  EXPECT_FALSE(List({.limit = 0}).truncated);
  EXPECT_THAT(List({.limit = 0}).keys, IsEmpty());
  EXPECT_FALSE(List({.limit = 8}).truncated);
  EXPECT_TRUE(List({.limit = 7}).truncated);
}

TEST_F(ObjectStoreTest, MakesAnObjectOfUploadedParts) {
  const std::string big(ObjectStore::kPartBytesMin, 'x');
  const auto upload_id = store().CreateUpload("b", "k", {.content_type = "text/csv", .headers = {}, .metadata = {}});
  ASSERT_TRUE(upload_id.ok());
  const std::string etag2 = PutPart(*upload_id, 2, "tail");
  const std::string etag1 = PutPart(*upload_id, 1, big);
  PutPart(*upload_id, 3, "unused");
  EXPECT_EQ(Get("k"), "NotFound");

  const auto object = store().CompleteUpload("b", "k", *upload_id, std::vector<CompletedPart>{{1, etag1}, {2, etag2}},
                                             {{"crc32", "x"}});
  ASSERT_TRUE(object.ok()) << object.status().ToString();
  Reopen();

  EXPECT_EQ(object->size, big.size() + 4);
  // MD5 over the two binary MD5s, as Python's hashlib gives it.
  EXPECT_EQ(object->etag, "a45f1422f2dbe3d2890829dd76adba1b-2");
  EXPECT_EQ(Get("k"), big + "tail");
  EXPECT_EQ(store().FindObject("b", "k")->attributes.content_type, "text/csv");
  EXPECT_EQ(store().FindObject("b", "k")->checksums.at("crc32"), "x");
  EXPECT_EQ(world_->FileCount(), 2u);
  EXPECT_EQ(store().FindUpload("b", "k", *upload_id).status().code(), Code::kNotFound);

  const auto reader = store().OpenObject("b", "k");
  std::string across(6, '\0');
  EXPECT_EQ(*(*reader)->ReadAt(big.size() - 3, std::as_writable_bytes(std::span(across))), 6u);
  EXPECT_EQ(across, "xxxtai");
}

TEST_F(ObjectStoreTest, ReplacesAPartOfTheSameNumber) {
  const auto upload_id = store().CreateUpload("b", "k", {});
  PutPart(*upload_id, 1, "old");
  const std::string etag = PutPart(*upload_id, 1, "new");
  EXPECT_EQ(world_->FileCount(), 1u);

  ASSERT_TRUE(store().CompleteUpload("b", "k", *upload_id, std::vector<CompletedPart>{{1, etag}}, {}).ok());

  EXPECT_EQ(Get("k"), "new");
}

TEST_F(ObjectStoreTest, ChecksTheListThatCompletesAnUpload) {
  const auto upload_id = store().CreateUpload("b", "k", {});
  const std::string etag1 = PutPart(*upload_id, 1, "small");
  const std::string etag2 = PutPart(*upload_id, 2, "tail");
  const auto complete = [&](std::vector<CompletedPart> parts) {
    return store().CompleteUpload("b", "k", *upload_id, parts, {}).status();
  };

  EXPECT_EQ(complete({}).code(), Code::kInvalidArgument);
  EXPECT_EQ(complete({{3, etag1}}), InvalidArgument("part 3 was not uploaded"));
  EXPECT_EQ(complete({{1, etag2}}).code(), Code::kInvalidArgument);
  EXPECT_EQ(complete({{2, etag2}, {1, etag1}}), InvalidArgument("part 1 comes after part 2; numbers must ascend"));
  EXPECT_EQ(complete({{1, etag1}, {1, etag1}}).code(), Code::kInvalidArgument);
  EXPECT_EQ(complete({{1, etag1}, {2, etag2}}),
            LimitExceeded("part 1 is 5 bytes; all but the last must have at least 5242880"));
  EXPECT_TRUE(complete({{2, etag2}}).ok());
  EXPECT_EQ(complete({{2, etag2}}).code(), Code::kNotFound);
}

TEST_F(ObjectStoreTest, RefusesPartNumbersOutsideOfTheirRange) {
  const auto upload_id = store().CreateUpload("b", "k", {});

  EXPECT_EQ(PutPart(*upload_id, 0, "x"), "InvalidArgument");
  EXPECT_EQ(PutPart(*upload_id, 1, "x"), "9dd4e461268c8034f5c8564e155c67a6");
  EXPECT_EQ(PutPart(*upload_id, ObjectStore::kPartNumberMax, "x"), "9dd4e461268c8034f5c8564e155c67a6");
  EXPECT_EQ(PutPart(*upload_id, ObjectStore::kPartNumberMax + 1, "x"), "InvalidArgument");
}

TEST_F(ObjectStoreTest, ListsPartsInPages) {
  const auto upload_id = store().CreateUpload("b", "k", {});
  for (const std::uint32_t number : {10'000u, 1u, 300u}) PutPart(*upload_id, number, "x");
  const auto numbers = [&](std::uint32_t after, std::size_t limit) {
    std::vector<std::uint32_t> result;
    const auto parts = store().ListParts("b", "k", *upload_id, after, limit);
    for (const Part& part : *parts) result.push_back(part.number);
    return result;
  };

  EXPECT_THAT(numbers(0, 10), ElementsAre(1, 300, 10'000));
  EXPECT_THAT(numbers(1, 1), ElementsAre(300));
  EXPECT_THAT(numbers(10'000, 1), IsEmpty());
  EXPECT_THAT(numbers(~0u, 1), IsEmpty());
}

TEST_F(ObjectStoreTest, AbortsAnUploadAndFreesItsFiles) {
  const auto upload_id = store().CreateUpload("b", "k", {});
  PutPart(*upload_id, 1, "x");
  const auto late = store().BeginPart("b", "k", *upload_id, 2);

  ASSERT_TRUE(store().AbortUpload("b", "k", *upload_id).ok());

  EXPECT_EQ((*late)->Commit().status().code(), Code::kNotFound);
  EXPECT_EQ(store().AbortUpload("b", "k", *upload_id).code(), Code::kNotFound);
  EXPECT_EQ(store().ListParts("b", "k", *upload_id, 0, 10).status().code(), Code::kNotFound);
  EXPECT_EQ(PutPart(*upload_id, 1, "x"), "NotFound");
  EXPECT_EQ(world_->FileCount(), 1u) << "only the late part's file, as long as its writer lives";
}

TEST_F(ObjectStoreTest, AbortsTheUploadsOfABucketThatIsDeleted) {
  const auto upload_id = store().CreateUpload("b", "k", {});
  PutPart(*upload_id, 1, "x");

  ASSERT_TRUE(store().DeleteBucket("b").ok());

  EXPECT_EQ(world_->FileCount(), 0u);
  EXPECT_THAT(*world_->index->Scan(KeySpace::kObjects, "", "", 10), IsEmpty());
}

TEST_F(ObjectStoreTest, DoesNotTakeAnotherKeysUploadOrAnIdOfAnotherForm) {
  const auto upload_id = store().CreateUpload("b", "k", {});

  EXPECT_EQ(store().FindUpload("b", "other", *upload_id).status().code(), Code::kNotFound);
  EXPECT_EQ(store().FindUpload("b", "k", "").status().code(), Code::kNotFound);
  EXPECT_EQ(store().FindUpload("b", "k", upload_id->substr(1)).status().code(), Code::kNotFound);
}

TEST_F(ObjectStoreTest, ListsUploadsByKeyAndIdInPages) {
  for (const char* const key : {"b", "a", "a", "c/d"}) ASSERT_TRUE(store().CreateUpload("b", key, {}).ok());
  const auto keys = [&](const std::string& prefix, const std::string& after_key, const std::string& after_id,
                        std::size_t limit) {
    std::vector<std::string> result;
    const auto uploads = store().ListUploads("b", prefix, after_key, after_id, limit);
    for (const Upload& upload : *uploads) result.push_back(upload.key);
    return result;
  };

  EXPECT_THAT(keys("", "", "", 10), ElementsAre("a", "a", "b", "c/d"));
  EXPECT_THAT(keys("c", "", "", 10), ElementsAre("c/d"));
  EXPECT_THAT(keys("", "a", "", 10), ElementsAre("b", "c/d"));
  const std::string first_id = (*store().ListUploads("b", "", "", "", 1))[0].upload_id;
  EXPECT_THAT(keys("", "a", first_id, 10), ElementsAre("a", "b", "c/d"));
  EXPECT_THAT(keys("", "", "", 1), ElementsAre("a"));
}

TEST_F(ObjectStoreTest, SweepsFilesThatNoEntryNames) {
  Put("k", "content");
  const auto upload_id = store().CreateUpload("b", "k", {});
  PutPart(*upload_id, 1, "part");
  const std::string shard = "/objects/" + (*env_.List("/objects"))[0].name;
  ASSERT_TRUE(env_.WriteFileAtomically(shard + "/orphan", "x").ok());
  EXPECT_EQ(world_->FileCount(), 3u);

  Reopen();

  EXPECT_EQ(world_->FileCount(), 2u);
  EXPECT_EQ(Get("k"), "content");
}

TEST_F(ObjectStoreTest, SurvivesManyWritersAndReadersOfOneKey) {
  Put("k", std::string(1000, 'a'));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string content(1000, static_cast<char>('b' + i));
      for (int round = 0; round < 50; ++round) ASSERT_TRUE(store().PutObject("b", "k", content).ok());
    });
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const auto content = store().ReadObject("b", "k");
        ASSERT_TRUE(content.ok()) << content.status().ToString();
        ASSERT_EQ(*content, std::string(1000, (*content)[0]));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(world_->FileCount(), 1u);
}

}  // namespace
}  // namespace attune
