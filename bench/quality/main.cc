// Leave-one-out with full ranking, per feature and for the blend. See README.md.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "evaluate/ranking_metrics.h"
#include "model/recommender_model.h"
#include "read_folder.h"
#include "train/model_fit.h"

namespace attune {
namespace {

struct Quality {
  std::vector<double> ndcg;
  std::vector<double> hits;
};

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

void Print(const char* set, const std::map<std::string, Quality>& qualities) {
  const auto& blend = qualities.at("blend");
  for (const auto& [name, quality] : qualities) {
    const auto difference = PairedBootstrap(blend.ndcg, quality.ndcg, 1);
    fmt::print("{:10} {:20} NDCG@10 {:.4f}  HR@10 {:.4f}  blend minus this [{:+.4f}, {:+.4f}]\n", set, name,
               Mean(quality.ndcg), Mean(quality.hits), difference.low, difference.high);
  }
}

/// Ranks each case's answer among all items but those of the history; an answer in the history is a miss.
std::map<std::string, Quality> Measure(const RecommenderModel& model, const ModelParts& parts, const TrainingData& data,
                                       const std::vector<ValidationCase>& cases, ThreadPool& pool) {
  std::vector<std::string> names = parts.blend.feature_names;
  names.emplace_back("blend");
  const std::size_t item_count = data.items.size();
  std::vector<std::vector<double>> ranks(names.size(), std::vector<double>(cases.size()));
  constexpr std::size_t kTasks = 64;
  pool.ParallelFor(kTasks, [&](std::size_t task) {
    std::vector<std::unique_ptr<MemberScratch>> scratches;
    for (const auto& member : parts.members) scratches.push_back(member->MakeScratch());
    std::vector<float> features(parts.blend.feature_names.size() * item_count);
    ScoreScratch model_scratch = model.MakeScratch();
    std::vector<float> blended(item_count);
    std::vector<std::uint8_t> excluded(item_count);
    for (std::size_t i = task; i < cases.size(); i += kTasks) {
      const Query query = CaseQuery(data, cases[i], RecommenderModel::kHistoryMax);
      const auto whole = std::span(data.interactions.item)
                             .subspan(data.interactions.user_offsets[cases[i].user],
                                      cases[i].position - data.interactions.user_offsets[cases[i].user]);
      std::size_t filled = 0;
      for (std::size_t m = 0; m < parts.members.size(); ++m) {
        const std::size_t size = parts.members[m]->feature_names().size() * item_count;
        parts.members[m]->Score(query, *scratches[m], std::span(features).subspan(filled, size));
        filled += size;
      }
      model.ScoreAll(query, model_scratch, blended);
      for (const std::uint32_t item : whole) excluded[item] = 1;
      const std::uint32_t answer = data.interactions.item[cases[i].position];
      for (std::size_t f = 0; f < names.size(); ++f) {
        const auto scores = f + 1 == names.size()
                                ? std::span<const float>(blended)
                                : std::span<const float>(features).subspan(f * item_count, item_count);
        ranks[f][i] = excluded[answer] != 0 ? 1e9 : ExpectedRank(scores, answer, excluded);
      }
      for (const std::uint32_t item : whole) excluded[item] = 0;
    }
  });
  std::map<std::string, Quality> qualities;
  for (std::size_t f = 0; f < names.size(); ++f) {
    for (const double rank : ranks[f]) {
      qualities[names[f]].ndcg.push_back(NdcgAtRank(rank, 10));
      qualities[names[f]].hits.push_back(HitAtRank(rank, 10));
    }
  }
  return qualities;
}

int Run(const std::string& folder, std::uint64_t seed, std::size_t threads, double sequence_operations) {
  SystemClock clock;
  const auto seconds = [&, start = clock.MonotonicNanoseconds()] {
    return static_cast<double>(clock.MonotonicNanoseconds() - start) * 1e-9;
  };
  auto data = ReadFolder(folder);
  if (!data.ok()) {
    fmt::print(stderr, "{}\n", data.status().message());
    return 1;
  }
  fmt::print("{}: {} users, {} items, {} interactions, read in {:.1f} s\n", folder, data->users.size(),
             data->items.size(), data->interactions.size(), seconds());
  TrainingView view = WholeView(*data);
  std::vector<ValidationCase> tests;
  std::vector<ValidationCase> validation;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    if (view.Length(user) < 3) continue;
    view.end[user] -= 2;
    validation.push_back({.user = user, .position = view.end[user]});
    tests.push_back({.user = user, .position = view.end[user] + 1});
  }
  // The blend is fitted on a sample of validation users, evenly spread.
  std::vector<ValidationCase> fitted_on;
  const std::size_t stride = validation.size() / 6000 + 1;
  for (std::size_t i = 0; i < validation.size(); i += stride) fitted_on.push_back(validation[i]);
  ThreadPool pool(threads, 64);
  const FitContext context{.workers = pool, .on_step = [&](std::string_view step) {
                             fmt::print(stderr, "{:7.1f} s  {}\n", seconds(), step);
                           }};
  const double before = seconds();
  const auto fitted =
      FitModel(view, fitted_on, {.seed = seed, .sequence_operations_max = sequence_operations}, context);
  if (!fitted.ok()) {
    fmt::print(stderr, "{}\n", fitted.status().message());
    return 1;
  }
  fmt::print("fitted in {:.1f} s with {} threads, seed {}\n", seconds() - before, threads + 1, seed);
  const Blend& blend = fitted->parts.blend;
  for (std::size_t f = 0; f < blend.weights.size(); ++f) {
    fmt::print("weight     {:20} {:+.3f} {:+.3f} x log(length / {})\n",
               f < blend.feature_names.size() ? blend.feature_names[f] : fmt::format("repeat {}", f), blend.weights[f],
               blend.by_length[f], blend.typical_length);
  }
  for (const auto& [name, value] : fitted->choices.figures) fmt::print("chosen     {} {:.5g}\n", name, value);
  // What is measured as the blend is the whole model, items that training never met included.
  const auto model = RecommenderModel::FromParts({}, fitted->parts);
  if (std::getenv("ATTUNE_QUALITY_VALIDATION") != nullptr) {
    Print("validation", Measure(*model, fitted->parts, *data, fitted_on, pool));
  }
  const double before_tests = seconds();
  Print("test", Measure(*model, fitted->parts, *data, tests, pool));
  fmt::print("{} tests, {:.2f} ms each on one thread\n", tests.size(),
             (seconds() - before_tests) * 1e3 * static_cast<double>(threads + 1) / static_cast<double>(tests.size()));
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(
        stderr,
        "usage: attune_quality FOLDER [seed=1] [threads=1] [operations of the sequence transformer, 0: without]\n");
    return 2;
  }
  return attune::Run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1,
                     argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1,
                     argc > 4 ? std::strtod(argv[4], nullptr) : attune::kOperationsByRule);
}
