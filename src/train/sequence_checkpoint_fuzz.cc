// A checkpoint of the sequence transformer in which sections hold other bytes, under checksums that are right: an
// error, or as many parameters as were asked for.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "storage/memory_env.h"
#include "storage/section_changes.h"
#include "train/sequence_checkpoint.h"

namespace {

using namespace attune;

constexpr std::size_t kParameters = 3;
constexpr std::uint64_t kFingerprint = 7;
constexpr char kPath[] = "/checkpoint";

SnapshotSections MakeSections() {
  MemoryEnv env;
  SequenceCheckpoint checkpoint;
  checkpoint.epoch = 2;
  checkpoint.state.parameters.assign(kParameters, 1);
  checkpoint.state.average.assign(kParameters, 1);
  checkpoint.state.adam = Adam(kParameters);
  checkpoint.best.epochs = 1;
  checkpoint.best.parameters.assign(kParameters, 1);
  ATTUNE_CHECK(SaveSequenceCheckpoint({.env = &env, .path = kPath}, kFingerprint, checkpoint).ok());
  return ReadSections(env, kPath, "attune.sequence_checkpoint");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SnapshotSections sound = MakeSections();
  SnapshotSections changed = sound;
  ApplyChanges({reinterpret_cast<const char*>(data), size},
               [&](std::uint8_t number) -> std::string& { return changed.all[number % changed.all.size()].second; });
  MemoryEnv env;
  WriteSections(env, changed);
  const auto loaded = LoadSequenceCheckpoint({.env = &env, .path = kPath}, kFingerprint, kParameters);
  if (!loaded.ok()) {
    ATTUNE_CHECK(loaded.status().code() == Code::kCorrupt || loaded.status().code() == Code::kNotFound);
    return 0;
  }
  for (const auto* values :
       {&loaded->state.parameters, &loaded->state.average, &loaded->state.adam.mean(), &loaded->state.adam.square()}) {
    ATTUNE_CHECK(values->size() == kParameters);
  }
  ATTUNE_CHECK(loaded->epoch >= 0 && loaded->best.epochs >= 0 && loaded->checks_without_gain >= 0);
  return 0;
}
