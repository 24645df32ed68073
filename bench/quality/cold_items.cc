// Items that training never met, ranked from attributes alone. See README.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "base/random.h"
#include "evaluate/ranking_metrics.h"
#include "model/attribute_encoder.h"
#include "model/recommender_model.h"
#include "read_folder.h"
#include "train/folds.h"
#include "train/model_fit.h"

namespace attune {
namespace {

struct ColdAnswer {
  std::uint32_t user;
  std::uint32_t item;
};

/// Takes every event of a random tenth of the items out of `data`; they come back as answers.
std::vector<ColdAnswer> TakeOut(TrainingData& data, std::uint64_t seed, std::vector<std::uint8_t>& cold) {
  cold.assign(data.items.size(), 0);
  for (std::uint32_t item = 0; item < cold.size(); ++item) cold[item] = MixSeed(seed, item) % 10 == 0;
  std::vector<ColdAnswer> answers;
  Interactions kept;
  const Interactions& all = data.interactions;
  kept.user_offsets.push_back(0);
  for (std::uint32_t user = 0; user < data.users.size(); ++user) {
    for (std::uint32_t i = all.user_offsets[user]; i < all.user_offsets[user + 1]; ++i) {
      if (cold[all.item[i]] != 0) {
        answers.push_back({user, all.item[i]});
        continue;
      }
      kept.user.push_back(user);
      kept.item.push_back(all.item[i]);
      kept.timestamp_ms.push_back(all.timestamp_ms[i]);
      kept.event_type.push_back(all.event_type[i]);
      kept.event_value.push_back(all.event_value[i]);
    }
    kept.user_offsets.push_back(static_cast<std::uint32_t>(kept.user.size()));
  }
  kept.event_types = data.interactions.event_types;
  data.interactions = std::move(kept);
  return answers;
}

/// Cosine of the mean attribute vector of the user's items with each item's. [N]
std::vector<float> Cosines(const std::vector<SparseVector>& attributes, std::size_t features,
                           std::span<const std::uint32_t> history) {
  std::vector<double> mean(features);
  for (const std::uint32_t item : history) {
    for (const auto& [feature, value] : attributes[item]) mean[feature] += value;
  }
  std::vector<float> cosines;
  for (const SparseVector& item : attributes) {
    double dot = 0;
    double square = 1e-12;
    for (const auto& [feature, value] : item) {
      dot += mean[feature] * value;
      square += double{value} * double{value};
    }
    cosines.push_back(static_cast<float>(dot / std::sqrt(square)));
  }
  return cosines;
}

int Run(const std::string& folder, std::uint64_t seed, std::size_t threads) {
  auto data = ReadFolder(folder);
  if (!data.ok()) {
    fmt::print(stderr, "{}\n", data.status().message());
    return 1;
  }
  std::vector<std::uint8_t> cold;
  const auto answers = TakeOut(*data, seed, cold);
  std::vector<std::uint8_t> warm(cold.size());
  std::transform(cold.begin(), cold.end(), warm.begin(), [](std::uint8_t flag) { return flag == 0; });
  ThreadPool pool(threads, 64);
  const FitContext context{.workers = pool, .on_step = {}};
  const Fold fold = HoldOutNewest(WholeView(*data), seed);
  const auto fitted = FitModel(fold.view, fold.cases, {.seed = seed, .sequence_operations_max = 0}, context);
  const auto parts = RefitModel(WholeView(*data), fitted.value().choices, {.seed = seed}, context);
  const auto model = RecommenderModel::FromParts({}, parts.value());
  const AttributeEncoder encoder = AttributeEncoder::Fit(data->item_attributes, data->items.size());
  std::vector<SparseVector> attributes;
  for (std::size_t item = 0; item < data->items.size(); ++item) {
    attributes.push_back(encoder.EncodeRow(data->item_attributes, item));
  }
  ScoreScratch scratch = model->MakeScratch();
  std::vector<float> scores(model->item_count());
  std::vector<double> ours;
  std::vector<double> cosine;
  std::vector<double> among_all;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i == 0 || answers[i].user != answers[i - 1].user) {
      const auto history = data->interactions.Items(answers[i].user);
      model->ScoreAll({.items = history, .trained_user = answers[i].user}, scratch, scores);
      const auto baseline = Cosines(attributes, encoder.feature_count(), history);
      for (std::size_t j = i; j < answers.size() && answers[j].user == answers[i].user; ++j) {
        ours.push_back(HitAtRank(ExpectedRank(scores, answers[j].item, warm), 10));
        cosine.push_back(HitAtRank(ExpectedRank(baseline, answers[j].item, warm), 10));
        among_all.push_back(HitAtRank(ExpectedRank(scores, answers[j].item, {}), 10));
      }
    }
  }
  const auto mean = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) /
           static_cast<double>(std::max<std::size_t>(1, values.size()));
  };
  fmt::print("{} cold items, {} answers, seed {}\n", std::count(cold.begin(), cold.end(), 1), answers.size(), seed);
  fmt::print("HR@10 among cold items: {:.4f}; cosine {:.4f}; ratio {:.2f}; among all items {:.4f}\n", mean(ours),
             mean(cosine), mean(ours) / mean(cosine), mean(among_all));
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: attune_cold_items FOLDER [seed=1] [threads=1]\n");
    return 2;
  }
  return attune::Run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1,
                     argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
}
