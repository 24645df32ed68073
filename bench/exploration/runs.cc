#include "runs.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "campaign_policy.h"
#include "curve.h"
#include "explore/gaussian_thompson.h"
#include "reference_policies.h"

namespace attune::exploration_bench {
namespace {

Entrant ReferenceEntrant(const std::string& name, Reference kind, double parameter = 0) {
  return {name, [=] { return MakeReference(kind, parameter); }};
}

Entrant CampaignEntrant(const std::string& name, const CampaignOptions& options) {
  return {name, [=] { return MakeCampaign(options); }};
}

void PrintHeader(const std::string& title) {
  fmt::print(
      "\n### {}\n\n| | regret % (± between seeds) | clicks | new, % of impressions | never shown | good found |\n"
      "|---|---|---|---|---|---|\n",
      title);
}

void PrintRow(const std::string& name, const Summary& s) {
  fmt::print("| {} | {:.2f} ± {:.2f} | {:.0f} | {:.1f} | {:.1f} | {:.1f} |\n", name, s.regret_percent,
             s.regret_deviation, s.clicks, s.new_share_percent, s.never_shown, s.good_found);
  std::fflush(stdout);
}

/// What every scenario of the sweep is run with.
std::vector<Entrant> SweepEntrants() {
  return {ReferenceEntrant("greedy on the prior that learns", Reference::kGreedy),
          ReferenceEntrant("Gaussian Thompson, reference", Reference::kThompson, 1),
          CampaignEntrant("campaign, weight 0.3", {})};
}

}  // namespace

Runs::Runs(const Population& population, const Scenario& scenario, std::size_t seed_count) {
  for (std::uint64_t seed = 0; seed < seed_count; ++seed) {
    episodes_.push_back(std::make_unique<Episode>(population, scenario, seed));
  }
}

Summary Runs::Run(const Entrant& entrant) const {
  Summary summary;
  summary.curve.assign(kCurvePoints, 0.0);
  const auto count = static_cast<double>(episodes_.size());
  double squares = 0;
  for (std::size_t seed = 0; seed < episodes_.size(); ++seed) {
    const auto policy = entrant.make();
    const Outcome outcome = Simulate(*episodes_[seed], *policy, seed);
    const auto impressions = static_cast<double>(outcome.impressions);
    summary.regret_percent += outcome.regret_percent() / count;
    squares += outcome.regret_percent() * outcome.regret_percent() / count;
    summary.clicks += outcome.clicks / count;
    summary.click_rate_percent += 100 * outcome.clicks / impressions / count;
    summary.new_share_percent += 100 * outcome.new_impressions / impressions / count;
    summary.never_shown += static_cast<double>(outcome.never_shown) / count;
    summary.good_found += static_cast<double>(outcome.good_found) / count;
    for (std::size_t i = 0; i < outcome.regret_curve.size(); ++i) summary.curve[i] += outcome.regret_curve[i] / count;
  }
  const double variance = std::max(0.0, squares - summary.regret_percent * summary.regret_percent);
  summary.regret_deviation = std::sqrt(variance * count / std::max(1.0, count - 1));
  return summary;
}

void PrintReferenceTable(const Population& population, std::size_t seed_count, const std::string& picture_path) {
  const Scenario scenario;
  const Runs runs(population, scenario, seed_count);
  const std::vector<Entrant> entrants{
      CampaignEntrant("campaign, weight 0.3", {}),
      CampaignEntrant("campaign as a service sees it, weight 0.3", {.service_view = true}),
      CampaignEntrant("campaign, weight 1", {.weight = 1}),
      ReferenceEntrant("Gaussian Thompson, reference", Reference::kThompson, 1),
      ReferenceEntrant("UCB 0.7", Reference::kUcb, 0.7),
      ReferenceEntrant("epsilon-greedy 0.02 per slot", Reference::kEpsilonGreedy, 0.02),
      ReferenceEntrant("greedy on the prior that learns", Reference::kGreedy),
      ReferenceEntrant("Beta(1, 1) Thompson", Reference::kBetaThompson),
      ReferenceEntrant("one random new item", Reference::kRandomSlot),
      ReferenceEntrant("new items last", Reference::kNewLast),
      ReferenceEntrant("Gaussian Thompson, reference, sd x 0.6", Reference::kThompson, 0.6),
      ReferenceEntrant("oracle", Reference::kOracle),
  };
  PrintHeader("The reference world");
  std::vector<Curve> curves;
  for (const Entrant& entrant : entrants) {
    const Summary summary = runs.Run(entrant);
    PrintRow(entrant.name, summary);
    if (curves.size() < 9) curves.push_back({.name = entrant.name, .values = summary.curve});
  }
  if (picture_path.empty()) return;
  std::FILE* file = std::fopen(picture_path.c_str(), "w");
  if (file == nullptr) return;
  const std::string svg = DrawCurves(curves, scenario.request_count);
  std::fwrite(svg.data(), 1, svg.size(), file);
  std::fclose(file);
}

void PrintSweeps(const Population& population, std::size_t seed_count) {
  const std::vector<std::pair<std::string, Scenario>> scenarios{
      {"Churn: none, 600 new items from the first request beside 300 old ones", {.new_from_start = true}},
      {"Churn: fast, 1,500 new items", {.new_count = 1'500}},
      {"Attributes: useless", {.attributes = Attributes::kUseless}},
      {"Clicks: intercept -6", {.intercept = -6}},
      {"Clicks: intercept -8", {.intercept = -8}},
      {"Feedback: 333 requests late (2 h of 10 days)", {.delay_requests = 333}},
      {"Attributes: half of the quality goes with them", {.attributes = Attributes::kQuality}},
      {"Churn: slow, 150 new items", {.new_count = 150}},
      {"Churn: none, nothing is new", {.new_count = 0}},
      {"Clicks: intercept -5", {.intercept = -5}},
      {"Clicks: intercept -7", {.intercept = -7}},
  };
  for (const auto& [title, scenario] : scenarios) {
    const Runs runs(population, scenario, seed_count);
    const Summary oracle = runs.Run(ReferenceEntrant("oracle", Reference::kOracle));
    PrintHeader(fmt::format("{} (oracle: {:.1f} % of what it shows is clicked)", title, oracle.click_rate_percent));
    for (const Entrant& entrant : SweepEntrants()) PrintRow(entrant.name, runs.Run(entrant));
  }
}

void PrintWeights(const Population& population, std::size_t seed_count) {
  const Runs runs(population, Scenario{}, seed_count);
  PrintHeader("The weight");
  for (const double weight : {0.0, 0.1, 0.3, 0.6, 1.0}) {
    PrintRow(fmt::format("{}", weight), runs.Run(CampaignEntrant("", {.weight = weight})));
  }
}

void PrintAblation(const Population& population, std::size_t seed_count) {
  const Runs runs(population, Scenario{}, seed_count);
  PrintHeader("What helps, at weight 0.3");
  for (const std::size_t factor_count : {0, 4, 8, 16}) {
    PrintRow(fmt::format("{} user factors", factor_count),
             runs.Run(CampaignEntrant("", {.factor_count = factor_count})));
  }
  PrintRow("8 user factors, nothing shared by attributes", runs.Run(CampaignEntrant("", {.shares_attributes = false})));
  const auto variant = [](GaussianThompson::Options options, double weight) {
    options.propensity_draws = 0;
    return Entrant{"", [=] {
                     return std::make_unique<CampaignPolicy>(std::make_unique<GaussianThompson>(options),
                                                             CampaignOptions{.weight = weight});
                   }};
  };
  PrintRow("8 user factors, attributes may lift many places", runs.Run(variant({.spend_attributes = false}, 0.3)));
  PrintRow("8 user factors, symmetric draws", runs.Run(variant({.optimistic = false}, 0.3)));
  PrintRow("8 user factors, symmetric draws, weight 1", runs.Run(variant({.optimistic = false}, 1)));

  const Runs quality(population, {.attributes = Attributes::kQuality}, seed_count);
  PrintHeader("Sharing by attributes where half of the quality goes with them, weight 0.3");
  PrintRow("shared", quality.Run(CampaignEntrant("", {})));
  PrintRow("not shared", quality.Run(CampaignEntrant("", {.shares_attributes = false})));
  PrintRow("shared, an attribute may lift many places", quality.Run(variant({.spend_attributes = false}, 0.3)));
}

namespace {

double Percentile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

double MicrosecondsOf(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

/// 300 old candidates and `new_count` eligible ones, of which every second was shown some times.
void PrintChoiceTime(std::size_t new_count) {
  constexpr std::size_t kOld = 300;
  constexpr std::size_t kFactors = 8;
  Random random(1);
  Posterior posterior({.factor_count = kFactors});
  std::vector<float> scores;
  std::vector<std::uint32_t> items;
  std::vector<std::uint8_t> eligible;
  std::vector<float> factors(kFactors);
  for (float& factor : factors) factor = static_cast<float>(random.Normal());
  for (std::uint32_t i = 0; i < kOld + new_count; ++i) {
    items.push_back(i);
    eligible.push_back(i >= kOld ? 1 : 0);
    scores.push_back(static_cast<float>((i < kOld ? -6 : -8) + random.Normal()));
    const std::vector<std::uint64_t> attributes{random.Below(20), 100 + random.Below(5)};
    ATTUNE_CHECK(posterior.SetItem(i, 0.9, attributes).ok());
  }
  std::vector<Impression> list;
  std::vector<double> observed;
  for (std::uint32_t i = kOld; i < kOld + new_count; i += 2) {
    list.push_back({.item = i,
                    .rank = static_cast<std::uint32_t>(list.size() + 1),
                    .score = scores[i],
                    .feedback = random.Uniform() < 0.05 ? Feedback::kClicked : Feedback::kIgnored});
    if (list.size() < 25) continue;
    observed.push_back(MicrosecondsOf([&] { ATTUNE_CHECK(posterior.Observe(list, factors).ok()); }) / 25);
    list.clear();
  }
  std::vector<double> chosen;
  std::vector<double> errors;
  for (int i = 0; i < 300; ++i) {
    chosen.push_back(MicrosecondsOf([&] {
      const SlateBeliefs beliefs = ReadBeliefs(posterior, items, eligible, factors);
      const SlateRequest request{
          .scores = scores, .eligible = eligible, .beliefs = &beliefs, .slate_size = 25, .weight = 0.3};
      for (const Choice& choice : GaussianThompson().Choose(request, random))
        errors.push_back(choice.probability_error);
    }));
  }
  fmt::print("| {} | {:.0f} | {:.0f} | {:.4f} | {:.2f} |\n", new_count, Percentile(chosen, 0.5),
             Percentile(chosen, 0.99), Percentile(errors, 0.99), Percentile(observed, 0.5));
}

}  // namespace

void PrintTimes() {
  fmt::print(
      "\n### Time, 300 old candidates, slates of 25, 8 user factors, one core\n\n"
      "| eligible candidates | choice with probabilities p50, us | p99, us | standard error of a probability, p99 | "
      "impression p50, us |\n|---|---|---|---|---|\n");
  for (const std::size_t new_count : {100, 1'000, 10'000, 100'000}) PrintChoiceTime(new_count);
}

bool CheckGeneratedWorld() {
  const Population population = GeneratePopulation({});
  const Runs runs(population, {.request_count = 6'000, .live_count = 80, .new_count = 160, .intercept = -3.2}, 3);
  PrintHeader("A generated world, for correctness");
  const auto run = [&](const Entrant& entrant) {
    const Summary summary = runs.Run(entrant);
    PrintRow(entrant.name, summary);
    return summary;
  };
  const Summary oracle = run(ReferenceEntrant("oracle", Reference::kOracle));
  const Summary greedy = run(ReferenceEntrant("greedy", Reference::kGreedy));
  const Summary thompson = run(ReferenceEntrant("Gaussian Thompson, reference", Reference::kThompson, 1));
  const Summary campaign = run(CampaignEntrant("campaign, weight 0.3", {.factor_count = 4}));
  const Summary service =
      run(CampaignEntrant("campaign as a service sees it", {.factor_count = 4, .service_view = true}));

  const Runs still(population, {.request_count = 2'000, .live_count = 80, .new_count = 0}, 1);
  const Summary nothing_new = still.Run(CampaignEntrant("", {.factor_count = 4}));
  bool good = true;
  const auto expect = [&](bool holds, const char* what) {
    if (!holds) fmt::print("NOT SO: {}\n", what);
    good = good && holds;
  };
  expect(std::abs(oracle.regret_percent) < 1e-9, "the oracle has no regret");
  expect(campaign.regret_percent < thompson.regret_percent, "the campaign regrets less than the reference sampling");
  expect(campaign.regret_percent < greedy.regret_percent, "the campaign regrets less than greedy");
  expect(service.regret_percent < greedy.regret_percent, "so it does when it must learn how scores become clicks");
  expect(campaign.never_shown <= greedy.never_shown, "the campaign leaves no more items unseen than greedy");
  expect(std::abs(nothing_new.regret_percent) < 1e-9, "where nothing is new, exploring costs nothing");
  return good;
}

}  // namespace attune::exploration_bench
