#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

// Highway of the distribution's release has no bf16 products: what computes with them asks for the processor's own,
// behind HasBf16Products().
#define ATTUNE_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

namespace attune {

/// To the nearest, ties to even; what is no number stays none.
inline std::uint16_t RoundToBf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// Floats rounded to bf16 (to the nearest, ties to even) in the orders in which products read them. Widths are multiples
// of 16; rows from `rows` to `padded_rows` become zeros. One thread; requires HasBf16Products().

/// [padded_rows][width] of rows [rows, width], `stride` floats apart.
void RoundRows(const float* rows, std::size_t stride, std::size_t row_count, std::size_t padded_rows, std::size_t width,
               std::uint16_t* out);
/// The same in pairs of rows, [padded_rows / 2][width][2]; padded_rows is even.
void RoundRowPairs(const float* rows, std::size_t stride, std::size_t row_count, std::size_t padded_rows,
                   std::size_t width, std::uint16_t* out);
/// Words of two numbers [rows][columns], rows `from_stride` words apart, to [columns][rows], `to_stride` words apart.
/// Rows and columns are multiples of 16.
void TransposeWords(const std::uint16_t* from, std::size_t from_stride, std::size_t rows, std::size_t columns,
                    std::uint16_t* to, std::size_t to_stride);

}  // namespace attune
