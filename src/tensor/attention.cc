#include "tensor/attention.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "tensor/matmul.h"
#include "tensor/row_kernels.h"

namespace attune {
namespace {

// Rows of the attention matrix that are computed together: what lies above the diagonal of such a band is not.
constexpr std::size_t kBand = 48;

/// out [D, stride] = the transposed rows of in [length, D], rows 3D apart; zeros beyond.
void TransposeRows(const float* in, std::size_t length, std::size_t width, std::size_t stride,
                   std::vector<float>& out) {
  out.assign(width * stride, 0.0f);
  for (std::size_t t = 0; t < length; ++t) {
    for (std::size_t d = 0; d < width; ++d) out[d * stride + t] = in[t * 3 * width + d];
  }
}

/// Rows [begin, end) of the weights as they were used: with dropout, if there is any.
const float* UsedWeights(const float* weights, const float* factors, std::size_t begin, std::size_t end,
                         std::size_t stride, std::vector<float>& buffer) {
  const float* rows = weights + begin * stride;
  if (factors == nullptr) return rows;
  buffer.assign(rows, rows + (end - begin) * stride);
  MultiplyBy(std::span(factors + begin * stride, buffer.size()), buffer);
  return buffer.data();
}

/// Distances counted down, so that those of one row stand in the order of its columns: of step i they begin at
/// size - 1 - i.
std::vector<float> Reversed(std::span<const float> distance) { return {distance.rbegin(), distance.rend()}; }

}  // namespace

std::uint8_t TimeBucket(std::int64_t gap_ms) {
  if (gap_ms <= 0) return 0;
  const auto width = std::bit_width(static_cast<std::uint64_t>(gap_ms) / 1000 + 1);
  return static_cast<std::uint8_t>(std::min<std::size_t>(static_cast<std::size_t>(width), kTimeBuckets - 1));
}

void SequenceBatch::Assign(std::span<const std::uint32_t> begin, std::span<const std::int64_t> time_ms) {
  ATTUNE_CHECK(!begin.empty() && begin.back() == time_ms.size());
  begin_.assign(begin.begin(), begin.end());
  pairs_.assign(1, 0);
  for (std::size_t s = 0; s + 1 < begin_.size(); ++s) pairs_.push_back(pairs_.back() + length(s) * stride(s));
  time_buckets_.assign(pairs_.back(), 0);
  for (std::size_t s = 0; s < sequence_count(); ++s) {
    const std::int64_t* times = time_ms.data() + begin_[s];
    for (std::size_t i = 0; i < length(s); ++i) {
      std::uint8_t* row = time_buckets_.data() + pairs_[s] + i * stride(s);
      for (std::size_t j = 0; j < i; ++j) row[j] = TimeBucket(times[i] - times[j]);
    }
  }
}

std::size_t SequenceBatch::length_max() const {
  std::size_t longest = 0;
  for (std::size_t s = 0; s < sequence_count(); ++s) longest = std::max(longest, length(s));
  return longest;
}

void AttentionForward(const SequenceBatch& batch, std::size_t width, const AttentionParameters& parameters,
                      std::span<const float> qkv, std::span<const float> factors, std::span<float> weights,
                      std::span<float> attended) {
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  const auto distance = Reversed(parameters.distance);
  std::vector<float> keys;
  std::vector<float> buffer;
  std::fill(attended.begin(), attended.end(), 0.0f);
  for (std::size_t s = 0; s < batch.sequence_count(); ++s) {
    const std::size_t stride = batch.stride(s);
    const float* rows = qkv.data() + batch.begin(s) * 3 * width;
    float* all = weights.data() + batch.pairs(s);
    TransposeRows(rows + width, batch.length(s), width, stride, keys);
    for (std::size_t begin = 0; begin < batch.length(s); begin += kBand) {
      const std::size_t end = std::min(batch.length(s), begin + kBand);
      std::fill(all + begin * stride, all + end * stride, 0.0f);
      AddProduct({rows + begin * 3 * width, 3 * width, 1}, {keys.data(), stride, 1}, all + begin * stride, stride,
                 end - begin, std::min(stride, (end + 15) / 16 * 16), width);
      for (std::size_t i = begin; i < end; ++i) {
        AttentionRow(std::span(all + i * stride, stride), i + 1, scale, distance.data() + distance.size() - 1 - i,
                     parameters.time.data(), batch.time_buckets(s) + i * stride);
      }
      const float* used =
          UsedWeights(all, factors.empty() ? nullptr : factors.data() + batch.pairs(s), begin, end, stride, buffer);
      AddProduct({used, stride, 1}, {rows + 2 * width, 3 * width, 1},
                 attended.data() + (batch.begin(s) + begin) * width, width, end - begin, width, end);
    }
  }
}

void AttentionForwardOfLast(const SequenceBatch& batch, std::size_t width, const AttentionParameters& parameters,
                            std::span<const float> qkv, AlignedFloats& weights, std::span<float> attended) {
  ATTUNE_CHECK(batch.sequence_count() == 1 && batch.step_count() > 0 && attended.size() == width);
  const std::size_t length = batch.length(0);
  const std::size_t stride = batch.stride(0);
  const std::size_t last = length - 1;
  weights.assign(stride, 0.0f);
  AddProduct({qkv.data() + last * 3 * width, width, 1}, MatrixView{qkv.data() + width, 3 * width, 1}.Transposed(),
             weights.data(), stride, 1, length, width);
  const auto distance = Reversed(parameters.distance.first(length));
  AttentionRow(weights, length, 1 / std::sqrt(static_cast<float>(width)), distance.data(), parameters.time.data(),
               batch.time_buckets(0) + last * stride);
  std::fill(attended.begin(), attended.end(), 0.0f);
  AddProduct({weights.data(), stride, 1}, {qkv.data() + 2 * width, 3 * width, 1}, attended.data(), width, 1, width,
             length);
}

void AttentionBackward(const SequenceBatch& batch, std::size_t width, std::span<const float> qkv,
                       std::span<const float> factors, std::span<const float> weights, std::span<const float> dattended,
                       std::span<float> dqkv, std::span<float> ddistance, std::span<float> dtime) {
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  std::vector<float> ddistance_down(ddistance.size());
  std::vector<float> values;
  std::vector<float> buffer;
  std::vector<float> dlogits;
  std::fill(dqkv.begin(), dqkv.end(), 0.0f);
  for (std::size_t s = 0; s < batch.sequence_count(); ++s) {
    const std::size_t stride = batch.stride(s);
    const float* rows = qkv.data() + batch.begin(s) * 3 * width;
    const float* dout = dattended.data() + batch.begin(s) * width;
    float* drows = dqkv.data() + batch.begin(s) * 3 * width;
    const float* all = weights.data() + batch.pairs(s);
    const float* all_factors = factors.empty() ? nullptr : factors.data() + batch.pairs(s);
    TransposeRows(rows + 2 * width, batch.length(s), width, stride, values);
    for (std::size_t begin = 0; begin < batch.length(s); begin += kBand) {
      const std::size_t end = std::min(batch.length(s), begin + kBand);
      dlogits.assign((end - begin) * stride, 0.0f);
      AddProduct({dout + begin * width, width, 1}, {values.data(), stride, 1}, dlogits.data(), stride, end - begin,
                 std::min(stride, (end + 15) / 16 * 16), width);
      if (all_factors != nullptr) MultiplyBy(std::span(all_factors + begin * stride, dlogits.size()), dlogits);
      for (std::size_t i = begin; i < end; ++i) {
        AttentionRowBackward(std::span(dlogits).subspan((i - begin) * stride, stride), {all + i * stride, stride},
                             i + 1, scale, ddistance_down.data() + ddistance_down.size() - 1 - i, dtime.data(),
                             batch.time_buckets(s) + i * stride);
      }
      const MatrixView gradient{dlogits.data(), stride, 1};
      AddProduct(gradient, {rows + width, 3 * width, 1}, drows + begin * 3 * width, 3 * width, end - begin, width, end);
      AddProduct(gradient.Transposed(), {rows + begin * 3 * width, 3 * width, 1}, drows + width, 3 * width, end, width,
                 end - begin);
      const float* used = UsedWeights(all, all_factors, begin, end, stride, buffer);
      AddProduct(MatrixView{used, stride, 1}.Transposed(), {dout + begin * width, width, 1}, drows + 2 * width,
                 3 * width, end, width, end - begin);
    }
  }
  for (std::size_t i = 0; i < ddistance.size(); ++i) ddistance[i] += ddistance_down[ddistance.size() - 1 - i];
}

}  // namespace attune
