#include "tensor/gated_block.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "tensor/matmul.h"
#include "tensor/row_kernels.h"
#include "tensor/tile_affine.h"
#include "tensor/tile_attention.h"

namespace attune {
namespace {

/// Rows that matrices are applied to: rounded once for all of them, or not at all.
class AffineInput {
 public:
  AffineInput(bool rounds, const float* rows, std::size_t steps, std::size_t inner)
      : rows_(rows), steps_(steps), inner_(inner) {
    if (rounds) rounded_.emplace(rows_, steps, inner);
  }

  /// out [T, columns] = shift + rows [T, inner] · matrix [inner, columns].
  void Apply(const float* matrix, const float* shift, std::size_t columns, float* out) {
    if (rounded_) return TileAffine(*rounded_, matrix, shift, columns, out);
    for (std::size_t t = 0; t < steps_; ++t) std::copy_n(shift, columns, out + t * columns);
    AddProduct({rows_, inner_, 1}, {matrix, columns, 1}, out, columns, steps_, columns, inner_);
  }

  /// The gradients of Apply: adds to dmatrix and dshift, and with `adds` to drows, which otherwise is set.
  void Backward(const float* matrix, std::size_t columns, const float* dout, bool adds, float* drows, float* dmatrix,
                float* dshift) {
    AddRows({dout, steps_ * columns}, {dshift, columns});
    if (rounded_) return TileAffineGradients(*rounded_, matrix, columns, dout, adds, drows, dmatrix);
    if (!adds) std::fill_n(drows, steps_ * inner_, 0.0f);
    AddProduct(MatrixView{rows_, inner_, 1}.Transposed(), {dout, columns, 1}, dmatrix, columns, inner_, columns,
               steps_);
    AddProduct({dout, columns, 1}, MatrixView{matrix, columns, 1}.Transposed(), drows, inner_, steps_, inner_, columns);
  }

 private:
  const float* const rows_;
  const std::size_t steps_;
  const std::size_t inner_;
  std::optional<RoundedRows> rounded_;
};

bool Rounds(const BlockShape& shape) { return shape.rounds_products && TilesFit(shape.width, shape.hidden); }

void Resize(const BlockShape& shape, const SequenceBatch& batch, BlockCache& cache) {
  const std::size_t steps = batch.step_count();
  for (auto* values : {&cache.normed1, &cache.attended, &cache.projected1, &cache.gate1, &cache.normed2,
                       &cache.projected2, &cache.gate2}) {
    values->resize(steps * shape.width);
  }
  cache.inverse1.resize(steps);
  cache.inverse2.resize(steps);
  cache.qkv.resize(steps * 3 * shape.width);
  cache.weights.resize(batch.pair_count());
  cache.expanded.resize(steps * 2 * shape.hidden);
  cache.hidden.resize(steps * shape.hidden);
}

}  // namespace

void DrawDropout(const Dropout& dropout, std::uint64_t place, std::size_t count, AlignedFloats& factors) {
  factors.resize(dropout.rate > 0 ? count : 0);
  if (factors.empty()) return;
  DropoutFactors(static_cast<std::uint32_t>(MixSeed(dropout.seed, place)), dropout.rate, factors);
}

BlockLayout::BlockLayout(const BlockShape& shape) {
  const std::size_t d = shape.width;
  const std::size_t h = shape.hidden;
  size = 0;
  const auto take = [&](std::size_t count) { return std::exchange(size, size + count); };
  norm1_scale = take(d), norm1_shift = take(d);
  qkv = take(d * 3 * d), qkv_shift = take(3 * d);
  attended = take(d * d), attended_shift = take(d);
  gate1 = take(d * d), gate1_shift = take(d);
  distance = take(shape.length_max);
  time = take(kTimeBuckets);
  norm2_scale = take(d), norm2_shift = take(d);
  expand = take(d * 2 * h), expand_shift = take(2 * h);
  contract = take(h * d), contract_shift = take(d);
  gate2 = take(d * d), gate2_shift = take(d);
}

void GatedBlockForward(const BlockShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                       const Dropout& dropout, std::span<float> x, BlockCache& cache) {
  const BlockLayout at(shape);
  const std::size_t width = shape.width;
  const std::size_t hidden = shape.hidden;
  const std::size_t steps = batch.step_count();
  ATTUNE_CHECK(x.size() == steps * width && batch.length_max() <= shape.length_max && parameters.size() == at.size);
  const float* p = parameters.data();
  Resize(shape, batch, cache);
  DrawDropout(dropout, 0, batch.pair_count(), cache.drop_weights);
  DrawDropout(dropout, 1, steps * width, cache.drop1);
  DrawDropout(dropout, 2, steps * hidden, cache.drop_hidden);
  DrawDropout(dropout, 3, steps * width, cache.drop2);

  cache.x.assign(x.begin(), x.end());
  NormRows(x, parameters.subspan(at.norm1_scale, width), parameters.subspan(at.norm1_shift, width), cache.normed1,
           cache.inverse1);
  const bool rounds = Rounds(shape);
  AffineInput normed1(rounds, cache.normed1.data(), steps, width);
  normed1.Apply(p + at.qkv, p + at.qkv_shift, 3 * width, cache.qkv.data());
  const auto attend = rounds ? TileAttentionForward : AttentionForward;
  attend(batch, width,
         {.distance = parameters.subspan(at.distance, shape.length_max),
          .time = parameters.subspan(at.time, kTimeBuckets)},
         cache.qkv, cache.drop_weights, cache.weights, cache.attended);
  AffineInput attended(rounds, cache.attended.data(), steps, width);
  attended.Apply(p + at.attended, p + at.attended_shift, width, cache.projected1.data());
  normed1.Apply(p + at.gate1, p + at.gate1_shift, width, cache.gate1.data());
  AddGated(cache.gate1, cache.projected1, cache.drop1, x);

  cache.middle.assign(x.begin(), x.end());
  NormRows(x, parameters.subspan(at.norm2_scale, width), parameters.subspan(at.norm2_shift, width), cache.normed2,
           cache.inverse2);
  AffineInput normed2(rounds, cache.normed2.data(), steps, width);
  normed2.Apply(p + at.expand, p + at.expand_shift, 2 * hidden, cache.expanded.data());
  SwiGlu(cache.expanded, hidden, cache.drop_hidden, cache.hidden);
  AffineInput hidden_rows(rounds, cache.hidden.data(), steps, hidden);
  hidden_rows.Apply(p + at.contract, p + at.contract_shift, width, cache.projected2.data());
  normed2.Apply(p + at.gate2, p + at.gate2_shift, width, cache.gate2.data());
  AddGated(cache.gate2, cache.projected2, cache.drop2, x);
}

void GatedBlockForwardOfLast(const BlockShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                             std::span<const float> x, std::span<float> out, BlockCache& cache) {
  const BlockLayout at(shape);
  const std::size_t width = shape.width;
  const std::size_t hidden = shape.hidden;
  const std::size_t steps = batch.step_count();
  ATTUNE_CHECK(x.size() == steps * width && out.size() == width && batch.length_max() <= shape.length_max &&
               parameters.size() == at.size);
  const float* p = parameters.data();
  Resize(shape, batch, cache);

  NormRows(x, parameters.subspan(at.norm1_scale, width), parameters.subspan(at.norm1_shift, width), cache.normed1,
           cache.inverse1);
  const float* last = cache.normed1.data() + (steps - 1) * width;
  for (std::size_t t = 0; t < steps; ++t) std::copy_n(p + at.qkv_shift, 3 * width, cache.qkv.data() + t * 3 * width);
  AddProduct({last, width, 1}, {p + at.qkv, 3 * width, 1}, cache.qkv.data() + (steps - 1) * 3 * width, 3 * width, 1,
             width, width);
  AddProduct({cache.normed1.data(), width, 1}, {p + at.qkv + width, 3 * width, 1}, cache.qkv.data() + width, 3 * width,
             steps, 2 * width, width);
  AttentionForwardOfLast(batch, width,
                         {.distance = parameters.subspan(at.distance, shape.length_max),
                          .time = parameters.subspan(at.time, kTimeBuckets)},
                         cache.qkv, cache.weights, std::span(cache.attended).first(width));
  const auto row_of = [](AlignedFloats& values, std::size_t count) { return std::span(values).first(count); };
  AffineInput(false, cache.attended.data(), 1, width)
      .Apply(p + at.attended, p + at.attended_shift, width, cache.projected1.data());
  AffineInput(false, last, 1, width).Apply(p + at.gate1, p + at.gate1_shift, width, cache.gate1.data());
  std::copy_n(x.data() + (steps - 1) * width, width, out.data());
  AddGated(row_of(cache.gate1, width), row_of(cache.projected1, width), {}, out);

  NormRows(out, parameters.subspan(at.norm2_scale, width), parameters.subspan(at.norm2_shift, width),
           row_of(cache.normed2, width), row_of(cache.inverse2, 1));
  AffineInput(false, cache.normed2.data(), 1, width)
      .Apply(p + at.expand, p + at.expand_shift, 2 * hidden, cache.expanded.data());
  SwiGlu(row_of(cache.expanded, 2 * hidden), hidden, {}, row_of(cache.hidden, hidden));
  AffineInput(false, cache.hidden.data(), 1, hidden)
      .Apply(p + at.contract, p + at.contract_shift, width, cache.projected2.data());
  AffineInput(false, cache.normed2.data(), 1, width).Apply(p + at.gate2, p + at.gate2_shift, width, cache.gate2.data());
  AddGated(row_of(cache.gate2, width), row_of(cache.projected2, width), {}, out);
}

void GatedBlockBackward(const BlockShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                        const BlockCache& cache, std::span<float> dx, std::span<float> gradients) {
  const BlockLayout at(shape);
  const std::size_t width = shape.width;
  const std::size_t hidden = shape.hidden;
  const std::size_t steps = batch.step_count();
  const bool rounds = Rounds(shape);
  const float* p = parameters.data();
  float* g = gradients.data();
  AlignedFloats dgate(steps * width);
  AlignedFloats dprojected(steps * width);
  AlignedFloats dnormed(steps * width);
  AlignedFloats dhidden(steps * hidden);
  AlignedFloats dexpanded(steps * 2 * hidden);

  AddGatedBackward(cache.gate2, cache.projected2, cache.drop2, dx, dgate, dprojected);
  AffineInput(rounds, cache.hidden.data(), steps, hidden)
      .Backward(p + at.contract, width, dprojected.data(), false, dhidden.data(), g + at.contract,
                g + at.contract_shift);
  SwiGluBackward(cache.expanded, hidden, cache.drop_hidden, dhidden, dexpanded);
  AffineInput normed2(rounds, cache.normed2.data(), steps, width);
  normed2.Backward(p + at.expand, 2 * hidden, dexpanded.data(), false, dnormed.data(), g + at.expand,
                   g + at.expand_shift);
  normed2.Backward(p + at.gate2, width, dgate.data(), true, dnormed.data(), g + at.gate2, g + at.gate2_shift);
  NormRowsBackward(cache.middle, parameters.subspan(at.norm2_scale, width), cache.inverse2, dnormed, dx,
                   gradients.subspan(at.norm2_scale, width), gradients.subspan(at.norm2_shift, width));

  AddGatedBackward(cache.gate1, cache.projected1, cache.drop1, dx, dgate, dprojected);
  AlignedFloats dattended(steps * width);
  AffineInput(rounds, cache.attended.data(), steps, width)
      .Backward(p + at.attended, width, dprojected.data(), false, dattended.data(), g + at.attended,
                g + at.attended_shift);
  AlignedFloats dqkv(steps * 3 * width);
  const auto attend_backward = rounds ? TileAttentionBackward : AttentionBackward;
  attend_backward(batch, width, cache.qkv, cache.drop_weights, cache.weights, dattended, dqkv,
                  gradients.subspan(at.distance, shape.length_max), gradients.subspan(at.time, kTimeBuckets));
  AffineInput normed1(rounds, cache.normed1.data(), steps, width);
  normed1.Backward(p + at.qkv, 3 * width, dqkv.data(), false, dnormed.data(), g + at.qkv, g + at.qkv_shift);
  normed1.Backward(p + at.gate1, width, dgate.data(), true, dnormed.data(), g + at.gate1, g + at.gate1_shift);
  NormRowsBackward(cache.x, parameters.subspan(at.norm1_scale, width), cache.inverse1, dnormed, dx,
                   gradients.subspan(at.norm1_scale, width), gradients.subspan(at.norm1_shift, width));
}

}  // namespace attune
