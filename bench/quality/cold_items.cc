// Items that training never met, ranked from attributes alone. See README.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
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
  std::uint32_t before;  ///< How many of the user's kept events come before it.
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
        answers.push_back({user, all.item[i], static_cast<std::uint32_t>(kept.user.size()) - kept.user_offsets[user]});
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

/// Hits among the first ten, answer by answer.
struct Hits {
  std::vector<double> ours;
  std::vector<double> cosine;
  std::vector<double> among_all;
};

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(1, values.size()));
}

/// Asks the model and the cosine about the same histories.
class Asker {
 public:
  Asker(const TrainingData& data, const RecommenderModel& model, std::span<const std::uint8_t> cold)
      : model_(model),
        encoder_(AttributeEncoder::Fit(data.item_attributes, data.items.size())),
        scratch_(model.MakeScratch()),
        scores_(model.item_count()) {
    for (std::size_t item = 0; item < cold.size(); ++item) {
      warm_.push_back(cold[item] == 0);
      attributes_.push_back(encoder_.EncodeRow(data.item_attributes, item));
    }
  }

  void Ask(std::uint32_t user, std::span<const std::uint32_t> history, std::span<const ColdAnswer> answers,
           Hits& hits) {
    model_.ScoreAll({.items = history, .trained_user = user}, scratch_, scores_);
    const auto cosines = Cosines(attributes_, encoder_.feature_count(), history);
    for (const ColdAnswer& answer : answers) {
      hits.ours.push_back(HitAtRank(ExpectedRank(scores_, answer.item, warm_), 10));
      hits.cosine.push_back(HitAtRank(ExpectedRank(cosines, answer.item, warm_), 10));
      hits.among_all.push_back(HitAtRank(ExpectedRank(scores_, answer.item, {}), 10));
    }
  }

 private:
  const RecommenderModel& model_;
  const AttributeEncoder encoder_;
  ScoreScratch scratch_;
  std::vector<float> scores_;
  std::vector<SparseVector> attributes_;
  std::vector<std::uint8_t> warm_;
};

/// Every answer by all that its user ever took, and one answer a user by what they had taken before it.
void AskAll(const Interactions& interactions, std::span<const ColdAnswer> answers, std::uint64_t seed, Asker& asker,
            Hits& whole, Hits& next) {
  for (std::size_t first = 0; first < answers.size();) {
    const std::uint32_t user = answers[first].user;
    std::size_t end = first;
    while (end < answers.size() && answers[end].user == user) ++end;
    const auto mine = answers.subspan(first, end - first);
    const auto history = interactions.Items(user);
    asker.Ask(user, history, mine, whole);
    const auto drawn = mine.subspan(MixSeed(seed, user) % mine.size(), 1);
    if (drawn[0].before > 0) asker.Ask(user, history.first(drawn[0].before), drawn, next);
    first = end;
  }
}

int Run(const std::string& folder, std::uint64_t seed, std::size_t threads) {
  auto data = ReadFolder(folder);
  if (!data.ok()) {
    fmt::print(stderr, "{}\n", data.status().message());
    return 1;
  }
  std::vector<std::uint8_t> cold;
  const auto answers = TakeOut(*data, seed, cold);
  ThreadPool pool(threads, 64);
  const FitContext context{.workers = pool, .on_step = {}};
  const Fold fold = HoldOutNewest(WholeView(*data), seed);
  const auto fitted = FitModel(fold.view, fold.cases, {.seed = seed, .sequence_operations_max = 0}, context);
  const auto parts = RefitModel(WholeView(*data), fitted.value().choices, {.seed = seed}, context);
  const auto model = RecommenderModel::FromParts({}, parts.value());
  Asker asker(*data, *model, cold);
  Hits whole;
  Hits next;
  AskAll(data->interactions, answers, seed, asker, whole, next);
  fmt::print("{} cold items, {} answers, seed {}\n", std::count(cold.begin(), cold.end(), 1), answers.size(), seed);
  for (const auto& [name, hits] :
       {std::pair<std::string_view, const Hits&>("whole history", whole), {"history before it", next}}) {
    fmt::print("by the {}: HR@10 among cold items {:.4f}; cosine {:.4f}; ratio {:.2f}; among all items {:.4f}\n", name,
               Mean(hits.ours), Mean(hits.cosine), Mean(hits.ours) / Mean(hits.cosine), Mean(hits.among_all));
  }
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
