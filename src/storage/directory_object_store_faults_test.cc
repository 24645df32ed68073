#include <gtest/gtest.h>

#include "base/hash.h"
#include "storage/fault_sweep.h"
#include "storage/memory_env.h"
#include "storage/object_store_world.h"

namespace attune {
namespace {

using World = ObjectStoreWorld;

/// What a client did and was told.
struct Told {
  bool created = false;
  std::string content;  ///< Of "k", as last acknowledged.
  bool deleted = false;
  bool completed = false;
  bool everything = false;
};

Told Work(World& world) {
  Told told;
  if (!world.status.ok()) return told;
  ObjectStore& store = *world.store;
  told.created = store.CreateBucket("b", "r").ok();
  if (store.PutObject("b", "k", "first").ok()) told.content = "first";
  if (store.PutObject("b", "k", "second").ok()) told.content = "second";
  told.everything = told.content == "second" && store.PutObject("b", "gone", "x").ok();
  told.deleted = told.everything && store.DeleteObjects("b", std::vector<std::string>{"gone"}).ok();
  const auto upload_id = store.CreateUpload("b", "multi", {});
  if (!upload_id.ok()) return told;
  const auto writer = store.BeginPart("b", "multi", *upload_id, 1);
  if (!writer.ok() || !(*writer)->Append(AsBytes("part")).ok()) return told;
  const auto part = (*writer)->Commit();
  if (!part.ok()) return told;
  told.completed = store.CompleteUpload("b", "multi", *upload_id, std::vector<CompletedPart>{{1, part->etag}}, {}).ok();
  told.everything = told.everything && told.deleted && told.completed;
  return told;
}

/// After a restart: what was acknowledged is there, what is there is whole, and no file is left over.
void Check(MemoryEnv& env, const Told& told, std::uint64_t call) {
  SCOPED_TRACE("call " + std::to_string(call));
  World world(env);
  ASSERT_TRUE(world.status.ok()) << world.status.ToString();
  ObjectStore& store = *world.store;
  EXPECT_TRUE(store.FindBucket("b").ok() || !told.created);
  const auto k = store.ReadObject("b", "k");
  if (told.content == "second") {
    EXPECT_EQ(k.ok() ? *k : k.status().ToString(), "second");
  } else if (k.ok()) {
    EXPECT_TRUE(*k == "first" || *k == "second") << *k;
  } else {
    EXPECT_EQ(k.status().code(), Code::kNotFound);
    EXPECT_EQ(told.content, "");
  }
  const auto gone = store.ReadObject("b", "gone");
  EXPECT_TRUE(gone.ok() ? !told.deleted && *gone == "x" : gone.status().code() == Code::kNotFound);
  const auto multi = store.ReadObject("b", "multi");
  EXPECT_TRUE(multi.ok() ? *multi == "part" : !told.completed && multi.status().code() == Code::kNotFound);
  if (!store.FindBucket("b").ok()) return;

  std::size_t files = 0;
  const auto page = store.ListObjects("b", {});
  files += page->objects.size();
  const auto uploads = store.ListUploads("b", "", "", "", 10);
  for (const Upload& upload : *uploads) files += store.ListParts("b", upload.key, upload.upload_id, 0, 10)->size();
  EXPECT_EQ(world.FileCount(), files);
}

TEST(ObjectStoreFaults, HoldEveryAcknowledgedObjectWholeWhereverThePowerIsCut) {
  for (const CrashKind kind : {CrashKind::kLoseUnsynced, CrashKind::kTearUnsynced}) {
    for (std::uint64_t call = 0;; ++call) {
      MemoryEnv env(call);
      env.StopAtCall(call);
      const Told told = [&] {
        World world(env);
        return Work(world);
      }();
      const bool reached = env.call_count() > call;
      env.Crash(kind);
      Check(env, told, call);
      if (!reached) {
        EXPECT_TRUE(told.everything);
        break;
      }
    }
  }
}

TEST(ObjectStoreFaults, NeverAcknowledgeAndLoseWhicheverCallFails) {
  for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kShortWrite, Fault::kFailedSync}) {
    for (std::uint64_t call = 0;; ++call) {
      MemoryEnv env(call);
      env.FailCall(call, fault);
      const Told told = [&] {
        World world(env);
        return Work(world);
      }();
      const bool reached = env.call_count() > call;
      env.Crash();
      Check(env, told, call);
      if (!reached) break;
    }
  }
}

std::string NumberedKey(int number) { return "object" + std::to_string(number); }

/// More than a block of the index on disk, of objects and of parts.
constexpr int kObjects = 40;

/// Gives the id of an upload with one part.
std::string FillAndClose(World& world) {
  DirectoryObjectStore& store = *world.store;
  const ObjectAttributes attributes{.content_type = std::string(500, 't'), .headers = {}, .metadata = {}};
  EXPECT_TRUE(store.CreateBucket("b", "r").ok());
  for (int i = 0; i < kObjects; ++i) {
    const auto writer = store.BeginPut("b", NumberedKey(i), attributes);
    EXPECT_TRUE((*writer)->Append(AsBytes(NumberedKey(i))).ok());
    EXPECT_TRUE((*writer)->Commit().ok());
  }
  std::string upload_id = *store.CreateUpload("b", "multi", {});
  const auto writer = store.BeginPart("b", "multi", upload_id, 1);
  EXPECT_TRUE((*writer)->Append(AsBytes("part")).ok());
  EXPECT_TRUE((*writer)->Commit().ok());
  world.store.reset();
  EXPECT_TRUE(world.index->Close().ok());  // From now on a start reads the index from sorted files.
  return upload_id;
}

TEST(ObjectStoreFaults, LoseNothingWhicheverReadFailsAtAStart) {
  for (std::uint64_t read = 0;; ++read) {
    SCOPED_TRACE("read " + std::to_string(read));
    MemoryEnv env;
    const std::string upload_id = [&] {
      World world(env);
      return FillAndClose(world);
    }();
    const std::uint64_t failing = env.read_count() + read;
    env.FailRead(failing);
    { const World start(env); }
    const bool reached = env.read_count() > failing;
    env.Heal();  // A crash would bring back what was removed.

    World world(env);
    ASSERT_TRUE(world.status.ok()) << world.status.ToString();
    for (int i = 0; i < kObjects; ++i) {
      const auto content = world.store->ReadObject("b", NumberedKey(i));
      ASSERT_TRUE(content.ok()) << content.status().ToString();
      ASSERT_EQ(*content, NumberedKey(i));
    }
    const auto parts = world.store->ListParts("b", "multi", upload_id, 0, 10);
    ASSERT_EQ(parts->size(), 1u);
    const std::vector<CompletedPart> completed{{1, (*parts)[0].etag}};
    ASSERT_TRUE(world.store->CompleteUpload("b", "multi", upload_id, completed, {}).ok());
    ASSERT_EQ(*world.store->ReadObject("b", "multi"), "part");
    if (!reached) break;
  }
}

/// What uploads with parts do to objects: complete in the place of an older object, copy a part, replace one, abort.
/// After the disk is well again, all of it works in the same process.
class UploadRound {
 public:
  explicit UploadRound(World& world) : store_(*world.store) {
    EXPECT_TRUE(store_.CreateBucket("b", "r").ok());
    EXPECT_TRUE(store_.PutObject("b", "completed", "old").ok());
    EXPECT_TRUE(store_.PutObject("b", "source", "copied").ok());
  }

  /// Says which of them were acknowledged.
  void Work() {
    completed_ = Complete().ok();
    copied_ = Copy().ok();
    aborted_ = Abort().ok();
  }

  void Check(const ObjectStore& store) const {
    const auto completed = store.ReadObject("b", "completed");
    ASSERT_TRUE(completed.ok()) << completed.status().ToString();
    EXPECT_TRUE(*completed == "first, copied" || (!completed_ && *completed == "old")) << *completed;
    EXPECT_EQ(*store.ReadObject("b", "source"), "copied");
    const auto copy = store.ReadObject("b", "copy");
    EXPECT_TRUE(copy.ok() ? *copy == "copied" : !copied_ && copy.status().code() == Code::kNotFound);
    EXPECT_EQ(store.ReadObject("b", "aborted").status().code(), Code::kNotFound);
    EXPECT_EQ(store.FindUpload("b", "aborted", aborted_id_).status().code(), Code::kNotFound);
  }

  bool everything() const { return completed_ && copied_ && aborted_; }

 private:
  Result<std::string> PutPart(const std::string& key, const std::string& upload_id, std::uint32_t number,
                              std::string_view content) {
    ATTUNE_TRY(const auto writer, store_.BeginPart("b", key, upload_id, number));
    ATTUNE_RETURN_IF_ERROR(writer->Append(AsBytes(content)));
    ATTUNE_TRY(const auto part, writer->Commit());
    return part.etag;
  }
  Status Complete() {
    ATTUNE_TRY(const auto upload_id, store_.CreateUpload("b", "completed", {}));
    ATTUNE_RETURN_IF_ERROR(PutPart("completed", upload_id, 1, "replaced").status());
    ATTUNE_RETURN_IF_ERROR(PutPart("completed", upload_id, 2, "not named in the end").status());
    ATTUNE_TRY(const auto source, store_.ReadObject("b", "source"));
    ATTUNE_TRY(const auto etag, PutPart("completed", upload_id, 1, "first, " + source));
    return store_.CompleteUpload("b", "completed", upload_id, std::vector<CompletedPart>{{1, etag}}, {}).status();
  }
  Status Copy() {
    ATTUNE_TRY(const auto source, store_.ReadObject("b", "source"));
    return store_.PutObject("b", "copy", source).status();
  }
  Status Abort() {
    ATTUNE_TRY(const auto upload_id, store_.CreateUpload("b", "aborted", {}));
    ATTUNE_RETURN_IF_ERROR(PutPart("aborted", upload_id, 1, "gone").status());
    ATTUNE_RETURN_IF_ERROR(store_.AbortUpload("b", "aborted", upload_id));
    aborted_id_ = upload_id;
    return {};
  }

  ObjectStore& store_;
  bool completed_ = false;
  bool copied_ = false;
  bool aborted_ = false;
  std::string aborted_id_;
};

TEST(ObjectStoreFaults, CompleteCopyAndAbortUploadsWholeOrNotAtAllAndAgainAfterwards) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    auto world = std::make_unique<World>(env);
    UploadRound uploads(*world);
    fault.Arm();
    uploads.Work();
    fault.Heal();
    ASSERT_TRUE(uploads.everything() || fault.happened());
    ASSERT_NO_FATAL_FAILURE(uploads.Check(*world->store));

    uploads.Work();
    ASSERT_TRUE(uploads.everything()) << "the disk is well again";
    ASSERT_NO_FATAL_FAILURE(uploads.Check(*world->store));
    world.reset();
    env.Crash();
    World restarted(env);
    ASSERT_TRUE(restarted.status.ok()) << restarted.status.ToString();
    ASSERT_NO_FATAL_FAILURE(uploads.Check(*restarted.store));
    const auto uploads_left = restarted.store->ListUploads("b", "", "", "", 10);
    std::size_t parts = 0;
    for (const Upload& upload : *uploads_left) {
      parts += restarted.store->ListParts("b", upload.key, upload.upload_id, 0, 10)->size();
    }
    EXPECT_EQ(restarted.FileCount(), 3 + parts) << "no file is left over";
  });
}

TEST(ObjectStoreFaults, RefuseToWriteOnAFullDiskWithoutLeavingFilesAndGoOnReading) {
  MemoryEnv env;
  World world(env);
  ASSERT_TRUE(world.store->CreateBucket("b", "r").ok());
  ASSERT_TRUE(world.store->PutObject("b", "k", "old").ok());
  env.FailEveryCall(Fault::kNoSpace);

  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(world.store->PutObject("b", "k", "new").status().code(), Code::kResourceExhausted);
  }
  EXPECT_EQ(*world.store->ReadObject("b", "k"), "old");

  env.FailEveryCall(std::nullopt);
  ASSERT_TRUE(world.store->PutObject("b", "k", "new").ok());
  EXPECT_EQ(*world.store->ReadObject("b", "k"), "new");
  EXPECT_EQ(world.FileCount(), 1u);
}

TEST(ObjectStore, KeepsEveryFileWhileABackupReadsThem) {
  MemoryEnv env;
  World world(env);
  DirectoryObjectStore& store = *world.store;
  ASSERT_TRUE(store.CreateBucket("b", "r").ok());
  for (const char* key : {"replaced", "deleted", "read"}) ASSERT_TRUE(store.PutObject("b", key, "old").ok());
  const auto reader = store.OpenObject("b", "read");
  store.HoldFiles();

  ASSERT_TRUE(store.PutObject("b", "replaced", "new").ok());
  ASSERT_TRUE(store.DeleteObjects("b", std::vector<std::string>{"deleted", "read"}).ok());
  EXPECT_EQ(world.FileCount(), 4u);
  EXPECT_EQ(store.FindObject("b", "deleted").status().code(), Code::kNotFound);

  store.ReleaseFiles();
  EXPECT_EQ(world.FileCount(), 2u) << "the new object, and what is being read";
}

}  // namespace
}  // namespace attune
