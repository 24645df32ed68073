#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// Rows [N, D] that one query after the other is multiplied with: out = rows · x. A pass over many rows waits for
/// memory, so more than kExactRowsMax are held in 8 bits a number, with a scale for each row: every product is then off
/// by up to 1/254 of the row's largest number times |x|. Immutable: any number of threads.
class RowScan {
 public:
  RowScan(std::span<const float> rows, std::size_t width);

  std::size_t row_count() const { return row_count_; }
  /// out [N] = rows · x [D]. The widest vectors of this processor are chosen at run time; the twin is in its test.
  void Multiply(std::span<const float> x, std::span<float> out) const;

  static constexpr std::size_t kExactRowsMax = 20'000;
  /// Rows that stand together: [N / 64][D][64].
  static constexpr std::size_t kBlock = 64;

 private:
  void Round(std::span<const float> rows);

  const std::size_t width_;
  const std::size_t row_count_;
  std::vector<float> columns_;        ///< [D, N], or empty.
  std::vector<std::int8_t> rounded_;  ///< [N / 64][D][64], or empty.
  std::vector<float> scales_;         ///< [N], padded to whole blocks.
};

}  // namespace attune
