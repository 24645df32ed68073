#include "tensor/softmax_bf16.h"

#include "base/check.h"
#include "tensor/bf16_layout.h"
#include "tensor/cpu.h"
#include "tensor/own_target.h"
#include "tensor/tile_products.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace attune {
namespace {

constexpr std::size_t kRows = kSoftmaxTileRows;
constexpr std::size_t kLanes = 16;
// Sums that are held in registers: four rows of up to four vectors.
constexpr std::size_t kSumRows = 4;
constexpr std::size_t kSumVectors = 4;
// Classes whose gradients are worked on together: they stay in the nearest cache.
constexpr std::size_t kClassBlock = 64;
static_assert(SoftmaxClasses::kPadding % kClassBlock == 0);
constexpr std::size_t kSide = TileProducts::kSide;
static_assert(kRows % kSide == 0 && kClassBlock % kSide == 0);

/// Pairs of bf16 numbers: word [row * row_stride + pair * pair_stride].
struct Pairs {
  const std::uint16_t* data;
  std::size_t row_stride;
  std::size_t pair_stride;
};

/// Four rows of c, each kVectors vectors: (c or 0) + Σ over pairs of a[row, pair] · b[pair, column]; b holds for each
/// pair [columns][2], pairs b_stride numbers apart.
template <std::size_t kVectors, bool kAdd>
ATTUNE_BF16 void SumTile(Pairs a, const std::uint16_t* b, std::size_t b_stride, std::size_t pair_count,
                         float* const* c) {
  __m512 sums[kSumRows][kVectors];
  for (std::size_t r = 0; r < kSumRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      sums[r][v] = kAdd ? _mm512_loadu_ps(c[r] + v * kLanes) : _mm512_setzero_ps();
    }
  }
  for (std::size_t pair = 0; pair < pair_count; ++pair) {
    __m512bh columns[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) {
      columns[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + pair * b_stride + v * 2 * kLanes));
    }
    for (std::size_t r = 0; r < kSumRows; ++r) {
      std::int32_t word;
      std::memcpy(&word, a.data + 2 * (r * a.row_stride + pair * a.pair_stride), sizeof(word));
      const __m512bh row = reinterpret_cast<__m512bh>(_mm512_set1_epi32(word));
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], row, columns[v]);
    }
  }
  for (std::size_t r = 0; r < kSumRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) _mm512_storeu_ps(c[r] + v * kLanes, sums[r][v]);
  }
}

/// The same for `width` columns, a multiple of kLanes, of rows c; rows from `valid` on are thrown away.
ATTUNE_BF16 void AddRowsOf(Pairs a, const std::uint16_t* b, std::size_t b_stride, std::size_t pair_count, float* c,
                           std::size_t c_stride, std::size_t valid, std::size_t width) {
  float unused[kSumVectors * kLanes] = {};
  for (std::size_t column = 0; column < width; column += kSumVectors * kLanes) {
    float* rows[kSumRows];
    for (std::size_t r = 0; r < kSumRows; ++r) rows[r] = r < valid ? c + r * c_stride + column : unused;
    const std::uint16_t* columns = b + 2 * column;
    switch (std::min(kSumVectors, (width - column) / kLanes)) {
      case 1: SumTile<1, true>(a, columns, b_stride, pair_count, rows); break;
      case 2: SumTile<2, true>(a, columns, b_stride, pair_count, rows); break;
      case 3: SumTile<3, true>(a, columns, b_stride, pair_count, rows); break;
      default: SumTile<4, true>(a, columns, b_stride, pair_count, rows); break;
    }
  }
}

/// e^x for x <= 0, within 3e-6 of itself: 2^n times a polynomial of the rest.
ATTUNE_BF16 inline __m512 ExpOfNegative(__m512 x) {
  const __m512 scaled = _mm512_mul_ps(_mm512_max_ps(x, _mm512_set1_ps(-87.0f)), _mm512_set1_ps(1.44269504f));
  const __m512 whole = _mm512_roundscale_ps(scaled, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 rest = _mm512_sub_ps(scaled, whole);
  // ln(2)^k / k!
  __m512 power = _mm512_set1_ps(1.3333558e-3f);
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(9.6181291e-3f));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(5.5504109e-2f));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(2.4022651e-1f));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(6.9314718e-1f));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(power, whole);
}

/// Logits [kRows, padded_count] of the rounded rows.
ATTUNE_BF16 void FillLogits(const SoftmaxClasses& classes, std::size_t rows, SoftmaxScratch& scratch) {
  const std::size_t width = classes.width();
  const std::size_t stride = classes.padded_count();
  scratch.logits.resize(kRows * stride);
  for (std::size_t n = 0; n < stride; n += SoftmaxClasses::kPadding) {
    const std::uint16_t* columns = classes.bf16_columns() + n * width;
    for (std::size_t r = 0; r < rows; r += kSumRows) {
      float* c[kSumRows];
      for (std::size_t i = 0; i < kSumRows; ++i) c[i] = scratch.logits.data() + (r + i) * stride + n;
      SumTile<4, false>({scratch.x.data() + r * width, width / 2, 1}, columns, 2 * SoftmaxClasses::kPadding, width / 2,
                        c);
    }
  }
}

/// The same by tiles.
void FillLogits(const SoftmaxClasses& classes, std::size_t rows, const TileProducts& tiles, SoftmaxScratch& scratch) {
  constexpr std::size_t kPadding = SoftmaxClasses::kPadding;
  const std::size_t width = classes.width();
  const std::size_t stride = classes.padded_count();
  scratch.logits.resize(kRows * stride);
  for (std::size_t n = 0; n < stride; n += kSide) {
    const std::uint16_t* columns = classes.bf16_columns() + n / kPadding * kPadding * width + n % kPadding * 2;
    for (std::size_t r = 0; r < rows; r += kSide) {
      tiles.Assign({scratch.x.data() + r * width, width}, {columns, 2 * kPadding}, width / kSide,
                   scratch.logits.data() + r * stride + n, stride);
    }
  }
}

/// Logits, with their bias, become e^(logit - largest); returns the largest, and their sum in `sum`.
ATTUNE_BF16 float ExponentialRow(float* row, const float* bias, std::size_t count, float& sum) {
  __m512 largest = _mm512_set1_ps(-HUGE_VALF);
  for (std::size_t n = 0; n < count; n += kLanes) {
    const __m512 logit = _mm512_add_ps(_mm512_loadu_ps(row + n), _mm512_loadu_ps(bias + n));
    _mm512_storeu_ps(row + n, logit);
    largest = _mm512_max_ps(largest, logit);
  }
  const float top = _mm512_reduce_max_ps(largest);
  const __m512 shift = _mm512_set1_ps(top);
  __m512 sums = _mm512_setzero_ps();
  for (std::size_t n = 0; n < count; n += kLanes) {
    const __m512 value = ExpOfNegative(_mm512_sub_ps(_mm512_loadu_ps(row + n), shift));
    _mm512_storeu_ps(row + n, value);
    sums = _mm512_add_ps(sums, value);
  }
  sum = _mm512_reduce_add_ps(sums);
  return top;
}

/// The gradients by the logits of classes [n, n + kClassBlock), rounded: [kRows][kClassBlock], and as pairs of rows
/// [kRows / 2][kClassBlock][2].
ATTUNE_BF16 void RoundGradients(std::size_t stride, std::size_t n, std::size_t rows, const float* scales,
                                SoftmaxScratch& scratch) {
  for (std::size_t r = 0; r < rows; r += 2) {
    for (std::size_t j = 0; j < kClassBlock; j += kLanes) {
      const float* even = scratch.logits.data() + r * stride + n + j;
      const __m256i a = reinterpret_cast<__m256i>(
          _mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_loadu_ps(even), _mm512_set1_ps(scales[r]))));
      const __m256i b = reinterpret_cast<__m256i>(
          _mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_loadu_ps(even + stride), _mm512_set1_ps(scales[r + 1]))));
      std::uint16_t* out = scratch.gradient.data() + r * kClassBlock + j;
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), a);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + kClassBlock), b);
      const __m512i pairs = _mm512_or_si512(_mm512_cvtepu16_epi32(a), _mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16));
      _mm512_storeu_si512(scratch.gradient_pairs.data() + r * kClassBlock + 2 * j, pairs);
    }
  }
}

/// dx and dclasses += what the rounded gradients of classes [n, n + kClassBlock) give.
void AddGradients(const SoftmaxClasses& classes, std::size_t n, std::size_t valid_rows, std::size_t rows,
                  const SoftmaxScratch& scratch, std::span<float> dx, std::span<float> dclasses) {
  const std::size_t width = classes.width();
  const std::size_t count = classes.shared_count();
  for (std::size_t r = 0; r < rows; r += kSumRows) {
    AddRowsOf({scratch.gradient.data() + r * kClassBlock, kClassBlock / 2, 1}, classes.bf16_rows() + n * width,
              2 * width, kClassBlock / 2, dx.data() + r * width, width, valid_rows - std::min(r, valid_rows), width);
  }
  for (std::size_t j = 0; j < kClassBlock && n + j < count; j += kSumRows) {
    AddRowsOf({scratch.gradient_pairs.data() + 2 * j, 1, kClassBlock}, scratch.x_pairs.data(), 2 * width, rows / 2,
              dclasses.data() + (n + j) * width, width, count - n - j, width);
  }
}

/// The same as AddGradients by tiles, for kClassBlock whole classes; what is for dx goes to scratch.dx.
void AddGradients(const SoftmaxClasses& classes, std::size_t n, std::size_t rows, const TileProducts& tiles,
                  SoftmaxScratch& scratch, std::span<float> dclasses) {
  const std::size_t width = classes.width();
  TransposeWords(scratch.gradient_pairs.data(), kClassBlock, rows / 2, kClassBlock, scratch.gradient_columns.data(),
                 kRows / 2);
  for (std::size_t d = 0; d < width; d += kSide) {
    for (std::size_t r = 0; r < rows; r += kSide) {
      tiles.Add({scratch.gradient.data() + r * kClassBlock, kClassBlock},
                {classes.bf16_rows() + n * width + 2 * d, 2 * width}, kClassBlock / kSide,
                scratch.dx.data() + r * width + d, width);
    }
    for (std::size_t j = 0; j < kClassBlock; j += kSide) {
      tiles.Add({scratch.gradient_columns.data() + j * kRows, kRows}, {scratch.x_pairs.data() + 2 * d, 2 * width},
                rows / kSide, dclasses.data() + (n + j) * width + d, width);
    }
  }
}

}  // namespace

ATTUNE_BF16 double SoftmaxCrossEntropyBf16(const SoftmaxClasses& classes, std::span<const float> x,
                                           std::span<const std::uint32_t> targets, std::span<float> dx,
                                           std::span<float> dclasses, SoftmaxScratch& scratch) {
  const std::size_t width = classes.width();
  const std::size_t stride = classes.padded_count();
  std::optional<TileProducts> tiles;
  if (width % kSide == 0 && HasTileProducts()) tiles.emplace();
  const std::size_t row_step = tiles ? kSide : kSumRows;
  const std::size_t rows = (targets.size() + row_step - 1) / row_step * row_step;
  ATTUNE_CHECK(rows <= kRows && x.size() == targets.size() * width);
  scratch.x.resize(kRows * width);
  scratch.x_pairs.resize(kRows * width);
  RoundRows(x.data(), targets.size(), kRows, width, scratch.x.data());
  RoundRowPairs(x.data(), targets.size(), kRows, width, scratch.x_pairs.data());
  if (tiles) {
    FillLogits(classes, rows, *tiles, scratch);
    scratch.dx.assign(rows * width, 0);
    scratch.gradient_columns.resize(kClassBlock * kRows);
  } else {
    FillLogits(classes, rows, scratch);
  }
  const auto at = [&](auto values, std::size_t index) { return values.subspan(index * width, width); };
  float scales[kRows] = {};
  double loss = 0;
  for (std::size_t r = 0; r < targets.size(); ++r) {
    float* row = scratch.logits.data() + r * stride;
    const std::uint32_t target = targets[r];
    const bool is_shared = target < classes.shared_count();
    const float target_logit = is_shared ? row[target] : OwnLogit(at(x, r), classes.OwnRow(target));
    if (is_shared) row[target] -= classes.bias()[target];
    float sum = 0;
    const float top = ExponentialRow(row, classes.bias(), stride, sum);
    const double log_sum = double{top} + std::log(double{sum});
    if (is_shared) {
      loss += log_sum - target_logit;
      scales[r] = 1 / sum;
      row[target] -= sum;
    } else {
      const OwnTarget own = AddOwnTarget(log_sum, target_logit);
      AddOwnGradients(own.gradient, at(x, r), classes.OwnRow(target), at(dx, r), at(dclasses, target));
      loss += own.loss;
      scales[r] = own.others_share / sum;
    }
  }
  for (std::size_t r = targets.size(); r < rows; ++r) std::fill_n(scratch.logits.data() + r * stride, stride, 0.0f);

  scratch.gradient.resize(kRows * kClassBlock);
  scratch.gradient_pairs.resize(kRows * kClassBlock);
  const std::size_t count = classes.shared_count();
  for (std::size_t n = 0; n < count; n += kClassBlock) {
    RoundGradients(stride, n, rows, scales, scratch);
    if (tiles && n + kClassBlock <= count) {
      AddGradients(classes, n, rows, *tiles, scratch, dclasses);
    } else {
      AddGradients(classes, n, targets.size(), rows, scratch, dx, dclasses);
    }
  }
  for (std::size_t i = 0; tiles && i < dx.size(); ++i) dx[i] += scratch.dx[i];
  return loss;
}

}  // namespace attune

#else

namespace attune {

double SoftmaxCrossEntropyBf16(const SoftmaxClasses&, std::span<const float>, std::span<const std::uint32_t>,
                               std::span<float>, std::span<float>, SoftmaxScratch&) {
  ATTUNE_CHECK(false);
  return 0;
}

}  // namespace attune

#endif
