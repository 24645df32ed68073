#include "tensor/bf16_layout.h"

#include "base/check.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

namespace attune {
namespace {

constexpr std::size_t kLanes = 16;

ATTUNE_BF16 inline __m256i Round(const float* values) {
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(values)));
}

/// Words [16][16] exchanged along the diagonal: in each of four rounds, squares of the half side (Eklundh, "A Fast
/// Computer Method for Matrix Transposing", 1972).
ATTUNE_BF16 void TransposeBlock(const std::uint16_t* from, std::size_t from_stride, std::uint16_t* to,
                                std::size_t to_stride) {
  __m512i rows[kLanes];
  for (std::size_t r = 0; r < kLanes; ++r) rows[r] = _mm512_loadu_si512(from + 2 * r * from_stride);
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::size_t side = kLanes / 2; side > 0; side /= 2) {
    const __m512i distance = _mm512_set1_epi32(static_cast<int>(side));
    const __mmask16 is_second = _mm512_test_epi32_mask(lanes, distance);
    const __m512i of_other = _mm512_or_si512(lanes, _mm512_set1_epi32(kLanes));
    const __m512i first = _mm512_mask_sub_epi32(lanes, is_second, of_other, distance);
    const __m512i second = _mm512_mask_mov_epi32(_mm512_add_epi32(lanes, distance), is_second, of_other);
    for (std::size_t r = 0; r < kLanes; ++r) {
      if ((r & side) != 0) continue;
      const __m512i a = rows[r];
      const __m512i b = rows[r + side];
      rows[r] = _mm512_permutex2var_epi32(a, first, b);
      rows[r + side] = _mm512_permutex2var_epi32(a, second, b);
    }
  }
  for (std::size_t r = 0; r < kLanes; ++r) _mm512_storeu_si512(to + 2 * r * to_stride, rows[r]);
}

}  // namespace

ATTUNE_BF16 void RoundRows(const float* rows, std::size_t stride, std::size_t row_count, std::size_t padded_rows,
                           std::size_t width, std::uint16_t* out) {
  for (std::size_t r = 0; r < row_count; ++r) {
    for (std::size_t d = 0; d < width; d += kLanes) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + r * width + d), Round(rows + r * stride + d));
    }
  }
  std::fill(out + row_count * width, out + padded_rows * width, std::uint16_t{0});
}

ATTUNE_BF16 void RoundRowPairs(const float* rows, std::size_t stride, std::size_t row_count, std::size_t padded_rows,
                               std::size_t width, std::uint16_t* out) {
  for (std::size_t r = 0; r < row_count; r += 2) {
    const bool is_single = r + 1 == row_count;
    for (std::size_t d = 0; d < width; d += kLanes) {
      const float* even = rows + r * stride + d;
      const __m256i second = is_single ? _mm256_setzero_si256() : Round(even + stride);
      const __m512i pairs =
          _mm512_or_si512(_mm512_cvtepu16_epi32(Round(even)), _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16));
      _mm512_storeu_si512(out + r * width + 2 * d, pairs);
    }
  }
  std::fill(out + (row_count + 1) / 2 * 2 * width, out + padded_rows * width, std::uint16_t{0});
}

void TransposeWords(const std::uint16_t* from, std::size_t from_stride, std::size_t rows, std::size_t columns,
                    std::uint16_t* to, std::size_t to_stride) {
  for (std::size_t r = 0; r < rows; r += kLanes) {
    for (std::size_t c = 0; c < columns; c += kLanes) {
      TransposeBlock(from + 2 * (r * from_stride + c), from_stride, to + 2 * (c * to_stride + r), to_stride);
    }
  }
}

}  // namespace attune

#else

namespace attune {

void RoundRows(const float*, std::size_t, std::size_t, std::size_t, std::size_t, std::uint16_t*) {
  ATTUNE_CHECK(false);
}
void RoundRowPairs(const float*, std::size_t, std::size_t, std::size_t, std::size_t, std::uint16_t*) {
  ATTUNE_CHECK(false);
}
void TransposeWords(const std::uint16_t*, std::size_t, std::size_t, std::size_t, std::uint16_t*, std::size_t) {
  ATTUNE_CHECK(false);
}

}  // namespace attune

#endif
