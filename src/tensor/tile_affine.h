#pragma once

#include <cstddef>

#include "tensor/aligned_numbers.h"
#include "tensor/tile_products.h"

namespace attune {

/// Whether TileAffine and its gradients may be used for matrices of these sides: multiples of TileProducts::kSide,
/// where HasTileProducts().
bool TilesFit(std::size_t side, std::size_t other_side);

/// Rows of floats [T, width], rounded to bf16 in the orders in which products read them, each made when it is first
/// asked for. The floats outlive it. One thread.
class RoundedRows {
 public:
  RoundedRows(const float* rows, std::size_t count, std::size_t width);

  std::size_t count() const { return count_; }
  std::size_t width() const { return width_; }
  std::size_t padded_count() const { return padded_; }  ///< Rows of zeros up to a multiple of TileProducts::kSide.
  TileProducts::Rows rows();
  TileProducts::RowPairs pairs();
  TileProducts::Rows columns();  ///< The transpose, [width, padded_count].

 private:
  const float* const floats_;
  const std::size_t count_;
  const std::size_t width_;
  const std::size_t padded_;
  AlignedBf16 rows_;
  AlignedBf16 pairs_;
  AlignedBf16 columns_;
};

/// c [rows, columns], rows c_stride floats apart, = start + a · b; a has its rows padded, and nothing is written beyond
/// those of c, nor read beyond as many of start.
void MultiplyRows(const TileProducts& tiles, TileProducts::Rows a, TileProducts::RowPairs b, std::size_t inner,
                  TileProducts::Start start, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns);

/// out [T, columns] = shift [columns] + in [T, inner] · matrix [inner, columns], both rounded to bf16, sums in floats,
/// by TileProducts. One thread.
void TileAffine(RoundedRows& in, const float* matrix, const float* shift, std::size_t columns, float* out);

/// From the gradient by what TileAffine gives: din [T, inner] = dout · matrixᵀ, or with `adds` += it, and
/// dmatrix [inner, columns] += inᵀ · dout, rounded as there.
void TileAffineGradients(RoundedRows& in, const float* matrix, std::size_t columns, const float* dout, bool adds,
                         float* din, float* dmatrix);

}  // namespace attune
