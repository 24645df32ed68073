#include "tensor/activations.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/activations.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// What does not fill a vector is worked on in a buffer that does, so that nothing calls the scalar exponential.
constexpr std::size_t kLanesMax = HWY_MAX_BYTES / sizeof(float);
constexpr std::size_t kBlockFloats = 4096;
static_assert(kBlockFloats % kLanesMax == 0);

float SoftmaxKernel(float* HWY_RESTRICT row, std::size_t size) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = size / lanes * lanes;
  HWY_ALIGN float rest[kLanesMax];
  std::fill_n(rest, lanes, -HUGE_VALF);
  std::copy_n(row + whole, size - whole, rest);
  auto largest_lanes = hn::Load(d, rest);
  for (std::size_t i = 0; i < whole; i += lanes) largest_lanes = hn::Max(largest_lanes, hn::LoadU(d, row + i));
  const float largest = hn::GetLane(hn::MaxOfLanes(d, largest_lanes));

  const auto shift = hn::Set(d, largest);
  auto sums = hn::Zero(d);
  for (std::size_t i = 0; i < whole; i += lanes) {
    const auto value = hn::Exp(d, hn::Sub(hn::LoadU(d, row + i), shift));
    hn::StoreU(value, d, row + i);
    sums = hn::Add(sums, value);
  }
  if (whole < size) {
    // The lanes beyond the row are minus infinity and become 0.
    hn::Store(hn::Exp(d, hn::Sub(hn::Load(d, rest), shift)), d, rest);
    sums = hn::Add(sums, hn::Load(d, rest));
    std::copy_n(rest, size - whole, row + whole);
  }
  const float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  const float scale = 1 / sum;
  for (std::size_t i = 0; i < size; ++i) row[i] *= scale;
  return largest + std::log(sum);
}

float LogSumExpKernel(const float* HWY_RESTRICT row, std::size_t size) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = size / lanes * lanes;
  HWY_ALIGN float rest[kLanesMax];
  std::fill_n(rest, lanes, -HUGE_VALF);
  std::copy_n(row + whole, size - whole, rest);
  float largest = hn::GetLane(hn::MaxOfLanes(d, hn::Load(d, rest)));
  auto sums = hn::Exp(d, hn::Sub(hn::Load(d, rest), hn::Set(d, largest == -HUGE_VALF ? 0 : largest)));
  // A block is read twice while it is near; sums are brought to the scale of the largest so far.
  for (std::size_t begin = 0; begin < whole; begin += kBlockFloats) {
    const std::size_t end = std::min(whole, begin + kBlockFloats);
    auto largest_lanes = hn::Set(d, largest);
    for (std::size_t i = begin; i < end; i += lanes) largest_lanes = hn::Max(largest_lanes, hn::LoadU(d, row + i));
    const float before = largest;
    largest = hn::GetLane(hn::MaxOfLanes(d, largest_lanes));
    if (largest == -HUGE_VALF) continue;
    if (largest > before) sums = hn::Mul(sums, hn::Set(d, std::exp(before - largest)));
    const auto shift = hn::Set(d, largest);
    for (std::size_t i = begin; i < end; i += lanes) {
      sums = hn::Add(sums, hn::Exp(d, hn::Sub(hn::LoadU(d, row + i), shift)));
    }
  }
  return largest == -HUGE_VALF ? largest : largest + std::log(hn::GetLane(hn::SumOfLanes(d, sums)));
}

void SigmoidKernel(float* HWY_RESTRICT values, std::size_t size) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto one = hn::Set(d, 1.0f);
  const auto sigmoid = [&](auto x) { return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(x)))); };
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) hn::StoreU(sigmoid(hn::LoadU(d, values + i)), d, values + i);
  if (i == size) return;
  HWY_ALIGN float rest[kLanesMax] = {};
  std::copy_n(values + i, size - i, rest);
  hn::Store(sigmoid(hn::Load(d, rest)), d, rest);
  std::copy_n(rest, size - i, values + i);
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {
namespace {
HWY_EXPORT(SoftmaxKernel);
HWY_EXPORT(LogSumExpKernel);
HWY_EXPORT(SigmoidKernel);
}  // namespace

float SoftmaxInPlace(std::span<float> row) { return HWY_DYNAMIC_DISPATCH(SoftmaxKernel)(row.data(), row.size()); }

float LogSumExp(std::span<const float> row) { return HWY_DYNAMIC_DISPATCH(LogSumExpKernel)(row.data(), row.size()); }

void SigmoidInPlace(std::span<float> values) { HWY_DYNAMIC_DISPATCH(SigmoidKernel)(values.data(), values.size()); }

}  // namespace attune
#endif
