#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "storage/directory_object_store.h"
#include "storage/key_value_store.h"

namespace attune {

/// For tests: an object store with all that it needs, as one process has it, on an env that can be cut off.
struct ObjectStoreWorld {
  explicit ObjectStoreWorld(Env& env) : env_(env) {
    auto opened_index = KeyValueStore::Open(env, "/log");
    status = opened_index.status();
    if (!status.ok()) return;
    index = *std::move(opened_index);
    auto opened = DirectoryObjectStore::Open(env, clock, entropy, *index, "/objects");
    status = opened.status();
    if (status.ok()) store = *std::move(opened);
  }

  std::size_t FileCount() const {
    std::size_t count = 0;
    const auto shards = env_.List("/objects");
    if (!shards.ok()) return 0;
    for (const DirectoryEntry& shard : *shards) count += env_.List("/objects/" + shard.name)->size();
    return count;
  }

  Env& env_;
  FakeClock clock{1'000};
  // Different for every world, as it is in life: a restarted process does not give the same names again.
  FakeEntropy entropy{NextSeed()};
  std::unique_ptr<KeyValueStore> index;
  std::unique_ptr<DirectoryObjectStore> store;
  Status status;

 private:
  static std::uint64_t NextSeed() {
    static std::atomic<std::uint64_t> seed = 1;
    return seed++;
  }
};

}  // namespace attune
