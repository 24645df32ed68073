#include "cli/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "cli/option_table.h"
#include "cli/verbs.h"

namespace attune {
namespace {

struct Verb {
  std::string_view name;
  std::string_view summary;
  int (*run)(std::span<const std::string> arguments);
};

constexpr Verb kVerbs[] = {
    {"serve", "run the server", &Serve},
    {"evaluate", "measure how good recommendations from your data are", &Evaluate},
    {"evaluate-policy", "tell from a recommendation log what another exploration had brought", &EvaluatePolicy},
    {"train", "train a model from CSV files", &Train},
    {"recommend", "recommend from a trained model, and explain why", &Recommend},
    {"backup", "copy the data of a running server", &BackUp},
    {"sample-data", "write interactions.csv and items.csv of a generated world", &SampleData},
};

std::string Usage() {
  std::string text = "usage: attune VERB [OPTION...]\n\n";
  for (const Verb& verb : kVerbs) text += fmt::format("  {:<15} {}\n", verb.name, verb.summary);
  return text + "\nattune VERB --help lists the options of a verb; attune --version tells the version.\n";
}

}  // namespace

int Run(std::span<const std::string> arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    std::fputs(Usage().c_str(), arguments.empty() ? stderr : stdout);
    return arguments.empty() ? 2 : 0;
  }
  if (arguments[0] == "--version") {
    std::puts("attune " ATTUNE_VERSION);
    return 0;
  }
  const auto verb = std::ranges::find(kVerbs, arguments[0], &Verb::name);
  if (verb != std::end(kVerbs)) return verb->run(arguments.subspan(1));
  const auto nearest = std::ranges::min_element(
      kVerbs, {}, [&](const Verb& candidate) { return EditDistance(candidate.name, arguments[0]); });
  fmt::print(stderr, "attune: '{}' is not a verb; did you mean '{}'? attune --help lists them\n", arguments[0],
             nearest->name);
  return 2;
}

}  // namespace attune
