#pragma once

#include <cstddef>
#include <span>

#include "base/status.h"
#include "base/thread_pool.h"

namespace attune {

/// c [rows, columns] -= a [rows, inner] · b [inner, columns], all row-major, rows `*_stride` floats apart. One thread.
/// The widest vectors of this processor are chosen at run time. Its twin is reference::SubtractProduct.
void SubtractProduct(const float* a, std::size_t a_stride, const float* b, std::size_t b_stride, float* c,
                     std::size_t c_stride, std::size_t rows, std::size_t columns, std::size_t inner);

/// Puts the inverse of the symmetric positive definite `matrix` [n, n] in its place: blocked elimination without
/// pivots, n³ multiplications and additions, rows of blocks shared among `pool`; same bits for any number of threads.
/// InvalidArgument if it is not positive definite, and then `matrix` holds nothing useful.
Status InvertPositiveDefinite(std::span<float> matrix, std::size_t n, ThreadPool& pool);

}  // namespace attune
