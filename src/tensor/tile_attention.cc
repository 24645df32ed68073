#include "tensor/tile_attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/bf16_layout.h"
#include "tensor/row_kernels.h"
#include "tensor/tile_affine.h"

namespace attune {
namespace {

constexpr std::size_t kSide = TileProducts::kSide;

std::size_t Padded(std::size_t length) { return (length + kSide - 1) / kSide * kSide; }

/// Where a sequence of a batch stands in arrays of steps and of pairs of steps.
struct SequencePlace {
  SequencePlace(const SequenceBatch& batch, std::size_t s)
      : length(batch.length(s)),
        padded(Padded(length)),
        stride(batch.stride(s)),
        step(batch.begin(s)),
        pair(batch.pairs(s)) {}

  /// Of the rows from `begin` on, those that are worked on together.
  std::size_t CountAt(std::size_t begin) const { return std::min(kSide, length - begin); }

  std::size_t length;
  std::size_t padded;
  std::size_t stride;
  std::size_t step;
  std::size_t pair;
};

/// Rows [length, width] of floats, `stride` apart, rounded: [padded][width], padded by rows of zeros.
void RoundInto(const float* floats, std::size_t stride, std::size_t length, std::size_t padded, std::size_t width,
               AlignedBf16& rows) {
  rows.resize(padded * width);
  RoundRows(floats, stride, length, padded, width, rows.data());
}

/// The same as pairs of rows, [padded / 2][width][2].
void PairInto(const float* floats, std::size_t stride, std::size_t length, std::size_t padded, std::size_t width,
              AlignedBf16& pairs) {
  pairs.resize(padded * width);
  RoundRowPairs(floats, stride, length, padded, width, pairs.data());
}

/// The same as pairs of the transpose's rows, [width / 2][padded][2]; `rows` gets RoundInto's.
void PairColumnsInto(const float* floats, std::size_t stride, std::size_t length, std::size_t padded, std::size_t width,
                     AlignedBf16& rows, AlignedBf16& pairs) {
  RoundInto(floats, stride, length, padded, width, rows);
  pairs.resize(padded * width);
  TransposeWords(rows.data(), width / 2, padded, width / 2, pairs.data(), padded);
}

/// Rows of weights as they were used: with dropout, if there is any.
const float* UsedWeights(const float* weights, const float* factors, std::size_t count, AlignedFloats& buffer) {
  if (factors == nullptr) return weights;
  buffer.assign(weights, weights + count);
  MultiplyBy({factors, count}, buffer);
  return buffer.data();
}

/// The blocks on and below the diagonal of a square of rows, and their transpose.
struct Triangle {
  void Begin(std::size_t size);
  /// Rows [begin, begin + kSide), of which `valid` are there, `stride` floats apart, up to the diagonal block's end.
  void SetRows(std::size_t begin, const float* floats, std::size_t stride, std::size_t valid);
  void Transpose();
  /// The transpose's rows from `begin` on, from its diagonal block on.
  TileProducts::Rows ColumnsFrom(std::size_t begin) const { return {columns.data() + begin * padded + begin, padded}; }

  std::size_t padded = 0;
  AlignedBf16 pairs;    ///< [padded / 2][padded][2]
  AlignedBf16 columns;  ///< [padded][padded]
};

void Triangle::Begin(std::size_t size) {
  padded = size;
  pairs.resize(size * size);
  columns.resize(size * size);
}

void Triangle::SetRows(std::size_t begin, const float* floats, std::size_t stride, std::size_t valid) {
  for (std::size_t r = 0; r < kSide; r += 2) {
    std::uint16_t* const out = pairs.data() + (begin + r) * padded;
    RoundRowPairs(floats + r * stride, stride, std::min<std::size_t>(2, valid - std::min(valid, r)), 2, begin + kSide,
                  out);
  }
}

void Triangle::Transpose() {
  for (std::size_t begin = 0; begin < padded; begin += kSide) {
    const std::size_t width = begin + kSide;
    TransposeWords(pairs.data() + begin * padded, padded, kSide / 2, width, columns.data() + begin, padded / 2);
  }
}

/// out [length, D], rows 3D apart, = triangleᵀ · the rows of `pairs`.
void MultiplyTransposed(const TileProducts& tiles, const Triangle& triangle, const AlignedBf16& pairs,
                        const SequencePlace& at, std::size_t width, float* out) {
  for (std::size_t begin = 0; begin < at.length; begin += kSide) {
    MultiplyRows(tiles, triangle.ColumnsFrom(begin), {pairs.data() + begin * width, 2 * width}, at.padded - begin, {},
                 out + begin * 3 * width, 3 * width, at.CountAt(begin), width);
  }
}

}  // namespace

void TileAttentionForward(const SequenceBatch& batch, std::size_t width, const AttentionParameters& parameters,
                          std::span<const float> qkv, std::span<const float> factors, std::span<float> weights,
                          std::span<float> attended) {
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  const std::vector<float> distance(parameters.distance.rbegin(), parameters.distance.rend());
  const TileProducts tiles;
  AlignedBf16 queries, keys, key_columns, values, used_rows;
  AlignedFloats buffer;
  for (std::size_t s = 0; s < batch.sequence_count(); ++s) {
    const SequencePlace at(batch, s);
    const float* rows = qkv.data() + at.step * 3 * width;
    float* all = weights.data() + at.pair;
    RoundInto(rows, 3 * width, at.length, at.padded, width, queries);
    PairColumnsInto(rows + width, 3 * width, at.length, at.padded, width, keys, key_columns);
    PairInto(rows + 2 * width, 3 * width, at.length, at.padded, width, values);
    for (std::size_t begin = 0; begin < at.length; begin += kSide) {
      const std::size_t count = at.CountAt(begin);
      const std::size_t columns = begin + kSide;
      float* band = all + begin * at.stride;
      MultiplyRows(tiles, {queries.data() + begin * width, width}, {key_columns.data(), 2 * at.padded}, width, {}, band,
                   at.stride, count, columns);
      for (std::size_t i = begin; i < begin + count; ++i) {
        AttentionRow({all + i * at.stride, at.stride}, i + 1, scale, distance.data() + distance.size() - 1 - i,
                     parameters.time.data(), batch.time_buckets(s) + i * at.stride);
      }
      const float* of_band = factors.empty() ? nullptr : factors.data() + at.pair + begin * at.stride;
      const float* used = UsedWeights(band, of_band, count * at.stride, buffer);
      RoundInto(used, at.stride, count, kSide, columns, used_rows);
      MultiplyRows(tiles, {used_rows.data(), columns}, {values.data(), 2 * width}, columns, {},
                   attended.data() + (at.step + begin) * width, width, count, width);
    }
  }
}

void TileAttentionBackward(const SequenceBatch& batch, std::size_t width, std::span<const float> qkv,
                           std::span<const float> factors, std::span<const float> weights,
                           std::span<const float> dattended, std::span<float> dqkv, std::span<float> ddistance,
                           std::span<float> dtime) {
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  std::vector<float> ddistance_down(ddistance.size());
  const TileProducts tiles;
  AlignedBf16 queries, keys, values, value_columns, dout, dout_pairs, dlogit_rows;
  AlignedFloats buffer, dlogits;
  Triangle dlogit_triangle;
  Triangle used_triangle;
  for (std::size_t s = 0; s < batch.sequence_count(); ++s) {
    const SequencePlace at(batch, s);
    const float* rows = qkv.data() + at.step * 3 * width;
    const float* dout_floats = dattended.data() + at.step * width;
    float* drows = dqkv.data() + at.step * 3 * width;
    PairInto(rows, 3 * width, at.length, at.padded, width, queries);
    PairInto(rows + width, 3 * width, at.length, at.padded, width, keys);
    PairColumnsInto(rows + 2 * width, 3 * width, at.length, at.padded, width, values, value_columns);
    RoundInto(dout_floats, width, at.length, at.padded, width, dout);
    PairInto(dout_floats, width, at.length, at.padded, width, dout_pairs);
    dlogit_triangle.Begin(at.padded);
    used_triangle.Begin(at.padded);
    for (std::size_t begin = 0; begin < at.length; begin += kSide) {
      const std::size_t count = at.CountAt(begin);
      const std::size_t columns = begin + kSide;
      const float* band = weights.data() + at.pair + begin * at.stride;
      const float* of_band = factors.empty() ? nullptr : factors.data() + at.pair + begin * at.stride;
      dlogits.resize(count * at.stride);
      MultiplyRows(tiles, {dout.data() + begin * width, width}, {value_columns.data(), 2 * at.padded}, width, {},
                   dlogits.data(), at.stride, count, columns);
      for (std::size_t i = begin; i < begin + count; ++i) {
        const std::size_t first = (i - begin) * at.stride;
        const std::span row(dlogits.data() + first, columns);
        if (of_band != nullptr) MultiplyBy({of_band + first, columns}, row);
        AttentionRowBackward(row, {band + first, columns}, i + 1, scale,
                             ddistance_down.data() + ddistance_down.size() - 1 - i, dtime.data(),
                             batch.time_buckets(s) + i * at.stride);
      }
      RoundInto(dlogits.data(), at.stride, count, kSide, columns, dlogit_rows);
      MultiplyRows(tiles, {dlogit_rows.data(), columns}, {keys.data(), 2 * width}, columns, {},
                   drows + begin * 3 * width, 3 * width, count, width);
      dlogit_triangle.SetRows(begin, dlogits.data(), at.stride, count);
      used_triangle.SetRows(begin, UsedWeights(band, of_band, count * at.stride, buffer), at.stride, count);
    }
    dlogit_triangle.Transpose();
    used_triangle.Transpose();
    MultiplyTransposed(tiles, dlogit_triangle, queries, at, width, drows + width);
    MultiplyTransposed(tiles, used_triangle, dout_pairs, at, width, drows + 2 * width);
  }
  for (std::size_t i = 0; i < ddistance.size(); ++i) ddistance[i] += ddistance_down[ddistance.size() - 1 - i];
}

}  // namespace attune
