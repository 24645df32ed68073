#include "storage/key_value_store.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

std::unique_ptr<KeyValueStore> OpenStore(Env& env) {
  auto store = KeyValueStore::Open(env, "/data/log");
  EXPECT_TRUE(store.ok()) << store.status().ToString();
  return store.ok() ? *std::move(store) : nullptr;
}

std::string Find(const KeyValueStore& store, std::string_view key) {
  const auto value = store.Get(KeySpace::kState, key);
  if (!value.ok()) return value.status().ToString();
  return value->value_or("(nothing)");
}

TEST(KeyValueStore, KeepsWhatWasPutUntilItIsDeleted) {
  MemoryEnv env;
  const auto store = OpenStore(env);

  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "1").ok());
  EXPECT_EQ(Find(*store, "a"), "1");
  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "2").ok());
  EXPECT_EQ(Find(*store, "a"), "2");
  ASSERT_TRUE(store->Delete(KeySpace::kState, "a").ok());
  EXPECT_EQ(Find(*store, "a"), "(nothing)");
}

TEST(KeyValueStore, KeepsTheKeySpacesApart) {
  MemoryEnv env;
  const auto store = OpenStore(env);
  ASSERT_TRUE(store->Put(KeySpace::kEvents, "a", "event").ok());
  ASSERT_TRUE(store->Put(KeySpace::kObjects, "a", "object").ok());

  EXPECT_EQ(Find(*store, "a"), "(nothing)");
  EXPECT_EQ(store->Scan(KeySpace::kEvents, "", "", 10)->size(), 1u);
}

TEST(KeyValueStore, ScansAPrefixInByteOrderFromAKeyOnUpToALimit) {
  MemoryEnv env;
  const auto store = OpenStore(env);
  for (const char* const key : {"a/1", "a/2", "a/\xff", "a0", "b"}) {
    ASSERT_TRUE(store->Put(KeySpace::kState, key, key).ok());
  }
  using Entries = std::vector<KeyValueStore::Entry>;

  EXPECT_EQ(*store->Scan(KeySpace::kState, "a/", "", 10),
            (Entries{{"a/1", "a/1"}, {"a/2", "a/2"}, {"a/\xff", "a/\xff"}}));
  EXPECT_EQ(*store->Scan(KeySpace::kState, "a/", "a/2", 10), (Entries{{"a/2", "a/2"}, {"a/\xff", "a/\xff"}}));
  EXPECT_EQ(*store->Scan(KeySpace::kState, "a/", "", 1), (Entries{{"a/1", "a/1"}}));
  EXPECT_EQ(*store->Scan(KeySpace::kState, "a/", "", 0), Entries{});
}

TEST(KeyValueStore, DeletesAPrefixAndNothingBesideIt) {
  MemoryEnv env;
  const auto store = OpenStore(env);
  for (const char* const key : {"a", "b", "b\xff", "b\xff\xff", "c"}) {
    ASSERT_TRUE(store->Put(KeySpace::kState, key, "").ok());
  }

  KeyValueBatch batch;
  batch.DeletePrefix(KeySpace::kState, "b\xff");
  ASSERT_TRUE(store->Write(std::move(batch)).ok());

  std::string keys;
  const auto entries = store->Scan(KeySpace::kState, "", "", 10);
  for (const auto& [key, value] : *entries) keys += key + " ";
  EXPECT_EQ(keys, "a b c ");
}

TEST(KeyValueStore, WalksOverItselfAsItWasWhenTheIteratorWasMade) {
  MemoryEnv env;
  const auto store = OpenStore(env);
  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "old").ok());
  const auto iterator = store->Iterate(KeySpace::kState);

  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "new").ok());
  ASSERT_TRUE(store->Put(KeySpace::kState, "b", "new").ok());

  iterator->Seek("");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->value(), "old");
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
}

TEST(KeyValueStore, TellsOfAReadThatFailedHoweverTheIteratorMovesAfterwards) {
  MemoryEnv env;
  ASSERT_TRUE(OpenStore(env)->Put(KeySpace::kState, "a", "1").ok());
  ASSERT_TRUE(OpenStore(env)->Close().ok());  // The keys lie in a sorted file.
  const auto store = OpenStore(env);
  const auto iterator = store->Iterate(KeySpace::kState);
  const std::uint64_t first = env.read_count();
  for (std::uint64_t read = 0; read < 10; ++read) env.FailRead(first + read);

  iterator->Seek("");
  EXPECT_FALSE(iterator->Valid());
  env.Heal();
  iterator->Seek("");

  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(iterator->status().code(), Code::kIo);
  EXPECT_EQ(store->Scan(KeySpace::kState, "", "", 10)->size(), 1u) << "another iterator finds it";
}

TEST(KeyValueStore, SurvivesAPowerCutWithoutClose) {
  MemoryEnv env;
  auto store = OpenStore(env);
  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "1").ok());

  env.Crash();
  store.reset();

  EXPECT_EQ(Find(*OpenStore(env), "a"), "1");
}

TEST(KeyValueStore, SaysCorruptWhenABlockOnDiskHasChanged) {
  MemoryEnv env;
  auto store = OpenStore(env);
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    std::string value;
    for (int j = 0; j < 100; ++j) value.push_back(static_cast<char>(random.Next()));
    ASSERT_TRUE(store->Put(KeySpace::kState, "key" + std::to_string(i), value).ok());
  }
  ASSERT_TRUE(store->Close().ok());
  store.reset();
  int flipped = 0;
  const auto entries = env.List("/data/log");
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.name.ends_with(".sst")) continue;
    env.FlipBit("/data/log/" + entry.name, 1000, 3);
    ++flipped;
  }
  ASSERT_GT(flipped, 0);

  const auto reopened = KeyValueStore::Open(env, "/data/log");

  if (!reopened.ok()) {
    EXPECT_EQ(reopened.status().code(), Code::kCorrupt);
  } else {
    EXPECT_EQ((*reopened)->Scan(KeySpace::kState, "", "", 1000).status().code(), Code::kCorrupt);
  }
}

TEST(KeyValueStore, CopiesOneMomentWhileItIsWrittenTo) {
  MemoryEnv env;
  const std::atomic<bool> is_cancelled{false};
  auto store = *KeyValueStore::Open(env, "/log", {.write_buffer_bytes = 64 << 10});
  const std::string value(1000, 'v');
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(store->Put(KeySpace::kState, "before/" + std::to_string(i), value).ok());
  {
    const auto files = store->HoldFiles();
    ASSERT_TRUE(files.ok()) << files.status().ToString();
    // Enough to write, sort and drop files several times over.
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(store->Put(KeySpace::kState, "after/" + std::to_string(i), value).ok());
    KeyValueBatch batch;
    batch.DeletePrefix(KeySpace::kState, "before/");
    ASSERT_TRUE(store->Write(std::move(batch)).ok());
    ASSERT_TRUE((*files)->CopyTo("/copy", is_cancelled).ok());
    EXPECT_GT((*files)->bytes(), 10'000u);
  }
  env.Crash();  // The copy was synced.

  auto copy = *KeyValueStore::Open(env, "/copy");
  EXPECT_EQ(copy->Scan(KeySpace::kState, "before/", "", 1000)->size(), 200u);
  EXPECT_EQ(copy->Scan(KeySpace::kState, "after/", "", 1000)->size(), 0u);
}

TEST(KeyValueStore, EndsACopyThatIsCancelled) {
  MemoryEnv env;
  const std::atomic<bool> is_cancelled{true};
  auto store = *KeyValueStore::Open(env, "/log");
  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "1").ok());
  EXPECT_EQ((*store->HoldFiles())->CopyTo("/copy", is_cancelled).code(), Code::kCancelled);
}

TEST(KeyValueStore, RefusesASecondOwnerOfItsFolder) {
  MemoryEnv env;
  const auto store = OpenStore(env);

  EXPECT_FALSE(KeyValueStore::Open(env, "/data/log").ok());
}

TEST(KeyValueStore, RefusesWritesOnAFullDiskAndTakesThemAgainAfterwards) {
  for (const Fault fault : {Fault::kNoSpace, Fault::kIo, Fault::kShortWrite, Fault::kFailedSync}) {
    MemoryEnv env;
    auto store = OpenStore(env);
    ASSERT_TRUE(store->Put(KeySpace::kState, "before", "1").ok());
    env.FailEveryCall(fault);

    const Status refused = store->Put(KeySpace::kState, "during", "1");
    EXPECT_EQ(refused.code(), fault == Fault::kNoSpace ? Code::kResourceExhausted : Code::kIo) << refused.ToString();
    EXPECT_FALSE(store->Put(KeySpace::kState, "during", "1").ok());
    EXPECT_FALSE(store->writable());
    EXPECT_FALSE(store->Recover().ok());
    EXPECT_EQ(Find(*store, "before"), "1");
    EXPECT_EQ(Find(*store, "during"), "(nothing)");

    env.FailEveryCall(std::nullopt);
    const Status again = store->Put(KeySpace::kState, "after", "1");
    ASSERT_TRUE(again.ok()) << again.ToString();
    EXPECT_TRUE(store->writable());
    env.Crash();
    store.reset();
    store = OpenStore(env);
    EXPECT_EQ(Find(*store, "before"), "1");
    EXPECT_EQ(Find(*store, "after"), "1");
  }
}

/// Puts batches of two keys until one fails; each pair has one value.
struct Acknowledged {
  int count = 0;
  bool stopped = false;
};

Acknowledged PutPairs(Env& env, int pairs) {
  Acknowledged result;
  auto store = KeyValueStore::Open(env, "/data/log", {.write_buffer_bytes = 1 << 16});
  result.stopped = !store.ok();
  for (int i = 0; i < pairs && !result.stopped; ++i) {
    KeyValueBatch batch;
    // Large enough that the write buffer is flushed now and then.
    const std::string value = std::to_string(i) + std::string(4000, 'x');
    batch.Put(KeySpace::kState, "left" + std::to_string(i), value);
    batch.Put(KeySpace::kState, "right" + std::to_string(i), value);
    result.stopped = !(*store)->Write(std::move(batch)).ok();
    if (!result.stopped) ++result.count;
  }
  return result;
}

/// Cuts the power after every changing call that the store makes, in both ways.
TEST(KeyValueStore, HoldsEveryAcknowledgedBatchAndNoHalfOfOneWhereverThePowerIsCut) {
  constexpr int kPairs = 20;
  for (const CrashKind kind : {CrashKind::kLoseUnsynced, CrashKind::kTearUnsynced}) {
    for (std::uint64_t call = 0;; ++call) {
      MemoryEnv env(call);
      env.StopAtCall(call);
      const Acknowledged acknowledged = PutPairs(env, kPairs);
      env.Crash(kind);

      const auto store = OpenStore(env);
      ASSERT_NE(store, nullptr) << "cut at call " << call;
      for (int i = 0; i < kPairs; ++i) {
        const std::string left = Find(*store, "left" + std::to_string(i));
        const std::string right = Find(*store, "right" + std::to_string(i));
        ASSERT_EQ(left, right) << "cut at call " << call;
        if (i < acknowledged.count) {
          ASSERT_EQ(left.substr(0, left.find('x')), std::to_string(i)) << "cut at call " << call;
        }
      }
      if (!acknowledged.stopped) break;
    }
  }
}

}  // namespace
}  // namespace attune
