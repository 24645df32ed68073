#include "explore/user_factors.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"

namespace attune {
namespace {

constexpr int kIterations = 30;
constexpr double kNegligible = 1e-4;  // Of the first direction's spread; below it users do not differ.
constexpr std::uint32_t kFormatVersion = 1;

/// Columns of `block` [n, d] made orthonormal in place; a column that the ones before it explain becomes zero.
void Orthonormalise(std::span<double> block, std::size_t n, std::size_t d) {
  for (std::size_t c = 0; c < d; ++c) {
    for (int pass = 0; pass < 2; ++pass) {  // Twice is enough against rounding.
      for (std::size_t before = 0; before < c; ++before) {
        double dot = 0;
        for (std::size_t r = 0; r < n; ++r) dot += block[r * d + c] * block[r * d + before];
        for (std::size_t r = 0; r < n; ++r) block[r * d + c] -= dot * block[r * d + before];
      }
    }
    double squares = 0;
    for (std::size_t r = 0; r < n; ++r) squares += block[r * d + c] * block[r * d + c];
    const double scale = squares > 1e-20 ? 1 / std::sqrt(squares) : 0;
    for (std::size_t r = 0; r < n; ++r) block[r * d + c] *= scale;
  }
}

/// [S, A] with the mean of each user taken away, then that of each anchor.
std::vector<double> Centre(std::span<const float> scores, std::size_t anchor_count, std::vector<float>& mean) {
  const std::size_t sample_count = scores.size() / anchor_count;
  std::vector<double> centred(scores.begin(), scores.end());
  std::vector<double> column_mean(anchor_count, 0.0);
  for (std::size_t s = 0; s < sample_count; ++s) {
    double* row = &centred[s * anchor_count];
    double sum = 0;
    for (std::size_t a = 0; a < anchor_count; ++a) sum += row[a];
    for (std::size_t a = 0; a < anchor_count; ++a) row[a] -= sum / static_cast<double>(anchor_count);
    for (std::size_t a = 0; a < anchor_count; ++a) column_mean[a] += row[a] / static_cast<double>(sample_count);
  }
  for (std::size_t i = 0; i < centred.size(); ++i) centred[i] -= column_mean[i % anchor_count];
  mean.assign(column_mean.begin(), column_mean.end());
  return centred;
}

/// centred' * centred * block / S, [A, d]; `projected` [S, d] is centred * block.
std::vector<double> Iterate(const std::vector<double>& centred, const std::vector<double>& block, std::size_t d,
                            std::vector<double>& projected) {
  const std::size_t anchor_count = block.size() / d;
  const std::size_t sample_count = centred.size() / anchor_count;
  std::vector<double> next(block.size(), 0.0);
  for (std::size_t s = 0; s < sample_count; ++s) {
    const double* row = &centred[s * anchor_count];
    double* out = &projected[s * d];
    std::fill(out, out + d, 0.0);
    for (std::size_t a = 0; a < anchor_count; ++a) {
      for (std::size_t c = 0; c < d; ++c) out[c] += row[a] * block[a * d + c];
    }
    for (std::size_t a = 0; a < anchor_count; ++a) {
      for (std::size_t c = 0; c < d; ++c) next[a * d + c] += row[a] * out[c] / static_cast<double>(sample_count);
    }
  }
  return next;
}

}  // namespace

UserFactors UserFactors::Fit(std::span<const float> scores, std::size_t anchor_count, std::size_t factor_count) {
  ATTUNE_CHECK(anchor_count >= 2 && scores.size() >= 2 * anchor_count && scores.size() % anchor_count == 0);
  UserFactors result;
  const std::size_t sample_count = scores.size() / anchor_count;
  const std::size_t d = std::min({factor_count, kFactorsMax, anchor_count - 1, sample_count - 1});
  const std::vector<double> centred = Centre(scores, anchor_count, result.mean_);
  if (d == 0) return result;

  Random random(1);
  std::vector<double> directions(anchor_count * d);
  for (auto& value : directions) value = random.Normal();
  std::vector<double> projected(sample_count * d);
  for (int i = 0; i < kIterations; ++i) {
    Orthonormalise(directions, anchor_count, d);
    directions = Iterate(centred, directions, d, projected);
  }
  Orthonormalise(directions, anchor_count, d);
  Iterate(centred, directions, d, projected);

  std::vector<double> variance(d, 0.0);
  for (std::size_t i = 0; i < projected.size(); ++i) {
    variance[i % d] += projected[i] * projected[i] / static_cast<double>(sample_count);
  }
  while (result.factor_count_ < d && variance[result.factor_count_] > kNegligible * variance[0]) ++result.factor_count_;
  for (std::size_t a = 0; a < anchor_count; ++a) {
    for (std::size_t c = 0; c < result.factor_count_; ++c) {
      result.directions_.push_back(static_cast<float>(directions[a * d + c] / std::sqrt(variance[c])));
    }
  }
  return result;
}

void UserFactors::Project(std::span<const float> anchor_scores, std::span<float> factors) const {
  ATTUNE_CHECK(anchor_scores.size() == mean_.size() && factors.size() == factor_count_);
  double sum = 0;
  for (const float score : anchor_scores) sum += score;
  const auto own_mean = static_cast<float>(sum / static_cast<double>(std::max<std::size_t>(1, mean_.size())));
  std::fill(factors.begin(), factors.end(), 0.0F);
  for (std::size_t a = 0; a < mean_.size(); ++a) {
    const float value = anchor_scores[a] - own_mean - mean_[a];
    for (std::size_t c = 0; c < factor_count_; ++c) factors[c] += value * directions_[a * factor_count_ + c];
  }
  for (float& factor : factors) factor = std::clamp(factor, -kFactorMax, kFactorMax);
}

std::string UserFactors::Serialize() const {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Number(kFormatVersion);
  writer.Number(static_cast<std::uint32_t>(factor_count_));
  writer.Number(static_cast<std::uint32_t>(mean_.size()));
  for (const float value : mean_) writer.Number(value);
  for (const float value : directions_) writer.Number(value);
  return bytes;
}

Result<UserFactors> UserFactors::Parse(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.Number<std::uint32_t>() != kFormatVersion) return Corrupt("user factors of an unknown version");
  UserFactors result;
  result.factor_count_ = reader.Number<std::uint32_t>();
  const std::size_t anchor_count = reader.Number<std::uint32_t>();
  if (result.factor_count_ > kFactorsMax ||
      reader.left() != anchor_count * (1 + result.factor_count_) * sizeof(float)) {
    return Corrupt("user factors have another length than they say");
  }
  for (std::size_t i = 0; i < anchor_count; ++i) result.mean_.push_back(reader.Number<float>());
  for (std::size_t i = 0; i < anchor_count * result.factor_count_; ++i) {
    result.directions_.push_back(reader.Number<float>());
  }
  ATTUNE_RETURN_IF_ERROR(reader.Finish("user factors"));
  return result;
}

}  // namespace attune
