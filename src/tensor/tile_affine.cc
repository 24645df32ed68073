#include "tensor/tile_affine.h"

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
                  TileProducts::Start start, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns) {
  alignas(64) std::array<float, kSide * kSide> edge;
  for (std::size_t row = 0; row < rows; row += kSide) {
    const TileProducts::Rows rows_of_a{a.data + row * a.stride, a.stride};
    const std::size_t valid = rows - row;
    for (std::size_t column = 0; column < columns; column += kSide) {
      const TileProducts::RowPairs columns_of_b{b.data + 2 * column, b.stride};
      const float* from = start.rows == nullptr ? nullptr : start.rows + row * start.stride + column;
      float* out = c + row * c_stride + column;
      if (valid >= kSide) {
        tiles.Multiply(rows_of_a, columns_of_b, inner / kSide, {from, start.stride}, out, c_stride);
        continue;
      }
      tiles.Assign(rows_of_a, columns_of_b, inner / kSide, edge.data(), kSide);
      for (std::size_t r = 0; r < valid; ++r) {
        for (std::size_t i = 0; i < kSide; ++i) {
          out[r * c_stride + i] = edge[r * kSide + i] + (from == nullptr ? 0 : from[r * start.stride + i]);
        }
      }
    }
  }
}

void TileAffine(RoundedRows& in, const float* matrix, const float* shift, std::size_t columns, float* out) {
  AlignedBf16 pairs(in.width() * columns);
  RoundRowPairs(matrix, columns, in.width(), in.width(), columns, pairs.data());
  const AlignedFloats aligned_shift(shift, shift + columns);  // Every row of what the sums start from.
  MultiplyRows(TileProducts(), in.rows(), {pairs.data(), 2 * columns}, in.width(), {aligned_shift.data(), 0}, out,
               columns, in.count(), columns);
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
  MultiplyRows(tiles, rounded.rows(), {column_pairs.data(), 2 * inner}, columns,
               adds ? TileProducts::Start{din, inner} : TileProducts::Start{}, din, inner, in.count(), inner);
  AlignedFloats product(inner * columns);  // The gradients themselves may lie anywhere.
  MultiplyRows(tiles, in.columns(), rounded.pairs(), in.padded_count(), {}, product.data(), columns, inner, columns);
  for (std::size_t i = 0; i < product.size(); ++i) dmatrix[i] += product[i];
}

}  // namespace attune
