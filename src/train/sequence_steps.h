#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/workers.h"
#include "model/sequence_transformer.h"
#include "model/training_view.h"
#include "tensor/adam.h"
#include "tensor/list_loss.h"
#include "tensor/softmax_loss.h"
#include "train/attribute_embeddings.h"
#include "train/passed_over.h"
#include "train/step_items.h"

namespace attune {

/// How each step of a training is made.
struct SequenceStepOptions {
  std::uint64_t seed = 1;
  std::size_t history_max = 200;  ///< Newest events of each user that are learned from.
  std::size_t negatives = 0;      ///< Items drawn a step as classes of its softmax, see StepItems; 0: all items are.
  /// Users whose gradients are added before a step: a fortieth of all, within these. Small data needs many steps.
  std::size_t users_per_step_min = 16;
  std::size_t users_per_step_max = 128;
  float rate = 1e-3f;
  int warm_up_steps = 100;
  float dropout = 0.2f;
  float average = 0.99f;  ///< Of the moving average of parameters.
  /// Of the choice from what was shown, where that is known, beside that of the next item from all: no less, for it
  /// says what is liked where counts say what was shown, and no more, for all items are ranked. 0: as without lists.
  float impression_weight = 1;
};

/// How many of `user_count` users with something to learn from a step takes.
std::size_t SequenceUsersPerStep(std::size_t user_count, const SequenceStepOptions& options);

/// Everything that changes while a training runs: with the data and the options it says how the training goes on.
struct SequenceState {
  /// SequenceLayout, but item embeddings without those of their attributes; these follow, [F, D].
  std::vector<float> parameters;
  std::vector<float> average;
  Adam adam{0};
  std::uint64_t step = 0;
};

/// How a training begins: weights by the sizes of their matrices, gates half open, norms as they are.
SequenceState InitialSequenceState(const SequenceShape& shape, std::size_t feature_count, std::uint64_t seed);

/// Parameters as SequenceTransformer reads them: every item with the embeddings of its attributes.
std::vector<float> ServedParameters(const SequenceShape& shape, const AttributeEmbeddings& attributes,
                                    std::span<const float> parameters);

/// What a pass over the users gave.
struct EpochOutcome {
  double loss = 0;  ///< Mean of -log probability of the next item.
  std::size_t tokens = 0;
};

/// Steps of gradient descent on the newest history_max + 1 events of every user, cut into pieces of length_max, by a
/// softmax over StepItems, and one over each taken item and what was PassedOver for it. Sums are added in a fixed
/// order: the same bits for any number of threads. One thread at a time; what the constructor is given outlives it.
class SequenceSteps {
 public:
  /// Requires shape.event_rows rows of `events`.
  SequenceSteps(const TrainingView& view, const AttributeEmbeddings& attributes, const EventEncoder& events,
                const SequenceShape& shape, const SequenceStepOptions& options, const Workers& workers);

  /// Passes once over all users, in an order that `epoch` draws; `rate_share` scales the learning rate by the share of
  /// the epoch that is done. What it leaves after a cancellation means nothing.
  EpochOutcome RunEpoch(int epoch, const std::function<float(double)>& rate_share, SequenceState& state);

  // A step's users are shared among so many slots, each with its own sums, which are added in order: fixed by the data,
  // so that the number of threads changes nothing. Every slot costs a pass over all parameters.
  static constexpr std::size_t kSlotsMax = 8;
  static constexpr std::size_t kSlotsMin = 2;
  static constexpr std::size_t kTokensPerSlot = 1024;
  /// Sequences that are worked on together: enough that matrices are used well, few enough for the cache.
  static constexpr std::size_t kBatchTokens = 512;
  /// Items passed over whose embeddings a step of a sampled softmax takes in for their own sake.
  static constexpr std::size_t kPassedOverHeldMax = 4096;

 private:
  struct Slot {
    AlignedFloats gradients;
    SequenceBatch batch;
    SequenceCache cache;
    SoftmaxScratch softmax;
    std::vector<std::uint32_t> begin, items, targets;
    std::vector<EventInput> events;
    std::vector<std::int64_t> times;
    ChoiceLists lists;
    AlignedFloats dstates;
    double loss = 0;
    std::size_t tokens = 0;
  };

  bool LearnsFromLists() const { return passed_over_.any() && options_.impression_weight > 0; }
  std::size_t TokensOf(std::uint32_t user) const;
  std::span<const std::uint32_t> ItemsOf(std::uint32_t user) const;
  /// The user of a place of the step.
  void AppendUser(std::uint32_t user, std::size_t place, Slot& slot) const;
  void AppendLists(std::size_t place, std::size_t first_row, Slot& slot) const;
  void BeginStep(std::span<const std::uint32_t> users, const SequenceState& state);
  /// Chooses what the step's users passed over, and adds to `held` what of it the step takes in.
  void ChoosePassedOver(std::span<const std::uint32_t> users, std::uint64_t seed,
                        std::vector<std::span<const std::uint32_t>>& held);
  void RunBatch(std::uint64_t dropout_seed, Slot& slot) const;
  void RunStep(std::span<const std::uint32_t> users, float rate_share, SequenceState& state, EpochOutcome& outcome);
  void SumGradients(float scale);
  void Descend(float rate, SequenceState& state);
  /// Runs body(begin, end) for ranges of `count` rows of `width` parameters.
  void ForRanges(std::size_t count, std::size_t width, const std::function<void(std::size_t, std::size_t)>& body) const;

  const TrainingView& view_;
  const AttributeEmbeddings& attributes_;
  const EventEncoder& events_;
  const SequenceShape shape_;
  const SequenceStepOptions options_;
  const Workers workers_;
  const SequenceLayout at_;
  std::vector<std::uint32_t> users_;
  std::vector<Slot> slots_;
  StepItems step_items_;
  PassedOver passed_over_;
  SequenceShape step_shape_;   ///< Of a model of the step's items alone.
  std::vector<float> served_;  ///< Its parameters.
  SoftmaxClasses classes_;
  std::vector<float> gradients_;  ///< By all parameters: sums over slots, then those by the embeddings of attributes.
};

}  // namespace attune
