#include "tensor/reference/matmul.h"

namespace attune::reference {

void SubtractProduct(const float* a, std::size_t a_stride, const float* b, std::size_t b_stride, float* c,
                     std::size_t c_stride, std::size_t rows, std::size_t columns, std::size_t inner) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (std::size_t k = 0; k < inner; ++k) sum += double{a[row * a_stride + k]} * double{b[k * b_stride + column]};
      c[row * c_stride + column] = static_cast<float>(c[row * c_stride + column] - sum);
    }
  }
}

void AddProduct(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                std::size_t inner) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      double sum = c[row * c_stride + column];
      for (std::size_t k = 0; k < inner; ++k) {
        sum += double{a.data[row * a.row_stride + k * a.column_stride]} *
               double{b.data[k * b.row_stride + column * b.column_stride]};
      }
      c[row * c_stride + column] = static_cast<float>(sum);
    }
  }
}

std::vector<double> Invert(std::span<const double> matrix, std::size_t n) {
  std::vector<double> inverse(matrix.begin(), matrix.end());
  for (std::size_t pivot = 0; pivot < n; ++pivot) {
    const double scale = 1 / inverse[pivot * n + pivot];
    inverse[pivot * n + pivot] = 1;
    for (std::size_t column = 0; column < n; ++column) inverse[pivot * n + column] *= scale;
    for (std::size_t row = 0; row < n; ++row) {
      if (row == pivot) continue;
      const double factor = inverse[row * n + pivot];
      inverse[row * n + pivot] = 0;
      for (std::size_t column = 0; column < n; ++column) {
        inverse[row * n + column] -= factor * inverse[pivot * n + column];
      }
    }
  }
  return inverse;
}

}  // namespace attune::reference
