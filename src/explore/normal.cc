#include "explore/normal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace attune {
namespace {

constexpr double kTailChance = 0.02425;
constexpr double kChanceMin = 1e-300;

/// The quantile for chances below kTailChance, negative.
double LowQuantile(double chance) {
  const double q = std::sqrt(-2 * std::log(chance));
  const double above = ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
                         2.549732539343734e+00) *
                            q +
                        4.374664141464968e+00) *
                           q +
                       2.938163982698783e+00;
  const double below =
      (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q + 3.754408661907416e+00) *
          q +
      1;
  return above / below;
}

double MiddleQuantile(double chance) {
  const double q = chance - 0.5;
  const double r = q * q;
  const double above = (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
                          1.383577518672690e+02) *
                             r -
                         3.066479806614716e+01) *
                            r +
                        2.506628277459239e+00) *
                       q;
  const double below = ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
                         6.680131188771972e+01) *
                            r -
                        1.328068155288572e+01) *
                           r +
                       1;
  return above / below;
}

constexpr double kTableEnd = 8;
constexpr std::size_t kPerUnit = 64;

/// Between points 1/64 apart the tail is the cubic that has its values and slopes at both: off by less than a millionth
/// of it, and some times as fast as the error function.
class TailTable {
 public:
  TailTable() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const double z = static_cast<double>(i) / kPerUnit;
      const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
      points_[i] = {.tail = 0.5 * std::erfc(z / std::numbers::sqrt2), .step = -density / kPerUnit};
    }
  }

  /// Requires 0 <= z < kTableEnd.
  double At(double z) const {
    const double place = z * kPerUnit;
    const auto i = static_cast<std::size_t>(place);
    const double t = place - static_cast<double>(i);
    const Point& from = points_[i];
    const Point& to = points_[i + 1];
    const double rise = to.tail - from.tail;
    const double bend = 3 * rise - 2 * from.step - to.step;
    const double twist = from.step + to.step - 2 * rise;
    return from.tail + t * (from.step + t * (bend + t * twist));
  }

 private:
  struct Point {
    double tail = 0;
    double step = 0;  ///< The slope, times the distance of two points.
  };
  std::array<Point, static_cast<std::size_t>(kTableEnd) * kPerUnit + 1> points_;
};

}  // namespace

double NormalTail(double z) {
  const double distance = std::abs(z);
  if (!(distance < kTableEnd)) return 0.5 * std::erfc(z / std::numbers::sqrt2);
  static const TailTable kTable;
  const double tail = kTable.At(distance);
  return z < 0 ? 1 - tail : tail;
}

double NormalTailInverse(double chance) {
  chance = std::max(chance, kChanceMin);
  if (chance < kTailChance) return -LowQuantile(chance);
  if (chance > 1 - kTailChance) return LowQuantile(1 - chance);
  return -MiddleQuantile(chance);
}

}  // namespace attune
