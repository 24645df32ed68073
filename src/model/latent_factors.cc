#include "model/latent_factors.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace attune {
namespace {

constexpr std::size_t kD = kLatentDimensions;
constexpr int kIterations = 6;
constexpr std::size_t kRowsPerTask = 512;

struct SparseRows {
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::uint32_t> columns;
  std::vector<float> values;
  std::size_t row_count() const { return offsets.size() - 1; }
};

/// out [rows, D] = matrix · in [columns, D].
void Multiply(const SparseRows& matrix, const std::vector<float>& in, std::vector<float>& out, const Workers& workers) {
  out.assign(matrix.row_count() * kD, 0);
  workers.ParallelFor((matrix.row_count() + kRowsPerTask - 1) / kRowsPerTask, [&](std::size_t task) {
    const std::size_t end = std::min(matrix.row_count(), (task + 1) * kRowsPerTask);
    for (std::size_t row = task * kRowsPerTask; row < end; ++row) {
      float* sum = out.data() + row * kD;
      for (std::uint32_t i = matrix.offsets[row]; i < matrix.offsets[row + 1]; ++i) {
        const float* source = in.data() + matrix.columns[i] * kD;
        const float value = matrix.values[i];
        for (std::size_t d = 0; d < kD; ++d) sum[d] += value * source[d];
      }
    }
  });
}

/// Makes the columns of [rows, D] orthonormal, one after the other, and returns their lengths before.
std::vector<double> Orthonormalise(std::vector<float>& matrix) {
  const std::size_t rows = matrix.size() / kD;
  std::vector<double> lengths(kD);
  for (std::size_t d = 0; d < kD; ++d) {
    // Twice, because once leaves what rounding put there.
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t e = 0; e < d; ++e) {
        double dot = 0;
        for (std::size_t row = 0; row < rows; ++row) dot += double{matrix[row * kD + d]} * double{matrix[row * kD + e]};
        for (std::size_t row = 0; row < rows; ++row) {
          matrix[row * kD + d] -= static_cast<float>(dot * matrix[row * kD + e]);
        }
      }
    }
    double square = 0;
    for (std::size_t row = 0; row < rows; ++row) square += double{matrix[row * kD + d]} * double{matrix[row * kD + d]};
    lengths[d] = std::sqrt(square);
    // A direction that is only rounding: the matrix has a smaller rank.
    const double scale = lengths[d] > 1e-6 ? 1 / lengths[d] : 0;
    for (std::size_t row = 0; row < rows; ++row) {
      matrix[row * kD + d] = static_cast<float>(matrix[row * kD + d] * scale);
    }
  }
  return lengths;
}

}  // namespace

std::vector<float> FitLatentFactors(const TrainingView& view, std::uint64_t seed, const Workers& workers) {
  const std::size_t item_count = view.item_count();
  std::vector<std::vector<std::uint32_t>> histories(view.user_count());
  std::vector<std::uint32_t> item_users(item_count);
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    auto& history = histories[user];
    history.assign(view.Items(user).begin(), view.Items(user).end());
    std::sort(history.begin(), history.end());
    history.erase(std::unique(history.begin(), history.end()), history.end());
    for (const std::uint32_t item : history) ++item_users[item];
  }
  SparseRows by_user;
  SparseRows by_item;
  for (const std::uint32_t count : item_users) by_item.offsets.push_back(by_item.offsets.back() + count);
  by_item.columns.resize(by_item.offsets.back());
  by_item.values.resize(by_item.offsets.back());
  std::vector<std::uint32_t> next(by_item.offsets.begin(), by_item.offsets.end() - 1);
  for (std::uint32_t user = 0; user < histories.size(); ++user) {
    for (const std::uint32_t item : histories[user]) {
      const float value =
          1 / std::sqrt(static_cast<float>(histories[user].size()) * static_cast<float>(item_users[item]));
      by_user.columns.push_back(item);
      by_user.values.push_back(value);
      by_item.columns[next[item]] = user;
      by_item.values[next[item]++] = value;
    }
    by_user.offsets.push_back(static_cast<std::uint32_t>(by_user.columns.size()));
  }

  Random random(seed);
  std::vector<float> items(item_count * kD);
  for (float& value : items) value = static_cast<float>(random.Normal());
  Orthonormalise(items);
  std::vector<float> users;
  std::vector<double> lengths;
  for (int iteration = 0; iteration < kIterations && !workers.cancelled(); ++iteration) {
    Multiply(by_user, items, users, workers);
    Multiply(by_item, users, items, workers);
    lengths = Orthonormalise(items);
  }
  // The lengths approach the squares of the singular values.
  for (std::size_t row = 0; row < item_count; ++row) {
    for (std::size_t d = 0; d < kD; ++d) items[row * kD + d] *= static_cast<float>(std::sqrt(lengths[d]));
  }
  return items;
}

}  // namespace attune
