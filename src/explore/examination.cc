#include "explore/examination.h"

#include <algorithm>
#include <cmath>

namespace attune {
namespace {

constexpr double kExaminationMin = 0.001;  // So that nothing divides by zero at the end of a long list.

double DefaultAt(double rank) { return std::pow(rank, -ExaminationCurve::kDefaultExponent); }

}  // namespace

ExaminationCurve::ExaminationCurve(std::vector<float> table) : table_(std::move(table)) {
  // The default is tabulated too: At is called for every impression.
  for (std::size_t rank = table_.size() + 1; rank <= ExaminationEstimator::kRanksMax; ++rank) {
    const double before = rank == 1 ? 1 : table_[rank - 2] / DefaultAt(static_cast<double>(rank - 1));
    table_.push_back(static_cast<float>(std::max(kExaminationMin, before * DefaultAt(static_cast<double>(rank)))));
  }
}

float ExaminationCurve::At(std::uint32_t rank) const {
  return table_[std::clamp<std::size_t>(rank, 1, table_.size()) - 1];
}

void ExaminationEstimator::Add(std::uint32_t rank, double click_probability, bool clicked) {
  if (rank < 1 || rank > kRanksMax) return;
  if (sums_.size() < 2 * rank) sums_.resize(2 * rank);
  sums_[2 * rank - 2] += clicked ? 1 : 0;
  sums_[2 * rank - 1] += click_probability;
}

void ExaminationEstimator::AddLateClick(std::uint32_t rank) {
  if (rank >= 1 && 2 * rank <= sums_.size()) sums_[2 * rank - 2] += 1;
}

ExaminationCurve ExaminationEstimator::Estimate() const {
  std::vector<float> table;
  double first = 1;
  double previous = 1;
  for (std::size_t rank = 1; 2 * rank <= sums_.size(); ++rank) {
    const double shape = DefaultAt(static_cast<double>(rank));
    const double clicks = sums_[2 * rank - 2] + kPriorClicks * shape * first;
    const double rate = clicks / (sums_[2 * rank - 1] + kPriorClicks);
    if (rank == 1) first = rate;  // The calibration of clicks may be off; only the ratio to the first place counts.
    previous = std::clamp(rate / first, kExaminationMin, previous);
    table.push_back(static_cast<float>(previous));
  }
  return ExaminationCurve(std::move(table));
}

}  // namespace attune
