#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace attune {

// What a block does to rows of numbers between its matrix products. T rows, D width, H hidden width; one thread each;
// the widest vectors of this processor are chosen at run time. Factors of dropout may be empty: nothing is dropped.

/// Rows of x [T, D] less their mean, over their deviation, times scale plus shift [D]; inverse [T] gets one over the
/// deviation. `normed` may be `x`.
void NormRows(std::span<const float> x, std::span<const float> scale, std::span<const float> shift,
              std::span<float> normed, std::span<float> inverse);
/// Adds to dx the gradient by x; to dscale and dshift theirs.
void NormRowsBackward(std::span<const float> x, std::span<const float> scale, std::span<const float> inverse,
                      std::span<const float> dnormed, std::span<float> dx, std::span<float> dscale,
                      std::span<float> dshift);

/// sums [D] += the rows of x [T, D].
void AddRows(std::span<const float> x, std::span<float> sums);

/// values *= factors, unless those are empty.
void MultiplyBy(std::span<const float> factors, std::span<float> values);

/// x += sigmoid(gate) * factors * projected; `gate` holds logits and becomes the gate.
void AddGated(std::span<float> gate, std::span<const float> projected, std::span<const float> factors,
              std::span<float> x);
/// The gradients by the gate's logits and by `projected`.
void AddGatedBackward(std::span<const float> gate, std::span<const float> projected, std::span<const float> factors,
                      std::span<const float> dx, std::span<float> dgate, std::span<float> dprojected);

/// hidden [T, H] = silu(u) * v * factors, for expanded rows (u, v) [T, 2H].
void SwiGlu(std::span<const float> expanded, std::size_t hidden_width, std::span<const float> factors,
            std::span<float> hidden);
/// The gradient by `expanded`; dhidden is that by what SwiGlu gave.
void SwiGluBackward(std::span<const float> expanded, std::size_t hidden_width, std::span<const float> factors,
                    std::span<const float> dhidden, std::span<float> dexpanded);

/// One row of attention: logits q · k of the first `count` of `row` become weights,
/// softmax(row * scale + distance + time[buckets]); the rest of `row` becomes 0. `distance` and `buckets` [count].
void AttentionRow(std::span<float> row, std::size_t count, float scale, const float* distance, const float* time,
                  const std::uint8_t* buckets);
/// From the gradient by the weights, in `row`, to that by q · k; adds those by distance and time.
void AttentionRowBackward(std::span<float> row, std::span<const float> weights, std::size_t count, float scale,
                          float* ddistance, float* dtime, const std::uint8_t* buckets);

/// factors[i] = 0 with probability `rate`, else 1 / (1 - rate): a function of key and i alone.
void DropoutFactors(std::uint32_t key, float rate, std::span<float> factors);

}  // namespace attune
