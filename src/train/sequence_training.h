#pragma once

#include <span>

#include "base/status.h"
#include "base/workers.h"
#include "model/training_view.h"
#include "train/attribute_embeddings.h"
#include "train/sequence_checkpoint.h"
#include "train/sequence_trainer.h"
#include "train/validation_case.h"

namespace attune {

/// A training of the sequence transformer on `view`, whose types and values of events decide shape.event_rows. It keeps
/// the moving average of parameters that ranks `cases` best by NDCG@10; items of the history are left out where the
/// answer is none of them. The same bits for any number of threads, and whether or not it went on from a checkpoint.
/// One thread at a time; what the constructor is given outlives it.
class SequenceTraining {
 public:
  /// `on_epoch` may be empty.
  SequenceTraining(const TrainingView& view, std::span<const ValidationCase> cases, const SequenceShape& shape,
                   const SequenceOptions& options, const Workers& workers, const OnSequenceEpoch& on_epoch);

  /// Goes on from the checkpoint at `place` where that is one of this training, and says whether it is.
  bool ResumeFrom(const CheckpointPlace& place);
  /// To the end of `epoch`, unless it ends earlier, and checks there. Leaves checkpoints at `place`, if that has an
  /// env. Cancelled if the workers are.
  Status RunTo(int epoch, const CheckpointPlace& place = {});
  /// Epochs that are done.
  int epoch() const { return now_.epoch; }
  /// The best so far; negative before the first check.
  double validation_ndcg() const { return now_.best.validation_ndcg; }
  /// What the parameters that rank best give. Requires a check; nothing else is asked afterwards.
  SequenceFit Finish() &&;

  /// At most so many cases are ranked at a check.
  static constexpr std::size_t kCheckCasesMax = 2000;

 private:
  void Check();

  const TrainingView& view_;
  const std::span<const ValidationCase> cases_;
  const SequenceOptions options_;
  const Workers& workers_;
  const OnSequenceEpoch& on_epoch_;
  const AttributeEmbeddings attributes_;
  const EventEncoder events_;
  const SequenceShape shape_;
  const std::uint64_t fingerprint_;
  SequenceCheckpoint now_;
};

}  // namespace attune
