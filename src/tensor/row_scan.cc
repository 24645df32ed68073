#include "tensor/row_scan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "tensor/matmul.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/row_scan.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kBlockRows = 64;

/// out [64] = scales * x_scale * (block [pairs][64][2] · x [pairs][2]). Sums of whole numbers: in any order the same.
#if HWY_TARGET == HWY_SCALAR
void MultiplyBlock(const std::int8_t* HWY_RESTRICT block, const float* HWY_RESTRICT scales, const std::int16_t* x,
                   float x_scale, std::size_t pairs, float* HWY_RESTRICT out) {
  std::int32_t sums[kBlockRows] = {};
  for (std::size_t i = 0; i < pairs; ++i) {
    for (std::size_t row = 0; row < kBlockRows; ++row, block += 2) {
      sums[row] += block[0] * x[2 * i] + block[1] * x[2 * i + 1];
    }
  }
  for (std::size_t row = 0; row < kBlockRows; ++row) out[row] = static_cast<float>(sums[row]) * (x_scale * scales[row]);
}
#else
void MultiplyBlock(const std::int8_t* HWY_RESTRICT block, const float* HWY_RESTRICT scales, const std::int16_t* x,
                   float x_scale, std::size_t pairs, float* HWY_RESTRICT out) {
  const hn::CappedTag<float, kBlockRows / 4> d;
  const hn::RebindToSigned<decltype(d)> wide;
  const hn::Repartition<std::int16_t, decltype(d)> half;
  const hn::Rebind<std::int8_t, decltype(half)> narrow;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [&](const std::int8_t* from) { return hn::PromoteTo(half, hn::LoadU(narrow, from)); };
  // Four sums at a time, so that one need not wait for the other.
  for (std::size_t row = 0; row < kBlockRows; row += 4 * lanes) {
    auto sum0 = hn::Zero(wide);
    auto sum1 = hn::Zero(wide);
    auto sum2 = hn::Zero(wide);
    auto sum3 = hn::Zero(wide);
    auto rest0 = hn::Zero(wide);
    auto rest1 = hn::Zero(wide);
    auto rest2 = hn::Zero(wide);
    auto rest3 = hn::Zero(wide);
    const std::int8_t* from = block + 2 * row;
    for (std::size_t i = 0; i < pairs; ++i, from += 2 * kBlockRows) {
      std::int32_t both;
      std::memcpy(&both, x + 2 * i, sizeof(both));
      const auto factor = hn::BitCast(half, hn::Set(wide, both));
      sum0 = hn::ReorderWidenMulAccumulate(wide, load(from), factor, sum0, rest0);
      sum1 = hn::ReorderWidenMulAccumulate(wide, load(from + 2 * lanes), factor, sum1, rest1);
      sum2 = hn::ReorderWidenMulAccumulate(wide, load(from + 4 * lanes), factor, sum2, rest2);
      sum3 = hn::ReorderWidenMulAccumulate(wide, load(from + 6 * lanes), factor, sum3, rest3);
    }
    const auto factor = hn::Set(d, x_scale);
    const auto store = [&](auto sum, auto rest, std::size_t at) {
      const auto product = hn::ConvertTo(d, hn::RearrangeToOddPlusEven(sum, rest));
      hn::StoreU(hn::Mul(product, hn::Mul(factor, hn::LoadU(d, scales + at))), d, out + at);
    };
    store(sum0, rest0, row);
    store(sum1, rest1, row + lanes);
    store(sum2, rest2, row + 2 * lanes);
    store(sum3, rest3, row + 3 * lanes);
  }
}
#endif

void MultiplyKernel(const std::int8_t* rounded, const float* scales, const std::int16_t* x, float x_scale,
                    std::size_t pairs, std::size_t row_count, float* out) {
  const std::size_t whole = row_count / kBlockRows * kBlockRows;
  for (std::size_t row = 0; row < whole; row += kBlockRows) {
    MultiplyBlock(rounded + row * 2 * pairs, scales + row, x, x_scale, pairs, out + row);
  }
  if (whole == row_count) return;
  float rest[kBlockRows];
  MultiplyBlock(rounded + whole * 2 * pairs, scales + whole, x, x_scale, pairs, rest);
  std::copy_n(rest, row_count - whole, out + whole);
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {
namespace {
HWY_EXPORT(MultiplyKernel);

constexpr float kLargest = 127;
// So that the sum of kWidthMax products is below 2^31.
constexpr float kFactorLargest = 16'383;
static_assert(RowScan::kWidthMax * 127 * 16'383 < (std::size_t{1} << 31));

constexpr std::size_t kRowsAhead = 8;
constexpr std::size_t kFloatsPerLine = 16;
constexpr std::size_t kSums = 16;  // So that one need not wait for the other.

std::size_t PairsOf(std::size_t width) { return (width + 1) / 2; }
}  // namespace

RowScan::RowScan(std::span<const float> rows, std::size_t width) : width_(width), row_count_(rows.size() / width) {
  ATTUNE_CHECK(width > 0 && width <= kWidthMax && rows.size() % width == 0);
  if (row_count_ > kExactRowsMax) {
    Round(rows);
    return;
  }
  columns_.resize(rows.size());
  for (std::size_t row = 0; row < row_count_; ++row) {
    for (std::size_t i = 0; i < width; ++i) columns_[i * row_count_ + row] = rows[row * width + i];
  }
}

void RowScan::Round(std::span<const float> rows) {
  const std::size_t padded = (row_count_ + kBlock - 1) / kBlock * kBlock;
  const std::size_t block_bytes = kBlock * 2 * PairsOf(width_);
  rounded_.resize(padded / kBlock * block_bytes);
  scales_.resize(padded);
  for (std::size_t row = 0; row < row_count_; ++row) {
    const auto values = rows.subspan(row * width_, width_);
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::abs(value));
    if (largest == 0) continue;
    scales_[row] = largest / kLargest;
    std::int8_t* out = rounded_.data() + row / kBlock * block_bytes + row % kBlock * 2;
    for (std::size_t i = 0; i < width_; ++i) {
      out[i / 2 * 2 * kBlock + i % 2] = static_cast<std::int8_t>(std::lround(values[i] / largest * kLargest));
    }
  }
}

void RowScan::MultiplyRounded(std::span<const float> x, std::span<float> out) const {
  float largest = 0;
  for (const float value : x) largest = std::max(largest, std::abs(value));
  std::array<std::int16_t, kWidthMax> factors{};
  if (largest > 0) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      factors[i] = static_cast<std::int16_t>(std::lround(x[i] / largest * kFactorLargest));
    }
  }
  HWY_DYNAMIC_DISPATCH(MultiplyKernel)
  (rounded_.data(), scales_.data(), factors.data(), largest / kFactorLargest, PairsOf(width_), row_count_, out.data());
}

void RowScan::Multiply(std::span<const float> x, std::span<float> out) const {
  ATTUNE_CHECK(x.size() == width_ && out.size() == row_count_);
  if (!rounded_.empty()) return MultiplyRounded(x, out);
  std::fill(out.begin(), out.end(), 0.0f);
  AddProduct({x.data(), width_, 1}, {columns_.data(), row_count_, 1}, out.data(), row_count_, 1, row_count_, width_);
}

void MultiplyRowsAt(std::span<const float> rows, std::span<const float> x, std::span<const std::uint32_t> indexes,
                    std::span<float> out) {
  const std::size_t width = x.size();
  ATTUNE_CHECK(rows.size() == out.size() * width);
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    if (i + kRowsAhead < indexes.size()) {
      const float* expected = rows.data() + indexes[i + kRowsAhead] * width;
      for (std::size_t d = 0; d < width; d += kFloatsPerLine) __builtin_prefetch(expected + d);
    }
    const float* row = rows.data() + indexes[i] * width;
    std::array<float, kSums> sums{};
    std::size_t d = 0;
    for (; d + kSums <= width; d += kSums) {
      for (std::size_t s = 0; s < kSums; ++s) sums[s] += row[d + s] * x[d + s];
    }
    for (; d < width; ++d) sums[d % kSums] += row[d] * x[d];
    float sum = 0;
    for (const float part : sums) sum += part;
    out[indexes[i]] = sum;
  }
}

}  // namespace attune
#endif
