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

// A tile of c is held in registers: so many rows, each in so many vectors. AVX-512 has twice the registers.
constexpr std::size_t kTileRows = 6;
constexpr std::size_t kTileVectors = HWY_TARGET <= HWY_AVX3 ? 4 : 2;

enum class Sign { kPlus, kMinus };

template <Sign kSign, std::size_t kRows, std::size_t kVectors>
HWY_INLINE void AccumulateTile(MatrixView a, const float* b, std::size_t b_stride, float* c, std::size_t c_stride,
                               std::size_t inner) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  using V = hn::Vec<decltype(d)>;
  V sums[kRows][kVectors];
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::LoadU(d, c + r * c_stride + v * lanes);
  }
  for (std::size_t k = 0; k < inner; ++k) {
    V row[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, b + k * b_stride + v * lanes);
    for (std::size_t r = 0; r < kRows; ++r) {
      const V x = hn::Set(d, a.data[r * a.row_stride + k * a.column_stride]);
      for (std::size_t v = 0; v < kVectors; ++v) {
        sums[r][v] = kSign == Sign::kMinus ? hn::NegMulAdd(x, row[v], sums[r][v]) : hn::MulAdd(x, row[v], sums[r][v]);
      }
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, c + r * c_stride + v * lanes);
  }
}

/// All rows of as many columns as kVectors vectors hold.
template <Sign kSign, std::size_t kVectors>
void AccumulatePanel(MatrixView a, const float* b, std::size_t b_stride, float* c, std::size_t c_stride,
                     std::size_t rows, std::size_t inner) {
  const auto from = [&](std::size_t row) {
    return MatrixView{a.data + row * a.row_stride, a.row_stride, a.column_stride};
  };
  std::size_t row = 0;
  for (; row + kTileRows <= rows; row += kTileRows) {
    AccumulateTile<kSign, kTileRows, kVectors>(from(row), b, b_stride, c + row * c_stride, c_stride, inner);
  }
  float* rest = c + row * c_stride;
  switch (rows - row) {
    case 5: return AccumulateTile<kSign, 5, kVectors>(from(row), b, b_stride, rest, c_stride, inner);
    case 4: return AccumulateTile<kSign, 4, kVectors>(from(row), b, b_stride, rest, c_stride, inner);
    case 3: return AccumulateTile<kSign, 3, kVectors>(from(row), b, b_stride, rest, c_stride, inner);
    case 2: return AccumulateTile<kSign, 2, kVectors>(from(row), b, b_stride, rest, c_stride, inner);
    case 1: return AccumulateTile<kSign, 1, kVectors>(from(row), b, b_stride, rest, c_stride, inner);
    default: return;
  }
}

/// Columns of b side by side, zeros after the first `used`.
void Pack(MatrixView b, std::size_t inner, std::size_t used, std::size_t width, std::vector<float>& packed) {
  packed.assign(inner * width, 0.0f);
  if (b.row_stride == 1) {
    for (std::size_t j = 0; j < used; ++j) {
      const float* source = b.data + j * b.column_stride;
      for (std::size_t k = 0; k < inner; ++k) packed[k * width + j] = source[k];
    }
    return;
  }
  for (std::size_t k = 0; k < inner; ++k) {
    for (std::size_t j = 0; j < used; ++j) packed[k * width + j] = b.data[k * b.row_stride + j * b.column_stride];
  }
}

template <Sign kSign, std::size_t kVectors>
void AccumulateColumns(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows, std::size_t used,
                       std::size_t inner, std::vector<float>& packed, std::vector<float>& edge) {
  const std::size_t width = kVectors * hn::Lanes(hn::ScalableTag<float>());
  if (used == width && b.column_stride == 1) {
    return AccumulatePanel<kSign, kVectors>(a, b.data, b.row_stride, c, c_stride, rows, inner);
  }
  Pack(b, inner, used, width, packed);
  if (used == width) return AccumulatePanel<kSign, kVectors>(a, packed.data(), width, c, c_stride, rows, inner);
  edge.resize(rows * width);
  for (std::size_t row = 0; row < rows; ++row) std::copy_n(c + row * c_stride, used, edge.data() + row * width);
  AccumulatePanel<kSign, kVectors>(a, packed.data(), width, edge.data(), width, rows, inner);
  for (std::size_t row = 0; row < rows; ++row) std::copy_n(edge.data() + row * width, used, c + row * c_stride);
}

template <Sign kSign>
void Accumulate(MatrixView a, MatrixView b, float* c, std::size_t c_stride, std::size_t rows, std::size_t columns,
                std::size_t inner) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  std::vector<float> packed;
  std::vector<float> edge;
  for (std::size_t column = 0; column < columns;) {
    const MatrixView rest{b.data + column * b.column_stride, b.row_stride, b.column_stride};
    const std::size_t left = columns - column;
    if (left > lanes) {
      const std::size_t used = std::min(left, (left >= kTileVectors * lanes ? kTileVectors : 2) * lanes);
      if (used > 2 * lanes) {
        AccumulateColumns<kSign, kTileVectors>(a, rest, c + column, c_stride, rows, used, inner, packed, edge);
      } else {
        AccumulateColumns<kSign, 2>(a, rest, c + column, c_stride, rows, used, inner, packed, edge);
      }
      column += used;
    } else {
      AccumulateColumns<kSign, 1>(a, rest, c + column, c_stride, rows, left, inner, packed, edge);
      column += left;
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
