#include "clusters.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "tensor/matmul.h"

namespace attune {
namespace {

constexpr std::size_t kRowsAtOnce = 256;

/// The nearest centre of each row: the one of largest row · centre - |centre|² / 2.
std::vector<std::uint32_t> Nearest(std::span<const float> rows, std::span<const float> centres, std::size_t width) {
  const std::size_t row_count = rows.size() / width;
  const std::size_t count = centres.size() / width;
  std::vector<float> transposed(centres.size());
  std::vector<float> half_squares(count);
  for (std::size_t c = 0; c < count; ++c) {
    for (std::size_t d = 0; d < width; ++d) {
      const float value = centres[c * width + d];
      transposed[d * count + c] = value;
      half_squares[c] += value * value / 2;
    }
  }
  std::vector<float> products;
  std::vector<std::uint32_t> nearest;
  nearest.reserve(row_count);
  for (std::size_t begin = 0; begin < row_count; begin += kRowsAtOnce) {
    const std::size_t block = std::min(kRowsAtOnce, row_count - begin);
    products.assign(block * count, 0);
    AddProduct({rows.data() + begin * width, width, 1}, {transposed.data(), count, 1}, products.data(), count, block,
               count, width);
    for (std::size_t row = 0; row < block; ++row) {
      const float* values = products.data() + row * count;
      std::uint32_t best = 0;
      for (std::uint32_t c = 1; c < count; ++c) {
        if (values[c] - half_squares[c] > values[best] - half_squares[best]) best = c;
      }
      nearest.push_back(best);
    }
  }
  return nearest;
}

}  // namespace

Clusters FindClusters(std::span<const float> rows, std::size_t width, std::uint64_t seed) {
  const std::size_t row_count = rows.size() / width;
  const auto count = static_cast<std::size_t>(std::sqrt(static_cast<double>(row_count)));
  Random random(seed);
  std::vector<float> sample;
  for (std::size_t i = 0; i < std::min(row_count, count * kSamplesPerList); ++i) {
    const auto row = rows.subspan(random.Below(row_count) * width, width);
    sample.insert(sample.end(), row.begin(), row.end());
  }
  Clusters clusters{.centres = {sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(count * width)},
                    .lists = std::vector<std::vector<std::uint32_t>>(count)};
  for (int round = 0; round < kRounds; ++round) {
    const auto nearest = Nearest(sample, clusters.centres, width);
    std::vector<float> sums(count * width);
    std::vector<float> sizes(count);
    for (std::size_t i = 0; i < nearest.size(); ++i) {
      sizes[nearest[i]] += 1;
      for (std::size_t d = 0; d < width; ++d) sums[nearest[i] * width + d] += sample[i * width + d];
    }
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t d = 0; d < width && sizes[c] > 0; ++d)
        clusters.centres[c * width + d] = sums[c * width + d] / sizes[c];
    }
  }
  const auto nearest = Nearest(rows, clusters.centres, width);
  for (std::uint32_t row = 0; row < row_count; ++row) clusters.lists[nearest[row]].push_back(row);
  return clusters;
}

}  // namespace attune
