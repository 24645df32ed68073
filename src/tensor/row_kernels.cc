#include "tensor/row_kernels.h"

#include <algorithm>
#include <cmath>

#include "tensor/activations.h"
#include "tensor/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/row_kernels.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;

// Plain loops below are made of vectors by the compiler; sums are not, so they are written out.

constexpr float kNormEpsilon = 1e-5f;

float Sum(const float* HWY_RESTRICT values, std::size_t count) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  auto sums = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) sums = hn::Add(sums, hn::LoadU(d, values + i));
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < count; ++i) sum += values[i];
  return sum;
}

float Dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, std::size_t count) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  auto sums = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) sums = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sums);
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// Of (values - mean)².
float SumOfSquares(const float* HWY_RESTRICT values, float mean, std::size_t count) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const auto shift = hn::Set(d, mean);
  auto sums = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::Sub(hn::LoadU(d, values + i), shift);
    sums = hn::MulAdd(value, value, sums);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < count; ++i) sum += (values[i] - mean) * (values[i] - mean);
  return sum;
}

void NormRowsKernel(const float* x, const float* HWY_RESTRICT scale, const float* HWY_RESTRICT shift, std::size_t steps,
                    std::size_t width, float* normed, float* HWY_RESTRICT inverse) {
  const float share = 1 / static_cast<float>(width);
  for (std::size_t t = 0; t < steps; ++t) {
    const float* row = x + t * width;
    float* out = normed + t * width;
    const float mean = Sum(row, width) * share;
    const float factor = 1 / std::sqrt(SumOfSquares(row, mean, width) * share + kNormEpsilon);
    inverse[t] = factor;
    for (std::size_t i = 0; i < width; ++i) out[i] = (row[i] - mean) * factor * scale[i] + shift[i];
  }
}

void NormRowsBackwardKernel(const float* HWY_RESTRICT x, const float* HWY_RESTRICT scale,
                            const float* HWY_RESTRICT inverse, const float* HWY_RESTRICT dnormed, std::size_t steps,
                            std::size_t width, float* HWY_RESTRICT dx, float* HWY_RESTRICT dscale,
                            float* HWY_RESTRICT dshift) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const float share = 1 / static_cast<float>(width);
  for (std::size_t t = 0; t < steps; ++t) {
    const float* HWY_RESTRICT row = x + t * width;
    const float* HWY_RESTRICT dy = dnormed + t * width;
    float* HWY_RESTRICT out = dx + t * width;
    const float mean = Sum(row, width) * share;
    const float factor = inverse[t];
    for (std::size_t i = 0; i < width; ++i) {
      dscale[i] += dy[i] * (row[i] - mean) * factor;
      dshift[i] += dy[i];
    }
    auto sums = hn::Zero(d);
    auto dots = hn::Zero(d);
    std::size_t i = 0;
    for (; i + lanes <= width; i += lanes) {
      const auto scaled = hn::Mul(hn::LoadU(d, dy + i), hn::LoadU(d, scale + i));
      sums = hn::Add(sums, scaled);
      dots = hn::MulAdd(scaled, hn::Sub(hn::LoadU(d, row + i), hn::Set(d, mean)), dots);
    }
    float sum = hn::GetLane(hn::SumOfLanes(d, sums));
    float dot = hn::GetLane(hn::SumOfLanes(d, dots));
    for (; i < width; ++i) {
      sum += dy[i] * scale[i];
      dot += dy[i] * scale[i] * (row[i] - mean);
    }
    dot *= factor * factor;
    for (i = 0; i < width; ++i) out[i] += factor * (dy[i] * scale[i] - share * (sum + (row[i] - mean) * dot));
  }
}

void AddRowsKernel(const float* HWY_RESTRICT x, std::size_t steps, std::size_t width, float* HWY_RESTRICT sums) {
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t i = 0; i < width; ++i) sums[i] += x[t * width + i];
  }
}

void MultiplyKernel(const float* HWY_RESTRICT factors, std::size_t count, float* HWY_RESTRICT values) {
  for (std::size_t i = 0; i < count; ++i) values[i] *= factors[i];
}

/// target += a * b, or a * b * c.
void AddProductsKernel(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, const float* HWY_RESTRICT c,
                       std::size_t count, float* HWY_RESTRICT target) {
  if (c == nullptr) {
    for (std::size_t i = 0; i < count; ++i) target[i] += a[i] * b[i];
  } else {
    for (std::size_t i = 0; i < count; ++i) target[i] += a[i] * b[i] * c[i];
  }
}

void AddGatedBackwardKernel(const float* HWY_RESTRICT gate, const float* HWY_RESTRICT projected,
                            const float* HWY_RESTRICT factors, const float* HWY_RESTRICT dx, std::size_t count,
                            float* HWY_RESTRICT dgate, float* HWY_RESTRICT dprojected) {
  for (std::size_t i = 0; i < count; ++i) dprojected[i] = dx[i] * gate[i];
  if (factors != nullptr) MultiplyKernel(factors, count, dprojected);
  for (std::size_t i = 0; i < count; ++i) dgate[i] = dprojected[i] * projected[i] * (1 - gate[i]);
}

template <class D>
hn::Vec<D> Sigmoid(D d, hn::Vec<D> x) {
  const auto one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(x))));
}

/// body(i) for whole vectors, then single(i) for what is left.
template <class Body, class Single>
void ForVectors(std::size_t count, Body body, Single single) {
  const std::size_t lanes = hn::Lanes(FloatTag());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) body(i);
  for (; i < count; ++i) single(i);
}

void SwiGluKernel(const float* HWY_RESTRICT expanded, const float* HWY_RESTRICT factors, std::size_t steps,
                  std::size_t width, float* HWY_RESTRICT hidden) {
  const FloatTag d;
  for (std::size_t t = 0; t < steps; ++t) {
    const float* u = expanded + t * 2 * width;
    const float* v = u + width;
    float* out = hidden + t * width;
    ForVectors(
        width,
        [&](std::size_t i) {
          const auto x = hn::LoadU(d, u + i);
          hn::StoreU(hn::Mul(hn::Mul(x, Sigmoid(d, x)), hn::LoadU(d, v + i)), d, out + i);
        },
        [&](std::size_t i) { out[i] = u[i] / (1 + std::exp(-u[i])) * v[i]; });
  }
  if (factors != nullptr) MultiplyKernel(factors, steps * width, hidden);
}

void SwiGluBackwardKernel(const float* HWY_RESTRICT expanded, const float* HWY_RESTRICT factors,
                          const float* HWY_RESTRICT dhidden, std::size_t steps, std::size_t width,
                          float* HWY_RESTRICT dexpanded) {
  const FloatTag d;
  const auto one = hn::Set(d, 1.0f);
  for (std::size_t t = 0; t < steps; ++t) {
    const float* u = expanded + t * 2 * width;
    const float* v = u + width;
    const float* dh = dhidden + t * width;
    const float* factor = factors == nullptr ? nullptr : factors + t * width;
    float* du = dexpanded + t * 2 * width;
    float* dv = du + width;
    ForVectors(
        width,
        [&](std::size_t i) {
          const auto x = hn::LoadU(d, u + i);
          const auto s = Sigmoid(d, x);
          auto passed = hn::LoadU(d, dh + i);
          if (factor != nullptr) passed = hn::Mul(passed, hn::LoadU(d, factor + i));
          const auto slope = hn::Mul(s, hn::MulAdd(x, hn::Sub(one, s), one));
          hn::StoreU(hn::Mul(hn::Mul(passed, hn::LoadU(d, v + i)), slope), d, du + i);
          hn::StoreU(hn::Mul(hn::Mul(passed, x), s), d, dv + i);
        },
        [&](std::size_t i) {
          const float s = 1 / (1 + std::exp(-u[i]));
          const float passed = factor == nullptr ? dh[i] : dh[i] * factor[i];
          du[i] = passed * v[i] * s * (1 + u[i] * (1 - s));
          dv[i] = passed * u[i] * s;
        });
  }
}

void BiasKernel(float* HWY_RESTRICT row, std::size_t count, float scale, const float* HWY_RESTRICT distance,
                const float* HWY_RESTRICT time, const std::uint8_t* HWY_RESTRICT buckets) {
  for (std::size_t j = 0; j < count; ++j) row[j] = row[j] * scale + distance[j];
  for (std::size_t j = 0; j < count; ++j) row[j] += time[buckets[j]];
}

void AttentionRowBackwardKernel(float* HWY_RESTRICT row, const float* HWY_RESTRICT weights, std::size_t count,
                                float scale, float* HWY_RESTRICT ddistance, float* HWY_RESTRICT dtime,
                                const std::uint8_t* HWY_RESTRICT buckets) {
  const float mean = Dot(row, weights, count);
  for (std::size_t j = 0; j < count; ++j) row[j] = weights[j] * (row[j] - mean);
  for (std::size_t j = 0; j < count; ++j) ddistance[j] += row[j];
  // Neighbours often fall into one bucket: four sums each, so that an addition need not wait for the last.
  float sums[4][kTimeBuckets] = {};
  std::size_t j = 0;
  for (; j + 4 <= count; j += 4) {
    for (std::size_t k = 0; k < 4; ++k) sums[k][buckets[j + k]] += row[j + k];
  }
  for (; j < count; ++j) sums[0][buckets[j]] += row[j];
  for (std::size_t b = 0; b < kTimeBuckets; ++b) dtime[b] += (sums[0][b] + sums[1][b]) + (sums[2][b] + sums[3][b]);
  for (j = 0; j < count; ++j) row[j] *= scale;
}

void DropoutKernel(std::uint32_t key, std::uint32_t threshold, float kept, std::size_t count,
                   float* HWY_RESTRICT factors) {
  for (std::size_t i = 0; i < count; ++i) {
    // The finaliser of MurmurHash3: good enough for coins.
    std::uint32_t h = key + static_cast<std::uint32_t>(i) * 0x9E3779B9u;
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    h ^= h >> 16;
    factors[i] = h < threshold ? 0 : kept;
  }
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {
namespace {

HWY_EXPORT(NormRowsKernel);
HWY_EXPORT(NormRowsBackwardKernel);
HWY_EXPORT(AddRowsKernel);
HWY_EXPORT(MultiplyKernel);
HWY_EXPORT(AddProductsKernel);
HWY_EXPORT(AddGatedBackwardKernel);
HWY_EXPORT(SwiGluKernel);
HWY_EXPORT(SwiGluBackwardKernel);
HWY_EXPORT(BiasKernel);
HWY_EXPORT(AttentionRowBackwardKernel);
HWY_EXPORT(DropoutKernel);

const float* DataOrNull(std::span<const float> factors) { return factors.empty() ? nullptr : factors.data(); }

}  // namespace

void NormRows(std::span<const float> x, std::span<const float> scale, std::span<const float> shift,
              std::span<float> normed, std::span<float> inverse) {
  HWY_DYNAMIC_DISPATCH(NormRowsKernel)
  (x.data(), scale.data(), shift.data(), inverse.size(), scale.size(), normed.data(), inverse.data());
}

void NormRowsBackward(std::span<const float> x, std::span<const float> scale, std::span<const float> inverse,
                      std::span<const float> dnormed, std::span<float> dx, std::span<float> dscale,
                      std::span<float> dshift) {
  HWY_DYNAMIC_DISPATCH(NormRowsBackwardKernel)
  (x.data(), scale.data(), inverse.data(), dnormed.data(), inverse.size(), scale.size(), dx.data(), dscale.data(),
   dshift.data());
}

void AddRows(std::span<const float> x, std::span<float> sums) {
  HWY_DYNAMIC_DISPATCH(AddRowsKernel)(x.data(), x.size() / sums.size(), sums.size(), sums.data());
}

void MultiplyBy(std::span<const float> factors, std::span<float> values) {
  if (factors.empty()) return;
  HWY_DYNAMIC_DISPATCH(MultiplyKernel)(factors.data(), values.size(), values.data());
}

void AddGated(std::span<float> gate, std::span<const float> projected, std::span<const float> factors,
              std::span<float> x) {
  SigmoidInPlace(gate);
  HWY_DYNAMIC_DISPATCH(AddProductsKernel)
  (gate.data(), projected.data(), DataOrNull(factors), x.size(), x.data());
}

void AddGatedBackward(std::span<const float> gate, std::span<const float> projected, std::span<const float> factors,
                      std::span<const float> dx, std::span<float> dgate, std::span<float> dprojected) {
  HWY_DYNAMIC_DISPATCH(AddGatedBackwardKernel)
  (gate.data(), projected.data(), DataOrNull(factors), dx.data(), dx.size(), dgate.data(), dprojected.data());
}

void SwiGlu(std::span<const float> expanded, std::size_t hidden_width, std::span<const float> factors,
            std::span<float> hidden) {
  HWY_DYNAMIC_DISPATCH(SwiGluKernel)
  (expanded.data(), DataOrNull(factors), hidden.size() / hidden_width, hidden_width, hidden.data());
}

void SwiGluBackward(std::span<const float> expanded, std::size_t hidden_width, std::span<const float> factors,
                    std::span<const float> dhidden, std::span<float> dexpanded) {
  HWY_DYNAMIC_DISPATCH(SwiGluBackwardKernel)
  (expanded.data(), DataOrNull(factors), dhidden.data(), dhidden.size() / hidden_width, hidden_width, dexpanded.data());
}

void AttentionRow(std::span<float> row, std::size_t count, float scale, const float* distance, const float* time,
                  const std::uint8_t* buckets) {
  HWY_DYNAMIC_DISPATCH(BiasKernel)(row.data(), count, scale, distance, time, buckets);
  SoftmaxInPlace(row.first(count));
  std::fill(row.begin() + static_cast<std::ptrdiff_t>(count), row.end(), 0.0f);
}

void AttentionRowBackward(std::span<float> row, std::span<const float> weights, std::size_t count, float scale,
                          float* ddistance, float* dtime, const std::uint8_t* buckets) {
  HWY_DYNAMIC_DISPATCH(AttentionRowBackwardKernel)
  (row.data(), weights.data(), count, scale, ddistance, dtime, buckets);
  std::fill(row.begin() + static_cast<std::ptrdiff_t>(count), row.end(), 0.0f);
}

void DropoutFactors(std::uint32_t key, float rate, std::span<float> factors) {
  const auto threshold = static_cast<std::uint32_t>(double{rate} * 4294967296.0);
  HWY_DYNAMIC_DISPATCH(DropoutKernel)(key, threshold, 1 / (1 - rate), factors.size(), factors.data());
}

}  // namespace attune
#endif
