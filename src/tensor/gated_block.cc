#include "tensor/gated_block.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "tensor/activations.h"
#include "tensor/matmul.h"

namespace attune {
namespace {

constexpr float kNormEpsilon = 1e-5f;
// Rows of the attention matrix that are computed together: what lies above the diagonal of such a band is not.
constexpr std::size_t kBand = 48;

/// out [T, columns] = shift + in [T, inner] · matrix [inner, columns].
void Affine(const float* in, std::size_t steps, std::size_t inner, const float* matrix, const float* shift,
            std::size_t columns, float* out) {
  for (std::size_t t = 0; t < steps; ++t) std::copy_n(shift, columns, out + t * columns);
  AddProduct({in, inner, 1}, {matrix, columns, 1}, out, columns, steps, columns, inner);
}

/// The gradients of Affine: adds to din, dmatrix and dshift.
void AffineBackward(const float* in, std::size_t steps, std::size_t inner, const float* matrix, std::size_t columns,
                    const float* dout, float* din, float* dmatrix, float* dshift) {
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t j = 0; j < columns; ++j) dshift[j] += dout[t * columns + j];
  }
  AddProduct(MatrixView{in, inner, 1}.Transposed(), {dout, columns, 1}, dmatrix, columns, inner, columns, steps);
  AddProduct({dout, columns, 1}, MatrixView{matrix, columns, 1}.Transposed(), din, inner, steps, inner, columns);
}

void MultiplyBy(const std::vector<float>& factors, float* values) {
  for (std::size_t i = 0; i < factors.size(); ++i) values[i] *= factors[i];
}

/// Attention weights [T, T] below the diagonal, zero above, from qkv [T, 3D].
void AttentionWeights(const BlockShape& shape, const float* distance, const float* time,
                      std::span<const std::int64_t> time_ms, const float* qkv, std::size_t steps, float* weights) {
  const std::size_t width = shape.width;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  for (std::size_t begin = 0; begin < steps; begin += kBand) {
    const std::size_t end = std::min(steps, begin + kBand);
    for (std::size_t i = begin; i < end; ++i) std::fill_n(weights + i * steps, steps, 0.0f);
    AddProduct({qkv + begin * 3 * width, 3 * width, 1}, MatrixView{qkv + width, 3 * width, 1}.Transposed(),
               weights + begin * steps, steps, end - begin, end, width);
    for (std::size_t i = begin; i < end; ++i) {
      float* row = weights + i * steps;
      for (std::size_t j = 0; j <= i; ++j) {
        row[j] = row[j] * scale + distance[i - j] + time[TimeBucket(time_ms[i] - time_ms[j])];
      }
      std::fill(row + i + 1, row + end, 0.0f);
      SoftmaxInPlace(std::span(row, i + 1));
    }
  }
}

/// From the gradient by what attention gives [T, D] to that by qkv [T, 3D] and the biases.
void AttentionBackward(const BlockShape& shape, std::span<const std::int64_t> time_ms, const BlockCache& cache,
                       const float* dattended, float* dqkv, float* ddistance, float* dtime) {
  const std::size_t width = shape.width;
  const std::size_t steps = cache.steps;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  const float* qkv = cache.qkv.data();
  const float* weights = cache.weights.data();
  std::vector<float> dlogits(steps * steps);
  for (std::size_t begin = 0; begin < steps; begin += kBand) {
    const std::size_t end = std::min(steps, begin + kBand);
    AddProduct({dattended + begin * width, width, 1}, MatrixView{qkv + 2 * width, 3 * width, 1}.Transposed(),
               dlogits.data() + begin * steps, steps, end - begin, end, width);
    for (std::size_t i = begin; i < end; ++i) {
      float* row = dlogits.data() + i * steps;
      const float* weight = weights + i * steps;
      float mean = 0;
      for (std::size_t j = 0; j <= i; ++j) mean += row[j] * weight[j];
      for (std::size_t j = 0; j <= i; ++j) {
        row[j] = weight[j] * (row[j] - mean);
        ddistance[i - j] += row[j];
        dtime[TimeBucket(time_ms[i] - time_ms[j])] += row[j];
        row[j] *= scale;
      }
      std::fill(row + i + 1, row + steps, 0.0f);
    }
    // Query of these rows, from the keys that they saw.
    AddProduct({dlogits.data() + begin * steps, steps, 1}, {qkv + width, 3 * width, 1}, dqkv + begin * 3 * width,
               3 * width, end - begin, width, end);
    // Keys and values that these rows saw.
    AddProduct(MatrixView{dlogits.data() + begin * steps, steps, 1}.Transposed(),
               {qkv + begin * 3 * width, 3 * width, 1}, dqkv + width, 3 * width, end, width, end - begin);
    AddProduct(MatrixView{weights + begin * steps, steps, 1}.Transposed(), {dattended + begin * width, width, 1},
               dqkv + 2 * width, 3 * width, end, width, end - begin);
  }
}

/// x += gate * factors * projected, where gate [T, D] holds the gate's logits and becomes the gate.
void AddGated(std::vector<float>& gate, const std::vector<float>& projected, const std::vector<float>& factors,
              std::span<float> x) {
  SigmoidInPlace(std::span(gate).first(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] += gate[i] * projected[i] * (factors.empty() ? 1.0f : factors[i]);
  }
}

/// The gradients by the gate's logits and by what it lets through.
void GatedBackward(const std::vector<float>& gate, const std::vector<float>& projected,
                   const std::vector<float>& factors, std::span<const float> dx, std::vector<float>& dgate,
                   std::vector<float>& dprojected) {
  dgate.resize(dx.size());
  dprojected.resize(dx.size());
  for (std::size_t i = 0; i < dx.size(); ++i) {
    const float passed = dx[i] * (factors.empty() ? 1.0f : factors[i]);
    dprojected[i] = passed * gate[i];
    dgate[i] = passed * projected[i] * gate[i] * (1 - gate[i]);
  }
}

}  // namespace

void DrawDropout(const Dropout& dropout, std::uint64_t place, std::size_t count, std::vector<float>& factors) {
  factors.clear();
  if (dropout.rate <= 0) return;
  factors.resize(count);
  const float kept = 1 / (1 - dropout.rate);
  const auto threshold = static_cast<std::uint32_t>(dropout.rate * 4294967296.0);
  const auto key = static_cast<std::uint32_t>(MixSeed(dropout.seed, place));
  for (std::size_t i = 0; i < count; ++i) {
    // The finaliser of MurmurHash3: good enough for coins, and compilers make vectors of it.
    std::uint32_t h = key + static_cast<std::uint32_t>(i) * 0x9E3779B9u;
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    h ^= h >> 16;
    factors[i] = h < threshold ? 0 : kept;
  }
}

BlockLayout::BlockLayout(const BlockShape& shape) {
  const std::size_t d = shape.width;
  const std::size_t h = shape.hidden;
  size = 0;
  const auto take = [&](std::size_t count) { return std::exchange(size, size + count); };
  norm1_scale = take(d), norm1_shift = take(d);
  qkv = take(d * 3 * d), qkv_shift = take(3 * d);
  attended = take(d * d), attended_shift = take(d);
  gate1 = take(d * d), gate1_shift = take(d);
  distance = take(shape.length_max);
  time = take(BlockShape::kTimeBuckets);
  norm2_scale = take(d), norm2_shift = take(d);
  expand = take(d * 2 * h), expand_shift = take(2 * h);
  contract = take(h * d), contract_shift = take(d);
  gate2 = take(d * d), gate2_shift = take(d);
}

std::uint8_t TimeBucket(std::int64_t gap_ms) {
  if (gap_ms <= 0) return 0;
  const auto width = std::bit_width(static_cast<std::uint64_t>(gap_ms) / 1000 + 1);
  return static_cast<std::uint8_t>(
      std::min<std::size_t>(static_cast<std::size_t>(width), BlockShape::kTimeBuckets - 1));
}

void NormRows(std::span<const float> x, std::span<const float> scale, std::span<const float> shift,
              std::span<float> normed, std::span<float> inverse) {
  const std::size_t width = scale.size();
  for (std::size_t t = 0; t < inverse.size(); ++t) {
    const float* row = x.data() + t * width;
    float mean = 0;
    for (std::size_t i = 0; i < width; ++i) mean += row[i];
    mean /= static_cast<float>(width);
    float variance = 0;
    for (std::size_t i = 0; i < width; ++i) variance += (row[i] - mean) * (row[i] - mean);
    inverse[t] = 1 / std::sqrt(variance / static_cast<float>(width) + kNormEpsilon);
    for (std::size_t i = 0; i < width; ++i) normed[t * width + i] = (row[i] - mean) * inverse[t] * scale[i] + shift[i];
  }
}

void NormRowsBackward(std::span<const float> x, std::span<const float> scale, std::span<const float> inverse,
                      std::span<const float> dnormed, std::span<float> dx, std::span<float> dscale,
                      std::span<float> dshift) {
  const std::size_t width = scale.size();
  const float share = 1 / static_cast<float>(width);
  for (std::size_t t = 0; t < inverse.size(); ++t) {
    const float* row = x.data() + t * width;
    const float* d = dnormed.data() + t * width;
    float mean = 0;
    for (std::size_t i = 0; i < width; ++i) mean += row[i];
    mean *= share;
    float sum = 0;
    float dot = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const float unit = (row[i] - mean) * inverse[t];
      dscale[i] += d[i] * unit;
      dshift[i] += d[i];
      sum += d[i] * scale[i];
      dot += d[i] * scale[i] * unit;
    }
    for (std::size_t i = 0; i < width; ++i) {
      const float unit = (row[i] - mean) * inverse[t];
      dx[t * width + i] += inverse[t] * (d[i] * scale[i] - share * (sum + unit * dot));
    }
  }
}

void GatedBlockForward(const BlockShape& shape, std::span<const float> parameters,
                       std::span<const std::int64_t> time_ms, const Dropout& dropout, std::span<float> x,
                       BlockCache& cache) {
  const BlockLayout at(shape);
  const std::size_t width = shape.width;
  const std::size_t hidden = shape.hidden;
  const std::size_t steps = time_ms.size();
  ATTUNE_CHECK(x.size() == steps * width && steps <= shape.length_max && parameters.size() == at.size);
  const float* p = parameters.data();
  cache.steps = steps;
  for (auto* values : {&cache.normed1, &cache.attended, &cache.projected1, &cache.gate1, &cache.normed2,
                       &cache.projected2, &cache.gate2}) {
    values->resize(steps * width);
  }
  cache.inverse1.resize(steps);
  cache.inverse2.resize(steps);
  cache.qkv.resize(steps * 3 * width);
  cache.weights.resize(steps * steps);
  cache.expanded.resize(steps * 2 * hidden);
  cache.hidden.resize(steps * hidden);
  DrawDropout(dropout, 1, steps * width, cache.drop1);
  DrawDropout(dropout, 2, steps * hidden, cache.drop_hidden);
  DrawDropout(dropout, 3, steps * width, cache.drop2);

  cache.x.assign(x.begin(), x.end());
  NormRows(x, parameters.subspan(at.norm1_scale, width), parameters.subspan(at.norm1_shift, width), cache.normed1,
           cache.inverse1);
  Affine(cache.normed1.data(), steps, width, p + at.qkv, p + at.qkv_shift, 3 * width, cache.qkv.data());
  AttentionWeights(shape, p + at.distance, p + at.time, time_ms, cache.qkv.data(), steps, cache.weights.data());
  std::fill(cache.attended.begin(), cache.attended.end(), 0.0f);
  for (std::size_t begin = 0; begin < steps; begin += kBand) {
    const std::size_t end = std::min(steps, begin + kBand);
    AddProduct({cache.weights.data() + begin * steps, steps, 1}, {cache.qkv.data() + 2 * width, 3 * width, 1},
               cache.attended.data() + begin * width, width, end - begin, width, end);
  }
  Affine(cache.attended.data(), steps, width, p + at.attended, p + at.attended_shift, width, cache.projected1.data());
  Affine(cache.normed1.data(), steps, width, p + at.gate1, p + at.gate1_shift, width, cache.gate1.data());
  AddGated(cache.gate1, cache.projected1, cache.drop1, x);

  cache.middle.assign(x.begin(), x.end());
  NormRows(x, parameters.subspan(at.norm2_scale, width), parameters.subspan(at.norm2_shift, width), cache.normed2,
           cache.inverse2);
  Affine(cache.normed2.data(), steps, width, p + at.expand, p + at.expand_shift, 2 * hidden, cache.expanded.data());
  for (std::size_t t = 0; t < steps; ++t) {
    float* out = cache.hidden.data() + t * hidden;
    std::copy_n(cache.expanded.data() + t * 2 * hidden, hidden, out);
  }
  SigmoidInPlace(cache.hidden);
  for (std::size_t t = 0; t < steps; ++t) {
    const float* u = cache.expanded.data() + t * 2 * hidden;
    for (std::size_t i = 0; i < hidden; ++i) cache.hidden[t * hidden + i] *= u[i] * u[hidden + i];
  }
  MultiplyBy(cache.drop_hidden, cache.hidden.data());
  Affine(cache.hidden.data(), steps, hidden, p + at.contract, p + at.contract_shift, width, cache.projected2.data());
  Affine(cache.normed2.data(), steps, width, p + at.gate2, p + at.gate2_shift, width, cache.gate2.data());
  AddGated(cache.gate2, cache.projected2, cache.drop2, x);
}

void GatedBlockBackward(const BlockShape& shape, std::span<const float> parameters,
                        std::span<const std::int64_t> time_ms, const BlockCache& cache, std::span<float> dx,
                        std::span<float> gradients) {
  const BlockLayout at(shape);
  const std::size_t width = shape.width;
  const std::size_t hidden = shape.hidden;
  const std::size_t steps = cache.steps;
  const float* p = parameters.data();
  float* g = gradients.data();
  std::vector<float> dgate;
  std::vector<float> dprojected;

  GatedBackward(cache.gate2, cache.projected2, cache.drop2, dx, dgate, dprojected);
  std::vector<float> dnormed(steps * width);
  std::vector<float> dhidden(steps * hidden);
  AffineBackward(cache.hidden.data(), steps, hidden, p + at.contract, width, dprojected.data(), dhidden.data(),
                 g + at.contract, g + at.contract_shift);
  MultiplyBy(cache.drop_hidden, dhidden.data());
  std::vector<float> sigmoid(hidden);
  std::vector<float> dexpanded(steps * 2 * hidden);
  for (std::size_t t = 0; t < steps; ++t) {
    const float* u = cache.expanded.data() + t * 2 * hidden;
    const float* dh = dhidden.data() + t * hidden;
    float* du = dexpanded.data() + t * 2 * hidden;
    std::copy_n(u, hidden, sigmoid.data());
    SigmoidInPlace(sigmoid);
    for (std::size_t i = 0; i < hidden; ++i) {
      const float s = sigmoid[i];
      du[i] = dh[i] * u[hidden + i] * s * (1 + u[i] * (1 - s));
      du[hidden + i] = dh[i] * u[i] * s;
    }
  }
  AffineBackward(cache.normed2.data(), steps, width, p + at.expand, 2 * hidden, dexpanded.data(), dnormed.data(),
                 g + at.expand, g + at.expand_shift);
  AffineBackward(cache.normed2.data(), steps, width, p + at.gate2, width, dgate.data(), dnormed.data(), g + at.gate2,
                 g + at.gate2_shift);
  NormRowsBackward(cache.middle, parameters.subspan(at.norm2_scale, width), cache.inverse2, dnormed, dx,
                   gradients.subspan(at.norm2_scale, width), gradients.subspan(at.norm2_shift, width));

  GatedBackward(cache.gate1, cache.projected1, cache.drop1, dx, dgate, dprojected);
  std::fill(dnormed.begin(), dnormed.end(), 0.0f);
  std::vector<float> dattended(steps * width);
  AffineBackward(cache.attended.data(), steps, width, p + at.attended, width, dprojected.data(), dattended.data(),
                 g + at.attended, g + at.attended_shift);
  std::vector<float> dqkv(steps * 3 * width);
  AttentionBackward(shape, time_ms, cache, dattended.data(), dqkv.data(), g + at.distance, g + at.time);
  AffineBackward(cache.normed1.data(), steps, width, p + at.qkv, 3 * width, dqkv.data(), dnormed.data(), g + at.qkv,
                 g + at.qkv_shift);
  AffineBackward(cache.normed1.data(), steps, width, p + at.gate1, width, dgate.data(), dnormed.data(), g + at.gate1,
                 g + at.gate1_shift);
  NormRowsBackward(cache.x, parameters.subspan(at.norm1_scale, width), cache.inverse1, dnormed, dx,
                   gradients.subspan(at.norm1_scale, width), gradients.subspan(at.norm1_shift, width));
}

}  // namespace attune
