#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "population.h"
#include "runs.h"
#include "served.h"

namespace {

constexpr const char* kUsage =
    "usage: attune_exploration generated | times | served [SEEDS] | (reference | weights | sweep | ablation) "
    "ML_1M_FOLDER [SEEDS "
    "[PICTURE.svg]]\n";

/// The count that was asked for, 3 if none was; 0 for what is no count.
std::size_t SeedCount(int argc, char** argv, int at) { return argc > at ? std::strtoul(argv[at], nullptr, 10) : 3; }

}  // namespace

int main(int argc, char** argv) {
  using namespace attune::exploration_bench;
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "generated") return CheckGeneratedWorld() ? 0 : 1;
  if (what == "times") {
    PrintTimes();
    return 0;
  }
  const std::size_t seed_count = SeedCount(argc, argv, what == "served" ? 2 : 3);
  if (what == "served" && seed_count > 0) {
    PrintServed(seed_count);
    return 0;
  }
  if (argc < 3 || seed_count == 0) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  const auto population = LoadMovieLens(argv[2]);
  if (!population.ok()) {
    fmt::print(stderr, "{}\n", population.status().message());
    return 1;
  }
  if (what == "reference") PrintReferenceTable(*population, seed_count, argc > 4 ? argv[4] : "");
  if (what == "weights") PrintWeights(*population, seed_count);
  if (what == "sweep") PrintSweeps(*population, seed_count);
  if (what == "ablation") PrintAblation(*population, seed_count);
  return 0;
}
