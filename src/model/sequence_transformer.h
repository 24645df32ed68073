#pragma once

#include <memory>
#include <span>
#include <vector>

#include "model/event_encoder.h"
#include "model/member.h"
#include "tensor/gated_block.h"
#include "tensor/row_scan.h"

namespace attune {

/// The sizes of a sequence transformer.
struct SequenceShape {
  std::size_t item_count = 0;  ///< N
  std::size_t block_count = 2;
  BlockShape block;
  std::size_t event_rows = 0;  ///< E: of EventEncoder
};

/// Where in one array of all parameters each part begins.
struct SequenceLayout {
  explicit SequenceLayout(const SequenceShape& shape);

  std::size_t items;      // [N, D]: embeddings of what was taken, and of what may come next
  std::size_t positions;  // [length_max, D]: counted from the newest event
  std::size_t blocks;     // block_count times BlockLayout::size
  std::size_t block_size;
  std::size_t norm_scale, norm_shift;  // [D]
  std::size_t events;                  // [E, D]: what types and values of events add
  std::size_t size;
};

/// What is read of each of T steps.
struct SequenceInputs {
  std::span<const std::uint32_t> items;  ///< [T]
  std::span<const EventInput> events;    ///< [T], or empty where nothing is known of them
};

/// What a pass over a batch of sequences needs and leaves, T steps altogether. One thread at a time; reused.
struct SequenceCache {
  std::vector<BlockCache> blocks;
  AlignedFloats embedded_factors;  ///< Dropout of the first x.
  std::vector<float> x;            ///< What the blocks leave, [T, D].
  AlignedFloats states;            ///< The same normed: states · itemsᵀ are logits of the next item. [T, D]
  AlignedFloats inverse;
};

/// Fills cache.states for the T steps of the batch's sequences. Dropout for training alone.
void SequenceForward(const SequenceShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                     const SequenceInputs& inputs, const Dropout& dropout, SequenceCache& cache);

/// The same for the last step of one sequence alone, in cache.states [D], without dropout: the last block computes one
/// row.
void SequenceForwardOfLast(const SequenceShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                           const SequenceInputs& inputs, SequenceCache& cache);

/// Adds to `gradients` those of a loss whose gradient by cache.states is `dstates` [T, D].
void SequenceBackward(const SequenceShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                      const SequenceInputs& inputs, const SequenceCache& cache, std::span<const float> dstates,
                      std::span<float> gradients);

/// A gated transformer over the newest events of a history, their items, types and values, with item embeddings tied
/// between input and output; its feature is the logit of each item to come next.
class SequenceTransformer final : public Member {
 public:
  /// Requires SequenceLayout(shape).size parameters, and shape.event_rows rows of `events`.
  SequenceTransformer(const SequenceShape& shape, std::vector<float> parameters, EventEncoder events = {});
  static Result<std::unique_ptr<Member>> Load(const SnapshotFile& file);

  std::string_view name() const override { return "sequence"; }
  std::span<const std::string_view> feature_names() const override;
  std::size_t item_count() const override { return shape_.item_count; }
  std::unique_ptr<MemberScratch> MakeScratch() const override;
  void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const override;
  bool rounds() const override { return items_.is_rounded(); }
  void Refine(std::span<const std::uint32_t> items, MemberScratch& scratch) const override;
  Status Save(SnapshotFileWriter& file) const override;

  const SequenceShape& shape() const { return shape_; }
  std::span<const float> parameters() const { return parameters_; }

 private:
  const SequenceShape shape_;
  const std::vector<float> parameters_;
  const EventEncoder events_;
  const RowScan items_;  ///< Item embeddings [N, D].
};

}  // namespace attune
