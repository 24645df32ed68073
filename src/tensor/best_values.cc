#include "tensor/best_values.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/best_values.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kGroupValues = 64;

/// The largest of each whole group of 64 values.
void GroupMaximaKernel(const float* HWY_RESTRICT values, std::size_t group_count, float* HWY_RESTRICT maxima) {
  const hn::CappedTag<float, kGroupValues> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t g = 0; g < group_count; ++g, values += kGroupValues) {
    auto largest = hn::LoadU(d, values);
    for (std::size_t i = lanes; i < kGroupValues; i += lanes) largest = hn::Max(largest, hn::LoadU(d, values + i));
    maxima[g] = hn::GetLane(hn::MaxOfLanes(d, largest));
  }
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {
namespace {
HWY_EXPORT(GroupMaximaKernel);

constexpr std::size_t kGroup = HWY_NAMESPACE::kGroupValues;

/// Leaves the k best of `indexes`, ascending.
void KeepBest(std::span<const float> values, std::size_t k, std::vector<std::uint32_t>& indexes) {
  if (indexes.size() <= k) return;
  const auto end = indexes.begin() + static_cast<std::ptrdiff_t>(k);
  std::nth_element(indexes.begin(), end, indexes.end(), [values](std::uint32_t a, std::uint32_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  });
  indexes.resize(k);
  std::ranges::sort(indexes);
}

}  // namespace

std::vector<std::uint32_t> BestValues(std::span<const float> values, std::size_t k) {
  std::vector<std::uint32_t> indexes;
  if (k == 0) return indexes;
  const std::size_t group_count = values.size() / kGroup;
  if (group_count <= k) {
    indexes.resize(values.size());
    std::iota(indexes.begin(), indexes.end(), 0U);
    KeepBest(values, k, indexes);
    return indexes;
  }
  std::vector<float> maxima(group_count);
  HWY_DYNAMIC_DISPATCH(GroupMaximaKernel)(values.data(), group_count, maxima.data());
  // k groups have a value that is no less than the k-th largest of all maxima: so nothing below it is among the best.
  std::vector<float> order = maxima;
  const auto kth = order.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(order.begin(), kth, order.end(), std::greater<>());
  const float bar = *kth;
  const auto offer = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if (values[i] >= bar) indexes.push_back(static_cast<std::uint32_t>(i));
    }
  };
  indexes.reserve(4 * k);
  for (std::size_t g = 0; g < group_count; ++g) {
    if (maxima[g] >= bar) offer(g * kGroup, (g + 1) * kGroup);
  }
  offer(group_count * kGroup, values.size());
  KeepBest(values, k, indexes);
  return indexes;
}

}  // namespace attune
#endif
