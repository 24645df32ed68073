#pragma once

#include <optional>

#include "model/training_view.h"
#include "train/sequence_trainer.h"

namespace attune {

/// What may be asked of the sequence transformer; everything else follows from the size of the data.
struct SequenceWishes {
  std::uint64_t seed = 1;
  std::size_t history_max = 200;     ///< Newest events of a history that are learned from, and read to rank.
  std::size_t hidden_dimension = 0;  ///< Width, rounded up to a multiple of kSequenceWidthStep. 0: kSequenceWidth.
  std::size_t bptt = 0;              ///< Steps that are looked back over; 0: the whole history.
  double operations_max = 0;         ///< kOperationsByRule, or floating-point operations that training may take.
};

/// How a training is to be made.
struct SequencePlan {
  SequenceShape shape;
  SequenceOptions options;
};

/// Nothing where the operations do not suffice for kSequenceEpochsMin or an epoch of kSequenceStepsMin steps, or the
/// catalogue has more than kSequenceItemsMax items.
std::optional<SequencePlan> PlanSequence(const TrainingView& view, const SequenceWishes& wishes);

/// The operations that a training may take by default, from kOperationsMin to kOperationsMax. At 1e11 operations a
/// second on each of two cores (AVX-512 with bf16) they take ten seconds for a hundred thousand interactions, five
/// minutes for a million and thirteen for any more; on slower processors two to three times that. The last fit on
/// everything takes a tenth of that again, at least an epoch.
double OperationsByRule(std::size_t interaction_count);

/// The share of values that training drops: more where an item has few interactions.
float DropoutByRule(std::size_t interaction_count, std::size_t item_count);

/// Bytes that a training of this plan needs at once, besides the data.
std::uint64_t SequenceBytes(const SequencePlan& plan);

/// The learning rate: larger where there are few epochs to learn in.
float RateByRule(int epochs);

inline constexpr double kOperationsByRule = -1;
inline constexpr double kOperationsMin = 3e10;
inline constexpr double kOperationsMax = 1.5e14;
inline constexpr int kSequenceEpochsMin = 6;
/// Fewer epochs will do if they have so many steps altogether.
inline constexpr std::size_t kSequenceStepsMin = 1000;
inline constexpr int kSequenceEpochsMax = 60;
/// By rule a training gets so many, if kOperationsMax allows.
inline constexpr int kSequenceEpochsWanted = 15;
/// A softmax over more items than this is over a sample of kSequenceNegatives.
inline constexpr std::size_t kFullSoftmaxItemsMax = 20'000;
inline constexpr std::size_t kSequenceNegatives = 4096;
/// Embeddings of more items are not tried: every step moves them all.
inline constexpr std::size_t kSequenceItemsMax = 1'000'000;
inline constexpr std::size_t kSequenceWidth = 64;
inline constexpr std::size_t kSequenceWidthStep = 32;

}  // namespace attune
