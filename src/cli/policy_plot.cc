#include "cli/policy_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace attune {
namespace {

constexpr double kWidth = 760;
constexpr double kHeight = 400;
constexpr double kLeft = 70;
constexpr double kRight = 580;  // The rest is the legend.
constexpr double kTop = 20;
constexpr double kBottom = 340;

struct Estimator {
  const char* name;
  const char* colour;
  PolicyEstimate OffPolicyEstimates::*estimate;
};
constexpr std::array<Estimator, 4> kEstimators{{
    {"IPS", "#00798c", &OffPolicyEstimates::inverse_propensity},
    {"self-normalised IPS", "#0b6e4f", &OffPolicyEstimates::self_normalized},
    {"direct", "#edae49", &OffPolicyEstimates::direct},
    {"doubly robust", "#d1495b", &OffPolicyEstimates::doubly_robust},
}};

/// A round number of percent that all of it lies below.
double Ceiling(const PolicyAnswers& answers) {
  double highest = answers.observed.inverse_propensity.high;
  for (const OffPolicyEstimates& estimates : answers.estimates) {
    // The widest interval shall not flatten the others: those beyond the picture are cut.
    highest = std::max({highest, estimates.doubly_robust.high, estimates.inverse_propensity.value});
  }
  const double percent = std::max(100 * highest, 1e-6);
  const double step = std::pow(10, std::floor(std::log10(percent)));
  return step * std::ceil(percent / step) / 100;
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, text);
}

std::string Line(double x1, double y1, double x2, double y2, const char* colour, double width) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"{}\"/>\n", x1, y1, x2,
      y2, colour, width);
}

}  // namespace

std::string DrawPolicyEstimates(const PolicyAnswers& answers, const std::vector<std::string>& labels) {
  const double ceiling = Ceiling(answers);
  const auto y = [&](double value) { return kBottom - std::clamp(value / ceiling, 0.0, 1.0) * (kBottom - kTop); };
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kWidth, kHeight);
  constexpr int kLines = 5;
  for (int i = 0; i <= kLines; ++i) {
    const double value = ceiling * i / kLines;
    svg += Line(kLeft, y(value), kRight, y(value), "#dddddd", 1);
    svg += Text(kLeft - 6, y(value) + 4, "end", fmt::format("{:.3g} %", 100 * value));
  }
  const PolicyEstimate& observed = answers.observed.inverse_propensity;
  svg += Line(kLeft, y(observed.value), kRight, y(observed.value), "#222222", 1.5);
  svg += Text(kRight + 12, y(observed.value) + 4, "start", "observed");
  const double column = (kRight - kLeft) / static_cast<double>(std::max<std::size_t>(labels.size(), 1));
  for (std::size_t q = 0; q < labels.size(); ++q) {
    const double middle = kLeft + column * (static_cast<double>(q) + 0.5);
    svg += Text(middle, kBottom + 20, "middle", labels[q]);
    for (std::size_t e = 0; e < kEstimators.size(); ++e) {
      const PolicyEstimate& estimate = answers.estimates[q].*kEstimators[e].estimate;
      const double x = middle + (static_cast<double>(e) - 1.5) * std::min(18.0, column / 5);
      svg += Line(x, y(estimate.low), x, y(estimate.high), kEstimators[e].colour, 2);
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", x, y(estimate.value),
                         kEstimators[e].colour);
    }
  }
  svg += Text((kLeft + kRight) / 2, kBottom + 44, "middle",
              "clicks per recommended item, 95 % intervals, by explorationWeight");
  for (std::size_t e = 0; e < kEstimators.size(); ++e) {
    const double legend_y = kTop + 14 + 20 * static_cast<double>(e);
    svg += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"4\" fill=\"{}\"/>\n", kRight + 20, legend_y - 4,
                       kEstimators[e].colour);
    svg += Text(kRight + 32, legend_y, "start", kEstimators[e].name);
  }
  return svg + "</svg>\n";
}

}  // namespace attune
