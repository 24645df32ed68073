#include "tensor/tile_affine.h"

#include <array>
#include <vector>

#include "tensor/bf16_layout.h"
#include "tensor/cpu.h"
#include "tensor/tile_products.h"

namespace attune {
namespace {

constexpr std::size_t kSide = TileProducts::kSide;

std::size_t Padded(std::size_t rows) { return (rows + kSide - 1) / kSide * kSide; }

/// c [rows, columns] += a · b for any number of rows; a has them padded.
void AddAll(const TileProducts& tiles, TileProducts::Rows a, TileProducts::RowPairs b, std::size_t inner, float* c,
            std::size_t rows, std::size_t columns) {
  std::array<float, kSide * kSide> edge;
  for (std::size_t row = 0; row < rows; row += kSide) {
    const TileProducts::Rows rows_of_a{a.data + row * a.stride, a.stride};
    const std::size_t valid = rows - row;
    for (std::size_t column = 0; column < columns; column += kSide) {
      const TileProducts::RowPairs columns_of_b{b.data + 2 * column, b.stride};
      float* out = c + row * columns + column;
      if (valid >= kSide) {
        tiles.Add(rows_of_a, columns_of_b, inner / kSide, out, columns);
        continue;
      }
      tiles.Assign(rows_of_a, columns_of_b, inner / kSide, edge.data(), kSide);
      for (std::size_t r = 0; r < valid; ++r) {
        for (std::size_t i = 0; i < kSide; ++i) out[r * columns + i] += edge[r * kSide + i];
      }
    }
  }
}

}  // namespace

bool TilesFit(std::size_t inner, std::size_t columns) {
  return inner % kSide == 0 && columns % kSide == 0 && HasTileProducts();
}

void AddTileAffine(const float* in, std::size_t steps, std::size_t inner, const float* matrix, std::size_t columns,
                   float* out) {
  const std::size_t padded = Padded(steps);
  std::vector<std::uint16_t> rows(padded * inner);
  std::vector<std::uint16_t> pairs(inner * columns);
  RoundRows(in, steps, padded, inner, rows.data());
  RoundRowPairs(matrix, inner, inner, columns, pairs.data());
  AddAll(TileProducts(), {rows.data(), inner}, {pairs.data(), 2 * columns}, inner, out, steps, columns);
}

void AddTileAffineGradients(const float* in, std::size_t steps, std::size_t inner, const float* matrix,
                            std::size_t columns, const float* dout, float* din, float* dmatrix) {
  const std::size_t padded = Padded(steps);
  const TileProducts tiles;
  // Pairs of the matrix's columns, which are rows of its transpose.
  std::vector<std::uint16_t> matrix_rows(inner * columns);
  std::vector<std::uint16_t> column_pairs(inner * columns);
  RoundRows(matrix, inner, inner, columns, matrix_rows.data());
  TransposeWords(matrix_rows.data(), columns / 2, inner, columns / 2, column_pairs.data(), inner);
  std::vector<std::uint16_t> dout_rows(padded * columns);
  RoundRows(dout, steps, padded, columns, dout_rows.data());
  AddAll(tiles, {dout_rows.data(), columns}, {column_pairs.data(), 2 * inner}, columns, din, steps, inner);

  std::vector<std::uint16_t> in_pairs(padded * inner);
  std::vector<std::uint16_t> in_columns(padded * inner);
  RoundRowPairs(in, steps, padded, inner, in_pairs.data());
  TransposeWords(in_pairs.data(), inner, padded / 2, inner, in_columns.data(), padded / 2);
  std::vector<std::uint16_t>& dout_pairs = dout_rows;
  RoundRowPairs(dout, steps, padded, columns, dout_pairs.data());
  AddAll(tiles, {in_columns.data(), padded}, {dout_pairs.data(), 2 * columns}, padded, dmatrix, inner, columns);
}

}  // namespace attune
