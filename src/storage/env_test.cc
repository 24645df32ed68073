#include "storage/env.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/hash.h"
#include "storage/memory_env.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

/// Both kinds of Env keep one contract.
class EnvContract : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      env_ = std::make_unique<MemoryEnv>();
      root_ = "/root";
      ASSERT_TRUE(env_->CreateDirectories(root_).ok());
      return;
    }
    env_ = std::make_unique<PosixEnv>();
    std::string pattern = testing::TempDir() + "/attune-env-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { ASSERT_TRUE(env_->RemoveTree(root_).ok()); }

  std::string Path(std::string_view name) const { return JoinPath(root_, name); }

  std::unique_ptr<Env> env_;
  std::string root_;
};

TEST_P(EnvContract, ReadsBackWhatWasAppended) {
  auto file = env_->Create(Path("a"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append(AsBytes("one ")).ok());
  ASSERT_TRUE((*file)->Append(AsBytes("two")).ok());
  ASSERT_TRUE((*file)->Sync().ok());
  ASSERT_TRUE((*file)->Close().ok());

  EXPECT_EQ(*env_->ReadFile(Path("a")), "one two");
  EXPECT_EQ(*env_->FileSize(Path("a")), 7u);
  EXPECT_EQ(*env_->Kind(Path("a")), EntryKind::kFile);
}

TEST_P(EnvContract, GoesOnAtTheEndWhenAppending) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "one").ok());

  auto file = env_->OpenAppend(Path("a"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append(AsBytes(" two")).ok());

  EXPECT_EQ(*env_->ReadFile(Path("a")), "one two");
}

TEST_P(EnvContract, EmptiesAFileThatIsCreatedAgain) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "one").ok());

  ASSERT_TRUE(env_->Create(Path("a")).ok());

  EXPECT_EQ(*env_->ReadFile(Path("a")), "");
}

TEST_P(EnvContract, ReadsAnywhereInAFileAndStopsAtItsEnd) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "0123456789").ok());
  const auto file = env_->OpenRandom(Path("a"));
  ASSERT_TRUE(file.ok());
  std::array<std::byte, 4> buffer{};

  EXPECT_EQ(*(*file)->ReadAt(3, buffer), 4u);
  EXPECT_EQ(static_cast<char>(buffer[0]), '3');
  EXPECT_EQ(*(*file)->ReadAt(8, buffer), 2u);
  EXPECT_EQ(*(*file)->ReadAt(10, buffer), 0u);
  EXPECT_EQ(*(*file)->ReadAt(1000, buffer), 0u);
}

TEST_P(EnvContract, SkipsForwardInASequentialFile) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "0123456789").ok());
  const auto file = env_->OpenSequential(Path("a"));
  ASSERT_TRUE(file.ok());
  std::array<std::byte, 2> buffer{};

  ASSERT_TRUE((*file)->Read(buffer).ok());
  ASSERT_TRUE((*file)->Skip(4).ok());
  ASSERT_EQ(*(*file)->Read(buffer), 2u);

  EXPECT_EQ(static_cast<char>(buffer[0]), '6');
}

TEST_P(EnvContract, KeepsReadingTheBytesOfARemovedFile) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "old").ok());
  const auto opened = env_->OpenRandom(Path("a"));
  const auto mapped = env_->Map(Path("a"));
  ASSERT_TRUE(opened.ok() && mapped.ok());

  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "new").ok());
  ASSERT_TRUE(env_->RemoveFile(Path("a")).ok());

  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(*(*opened)->ReadAt(0, buffer), 3u);
  EXPECT_EQ(static_cast<char>(buffer[0]), 'o');
  EXPECT_EQ(static_cast<char>((*mapped)->bytes()[0]), 'o');
}

TEST_P(EnvContract, MapsAnEmptyFileToNoBytes) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "").ok());

  EXPECT_TRUE((*env_->Map(Path("a")))->bytes().empty());
}

TEST_P(EnvContract, SaysNotFoundForWhatIsMissing) {
  EXPECT_EQ(env_->OpenSequential(Path("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->OpenRandom(Path("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->Map(Path("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->ReadFile(Path("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->FileSize(Path("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->Kind(Path("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->ModifiedUnixMilliseconds(Path("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->Rename(Path("x"), Path("y")).code(), Code::kNotFound);
  EXPECT_EQ(env_->RemoveFile(Path("x")).code(), Code::kNotFound);
  EXPECT_EQ(env_->RemoveDirectory(Path("x")).code(), Code::kNotFound);
  EXPECT_EQ(env_->List(Path("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->SyncDirectory(Path("x")).code(), Code::kNotFound);
  EXPECT_EQ(env_->Truncate(Path("x"), 0).code(), Code::kNotFound);
  EXPECT_EQ(env_->Create(Path("x/y")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->CreateDirectory(Path("x/y")).code(), Code::kNotFound);
  EXPECT_FALSE(env_->Exists(Path("x")));
}

TEST_P(EnvContract, NamesThePathInItsErrors) {
  EXPECT_NE(env_->OpenRandom(Path("missing-file")).status().message().find("missing-file"), std::string::npos);
}

TEST_P(EnvContract, ListsNamesInOrderWithTheirKinds) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("b"), "").ok());
  ASSERT_TRUE(env_->CreateDirectory(Path("a")).ok());
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a/inner"), "").ok());

  EXPECT_EQ(*env_->List(root_), (std::vector<DirectoryEntry>{{"a", EntryKind::kDirectory}, {"b", EntryKind::kFile}}));
}

TEST_P(EnvContract, RemovesATreeAndNothingBesideIt) {
  ASSERT_TRUE(env_->CreateDirectories(Path("tree/deep/deeper")).ok());
  ASSERT_TRUE(env_->WriteFileAtomically(Path("tree/deep/file"), "x").ok());
  ASSERT_TRUE(env_->WriteFileAtomically(Path("beside"), "x").ok());

  ASSERT_TRUE(env_->RemoveTree(Path("tree")).ok());
  ASSERT_TRUE(env_->RemoveTree(Path("tree")).ok());

  EXPECT_EQ(*env_->List(root_), (std::vector<DirectoryEntry>{{"beside", EntryKind::kFile}}));
}

TEST_P(EnvContract, RefusesToRemoveAFolderThatHoldsSomething) {
  ASSERT_TRUE(env_->CreateDirectories(Path("a/b")).ok());

  EXPECT_EQ(env_->RemoveDirectory(Path("a")).code(), Code::kIo);
}

TEST_P(EnvContract, RefusesAFolderWhereAFileIs) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "x").ok());

  EXPECT_EQ(env_->CreateDirectory(Path("a")).code(), Code::kAlreadyExists);
  EXPECT_EQ(env_->CreateDirectories(Path("a")).code(), Code::kAlreadyExists);
}

TEST_P(EnvContract, CutsAndKeepsTheBeginning) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "0123456789").ok());

  ASSERT_TRUE(env_->Truncate(Path("a"), 4).ok());

  EXPECT_EQ(*env_->ReadFile(Path("a")), "0123");
}

TEST_P(EnvContract, GivesALockToOneAtATime) {
  auto first = env_->Lock(Path("LOCK"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(env_->Lock(Path("LOCK")).status().code(), Code::kBusy);

  first->reset();

  EXPECT_TRUE(env_->Lock(Path("LOCK")).ok());
}

TEST_P(EnvContract, RefusesToReadAFileLargerThanTheLimitAtOnce) {
  ASSERT_TRUE(env_->WriteFileAtomically(Path("a"), "12345").ok());

  EXPECT_TRUE(env_->ReadFile(Path("a"), 5).ok());
  const Status status = env_->ReadFile(Path("a"), 4).status();
  EXPECT_EQ(status.code(), Code::kLimitExceeded);
  EXPECT_NE(status.message().find("has 5 bytes; at most 4"), std::string::npos);
}

TEST_P(EnvContract, TellsTheSpaceOfTheDisk) {
  const auto space = env_->Space(root_);
  ASSERT_TRUE(space.ok());
  EXPECT_GT(space->total_bytes, 0u);
  EXPECT_LE(space->free_bytes, space->total_bytes);
}

INSTANTIATE_TEST_SUITE_P(Env, EnvContract, testing::Values(false, true),
                         [](const auto& parameter) { return parameter.param ? "Posix" : "Memory"; });

TEST(PosixEnv, WritesSecretsThatOnlyTheOwnerCanRead) {
  PosixEnv env;
  std::string root = testing::TempDir() + "/attune-mode-XXXXXX";
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const std::string path = JoinPath(root, "secret");
  ASSERT_TRUE(static_cast<Env&>(env).Create(path + ".tmp").ok());

  ASSERT_TRUE(env.WriteFileAtomically(path, "key", 0600).ok());

  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_TRUE(env.RemoveTree(root).ok());
}

TEST(Paths, JoinAndPart) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(ParentPath("a/b"), "a");
  EXPECT_EQ(ParentPath("/a"), "/");
  EXPECT_EQ(ParentPath("/a/b/"), "/a");
  EXPECT_EQ(ParentPath("a"), ".");
  EXPECT_EQ(ParentPath("/"), "/");
}

TEST(MemoryEnv, LosesBytesThatWereNotSynced) {
  MemoryEnv env;
  ASSERT_TRUE(env.WriteFileAtomically("/a", "synced").ok());
  auto file = env.OpenAppend("/a");
  ASSERT_TRUE((*file)->Append(AsBytes(" and not")).ok());

  env.Crash();

  EXPECT_EQ(*env.ReadFile("/a"), "synced");
  EXPECT_EQ((*file)->Append(AsBytes("x")).code(), Code::kIo);
}

TEST(MemoryEnv, LosesNamesThatWereNotSynced) {
  MemoryEnv env;
  auto file = env.Create("/a");
  ASSERT_TRUE((*file)->Append(AsBytes("x")).ok());
  ASSERT_TRUE((*file)->Sync().ok());

  env.Crash();

  EXPECT_FALSE(env.Exists("/a"));
}

TEST(MemoryEnv, BringsBackAFileWhoseRemovalWasNotSynced) {
  MemoryEnv env;
  ASSERT_TRUE(env.WriteFileAtomically("/a", "x").ok());
  ASSERT_TRUE(env.RemoveFile("/a").ok());
  EXPECT_FALSE(env.Exists("/a"));

  env.Crash();

  EXPECT_EQ(*env.ReadFile("/a"), "x");
}

TEST(MemoryEnv, TearsUnsyncedBytesAtAnyPlace) {
  std::array<int, 4> seen{};
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    MemoryEnv env(seed);
    ASSERT_TRUE(env.WriteFileAtomically("/a", "").ok());
    auto file = env.OpenAppend("/a");
    ASSERT_TRUE((*file)->Append(AsBytes("abc")).ok());

    env.Crash(CrashKind::kTearUnsynced);

    const std::string content = *env.ReadFile("/a");
    ASSERT_EQ(content, std::string("abc").substr(0, content.size()));
    ++seen[content.size()];
  }
  for (const int count : seen) EXPECT_GT(count, 0);
}

TEST(MemoryEnv, KeepsHalfOfAShortWrite) {
  MemoryEnv env;
  auto file = env.Create("/a");
  env.FailCall(env.call_count(), Fault::kShortWrite);

  EXPECT_EQ((*file)->Append(AsBytes("abcd")).code(), Code::kIo);
  EXPECT_EQ((*file)->Append(AsBytes("efgh")).code(), Code::kIo);
  EXPECT_EQ((*file)->Sync().code(), Code::kIo);

  EXPECT_EQ(*env.ReadFile("/a"), "ab");
}

TEST(MemoryEnv, LosesWhatAFailedSyncDidNotWrite) {
  MemoryEnv env;
  auto file = env.Create("/a");
  ASSERT_TRUE((*file)->Append(AsBytes("abcd")).ok());
  env.FailCall(env.call_count(), Fault::kFailedSync);

  EXPECT_EQ((*file)->Sync().code(), Code::kIo);
  EXPECT_EQ((*file)->Sync().code(), Code::kIo);

  EXPECT_EQ(*env.ReadFile("/a"), "");
}

TEST(MemoryEnv, SaysThatTheDiskIsFullUntilItIsNot) {
  MemoryEnv env;
  env.FailEveryCall(Fault::kNoSpace);
  EXPECT_EQ(env.WriteFileAtomically("/a", "x").code(), Code::kResourceExhausted);
  EXPECT_EQ(env.Space("/")->free_bytes, 0u);

  env.FailEveryCall(std::nullopt);

  EXPECT_TRUE(env.WriteFileAtomically("/a", "x").ok());
}

/// Whichever call is the last before the power cut, or fails, the file holds the old or the new content, the new one if
/// the write was acknowledged.
TEST(WriteFileAtomically, LeavesTheOldOrTheNewContentWhereverItStops) {
  const std::array kinds{CrashKind::kLoseUnsynced, CrashKind::kTearUnsynced};
  for (const CrashKind kind : kinds) {
    for (std::uint64_t call = 0;; ++call) {
      MemoryEnv env(call);
      ASSERT_TRUE(env.CreateDirectories("/d").ok());
      ASSERT_TRUE(env.WriteFileAtomically("/d/a", "old").ok());
      const std::uint64_t first = env.call_count();
      env.StopAtCall(first + call);

      const Status written = env.WriteFileAtomically("/d/a", "new");
      env.Crash(kind);

      const auto content = env.ReadFile("/d/a");
      ASSERT_TRUE(content.ok()) << "stopped at call " << call;
      if (written.ok()) {
        EXPECT_EQ(*content, "new");
        EXPECT_GE(call, 6u);
        break;
      }
      EXPECT_TRUE(*content == "old" || *content == "new") << *content;
    }
  }
}

TEST(WriteFileAtomically, LeavesNoTemporaryFileAfterAnyFault) {
  for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kShortWrite, Fault::kFailedSync}) {
    for (std::uint64_t call = 0; call < 6; ++call) {
      MemoryEnv env;
      ASSERT_TRUE(env.CreateDirectories("/d").ok());
      env.FailCall(env.call_count() + call, fault);

      EXPECT_FALSE(env.WriteFileAtomically("/d/a", "new").ok());

      EXPECT_FALSE(env.Exists("/d/a.tmp")) << "fault in call " << call;
    }
  }
}

TEST(MemoryEnv, FailsTheReadThatItIsToldTo) {
  MemoryEnv env;
  ASSERT_TRUE(env.WriteFileAtomically("/a", "content").ok());
  const std::uint64_t first = env.read_count();
  ASSERT_TRUE(env.ReadFile("/a").ok());
  const std::uint64_t reads = env.read_count() - first;
  EXPECT_EQ(reads, 3u) << "the size, the opening, the bytes";

  for (std::uint64_t read = 0; read < reads; ++read) {
    env.FailRead(env.read_count() + read);
    EXPECT_EQ(env.ReadFile("/a").status().code(), Code::kIo);
    EXPECT_EQ(*env.ReadFile("/a"), "content");
  }
}

TEST(CreateDirectories, SurviveACrash) {
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/a/b/c").ok());

  env.Crash();

  EXPECT_TRUE(env.Exists("/a/b/c"));
}

}  // namespace
}  // namespace attune
