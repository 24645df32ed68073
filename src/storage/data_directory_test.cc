#include "storage/data_directory.h"

#include <gtest/gtest.h>

#include "storage/memory_env.h"

namespace attune {
namespace {

TEST(DataDirectory, MakesItsFoldersDurably) {
  MemoryEnv env;
  ASSERT_TRUE(DataDirectory::Open(env, "/var/attune").ok());
  env.Crash();

  for (const char* const folder : {"log", "objects", "datasets", "artifacts", "temporary"}) {
    EXPECT_EQ(*env.Kind(JoinPath("/var/attune", folder)), EntryKind::kDirectory) << folder;
  }
  EXPECT_EQ(*env.ReadFile("/var/attune/VERSION"), "1\n");
}

TEST(DataDirectory, KeepsASecondServerOut) {
  MemoryEnv env;
  auto first = DataDirectory::Open(env, "/data");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(DataDirectory::Open(env, "/data").status(), Busy("another server runs on the data directory /data"));

  first->reset();

  EXPECT_TRUE(DataDirectory::Open(env, "/data").ok());
}

TEST(DataDirectory, RefusesTheDataOfANewerVersion) {
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/data").ok());
  ASSERT_TRUE(env.WriteFileAtomically("/data/VERSION", "2\n").ok());
  EXPECT_EQ(DataDirectory::Open(env, "/data").status(),
            Corrupt("/data is of version 2; this program reads up to version 1"));

  for (const char* const text : {"", "x\n", "1", "0\n", "-1\n", "1 \n", "99999999999\n"}) {
    ASSERT_TRUE(env.WriteFileAtomically("/data/VERSION", text).ok());
    EXPECT_EQ(DataDirectory::Open(env, "/data").status().code(), Code::kCorrupt) << text;
  }
}

TEST(DataDirectory, SweepsWhatIsTemporaryAndKeepsTheRest) {
  MemoryEnv env;
  ASSERT_TRUE(DataDirectory::Open(env, "/data").ok());
  ASSERT_TRUE(env.CreateDirectories("/data/temporary/import").ok());
  ASSERT_TRUE(env.WriteFileAtomically("/data/temporary/import/part", "x").ok());
  ASSERT_TRUE(env.WriteFileAtomically("/data/credentials.tmp", "x").ok());
  ASSERT_TRUE(env.WriteFileAtomically("/data/credentials", "x").ok());

  ASSERT_TRUE(DataDirectory::Open(env, "/data").ok());

  EXPECT_TRUE(env.List("/data/temporary")->empty());
  EXPECT_FALSE(env.Exists("/data/credentials.tmp"));
  EXPECT_TRUE(env.Exists("/data/credentials"));
}

TEST(DataDirectory, OpensAgainWhereverTheFirstOpenWasCutOff) {
  for (std::uint64_t call = 0;; ++call) {
    MemoryEnv env(call);
    env.StopAtCall(call);
    const bool opened = DataDirectory::Open(env, "/a/data").ok();
    env.Crash(call % 2 == 0 ? CrashKind::kLoseUnsynced : CrashKind::kTearUnsynced);

    EXPECT_TRUE(DataDirectory::Open(env, "/a/data").ok()) << "cut at call " << call;
    if (opened) break;
  }
}

}  // namespace
}  // namespace attune
