#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tensor/matmul.h"

namespace attune::reference {

/// What attune::SubtractProduct computes, one term after the other in double.
void SubtractProduct(const float* a, std::size_t a_stride, const float* b, std::size_t b_stride, float* c,
                     std::size_t c_stride, std::size_t rows, std::size_t columns, std::size_t inner);

/// What attune::AddProduct computes, likewise.
void AddProduct(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                std::size_t inner);

/// The inverse of `matrix` [n, n] by Gauss-Jordan elimination in double, without pivots.
std::vector<double> Invert(std::span<const double> matrix, std::size_t n);

}  // namespace attune::reference
