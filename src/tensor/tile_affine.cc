#include "tensor/tile_affine.h"

#include <algorithm>
#include <array>

#include "tensor/bf16_layout.h"
#include "tensor/cpu.h"

namespace attune {
namespace {

constexpr std::size_t kSide = TileProducts::kSide;

}  // namespace

bool TilesFit(std::size_t side, std::size_t other_side) {
  return side % kSide == 0 && other_side % kSide == 0 && HasTileProducts();
}

RoundedRows::RoundedRows(const float* rows, std::size_t count, std::size_t width)
    : floats_(rows), count_(count), width_(width), padded_((count + kSide - 1) / kSide * kSide) {}

TileProducts::Rows RoundedRows::rows() {
  if (rows_.empty()) {
    rows_.resize(padded_ * width_);
    RoundRows(floats_, width_, count_, padded_, width_, rows_.data());
  }
  return {rows_.data(), width_};
}

TileProducts::RowPairs RoundedRows::pairs() {
  if (pairs_.empty()) {
    pairs_.resize(padded_ * width_);
    RoundRowPairs(floats_, width_, count_, padded_, width_, pairs_.data());
  }
  return {pairs_.data(), 2 * width_};
}

TileProducts::Rows RoundedRows::columns() {
  if (columns_.empty()) {
    columns_.resize(padded_ * width_);
    TransposeWords(pairs().data, width_, padded_ / 2, width_, columns_.data(), padded_ / 2);
  }
  return {columns_.data(), padded_};
}

void MultiplyRows(const TileProducts& tiles, TileProducts::Rows a, TileProducts::RowPairs b, std::size_t inner,
                  bool adds, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns) {
  alignas(64) std::array<float, kSide * kSide> edge;
  for (std::size_t row = 0; row < rows; row += kSide) {
    const TileProducts::Rows rows_of_a{a.data + row * a.stride, a.stride};
    const std::size_t valid = rows - row;
    for (std::size_t column = 0; column < columns; column += kSide) {
      const TileProducts::RowPairs columns_of_b{b.data + 2 * column, b.stride};
      float* out = c + row * c_stride + column;
      if (valid >= kSide) {
        tiles.Multiply(rows_of_a, columns_of_b, inner / kSide,
                       adds ? TileProducts::Start{out, c_stride} : TileProducts::Start{}, out, c_stride);
        continue;
      }
      tiles.Multiply(rows_of_a, columns_of_b, inner / kSide, {}, edge.data(), kSide);
      for (std::size_t r = 0; r < valid; ++r) {
        float* const to = out + r * c_stride;
        for (std::size_t i = 0; i < kSide; ++i) to[i] = (adds ? to[i] : 0) + edge[r * kSide + i];
      }
    }
  }
}

void TileAffine(RoundedRows& in, const float* matrix, const float* shift, std::size_t columns, float* out) {
  const std::size_t inner = in.width();
  const TileProducts tiles;
  AlignedBf16 pairs(inner * columns);
  RoundRowPairs(matrix, columns, inner, inner, columns, pairs.data());
  const AlignedFloats aligned_shift(shift, shift + columns);
  const TileProducts::Rows rows = in.rows();
  alignas(64) std::array<float, kSide * kSide> edge;
  for (std::size_t row = 0; row < in.count(); row += kSide) {
    const std::size_t valid = in.count() - row;
    for (std::size_t column = 0; column < columns; column += kSide) {
      float* const to = out + row * columns + column;
      const bool whole = valid >= kSide;
      // The shift is every row of what the sums start from.
      tiles.Multiply({rows.data + row * inner, inner}, {pairs.data() + 2 * column, 2 * columns}, inner / kSide,
                     {aligned_shift.data() + column, 0}, whole ? to : edge.data(), whole ? columns : kSide);
      for (std::size_t r = 0; !whole && r < valid; ++r) {
        std::copy_n(edge.data() + r * kSide, kSide, to + r * columns);
      }
    }
  }
}

void TileAffineGradients(RoundedRows& in, const float* matrix, std::size_t columns, const float* dout, bool adds,
                         float* din, float* dmatrix) {
  const std::size_t inner = in.width();
  const TileProducts tiles;
  // Pairs of the matrix's columns, which are rows of its transpose.
  AlignedBf16 matrix_rows(inner * columns);
  AlignedBf16 column_pairs(inner * columns);
  RoundRows(matrix, columns, inner, inner, columns, matrix_rows.data());
  TransposeWords(matrix_rows.data(), columns / 2, inner, columns / 2, column_pairs.data(), inner);
  RoundedRows rounded(dout, in.count(), columns);
  MultiplyRows(tiles, rounded.rows(), {column_pairs.data(), 2 * inner}, columns, adds, din, inner, in.count(), inner);
  AlignedFloats product(inner * columns);  // The gradients themselves may lie anywhere.
  MultiplyRows(tiles, in.columns(), rounded.pairs(), in.padded_count(), false, product.data(), columns, inner, columns);
  for (std::size_t i = 0; i < product.size(); ++i) dmatrix[i] += product[i];
}

}  // namespace attune
