#include "tensor/row_scan.h"

#include <algorithm>
#include <cmath>

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

/// out [64] = scales * (block [width][64] · x).
void MultiplyBlock(const std::int8_t* HWY_RESTRICT block, const float* HWY_RESTRICT scales, const float* x,
                   std::size_t width, float* HWY_RESTRICT out) {
  const hn::CappedTag<float, kBlockRows / 4> d;
  const hn::Rebind<std::int32_t, decltype(d)> wide;
  const hn::Rebind<std::int8_t, decltype(d)> narrow;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [&](const std::int8_t* from) {
    return hn::ConvertTo(d, hn::PromoteTo(wide, hn::LoadU(narrow, from)));
  };
  // Four sums at a time, so that one need not wait for the other.
  for (std::size_t row = 0; row < kBlockRows; row += 4 * lanes) {
    auto sum0 = hn::Zero(d);
    auto sum1 = hn::Zero(d);
    auto sum2 = hn::Zero(d);
    auto sum3 = hn::Zero(d);
    const std::int8_t* from = block + row;
    for (std::size_t i = 0; i < width; ++i, from += kBlockRows) {
      const auto factor = hn::Set(d, x[i]);
      sum0 = hn::MulAdd(load(from), factor, sum0);
      sum1 = hn::MulAdd(load(from + lanes), factor, sum1);
      sum2 = hn::MulAdd(load(from + 2 * lanes), factor, sum2);
      sum3 = hn::MulAdd(load(from + 3 * lanes), factor, sum3);
    }
    const auto store = [&](auto sum, std::size_t at) {
      hn::StoreU(hn::Mul(sum, hn::LoadU(d, scales + at)), d, out + at);
    };
    store(sum0, row);
    store(sum1, row + lanes);
    store(sum2, row + 2 * lanes);
    store(sum3, row + 3 * lanes);
  }
}

void MultiplyKernel(const std::int8_t* rounded, const float* scales, const float* x, std::size_t width,
                    std::size_t row_count, float* out) {
  const std::size_t whole = row_count / kBlockRows * kBlockRows;
  for (std::size_t row = 0; row < whole; row += kBlockRows) {
    MultiplyBlock(rounded + row * width, scales + row, x, width, out + row);
  }
  if (whole == row_count) return;
  float rest[kBlockRows];
  MultiplyBlock(rounded + whole * width, scales + whole, x, width, rest);
  std::copy_n(rest, row_count - whole, out + whole);
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {
namespace {
HWY_EXPORT(MultiplyKernel);

constexpr float kLargest = 127;
}  // namespace

RowScan::RowScan(std::span<const float> rows, std::size_t width) : width_(width), row_count_(rows.size() / width) {
  ATTUNE_CHECK(width > 0 && rows.size() % width == 0);
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
  rounded_.resize(padded * width_);
  scales_.resize(padded);
  for (std::size_t row = 0; row < row_count_; ++row) {
    const auto values = rows.subspan(row * width_, width_);
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::abs(value));
    if (largest == 0) continue;
    scales_[row] = largest / kLargest;
    std::int8_t* out = rounded_.data() + row / kBlock * kBlock * width_ + row % kBlock;
    for (std::size_t i = 0; i < width_; ++i) {
      out[i * kBlock] = static_cast<std::int8_t>(std::lround(values[i] / largest * kLargest));
    }
  }
}

void RowScan::Multiply(std::span<const float> x, std::span<float> out) const {
  ATTUNE_CHECK(x.size() == width_ && out.size() == row_count_);
  if (!rounded_.empty()) {
    HWY_DYNAMIC_DISPATCH(MultiplyKernel)(rounded_.data(), scales_.data(), x.data(), width_, row_count_, out.data());
    return;
  }
  std::fill(out.begin(), out.end(), 0.0f);
  AddProduct({x.data(), width_, 1}, {columns_.data(), row_count_, 1}, out.data(), row_count_, 1, row_count_, width_);
}

}  // namespace attune
#endif
