#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "world.h"

namespace attune::exploration_bench {

/// A policy under a name; one is made for each seed.
struct Entrant {
  std::string name;
  std::function<std::unique_ptr<SimulatedPolicy>()> make;
};

/// Mean over seeds, with the deviation between seeds where a figure varies.
struct Summary {
  double regret_percent = 0;
  double regret_deviation = 0;
  double clicks = 0;
  double click_rate_percent = 0;
  double new_share_percent = 0;
  double never_shown = 0;
  double good_found = 0;
  std::vector<double> curve;
};

/// Episodes of one scenario, a seed each, built once for all entrants.
class Runs {
 public:
  Runs(const Population& population, const Scenario& scenario, std::size_t seed_count);
  Summary Run(const Entrant& entrant) const;

 private:
  std::vector<std::unique_ptr<Episode>> episodes_;
};

/// The tables of the README as Markdown on standard output, and the picture.
void PrintReferenceTable(const Population& population, std::size_t seed_count, const std::string& picture_path);
void PrintSweeps(const Population& population, std::size_t seed_count);
void PrintWeights(const Population& population, std::size_t seed_count);
void PrintAblation(const Population& population, std::size_t seed_count);
/// How long one choice and one impression take.
void PrintTimes();
/// A small generated world: says what is not as it must be, and returns whether all is.
bool CheckGeneratedWorld();

}  // namespace attune::exploration_bench
