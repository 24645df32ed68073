#include "tensor/reference/gated_block.h"

#include <cmath>

namespace attune::reference {
namespace {

using Row = std::vector<double>;

Row Norm(const Row& x, const double* scale, const double* shift) {
  double mean = 0;
  for (const double value : x) mean += value / static_cast<double>(x.size());
  double variance = 0;
  for (const double value : x) variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
  Row out;
  for (std::size_t i = 0; i < x.size(); ++i)
    out.push_back((x[i] - mean) / std::sqrt(variance + 1e-5) * scale[i] + shift[i]);
  return out;
}

Row Affine(const Row& in, const double* matrix, const double* shift, std::size_t columns) {
  Row out(shift, shift + columns);
  for (std::size_t i = 0; i < in.size(); ++i) {
    for (std::size_t j = 0; j < columns; ++j) out[j] += in[i] * matrix[i * columns + j];
  }
  return out;
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

std::vector<double> GatedBlockForward(const BlockShape& shape, std::span<const double> parameters,
                                      std::span<const std::int64_t> time_ms, std::span<const double> x) {
  const BlockLayout at(shape);
  const double* p = parameters.data();
  const std::size_t width = shape.width;
  std::vector<Row> qkv;
  std::vector<double> out;
  for (std::size_t t = 0; t < time_ms.size(); ++t) {
    Row row(x.begin() + static_cast<std::ptrdiff_t>(t * width),
            x.begin() + static_cast<std::ptrdiff_t>((t + 1) * width));
    const Row normed = Norm(row, p + at.norm1_scale, p + at.norm1_shift);
    qkv.push_back(Affine(normed, p + at.qkv, p + at.qkv_shift, 3 * width));
    Row weights;
    double total = 0;
    for (std::size_t j = 0; j <= t; ++j) {
      double logit = 0;
      for (std::size_t i = 0; i < width; ++i) logit += qkv[t][i] * qkv[j][width + i];
      logit = logit / std::sqrt(static_cast<double>(width)) + p[at.distance + t - j] +
              p[at.time + TimeBucket(time_ms[t] - time_ms[j])];
      weights.push_back(std::exp(logit));
      total += weights.back();
    }
    Row attended(width);
    for (std::size_t j = 0; j <= t; ++j) {
      for (std::size_t i = 0; i < width; ++i) attended[i] += weights[j] / total * qkv[j][2 * width + i];
    }
    const Row projected = Affine(attended, p + at.attended, p + at.attended_shift, width);
    const Row gate = Affine(normed, p + at.gate1, p + at.gate1_shift, width);
    for (std::size_t i = 0; i < width; ++i) row[i] += Sigmoid(gate[i]) * projected[i];

    const Row normed2 = Norm(row, p + at.norm2_scale, p + at.norm2_shift);
    const Row expanded = Affine(normed2, p + at.expand, p + at.expand_shift, 2 * shape.hidden);
    Row hidden;
    for (std::size_t i = 0; i < shape.hidden; ++i) {
      hidden.push_back(expanded[i] * Sigmoid(expanded[i]) * expanded[shape.hidden + i]);
    }
    const Row projected2 = Affine(hidden, p + at.contract, p + at.contract_shift, width);
    const Row gate2 = Affine(normed2, p + at.gate2, p + at.gate2_shift, width);
    for (std::size_t i = 0; i < width; ++i) out.push_back(row[i] + Sigmoid(gate2[i]) * projected2[i]);
  }
  return out;
}

}  // namespace attune::reference
