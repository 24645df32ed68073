#include "curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace attune::exploration_bench {
namespace {

constexpr double kWidth = 760;
constexpr double kHeight = 420;
constexpr double kLeft = 60;
constexpr double kRight = 570;  // The rest is the legend.
constexpr double kTop = 20;
constexpr double kBottom = 370;
constexpr std::array<const char*, 9> kColours{"#0b6e4f", "#d1495b", "#00798c", "#edae49", "#66518f",
                                              "#8d6a4f", "#3d5a80", "#9a9a9a", "#222222"};

}  // namespace

std::string DrawCurves(const std::vector<Curve>& curves, std::size_t request_count) {
  double highest = 0;
  for (const Curve& curve : curves) {
    for (const double value : curve.values) highest = std::max(highest, value);
  }
  highest = std::max(10.0, 10 * std::ceil(highest / 10));
  const auto y = [&](double value) { return kBottom - value / highest * (kBottom - kTop); };
  const auto x = [&](double share) { return kLeft + share * (kRight - kLeft); };

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kWidth, kHeight);
  for (int percent = 0; percent <= static_cast<int>(highest); percent += 10) {
    svg += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#dddddd\"/>\n", kLeft, kRight,
                       y(percent), y(percent));
    svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{} %</text>\n", kLeft - 6, y(percent) + 4,
                       percent);
  }
  for (int quarter = 0; quarter <= 4; ++quarter) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x(quarter / 4.0), kBottom + 18,
                       request_count * static_cast<std::size_t>(quarter) / 4);
  }
  svg += fmt::format(
      "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">requests; regret so far in % of the oracle's clicks"
      "</text>\n",
      (kLeft + kRight) / 2, kBottom + 38);
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const char* colour = kColours[c % kColours.size()];
    svg += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" points=\"", colour, c == 0 ? 3 : 1.5);
    const auto& values = curves[c].values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      svg += fmt::format("{:.1f},{:.1f} ", x(static_cast<double>(i + 1) / static_cast<double>(values.size())),
                         y(values[i]));
    }
    svg += "\"/>\n";
    const double legend_y = kTop + 14 + 20 * static_cast<double>(c);
    svg += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" stroke=\"{}\" stroke-width=\"3\"/>\n",
                       kRight + 12, kRight + 32, legend_y - 4, legend_y - 4, colour);
    svg += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", kRight + 38, legend_y, curves[c].name);
  }
  return svg + "</svg>\n";
}

}  // namespace attune::exploration_bench
