#pragma once

#include <cstddef>
#include <cstdint>

namespace attune {

/// Products of bf16 matrices with float sums by the matrix tiles of the processor (Intel AMX: Architecture Instruction
/// Set Extensions, chapter 3), or by their twin where EmulateTileProducts was called. Sets up the tiles of this thread
/// and frees them again: one of them a thread at a time. Requires HasTileProducts().
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
  /// c [kSide, kSide], rows c_stride floats apart, = a [kSide, K] · b [K, kSide], K = steps · kSide.
  void Assign(Rows a, RowPairs b, std::size_t steps, float* c, std::size_t c_stride) const;
  /// The same, added.
  void Add(Rows a, RowPairs b, std::size_t steps, float* c, std::size_t c_stride) const;

 private:
  const bool emulated_;
};

}  // namespace attune
