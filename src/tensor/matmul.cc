#include "tensor/matmul.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "tensor/reference/matmul.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/matmul.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows of c that are held in registers at once, each in two vectors.
constexpr std::size_t kTileRows = 6;

enum class Sign { kPlus, kMinus };

template <Sign kSign, std::size_t kRows>
void AccumulateTile(MatrixView a, const float* b, std::size_t b_stride, float* c, std::size_t c_stride,
                    std::size_t inner) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  using V = hn::Vec<decltype(d)>;
  V left[kRows];
  V right[kRows];
  for (std::size_t r = 0; r < kRows; ++r) {
    left[r] = hn::LoadU(d, c + r * c_stride);
    right[r] = hn::LoadU(d, c + r * c_stride + lanes);
  }
  for (std::size_t k = 0; k < inner; ++k) {
    const V b0 = hn::LoadU(d, b + k * b_stride);
    const V b1 = hn::LoadU(d, b + k * b_stride + lanes);
    for (std::size_t r = 0; r < kRows; ++r) {
      const V x = hn::Set(d, a.data[r * a.row_stride + k * a.column_stride]);
      if constexpr (kSign == Sign::kMinus) {
        left[r] = hn::NegMulAdd(x, b0, left[r]);
        right[r] = hn::NegMulAdd(x, b1, right[r]);
      } else {
        left[r] = hn::MulAdd(x, b0, left[r]);
        right[r] = hn::MulAdd(x, b1, right[r]);
      }
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    hn::StoreU(left[r], d, c + r * c_stride);
    hn::StoreU(right[r], d, c + r * c_stride + lanes);
  }
}

template <Sign kSign>
void Accumulate(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                std::size_t inner) {
  const std::size_t width = 2 * hn::Lanes(hn::ScalableTag<float>());
  // The columns of b that a tile reads, side by side: they stay in the nearest cache while rows pass.
  std::vector<float> packed(inner * width);
  std::vector<float> edge(kTileRows * width);
  for (std::size_t column = 0; column < columns; column += width) {
    const std::size_t used = std::min(width, columns - column);
    for (std::size_t k = 0; k < inner; ++k) {
      const float* source = b.data + k * b.row_stride + column * b.column_stride;
      float* target = packed.data() + k * width;
      for (std::size_t j = 0; j < used; ++j) target[j] = source[j * b.column_stride];
      std::fill_n(target + used, width - used, 0.0f);
    }
    for (std::size_t row = 0; row < rows;) {
      const MatrixView a_rows{a.data + row * a.row_stride, a.row_stride, a.column_stride};
      float* c_row = c + row * c_stride + column;
      if (used == width && rows - row >= kTileRows) {
        AccumulateTile<kSign, kTileRows>(a_rows, packed.data(), width, c_row, c_stride, inner);
        row += kTileRows;
        continue;
      }
      std::copy_n(c_row, used, edge.data());
      AccumulateTile<kSign, 1>(a_rows, packed.data(), width, edge.data(), width, inner);
      std::copy_n(edge.data(), used, c_row);
      ++row;
    }
  }
}

void SubtractProductKernel(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows,
                           std::size_t columns, std::size_t inner) {
  Accumulate<Sign::kMinus>(a, b, c, c_stride, rows, columns, inner);
}

void AddProductKernel(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                      std::size_t inner) {
  Accumulate<Sign::kPlus>(a, b, c, c_stride, rows, columns, inner);
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {
namespace {

HWY_EXPORT(SubtractProductKernel);
HWY_EXPORT(AddProductKernel);

constexpr std::size_t kBlock = 96;

// In place, row-major [n, n] with rows n apart, in double: small blocks on the diagonal.
bool InvertBlock(const float* matrix, std::size_t stride, std::size_t n, std::vector<float>& inverse) {
  std::vector<double> block(n * n);
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) block[row * n + column] = matrix[row * stride + column];
  }
  // A symmetric matrix is positive definite if and only if every pivot of the elimination is positive.
  std::vector<double> pivots = block;
  for (std::size_t k = 0; k < n; ++k) {
    if (!(pivots[k * n + k] > 0)) return false;
    for (std::size_t row = k + 1; row < n; ++row) {
      const double factor = pivots[row * n + k] / pivots[k * n + k];
      for (std::size_t column = k; column < n; ++column) pivots[row * n + column] -= factor * pivots[k * n + column];
    }
  }
  const std::vector<double> exact = reference::Invert(block, n);
  inverse.assign(exact.begin(), exact.end());
  return true;
}

}  // namespace

void SubtractProduct(const float* a, std::size_t a_stride, const float* b, std::size_t b_stride, float* c,
                     std::size_t c_stride, std::size_t rows, std::size_t columns, std::size_t inner) {
  HWY_DYNAMIC_DISPATCH(SubtractProductKernel)({a, a_stride}, {b, b_stride}, c, c_stride, rows, columns, inner);
}

void AddProduct(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                std::size_t inner) {
  HWY_DYNAMIC_DISPATCH(AddProductKernel)(a, b, c, c_stride, rows, columns, inner);
}

// With the block D on the diagonal, the column C below and above it, and the rest R, a step replaces R by R - C D⁻¹ Cᵀ,
// C by C D⁻¹ and D by -D⁻¹ (the sweep of statistics). After all steps the matrix is minus the inverse. Only blocks on
// and below the diagonal are kept up to date.
Status InvertPositiveDefinite(std::span<float> matrix, std::size_t n, const Workers& workers) {
  ATTUNE_CHECK(matrix.size() == n * n);
  const std::size_t block_count = (n + kBlock - 1) / kBlock;
  const auto begin_of = [&](std::size_t block) { return block * kBlock; };
  const auto size_of = [&](std::size_t block) { return std::min(kBlock, n - block * kBlock); };
  std::vector<float> column(n * kBlock);      // C, [n, size]
  std::vector<float> scaled(n * kBlock);      // C D⁻¹, [n, size]
  std::vector<float> transposed(kBlock * n);  // Cᵀ, [size, n]
  std::vector<float> inverse;
  for (std::size_t k = 0; k < block_count; ++k) {
    if (workers.cancelled()) return Cancelled("the inversion was stopped");
    const std::size_t k_begin = begin_of(k);
    const std::size_t size = size_of(k);
    if (!InvertBlock(matrix.data() + k_begin * n + k_begin, n, size, inverse)) {
      return InvalidArgument("matrix is not positive definite");
    }
    for (std::size_t row = 0; row < n; ++row) {
      for (std::size_t j = 0; j < size; ++j) {
        const bool below = row >= k_begin;
        const float value = below ? matrix[row * n + k_begin + j] : matrix[(k_begin + j) * n + row];
        column[row * size + j] = value;
        transposed[j * n + row] = value;
      }
    }
    std::vector<float> negative_inverse(inverse.size());
    std::transform(inverse.begin(), inverse.end(), negative_inverse.begin(), [](float x) { return -x; });
    workers.ParallelFor(block_count, [&](std::size_t i) {
      float* out = scaled.data() + begin_of(i) * size;
      std::fill_n(out, size_of(i) * size, 0.0f);
      SubtractProduct(column.data() + begin_of(i) * size, size, negative_inverse.data(), size, out, size, size_of(i),
                      size, size);
    });
    // Long rows first, so that the last ones to be handed out are short.
    workers.ParallelFor(block_count, [&](std::size_t reversed) {
      const std::size_t i = block_count - 1 - reversed;
      if (i == k) return;
      float* row = matrix.data() + begin_of(i) * n;
      const float* left = scaled.data() + begin_of(i) * size;
      const std::size_t columns_end = begin_of(i) + size_of(i);
      SubtractProduct(left, size, transposed.data(), n, row, n, size_of(i), columns_end, size);
    });
    for (std::size_t row = 0; row < n; ++row) {
      for (std::size_t j = 0; j < size; ++j) {
        const bool on_diagonal = row >= k_begin && row < k_begin + size;
        const float value = on_diagonal ? -inverse[(row - k_begin) * size + j] : scaled[row * size + j];
        if (row >= k_begin) {
          matrix[row * n + k_begin + j] = value;
        } else {
          matrix[(k_begin + j) * n + row] = value;
        }
      }
    }
  }
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t other = 0; other <= row; ++other) {
      const float value = -matrix[row * n + other];
      matrix[row * n + other] = value;
      matrix[other * n + row] = value;
    }
  }
  return {};
}

}  // namespace attune
#endif
