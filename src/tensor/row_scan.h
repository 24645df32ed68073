#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// Rows [N, D] that one query after the other is multiplied with: out = rows · x. A pass over many rows waits for
/// memory, so more than kExactRowsMax are held in 8 bits a number, with a scale for each row, and x in 15: every
/// product is then off by up to 1/254 of the row's largest number times Σ |x|, and by 1/32,766 of the largest |x| times
/// Σ |row|. Sums of whole numbers are the same on every processor. Immutable: any number of threads.
class RowScan {
 public:
  /// Requires width <= kWidthMax.
  RowScan(std::span<const float> rows, std::size_t width);

  std::size_t row_count() const { return row_count_; }
  /// Whether rows are held in 8 bits.
  bool is_rounded() const { return !rounded_.empty(); }
  /// out [N] = rows · x [D]. The widest vectors of this processor are chosen at run time; the twin is in its test.
  void Multiply(std::span<const float> x, std::span<float> out) const;

  static constexpr std::size_t kExactRowsMax = 20'000;
  static constexpr std::size_t kWidthMax = 1024;
  /// Rows that stand together: [N / 64][D / 2][64][2].
  static constexpr std::size_t kBlock = 64;

 private:
  void Round(std::span<const float> rows);
  void MultiplyRounded(std::span<const float> x, std::span<float> out) const;

  const std::size_t width_;
  const std::size_t row_count_;
  std::vector<float> columns_;        ///< [D, N], or empty.
  std::vector<std::int8_t> rounded_;  ///< [N / 64][D / 2][64][2], or empty.
  std::vector<float> scales_;         ///< [N], padded to whole blocks.
};

/// out[i] = row i of `rows` [N, D] · x [D] for each i of `indexes`, the rest of `out` [N] stays. Always added up in the
/// same order: the same bits on every processor.
void MultiplyRowsAt(std::span<const float> rows, std::span<const float> x, std::span<const std::uint32_t> indexes,
                    std::span<float> out);

}  // namespace attune
