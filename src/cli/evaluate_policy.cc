#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <thread>

#include "base/json.h"
#include "base/thread_pool.h"
#include "cli/option_table.h"
#include "cli/policy_estimates.h"
#include "cli/policy_log.h"
#include "cli/policy_plot.h"
#include "cli/progress_bar.h"
#include "cli/system_sources.h"
#include "cli/verbs.h"
#include "explore/gaussian_thompson.h"
#include "explore/greedy.h"
#include "explore/ucb.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

// With fewer places that tell, or less of what a policy shows among what was shown, intervals may be too narrow.
constexpr double kEffectivePlacesMin = 100;
constexpr double kWeightMeanMin = 0.9;
constexpr std::size_t kListsMax = 1'000'000;
constexpr std::size_t kDrawsMax = 100'000;
constexpr std::size_t kWeightsMax = 20;
constexpr std::uint64_t kThreadsMax = 1024;

struct EvaluatePolicyOptions {
  std::string log;
  std::string campaign;
  std::string policy = "gaussian-thompson";
  std::vector<double> weights{0, 0.1, 0.3, 0.9};
  std::size_t lists = 20'000;
  PolicyEstimateOptions estimate;
  std::size_t threads = std::max(std::thread::hardware_concurrency(), 1u);
  std::string plot;
  bool json = false;
};

Status SetWeights(std::string_view text, std::vector<double>* weights) {
  weights->clear();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    double weight = -1;
    const auto parsed = std::from_chars(text.data(), text.data() + end, weight);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + end || !(weight >= 0 && weight <= 1)) {
      return InvalidArgument(fmt::format("'{}' is not an explorationWeight, from 0 to 1", text.substr(0, end)));
    }
    weights->push_back(weight);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (weights->empty() || weights->size() > kWeightsMax) {
    return InvalidArgument(fmt::format("{} weights are given; 1 to {} may be", weights->size(), kWeightsMax));
  }
  return {};
}

std::shared_ptr<const Policy> PolicyNamed(std::string_view name) {
  const std::array<std::shared_ptr<const Policy>, 3> policies{
      std::make_shared<GaussianThompson>(GaussianThompson::Options{.propensity_draws = 0}), std::make_shared<Greedy>(),
      std::make_shared<Ucb>()};
  const auto found = std::ranges::find(policies, name, [](const auto& policy) { return policy->name(); });
  return found == policies.end() ? nullptr : *found;
}

OptionTable EvaluatePolicyOptionTable(EvaluatePolicyOptions* options) {
  OptionTable table(
      "attune evaluate-policy LOG [OPTION...]",
      "What would have been clicked if the lists of a recommendation log had been drawn with another\n"
      "explorationWeight, or by another policy: estimates from the log alone, with 95 % intervals. LOG is\n"
      "the folder 'recommendations' of a server's data directory, or one of its files.");
  table.AddOperand("LOG", &options->log);
  table.AddText("campaign", "ARN", "Of this campaign's lists only.", &options->campaign);
  table.Add("weights", "W,...", "0,0.1,0.3,0.9", "What if explorationWeight had been so.",
            [options](std::string_view value) { return SetWeights(value, &options->weights); });
  table.AddText("policy", "NAME",
                "gaussian-thompson, which campaigns use; greedy (learns, seeks nothing); ucb (upper confidence bound).",
                &options->policy);
  table.AddNumber("lists", "N", 1, kListsMax, "The newest so many lists.", &options->lists);
  table.AddNumber("draws", "N", 1, kDrawsMax, "Draws of each policy for each list.", &options->estimate.draw_count);
  table.AddNumber("threads", "N", 1, kThreadsMax, "Threads that compute.", &options->threads);
  table.AddText("plot", "FILE", "Draw the estimates into this SVG file.", &options->plot);
  table.AddSwitch("json", "Print one JSON object instead of a table.", &options->json);
  return table;
}

void WriteEstimate(JsonWriter& json, std::string_view name, const PolicyEstimate& estimate) {
  json.Key(name);
  json.BeginObject();
  for (const auto& [key, value] :
       {std::pair("value", estimate.value), std::pair("low", estimate.low), std::pair("high", estimate.high)}) {
    json.Key(key);
    json.Double(value);
  }
  json.EndObject();
}

void WriteCount(JsonWriter& json, std::string_view name, std::size_t count) {
  json.Key(name);
  json.Int(static_cast<std::int64_t>(count));
}

std::string ToJson(const PolicyLog& log, const PolicyAnswers& answers, const EvaluatePolicyOptions& options) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  WriteCount(json, "lists", answers.lists);
  WriteCount(json, "places", answers.places);
  WriteCount(json, "clicks", answers.clicks);
  WriteCount(json, "lists_without_draw", log.undrawn);
  WriteCount(json, "lists_of_unknown_policy", answers.unknown_policy);
  WriteCount(json, "lists_cut_short", answers.cut_short);
  WriteCount(json, "bad_lines", log.bad_lines);
  json.Key("propensity_error");
  json.Double(answers.propensity_error);
  WriteEstimate(json, "observed", answers.observed.inverse_propensity);
  json.Key("policies");
  json.BeginArray();
  for (std::size_t q = 0; q < options.weights.size(); ++q) {
    const OffPolicyEstimates& estimates = answers.estimates[q];
    json.BeginObject();
    json.Key("policy");
    json.String(options.policy);
    json.Key("exploration_weight");
    json.Double(options.weights[q]);
    WriteEstimate(json, "inverse_propensity", estimates.inverse_propensity);
    WriteEstimate(json, "self_normalized", estimates.self_normalized);
    WriteEstimate(json, "direct", estimates.direct);
    WriteEstimate(json, "doubly_robust", estimates.doubly_robust);
    json.Key("effective_places");
    json.Double(estimates.effective_choices);
    json.Key("weight_mean");
    json.Double(estimates.weight_mean);
    json.Key("weight_max");
    json.Double(estimates.weight_max);
    WriteCount(json, "clipped_places", estimates.clipped_choices);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return text;
}

void PrintCaveats(const OffPolicyEstimates& estimates, double weight_max) {
  if (estimates.clipped_choices > 0) {
    fmt::print("{:<24} {} places weighed more than {:.0f} and were cut to it: too low by what they would have added\n",
               "", estimates.clipped_choices, weight_max);
  }
  if (estimates.effective_choices < kEffectivePlacesMin) {
    fmt::print("{:<24} few places tell of it: its intervals may be too narrow\n", "");
  }
  if (estimates.weight_mean < kWeightMeanMin) {
    fmt::print("{:<24} only {:.0f} % of what it would show was shown: IPS leaves out the rest\n", "",
               100 * estimates.weight_mean);
  }
}

std::string Cell(const PolicyEstimate& estimate) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", 100 * estimate.value, 100 * estimate.low, 100 * estimate.high);
}

void Print(const PolicyLog& log, const PolicyAnswers& answers, const EvaluatePolicyOptions& options) {
  fmt::print("{} lists, {} places, {} clicks; clicks per 100 places, with 95 % intervals\n\n", answers.lists,
             answers.places, answers.clicks);
  fmt::print("{:<24} {:<24} {:<24} {:<24} {:<24} {}\n", "", "IPS", "self-normalised IPS", "direct", "doubly robust",
             "places that tell");
  fmt::print("{:<24} {}\n", "observed", Cell(answers.observed.inverse_propensity));
  for (std::size_t q = 0; q < options.weights.size(); ++q) {
    const OffPolicyEstimates& estimates = answers.estimates[q];
    fmt::print("{:<24} {:<24} {:<24} {:<24} {:<24} {:.0f}\n", fmt::format("{} {}", options.policy, options.weights[q]),
               Cell(estimates.inverse_propensity), Cell(estimates.self_normalized), Cell(estimates.direct),
               Cell(estimates.doubly_robust), estimates.effective_choices);
    PrintCaveats(estimates, options.estimate.weight_max);
  }
  fmt::print(
      "\nIPS and doubly robust are right on average where the logged campaign could have shown what the other\n"
      "would; few places that tell, or wide intervals, mean that it hardly did. direct is the model's own word.\n");
  if (answers.propensity_error > 0) {
    fmt::print("The logged probabilities are known to {:.1f} %; by its square they bias IPS upwards.\n",
               100 * answers.propensity_error);
  }
  const auto say = [](std::size_t count, std::string_view what) {
    if (count > 0) fmt::print("{} {}\n", count, what);
  };
  say(log.undrawn,
      "lists of explorationWeight 0 are left out: nothing was drawn, so they tell nothing of other weights");
  say(answers.unknown_policy,
      "lists are left out: another version drew them, or their items are not among what it logged");
  say(answers.cut_short, "lists had more items to draw from than are logged: they count, a little off");
  say(log.bad_lines, "lines are no lines of a recommendation log and are passed over");
  say(log.torn_files, "files end within a line: the server was writing, or died");
}

Status Evaluate(const EvaluatePolicyOptions& options) {
  const auto policy = PolicyNamed(options.policy);
  ATTUNE_TRY(const PolicyLog log, ReadPolicyLog(options.log, options.campaign, options.lists));
  std::vector<PolicyQuestion> questions;
  std::vector<std::string> labels;
  for (const double weight : options.weights) {
    questions.push_back({.policy = policy, .weight = weight});
    labels.push_back(fmt::format("{}", weight));
  }
  ThreadPool pool(options.threads - 1, options.threads);
  ProgressBar bar("evaluate-policy");
  const PolicyAnswers answers = AnswerPolicyQuestions(log, questions, options.estimate, Workers(pool),
                                                      [&](double fraction) { bar.Show(fraction, "drawing again"); });
  if (answers.lists == 0) {
    return NotFound(
        fmt::format("{}: no list in it was drawn by a campaign that explores ({} were drawn from nothing, {} "
                    "by another version)",
                    options.log, log.undrawn, answers.unknown_policy));
  }
  if (!options.plot.empty()) {
    PosixEnv env;
    ATTUNE_RETURN_IF_ERROR(env.WriteFileAtomically(options.plot, DrawPolicyEstimates(answers, labels)));
  }
  if (options.json) {
    fmt::print("{}\n", ToJson(log, answers, options));
  } else {
    Print(log, answers, options);
  }
  return {};
}

Status CheckOptions(const EvaluatePolicyOptions& options) {
  if (options.log.empty()) {
    return InvalidArgument("LOG is missing: the folder 'recommendations' of a data directory, or one of its files");
  }
  if (!options.plot.empty() && !options.plot.ends_with(".svg")) {
    return InvalidArgument(fmt::format("--plot: {} is to be an SVG file, so its name ends in .svg", options.plot));
  }
  if (PolicyNamed(options.policy)) return {};
  return InvalidArgument(fmt::format("--policy: '{}' is none of gaussian-thompson, greedy, ucb", options.policy));
}

}  // namespace

int EvaluatePolicy(std::span<const std::string> arguments) {
  PosixEnv env;
  EvaluatePolicyOptions options;
  OptionTable table = EvaluatePolicyOptionTable(&options);
  const auto outcome = table.Parse(arguments, SystemSources(env));
  if (outcome.ok() && *outcome == OptionTable::Outcome::kHelp) {
    std::fputs(table.Help().c_str(), stdout);
    return 0;
  }
  const Status checked = outcome.ok() ? CheckOptions(options) : outcome.status();
  if (!checked.ok()) {
    fmt::print(stderr, "attune evaluate-policy: {}\n", checked.message());
    return 2;
  }
  const Status evaluated = Evaluate(options);
  if (evaluated.ok()) return 0;
  fmt::print(stderr, "attune evaluate-policy: {}\n", evaluated.message());
  return 1;
}

}  // namespace attune
