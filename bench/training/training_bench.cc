// How fast the sequence transformer trains, and how well it then ranks alone. See README.md.
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <string>

#include "base/clock.h"
#include "evaluate/ranking_metrics.h"
#include "model/recommender_model.h"
#include "read_folder.h"
#include "tensor/cpu.h"
#include "train/sequence_trainer.h"

namespace attune {
namespace {

/// name=value arguments.
class Settings {
 public:
  Settings(int argc, char** argv) {
    for (int i = 2; i < argc; ++i) {
      const std::string text = argv[i];
      const auto at = text.find('=');
      if (at != std::string::npos) values_[text.substr(0, at)] = text.substr(at + 1);
    }
  }
  double Number(const std::string& name, double otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::strtod(found->second.c_str(), nullptr);
  }
  std::size_t Count(const std::string& name, std::size_t otherwise) const {
    return static_cast<std::size_t>(Number(name, static_cast<double>(otherwise)));
  }

 private:
  std::map<std::string, std::string> values_;
};

void PrintTest(const TrainingData& data, const std::vector<ValidationCase>& tests, const SequenceFit& fit) {
  const SequenceTransformer model(fit.shape, fit.served, fit.events);
  const auto scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  std::vector<std::uint8_t> excluded(model.item_count());
  double ndcg = 0;
  double hits = 0;
  for (const ValidationCase& test : tests) {
    const CaseQuery asked(data, test, fit.shape.block.length_max);
    model.ScoreDense(asked.query(), *scratch, scores);
    const std::uint32_t first = data.interactions.user_offsets[test.user];
    const auto history = std::span(data.interactions.item).subspan(first, test.position - first);
    for (const std::uint32_t item : history) excluded[item] = 1;
    const std::uint32_t answer = data.interactions.item[test.position];
    const double rank = excluded[answer] != 0 ? 1e9 : ExpectedRank(scores, answer, excluded);
    for (const std::uint32_t item : history) excluded[item] = 0;
    ndcg += NdcgAtRank(rank, 10);
    hits += HitAtRank(rank, 10);
  }
  const auto count = static_cast<double>(tests.size());
  fmt::print("test: NDCG@10 {:.4f}, HR@10 {:.4f}, epoch {}\n", ndcg / count, hits / count, fit.epochs);
}

int Run(const std::string& folder, const Settings& settings) {
  auto data = ReadFolder(folder);
  if (!data.ok()) {
    fmt::print(stderr, "{}\n", data.status().message());
    return 1;
  }
  TrainingView view = WholeView(*data);
  std::vector<ValidationCase> tests;
  std::vector<ValidationCase> validation;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    if (view.Length(user) < 3) continue;
    view.end[user] -= 2;
    validation.push_back({.user = user, .position = view.end[user]});
    tests.push_back({.user = user, .position = view.end[user] + 1});
  }
  const std::size_t width = settings.Count("width", 64);
  const SequenceShape shape{
      .item_count = view.item_count(),
      .block_count = settings.Count("blocks", 2),
      .block = {
          .width = width, .hidden = settings.Count("hidden", 2 * width), .length_max = 200, .rounds_products = true}};
  const SequenceOptions options{.steps = {.seed = settings.Count("seed", 1),
                                          .negatives = settings.Count("negatives", 0),
                                          .users_per_step_max = settings.Count("users", 128),
                                          .rate = static_cast<float>(settings.Number("rate", 1e-3)),
                                          .dropout = static_cast<float>(settings.Number("dropout", 0.2)),
                                          .average = static_cast<float>(settings.Number("average", 0.99))},
                                .epochs_max = static_cast<int>(settings.Count("epochs", 60)),
                                .epochs_between_checks = static_cast<int>(settings.Count("every", 3))};
  const std::size_t threads = settings.Count("threads", 2);
  ThreadPool pool(std::max<std::size_t>(1, threads - 1), 64);
  SystemClock clock;
  const auto now = [&] { return static_cast<double>(clock.MonotonicNanoseconds()) * 1e-9; };
  fmt::print("{:.3g} operations an epoch, {} threads\n", CostOfEpoch(view, shape, options.steps).operations, threads);
  double before = now();
  const double start = before;
  const auto fit = FitSequence(view, validation, shape, options, pool, [&](const SequenceProgress& progress) {
    const double seconds = now() - before;
    fmt::print("epoch {:3} loss {:.4f} validation {:.4f}  {:6.1f} s  {:.0f} tokens/s\n", progress.epoch, progress.loss,
               progress.validation_ndcg, now() - start, static_cast<double>(progress.tokens) / seconds);
    std::fflush(stdout);
    before = now();
  });
  if (!fit.ok()) {
    fmt::print(stderr, "{}\n", fit.status().message());
    return 1;
  }
  PrintTest(*data, tests, *fit);
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: attune_training_bench FOLDER [name=value]...\n");
    return 2;
  }
  if (const char* level = std::getenv("ATTUNE_CPU"); level != nullptr) {
    if (const auto status = attune::CapCpu(level); !status.ok()) {
      fmt::print(stderr, "{}\n", status.message());
      return 2;
    }
  }
  return attune::Run(argv[1], attune::Settings(argc, argv));
}
