#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "storage/env.h"
#include "train/sequence_trainer.h"

namespace attune {

/// How far a training of the sequence transformer is, after an epoch.
struct SequenceCheckpoint {
  int epoch = 0;
  int checks_without_gain = 0;
  double last_ndcg = -1;
  SequenceState state;
  SequenceFit best;  ///< Parameters, epochs and NDCG; the rest comes from the training that goes on.
};

/// What a checkpoint is good for: data, cases, shape and options, all that decides how a training goes.
std::uint64_t SequenceFingerprint(const TrainingView& view, std::span<const ValidationCase> cases,
                                  const SequenceShape& shape, const SequenceOptions& options);

/// Puts the checkpoint in the place of an older one in one step, durably: docs/formats/sequence_checkpoint.md.
Status SaveSequenceCheckpoint(const CheckpointPlace& place, std::uint64_t fingerprint,
                              const SequenceCheckpoint& checkpoint);

/// NotFound where there is none of this fingerprint; Corrupt for a damaged one.
Result<SequenceCheckpoint> LoadSequenceCheckpoint(const CheckpointPlace& place, std::uint64_t fingerprint,
                                                  std::size_t parameter_count);

}  // namespace attune
