#include "tensor/activations.h"

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

float SoftmaxKernel(float* row, std::size_t size) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  float largest = row[0];
  std::size_t i = 0;
  auto largest_lanes = hn::Set(d, largest);
  for (; i + lanes <= size; i += lanes) largest_lanes = hn::Max(largest_lanes, hn::LoadU(d, row + i));
  largest = hn::GetLane(hn::MaxOfLanes(d, largest_lanes));
  for (; i < size; ++i) largest = row[i] > largest ? row[i] : largest;

  const auto shift = hn::Set(d, largest);
  auto sums = hn::Zero(d);
  for (i = 0; i + lanes <= size; i += lanes) {
    const auto value = hn::Exp(d, hn::Sub(hn::LoadU(d, row + i), shift));
    hn::StoreU(value, d, row + i);
    sums = hn::Add(sums, value);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < size; ++i) sum += row[i] = std::exp(row[i] - largest);

  const float scale = 1 / sum;
  const auto scale_lanes = hn::Set(d, scale);
  for (i = 0; i + lanes <= size; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, row + i), scale_lanes), d, row + i);
  for (; i < size; ++i) row[i] *= scale;
  return largest + std::log(sum);
}

void SigmoidKernel(float* values, std::size_t size) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto one = hn::Set(d, 1.0f);
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    const auto x = hn::LoadU(d, values + i);
    hn::StoreU(hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(x)))), d, values + i);
  }
  for (; i < size; ++i) values[i] = 1 / (1 + std::exp(-values[i]));
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {
namespace {
HWY_EXPORT(SoftmaxKernel);
HWY_EXPORT(SigmoidKernel);
}  // namespace

float SoftmaxInPlace(std::span<float> row) { return HWY_DYNAMIC_DISPATCH(SoftmaxKernel)(row.data(), row.size()); }

void SigmoidInPlace(std::span<float> values) { HWY_DYNAMIC_DISPATCH(SigmoidKernel)(values.data(), values.size()); }

}  // namespace attune
#endif
