#pragma once

#include <cstddef>
#include <cstdint>

namespace attune {

/// Products of bf16 matrices with float sums: by the matrix tiles of the processor (Intel AMX: Architecture Instruction
/// Set Extensions, chapter 3) where HasTileProducts(), else by its products of pairs (AVX512-BF16), or by their twin
/// where EmulateTileProducts was called. Sets up the tiles of this thread and frees them again: one of them a thread at
/// a time. Requires HasBf16Products().
class TileProducts {
 public:
  TileProducts();
  ~TileProducts();
  TileProducts(const TileProducts&) = delete;
  TileProducts& operator=(const TileProducts&) = delete;

  static constexpr std::size_t kSide = 32;

  /// Rows of numbers, `stride` numbers apart.
  struct Rows {
    const std::uint16_t* data;
    std::size_t stride;
  };
  /// Pairs of rows: number [row / 2 * stride + 2 * column + row % 2].
  struct RowPairs {
    const std::uint16_t* data;
    std::size_t stride;
  };
  /// What sums start from: rows of floats, `stride` apart, 0 for one row that is every one; without rows zeros.
  struct Start {
    const float* rows = nullptr;
    std::size_t stride = 0;
  };
  /// c [kSide, kSide], rows c_stride floats apart, = start + a [kSide, K] · b [K, kSide], K = steps · kSide.
  void Multiply(Rows a, RowPairs b, std::size_t steps, Start start, float* c, std::size_t c_stride) const;
  void Assign(Rows a, RowPairs b, std::size_t steps, float* c, std::size_t c_stride) const {
    Multiply(a, b, steps, {}, c, c_stride);
  }
  void Add(Rows a, RowPairs b, std::size_t steps, float* c, std::size_t c_stride) const {
    Multiply(a, b, steps, {c, c_stride}, c, c_stride);
  }

 private:
  enum class By { kTiles, kVectors, kTwin };
  const By by_;
};

}  // namespace attune
