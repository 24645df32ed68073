#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/aligned_numbers.h"

namespace attune {

/// Log-spaced gaps of time between two steps that a bias is learned for.
inline constexpr std::size_t kTimeBuckets = 32;

/// The bucket of a gap of time: 0 for none, then one for each doubling of seconds.
std::uint8_t TimeBucket(std::int64_t gap_ms);

/// Sequences side by side without padding: sequence s has the steps [begin[s], begin[s + 1]) of every array of steps.
/// What belongs to pairs of steps of one sequence, [T, stride(s)], begins at pairs[s]; its rows are padded so that they
/// are whole vectors and tiles.
class SequenceBatch {
 public:
  /// `begin` [S + 1] from 0, `time_ms` [begin[S]] ascending within each sequence.
  void Assign(std::span<const std::uint32_t> begin, std::span<const std::int64_t> time_ms);

  std::size_t sequence_count() const { return begin_.size() - 1; }
  std::size_t step_count() const { return begin_.back(); }
  std::size_t begin(std::size_t s) const { return begin_[s]; }
  std::size_t length(std::size_t s) const { return begin_[s + 1] - begin_[s]; }
  std::size_t length_max() const;
  std::size_t stride(std::size_t s) const { return (length(s) + kStride - 1) / kStride * kStride; }
  std::size_t pairs(std::size_t s) const { return pairs_[s]; }
  std::size_t pair_count() const { return pairs_.back(); }
  /// TimeBucket of each pair of steps (i, j), j <= i.
  const std::uint8_t* time_buckets(std::size_t s) const { return time_buckets_.data() + pairs_[s]; }

 private:
  static constexpr std::size_t kStride = 32;

  std::vector<std::uint32_t> begin_{0};
  std::vector<std::size_t> pairs_{0};
  std::vector<std::uint8_t> time_buckets_;
};

/// The parameters of causal attention with one head that adds to its logits what was learned of the distance in steps
/// and in time.
struct AttentionParameters {
  std::span<const float> distance;  ///< [length_max]: bias of looking so many steps back.
  std::span<const float> time;      ///< [kTimeBuckets]: bias of looking back over so much time.
};

/// attended [steps, D] = weights · values, for queries, keys and values side by side in `qkv` [steps, 3D]. Fills
/// `weights` [pair_count]; `factors` of dropout [pair_count] or empty. One thread.
void AttentionForward(const SequenceBatch& batch, std::size_t width, const AttentionParameters& parameters,
                      std::span<const float> qkv, std::span<const float> factors, std::span<float> weights,
                      std::span<float> attended);

/// The last row of the same for one sequence, attended [D]: of queries, only the last row's need be there.
void AttentionForwardOfLast(const SequenceBatch& batch, std::size_t width, const AttentionParameters& parameters,
                            std::span<const float> qkv, AlignedFloats& weights, std::span<float> attended);

/// Fills dqkv from the gradient by what was attended; adds those by the parameters to ddistance and dtime.
void AttentionBackward(const SequenceBatch& batch, std::size_t width, std::span<const float> qkv,
                       std::span<const float> factors, std::span<const float> weights, std::span<const float> dattended,
                       std::span<float> dqkv, std::span<float> ddistance, std::span<float> dtime);

}  // namespace attune
