#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"
#include "server/backup.h"
#include "storage/fault_sweep.h"

namespace attune {
namespace {

/// A data directory in memory; the catalog alone, and its copy, are on the disk, under the same paths.
class BackupFaults : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/data");
    std::filesystem::create_directories(copy_ + ".partial");
    catalog_ = *Catalog::Open(folder_ + "/data/catalog.db", clock_, entropy_);
  }
  void TearDown() override {
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }

  const std::string folder_ = testing::TempDir() + "attune_backup_faults";
  const std::string copy_ = folder_ + "/copy";
  FakeClock clock_{1'000};
  FakeEntropy entropy_{1};
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(BackupFaults, CopyEverythingOrLeaveNothingAndCopyAgainAfterwards) {
  SweepFaults([this](MemoryEnv& env, SingleFault& fault) {
    {
      ASSERT_TRUE(env.CreateDirectories(folder_).ok());
      const auto directory = *DataDirectory::Open(env, folder_ + "/data");
      const auto values = *KeyValueStore::Open(env, directory->log_path());
      const auto objects = *DirectoryObjectStore::Open(env, clock_, entropy_, *values, directory->objects_path());
      ASSERT_TRUE(objects->CreateBucket("b", "r").ok());
      ASSERT_TRUE(objects->PutObject("b", "k", "content").ok());
      ASSERT_TRUE(env.WriteFileAtomically(directory->credentials_path(), "secret").ok());
      Backup backup({.env = env,
                     .directory = *directory,
                     .catalog = *catalog_,
                     .key_values = *values,
                     .objects = objects.get(),
                     .on_released = [] {}});
      fault.Arm();
      const auto copied = backup.Run(copy_);
      fault.Heal();

      ASSERT_TRUE(copied.ok() || fault.happened());
      if (!copied.ok()) {
        EXPECT_EQ(env.List(folder_)->size(), 1u) << "nothing is left of it";
        const auto again = backup.Run(copy_);
        ASSERT_TRUE(again.ok()) << again.status().ToString();
      }
    }
    env.Crash();
    EXPECT_EQ(*env.ReadFile(copy_ + "/credentials"), "secret");
    const auto directory = DataDirectory::Open(env, copy_);
    ASSERT_TRUE(directory.ok()) << directory.status().ToString();
    const auto values = *KeyValueStore::Open(env, (*directory)->log_path());
    const auto objects = *DirectoryObjectStore::Open(env, clock_, entropy_, *values, (*directory)->objects_path());
    EXPECT_EQ(*objects->ReadObject("b", "k"), "content");
  });
}

}  // namespace
}  // namespace attune
