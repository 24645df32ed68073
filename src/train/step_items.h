#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/training_view.h"

namespace attune {

/// The items whose embeddings one step of a training reads and moves. Of a small catalogue all; of a large one
/// negatives that are drawn for the step, shared by all its rows, and the items of its own sequences: sampled softmax
/// with log-q correction (Bengio and Senécal, "Adaptive Importance Sampling to Accelerate Training of a Neural
/// Probabilistic Language Model", 2008). Every item is drawn by itself, so its chance is exact. One thread at a time.
class StepItems {
 public:
  /// About `negatives` items are drawn a step, half by how often they occur, half evenly; 0: every step has all items.
  StepItems(const TrainingView& view, std::size_t negatives);

  /// Chooses for a step whose sequences hold the items of `held`.
  void Choose(std::uint64_t seed, std::span<const std::span<const std::uint32_t>> held);

  /// The chosen, each once: first those that are negatives of every row, bias().size() of them.
  std::span<const std::uint32_t> items() const { return items_; }
  /// -log of the chance of each negative to be drawn.
  std::span<const float> bias() const { return bias_; }
  /// Where in items() a chosen item is.
  std::uint32_t RowOf(std::uint32_t item) const { return rows_[item]; }

 private:
  std::vector<float> chances_;  ///< Of every item; empty where all are chosen.
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint32_t> items_;
  std::vector<float> bias_;
};

}  // namespace attune
