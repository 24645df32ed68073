#pragma once

#include "train/sequence_trainer.h"

namespace attune {

/// Tells how far an epoch is, each time that `share_between` of it was done since.
class WithinEpoch {
 public:
  WithinEpoch(const OnSequenceEpoch& on_epoch, double share_between, const SequenceProgress& progress)
      : on_epoch_(on_epoch), share_between_(share_between), progress_(progress) {
    progress_.epoch_share = 0;
  }

  void Tell(double done) {
    if (!on_epoch_ || done - progress_.epoch_share < share_between_) return;
    progress_.epoch_share = done;
    on_epoch_(progress_);
  }

 private:
  const OnSequenceEpoch& on_epoch_;
  const double share_between_;
  SequenceProgress progress_;
};

}  // namespace attune
