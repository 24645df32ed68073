#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "storage/fault_sweep.h"
#include "storage/key_value_store.h"

namespace attune {
namespace {

constexpr KeyValueStore::Options kSmallBuffer{.write_buffer_bytes = 64 << 10};

/// Writes that were answered, and what may be found in their place.
class Ledger {
 public:
  explicit Ledger(std::string writer = "") : writer_(std::move(writer)) {}

  /// Enough bytes, and no two alike, that buffers are flushed, log files end, and sorted files are compacted.
  Status Put(KeyValueStore& store, int number) {
    const std::string key = writer_ + "key" + std::to_string(number % kKeys);
    std::string value = std::to_string(number) + ":";
    for (int i = 0; i < 8000; ++i) value.push_back(static_cast<char>(random_.Next()));
    const Status status = store.Put(KeySpace::kState, key, value);
    if (status.ok()) {
      acknowledged_[key] = value;
      refused_.erase(key);
    } else {
      refused_[key].insert(value);
    }
    return status;
  }

  /// Every key has the value that was acknowledged last, or one that was refused since.
  void Check(const KeyValueStore& store) const {
    for (const auto& [key, value] : acknowledged_) {
      const auto found = store.Get(KeySpace::kState, key);
      ASSERT_TRUE(found.ok()) << found.status().ToString();
      ASSERT_TRUE(found->has_value()) << key << " is lost";
      const auto refused = refused_.find(key);
      ASSERT_TRUE(**found == value || (refused != refused_.end() && refused->second.contains(**found)))
          << key << " was " << value.substr(0, 4) << " and is " << (*found)->substr(0, 4);
    }
  }

 private:
  static constexpr int kKeys = 25;
  const std::string writer_;
  Random random_{1};
  std::map<std::string, std::string> acknowledged_;
  std::map<std::string, std::set<std::string>> refused_;
};

/// One call fails among those of writes, flushes, new log files and compactions.
TEST(KeyValueStoreFaults, NeverLoseWhatWasAcknowledgedAndWriteOnAfterASingleFault) {
  constexpr int kPuts = 40;
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    Ledger ledger;
    auto store = *KeyValueStore::Open(env, "/log", kSmallBuffer);
    fault.Arm();
    int refusals = 0;
    for (int i = 0; i < kPuts; ++i) {
      // What fails behind the writes may be told by any later one.
      if (i == kPuts - 1) fault.Heal();
      const Status put = ledger.Put(*store, i);
      if (put.ok()) continue;
      ASSERT_TRUE(put.code() == Code::kIo || put.code() == Code::kResourceExhausted) << put.ToString();
      ASSERT_EQ(++refusals, 1);
      const Status again = ledger.Put(*store, i);
      ASSERT_TRUE(again.ok()) << again.ToString();
    }
    ASSERT_NO_FATAL_FAILURE(ledger.Check(*store));

    // The threads of a process that died change nothing after that.
    env.StopAtCall(0);
    store.reset();
    env.Crash();
    auto reopened = KeyValueStore::Open(env, "/log", kSmallBuffer);
    ASSERT_TRUE(reopened.ok()) << reopened.status().ToString();
    ASSERT_NO_FATAL_FAILURE(ledger.Check(**reopened));
  });
}

/// Everything fails for a while, from any moment on; then the disk is well again, in the life of one process.
TEST(KeyValueStoreFaults, ReadOnThroughAnOutageAndWriteAgainAfterIt) {
  constexpr int kPuts = 40;
  bool reached = true;
  for (std::uint64_t call = 0; reached; call += 3) {
    SCOPED_TRACE("outage from call " + std::to_string(call) + " on");
    MemoryEnv env(call);
    Ledger ledger;
    auto store = *KeyValueStore::Open(env, "/log", kSmallBuffer);
    const std::uint64_t first = env.call_count() + call;
    env.StopAtCall(first);
    for (int i = 0; i < kPuts; ++i) {
      if (ledger.Put(*store, i).ok()) continue;
      ASSERT_FALSE(store->writable());
      ASSERT_FALSE(ledger.Put(*store, i).ok());
      ASSERT_FALSE(store->Recover().ok());
      ASSERT_NO_FATAL_FAILURE(ledger.Check(*store));
      env.Heal();
      const Status again = ledger.Put(*store, i);
      ASSERT_TRUE(again.ok()) << again.ToString();
      ASSERT_TRUE(store->writable());
    }
    ASSERT_NO_FATAL_FAILURE(ledger.Check(*store));
    reached = env.call_count() > first;
  }
}

TEST(KeyValueStoreFaults, ServeWritersAndReadersAtTheSameTimeOnADiskThatFailsNowAndThen) {
  constexpr int kWriters = 4;
  constexpr int kPuts = 40;
  constexpr std::uint64_t kCallsBetweenFaults = 23;
  MemoryEnv env;
  const auto store = *KeyValueStore::Open(env, "/log", kSmallBuffer);
  for (std::uint64_t i = 1; i < 100; ++i) {
    env.FailCall(env.call_count() + i * kCallsBetweenFaults, static_cast<Fault>(i % 4));
  }
  std::array<Ledger, kWriters> ledgers{Ledger("a"), Ledger("b"), Ledger("c"), Ledger("d")};
  std::atomic<int> refused_count = 0;
  std::vector<std::thread> writers;
  for (Ledger& ledger : ledgers) {
    writers.emplace_back([&] {
      for (int i = 0; i < kPuts; ++i) {
        if (!ledger.Put(*store, i).ok()) ++refused_count;
        // None but this thread writes its keys.
        ledger.Check(*store);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_GT(refused_count, 0);

  env.Heal();
  int refused_afterwards = 0;
  for (Ledger& ledger : ledgers) {
    if (!ledger.Put(*store, kPuts).ok()) {
      ++refused_afterwards;
      ASSERT_TRUE(ledger.Put(*store, kPuts).ok());
    }
    ledger.Check(*store);
  }
  EXPECT_LE(refused_afterwards, 1) << "a fault from before may be told only now";
}

TEST(KeyValueStoreFaults, GiveBackNothingThatWasRefused) {
  MemoryEnv env;
  auto store = *KeyValueStore::Open(env, "/log");
  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "kept").ok());
  // The record is written and its sync fails: it may be on the disk.
  env.FailCall(env.call_count() + 1, Fault::kIo);
  ASSERT_FALSE(store->Put(KeySpace::kState, "a", "refused").ok());

  ASSERT_TRUE(store->Recover().ok());
  EXPECT_EQ(**store->Get(KeySpace::kState, "a"), "kept");
  store.reset();
  store = *KeyValueStore::Open(env, "/log");
  EXPECT_EQ(**store->Get(KeySpace::kState, "a"), "kept");
}

TEST(KeyValueStoreFaults, RecoverWhileIteratorsAndHeldFilesLive) {
  MemoryEnv env;
  const std::atomic<bool> is_cancelled{false};
  auto store = *KeyValueStore::Open(env, "/log");
  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "1").ok());
  const auto iterator = store->Iterate(KeySpace::kState);
  auto held = *store->HoldFiles();
  env.FailCall(env.call_count(), Fault::kIo);
  ASSERT_FALSE(store->Put(KeySpace::kState, "b", "1").ok());

  ASSERT_TRUE(store->Put(KeySpace::kState, "c", "1").ok());

  iterator->Seek("");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "a");
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
  // The files of the copy are gone, and it says so.
  EXPECT_FALSE(held->CopyTo("/copy", is_cancelled).ok());
  held.reset();
  EXPECT_EQ(store->Scan(KeySpace::kState, "", "", 10)->size(), 2u);
}

TEST(KeyValueStoreFaults, KeepTheFolderThroughARecovery) {
  MemoryEnv env;
  auto store = *KeyValueStore::Open(env, "/log");
  ASSERT_TRUE(store->Put(KeySpace::kState, "a", "1").ok());
  env.FailCall(env.call_count(), Fault::kIo);
  ASSERT_FALSE(store->Put(KeySpace::kState, "a", "2").ok());
  ASSERT_TRUE(store->Recover().ok());

  EXPECT_EQ(KeyValueStore::Open(env, "/log").status().code(), Code::kBusy);
}

}  // namespace
}  // namespace attune
