#pragma once

#include <string>
#include <vector>

namespace attune::exploration_bench {

struct Curve {
  std::string name;
  std::vector<double> values;  ///< At equal steps, the last at the end of the run.
};

/// A line chart as SVG: regret in percent over requests.
std::string DrawCurves(const std::vector<Curve>& curves, std::size_t request_count);

}  // namespace attune::exploration_bench
