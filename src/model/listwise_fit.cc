#include "model/listwise_fit.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace attune {
namespace {

constexpr int kStepsMax = 40;
constexpr int kHalvingsMax = 20;
constexpr double kGainMin = 1e-9;   // Of the loss per list: below float noise.
constexpr std::size_t kTasks = 32;  // Fixed, so that sums are added in the same order for any number of threads.

/// The features whose weights may move or are not zero: the others cost nothing.
std::vector<std::size_t> UsedFeatures(std::span<const double> start, std::span<const double> ridge) {
  std::vector<std::size_t> used;
  for (std::size_t f = 0; f < ridge.size(); ++f) {
    if (ridge[f] < kHeldRidge || start[f] != 0) used.push_back(f);
  }
  return used;
}

/// The problem with the used features alone.
ListwiseProblem Reduce(const ListwiseProblem& problem, std::span<const std::size_t> used) {
  ListwiseProblem reduced{
      .feature_count = used.size(), .features = {}, .offsets = problem.offsets, .list_begin = problem.list_begin};
  reduced.features.reserve(used.size() * problem.offsets.size());
  for (std::size_t row = 0; row < problem.offsets.size(); ++row) {
    for (const std::size_t f : used) reduced.features.push_back(problem.features[row * problem.feature_count + f]);
  }
  return reduced;
}

double ScoreOf(const ListwiseProblem& problem, std::size_t row, std::span<const double> weights) {
  const float* features = problem.features.data() + row * problem.feature_count;
  double score = problem.offsets[row];
  for (std::size_t f = 0; f < weights.size(); ++f) score += weights[f] * features[f];
  return score;
}

/// Probabilities of a list's rows; returns the negative log likelihood of the first.
double Probabilities(const ListwiseProblem& problem, std::size_t list, std::span<const double> weights,
                     std::vector<double>& probabilities) {
  const std::size_t begin = problem.list_begin[list];
  const std::size_t end = problem.list_begin[list + 1];
  probabilities.resize(end - begin);
  double largest = -HUGE_VAL;
  for (std::size_t row = begin; row < end; ++row) {
    probabilities[row - begin] = ScoreOf(problem, row, weights);
    largest = std::max(largest, probabilities[row - begin]);
  }
  const double first = probabilities[0];
  double total = 0;
  for (double& value : probabilities) total += value = std::exp(value - largest);
  for (double& value : probabilities) value /= total;
  return largest + std::log(total) - first;
}

struct Derivatives {
  double loss = 0;
  std::vector<double> gradient;
  std::vector<double> hessian;  // [F, F]
};

void AddList(const ListwiseProblem& problem, std::size_t list, std::span<const double> weights,
             std::vector<double>& probabilities, Derivatives& sum) {
  const std::size_t width = problem.feature_count;
  sum.loss += Probabilities(problem, list, weights, probabilities);
  const float* rows = problem.features.data() + problem.list_begin[list] * width;
  std::vector<double> mean(width);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    for (std::size_t f = 0; f < width; ++f) mean[f] += probabilities[i] * rows[i * width + f];
  }
  for (std::size_t f = 0; f < width; ++f) sum.gradient[f] += mean[f] - rows[f];
  std::vector<double> centred(width);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] < 1e-9) continue;
    for (std::size_t f = 0; f < width; ++f) centred[f] = rows[i * width + f] - mean[f];
    for (std::size_t f = 0; f < width; ++f) {
      const double scaled = probabilities[i] * centred[f];
      for (std::size_t g = 0; g <= f; ++g) sum.hessian[f * width + g] += scaled * centred[g];
    }
  }
}

Derivatives Differentiate(const ListwiseProblem& problem, std::span<const std::size_t> lists,
                          std::span<const double> weights, std::span<const double> start, std::span<const double> ridge,
                          const Workers& workers) {
  const std::size_t width = problem.feature_count;
  // Whole before the work begins: a body that is passed over leaves zeros.
  const Derivatives nothing{.gradient = std::vector<double>(width), .hessian = std::vector<double>(width * width)};
  std::vector<Derivatives> parts(kTasks, nothing);
  workers.ParallelFor(kTasks, [&](std::size_t task) {
    Derivatives& part = parts[task];
    std::vector<double> probabilities;
    for (std::size_t i = task; i < lists.size(); i += kTasks) AddList(problem, lists[i], weights, probabilities, part);
  });
  Derivatives sum = nothing;
  for (const Derivatives& part : parts) {
    sum.loss += part.loss;
    for (std::size_t f = 0; f < width; ++f) sum.gradient[f] += part.gradient[f];
    for (std::size_t f = 0; f < width * width; ++f) sum.hessian[f] += part.hessian[f];
  }
  for (std::size_t f = 0; f < width; ++f) {
    const double distance = weights[f] - start[f];
    sum.loss += ridge[f] * distance * distance / 2;
    sum.gradient[f] += ridge[f] * distance;
    sum.hessian[f * width + f] += ridge[f];
  }
  return sum;
}

double Loss(const ListwiseProblem& problem, std::span<const std::size_t> lists, std::span<const double> weights,
            std::span<const double> start, std::span<const double> ridge, const Workers& workers) {
  std::vector<double> parts(kTasks);
  workers.ParallelFor(kTasks, [&](std::size_t task) {
    std::vector<double> probabilities;
    for (std::size_t i = task; i < lists.size(); i += kTasks) {
      parts[task] += Probabilities(problem, lists[i], weights, probabilities);
    }
  });
  double loss = 0;
  for (const double part : parts) loss += part;
  for (std::size_t f = 0; f < weights.size(); ++f) {
    loss += ridge[f] * (weights[f] - start[f]) * (weights[f] - start[f]) / 2;
  }
  return loss;
}

/// Solves hessian · step = gradient by Cholesky; the ridge keeps it positive definite.
std::vector<double> Solve(std::vector<double> hessian, std::vector<double> gradient) {
  const std::size_t n = gradient.size();
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j < k; ++j) hessian[k * n + k] -= hessian[k * n + j] * hessian[k * n + j];
    hessian[k * n + k] = std::sqrt(std::max(hessian[k * n + k], 1e-12));
    for (std::size_t row = k + 1; row < n; ++row) {
      for (std::size_t j = 0; j < k; ++j) hessian[row * n + k] -= hessian[row * n + j] * hessian[k * n + j];
      hessian[row * n + k] /= hessian[k * n + k];
    }
  }
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t j = 0; j < row; ++j) gradient[row] -= hessian[row * n + j] * gradient[j];
    gradient[row] /= hessian[row * n + row];
  }
  for (std::size_t row = n; row-- > 0;) {
    for (std::size_t j = row + 1; j < n; ++j) gradient[row] -= hessian[j * n + row] * gradient[j];
    gradient[row] /= hessian[row * n + row];
  }
  return gradient;
}

std::vector<double> Minimise(const ListwiseProblem& problem, std::span<const std::size_t> lists,
                             std::span<const double> start, std::span<const double> ridge, const Workers& workers) {
  std::vector<double> weights(start.begin(), start.end());
  for (int step = 0; step < kStepsMax && !workers.cancelled(); ++step) {
    const Derivatives here = Differentiate(problem, lists, weights, start, ridge, workers);
    const std::vector<double> direction = Solve(here.hessian, here.gradient);
    double scale = 1;
    bool moved = false;
    double gain = 0;
    for (int halving = 0; halving < kHalvingsMax && !moved; ++halving, scale /= 2) {
      std::vector<double> next = weights;
      for (std::size_t f = 0; f < next.size(); ++f) next[f] -= scale * direction[f];
      gain = here.loss - Loss(problem, lists, next, start, ridge, workers);
      moved = gain > 0;
      if (moved) weights = std::move(next);
    }
    if (!moved || gain < kGainMin * static_cast<double>(lists.size())) break;
  }
  return weights;
}

}  // namespace

std::vector<double> FitListwise(const ListwiseProblem& problem, std::span<const std::size_t> lists,
                                std::span<const double> start, std::span<const double> ridge, const Workers& workers) {
  ATTUNE_CHECK(start.size() == problem.feature_count && ridge.size() == problem.feature_count);
  std::vector<double> weights(start.begin(), start.end());
  const auto used = UsedFeatures(start, ridge);
  if (lists.empty() || used.empty()) return weights;
  if (used.size() == problem.feature_count) return Minimise(problem, lists, start, ridge, workers);
  std::vector<double> used_start;
  std::vector<double> used_ridge;
  for (const std::size_t f : used) {
    used_start.push_back(start[f]);
    used_ridge.push_back(ridge[f]);
  }
  const auto found = Minimise(Reduce(problem, used), lists, used_start, used_ridge, workers);
  for (std::size_t i = 0; i < used.size(); ++i) weights[used[i]] = found[i];
  return weights;
}

double ListwiseLoss(const ListwiseProblem& problem, std::span<const std::size_t> lists,
                    std::span<const double> weights) {
  double loss = 0;
  std::vector<double> probabilities;
  for (const std::size_t list : lists) loss += Probabilities(problem, list, weights, probabilities);
  return loss / static_cast<double>(std::max<std::size_t>(1, lists.size()));
}

std::vector<double> ListwiseRanks(const ListwiseProblem& problem, std::span<const std::size_t> lists,
                                  std::span<const double> weights) {
  std::vector<double> ranks;
  for (const std::size_t list : lists) {
    const std::size_t begin = problem.list_begin[list];
    const double first = ScoreOf(problem, begin, weights) - problem.offsets[begin];
    double above = 0;
    for (std::size_t row = begin + 1; row < problem.list_begin[list + 1]; ++row) {
      const double score = ScoreOf(problem, row, weights) - problem.offsets[row];
      above += score > first ? 1 : score == first ? 0.5 : 0;
    }
    ranks.push_back(above);
  }
  return ranks;
}

}  // namespace attune
