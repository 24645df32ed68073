#include "train/sequence_checkpoint.h"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>

#include "storage/fault_sweep.h"
#include "train/test_world.h"

namespace attune {
namespace {

constexpr std::uint64_t kFingerprint = 7;
constexpr std::size_t kParameters = 3;

SequenceCheckpoint Checkpoint(int epoch) {
  const auto value = static_cast<float>(epoch);
  const std::vector<float> values(kParameters, value);
  SequenceCheckpoint checkpoint{.epoch = epoch, .state = {}, .best = {}};
  checkpoint.state.parameters = values;
  checkpoint.state.average = values;
  checkpoint.state.adam = Adam(values, values);
  return checkpoint;
}

TEST(SequenceCheckpointFaults, LeaveTheOldOneOrTheNewAndSaveAgainAfterwards) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    const FakeClock clock;
    const CheckpointPlace place{.env = &env, .clock = &clock, .path = "/checkpoint", .every_ms = 0};
    const auto load = [&] { return LoadSequenceCheckpoint(place, kFingerprint, kParameters); };
    ASSERT_TRUE(SaveSequenceCheckpoint(place, kFingerprint, Checkpoint(1)).ok());
    fault.Arm();
    const Status saved = SaveSequenceCheckpoint(place, kFingerprint, Checkpoint(2));
    const auto loaded = load();
    fault.Heal();

    ASSERT_TRUE((saved.ok() && loaded.ok()) || fault.happened());
    for (const auto& found : {loaded, load()}) {
      if (!found.ok()) continue;
      EXPECT_TRUE(found->epoch == 2 || (!saved.ok() && found->epoch == 1)) << found->epoch;
      EXPECT_EQ(found->state.parameters, std::vector<float>(kParameters, static_cast<float>(found->epoch)));
    }
    ASSERT_TRUE(load().ok());
    ASSERT_TRUE(SaveSequenceCheckpoint(place, kFingerprint, Checkpoint(3)).ok());
    env.Crash();
    EXPECT_EQ(load()->epoch, 3);
    EXPECT_EQ(env.List("/")->size(), 1u) << "no half-written file is left";
  });
}

TEST(SequenceCheckpoint, RefusesCountsThatCannotBe) {
  MemoryEnv env;
  const CheckpointPlace place{.env = &env, .clock = nullptr, .path = "/checkpoint"};
  SequenceCheckpoint negative = Checkpoint(1);
  negative.epoch = -1;  // On disk a number beyond any int.
  ASSERT_TRUE(SaveSequenceCheckpoint(place, kFingerprint, negative).ok());

  const auto loaded = LoadSequenceCheckpoint(place, kFingerprint, kParameters);

  EXPECT_EQ(loaded.status().code(), Code::kCorrupt);
}

TEST(SequenceFingerprint, DiffersWhereTypesValuesOrImpressionsDo) {
  const auto fingerprint = [](const std::function<void(Interactions&)>& change) {
    TrainingData data = FewUsers(3, 4);
    Interactions& interactions = data.interactions;
    interactions.event_type = std::vector<std::uint32_t>{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    interactions.impressions.assign(12, 0);
    interactions.impression_offsets.resize(13);
    std::iota(interactions.impression_offsets.begin(), interactions.impression_offsets.end(), 0u);
    change(interactions);
    return SequenceFingerprint(WholeView(data), {}, {.item_count = data.items.size(), .event_rows = 1}, {});
  };
  const std::uint64_t before = fingerprint([](Interactions&) {});

  EXPECT_EQ(fingerprint([](Interactions&) {}), before);
  EXPECT_NE(fingerprint([](Interactions& all) { all.event_type[3] = 0; }), before);
  EXPECT_NE(fingerprint([](Interactions& all) { all.event_value[3] = 2; }), before);
  EXPECT_NE(fingerprint([](Interactions& all) { all.impressions[3] = 1; }), before);
  EXPECT_NE(fingerprint([](Interactions& all) { all.impression_offsets[3] = 2; }), before);
}

}  // namespace
}  // namespace attune
