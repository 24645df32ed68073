#include <gtest/gtest.h>

#include <atomic>

#include "storage/copy_file.h"
#include "storage/fault_sweep.h"
#include "storage/key_value_store.h"

namespace attune {
namespace {

const std::atomic<bool> kNotCancelled{false};

TEST(CopyTreeFaults, CopyAllOrSayThatTheyDidNot) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    ASSERT_TRUE(env.CreateDirectories("/from/below").ok());
    ASSERT_TRUE(env.WriteFileAtomically("/from/a", "one").ok());
    ASSERT_TRUE(env.WriteFileAtomically("/from/below/b", "two").ok());
    fault.Arm();
    const auto copied = CopyTree(env, "/from", "/to", kNotCancelled);
    fault.Heal();

    ASSERT_TRUE(copied.ok() || fault.happened());
    if (!copied.ok()) {
      ASSERT_TRUE(env.RemoveTree("/to").ok());
      ASSERT_TRUE(CopyTree(env, "/from", "/to", kNotCancelled).ok());
    }
    ASSERT_TRUE(env.SyncDirectory("/").ok());
    env.Crash();
    EXPECT_EQ(*env.ReadFile("/to/a"), "one");
    EXPECT_EQ(*env.ReadFile("/to/below/b"), "two");
    EXPECT_EQ(*env.ReadFile("/from/a"), "one");
  });
}

TEST(KeyValueFilesFaults, CopyAllOrSayThatTheyDidNot) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    auto store = *KeyValueStore::Open(env, "/log");
    ASSERT_TRUE(store->Put(KeySpace::kState, "a", "1").ok());
    ASSERT_TRUE(store->Close().ok());
    store.reset();
    store = *KeyValueStore::Open(env, "/log");
    ASSERT_TRUE(store->Put(KeySpace::kState, "b", "2").ok());
    const auto copy = [&]() -> Status {
      ATTUNE_TRY(const auto files, store->HoldFiles());
      return files->CopyTo("/copy", kNotCancelled);
    };
    fault.Arm();
    const Status copied = copy();
    fault.Heal();

    ASSERT_TRUE(copied.ok() || fault.happened());
    if (!copied.ok()) {
      ASSERT_TRUE(env.RemoveTree("/copy").ok());
      ASSERT_TRUE(copy().ok());
    }
    env.Crash();
    const auto restored = KeyValueStore::Open(env, "/copy");
    ASSERT_TRUE(restored.ok()) << restored.status().ToString();
    EXPECT_EQ((*restored)->Scan(KeySpace::kState, "", "", 10)->size(), 2u);
  });
}

}  // namespace
}  // namespace attune
