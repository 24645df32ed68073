#pragma once

#include <cstddef>
#include <span>

#include "base/status.h"
#include "base/workers.h"

namespace attune {

/// c [rows, columns] -= a [rows, inner] · b [inner, columns], all row-major, rows `*_stride` floats apart. One thread.
/// The widest vectors of this processor are chosen at run time. Its twin is reference::SubtractProduct.
void SubtractProduct(const float* a, std::size_t a_stride, const float* b, std::size_t b_stride, float* c,
                     std::size_t c_stride, std::size_t rows, std::size_t columns, std::size_t inner);

/// A matrix of floats that somebody else owns: entry (row, column) is at data[row * row_stride + column *
/// column_stride], so that a transposed matrix is the same bytes with strides exchanged.
struct MatrixView {
  const float* data = nullptr;
  std::size_t row_stride = 0;
  std::size_t column_stride = 1;

  MatrixView Transposed() const { return {data, column_stride, row_stride}; }
};

/// c [rows, columns] += a [rows, inner] · b [inner, columns]; c is row-major, rows `c_stride` floats apart. One thread.
/// Its twin is reference::AddProduct.
void AddProduct(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                std::size_t inner);

/// Puts the inverse of the symmetric positive definite `matrix` [n, n] in its place: blocked elimination without
/// pivots, n³ multiplications and additions, rows of blocks shared among `workers`; same bits for any number of
/// threads. InvalidArgument if it is not positive definite, Cancelled if the workers are; `matrix` then holds nothing
/// useful.
Status InvertPositiveDefinite(std::span<float> matrix, std::size_t n, const Workers& workers);

}  // namespace attune
