// What the sequence transformer gains from lists that were shown, on a sample of the MIND news data. See README.md.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/thread_pool.h"
#include "evaluate/ranking_metrics.h"
#include "train/folds.h"
#include "train/impression_trial.h"
#include "train/sequence_plan.h"
#include "train/sequence_trainer.h"

namespace attune {
namespace {

constexpr std::size_t kHistoryMax = 200;

/// One line of behaviors.tsv: what a user had read, and what of a list they clicked then.
struct Showing {
  std::int64_t time_ms = 0;
  std::string user;
  std::vector<std::uint32_t> history;
  std::vector<std::uint32_t> shown;
  std::vector<std::uint32_t> clicked;
};

/// "11/12/2019 2:14:46 PM" as milliseconds since the first of the year's January, months taken as 31 days.
std::int64_t TimeOf(const std::string& text) {
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::istringstream in(text);
  char mark = 0;
  int year = 0;
  std::string half;
  in >> month >> mark >> day >> mark >> year >> hour >> mark >> minute >> mark >> second >> half;
  hour = hour % 12 + (half == "PM" ? 12 : 0);
  return ((((month * 31LL + day) * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

std::vector<Showing> ReadShowings(const std::string& path, Vocabulary& items) {
  std::vector<Showing> showings;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return showings;
  std::string line(1 << 20, '\0');
  while (gzgets(file, line.data(), static_cast<int>(line.size())) != nullptr) {
    std::istringstream in(line.c_str());
    std::string number, user, time, history, shown, name;
    std::getline(in, number, '\t');
    std::getline(in, user, '\t');
    std::getline(in, time, '\t');
    std::getline(in, history, '\t');
    std::getline(in, shown, '\t');
    Showing showing{.time_ms = TimeOf(time), .user = user, .history = {}, .shown = {}, .clicked = {}};
    for (std::istringstream names(history); names >> name;) showing.history.push_back(items.Add(name));
    for (std::istringstream names(shown); names >> name;) {
      const std::uint32_t item = items.Add(name.substr(0, name.size() - 2));
      showing.shown.push_back(item);
      if (name.back() == '1') showing.clicked.push_back(item);
    }
    showings.push_back(std::move(showing));
  }
  gzclose(file);
  std::ranges::stable_sort(showings, {}, &Showing::time_ms);
  return showings;
}

/// Histories and clicks of `showings`, each click with its list. Users stand in the order of `users`.
TrainingData DataOf(std::span<const Showing> showings, const Vocabulary& items, Vocabulary& users) {
  TrainingData data;
  for (std::uint32_t item = 0; item < items.size(); ++item) data.items.Add(items.id(item));
  for (const Showing& showing : showings) users.Add(showing.user);
  std::vector<std::vector<const Showing*>> by_user(users.size());
  for (const Showing& showing : showings) by_user[*users.Find(showing.user)].push_back(&showing);
  Interactions& all = data.interactions;
  all.user_offsets.push_back(0);
  all.impression_offsets.push_back(0);
  const auto add = [&](std::uint32_t user, std::uint32_t item, std::int64_t time,
                       std::span<const std::uint32_t> shown) {
    all.user.push_back(user);
    all.item.push_back(item);
    all.timestamp_ms.push_back(time);
    all.event_type.push_back(kNoIndex);
    all.event_value.push_back(kMissing);
    all.impressions.insert(all.impressions.end(), shown.begin(), shown.end());
    all.impression_offsets.push_back(static_cast<std::uint32_t>(all.impressions.size()));
  };
  for (std::uint32_t user = 0; user < by_user.size(); ++user) {
    data.users.Add(users.id(user));
    const Showing& first = *by_user[user].front();
    // When the history was read is not told: a minute apart, before the first list.
    auto time = first.time_ms - 60'000 * static_cast<std::int64_t>(first.history.size());
    for (const std::uint32_t item : first.history) add(user, item, time += 60'000, {});
    for (const Showing* showing : by_user[user]) {
      for (const std::uint32_t item : showing->clicked) add(user, item, showing->time_ms, showing->shown);
    }
    all.user_offsets.push_back(static_cast<std::uint32_t>(all.size()));
  }
  data.newest_interaction_ms = showings.back().time_ms;
  data.item_created_ms.assign(data.items.size(), 0);
  return data;
}

struct Figures {
  std::vector<double> auc, reciprocal, ndcg5, ndcg10, next;
};

/// The metrics of MIND for one list, with ties at half.
void AddList(std::span<const float> scores, const Showing& showing, Figures& figures) {
  std::vector<std::uint32_t> order = showing.shown;
  std::ranges::stable_sort(order, std::greater<>(), [&](std::uint32_t item) { return scores[item]; });
  const std::set<std::uint32_t> clicked(showing.clicked.begin(), showing.clicked.end());
  double pairs = 0;
  double right = 0;
  double reciprocal = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!clicked.contains(order[i])) continue;
    reciprocal += 1 / static_cast<double>(i + 1);
    for (const std::uint32_t other : order) {
      if (clicked.contains(other)) continue;
      ++pairs;
      right += scores[order[i]] > scores[other] ? 1 : scores[order[i]] == scores[other] ? 0.5 : 0;
    }
  }
  if (pairs == 0) return;
  figures.auc.push_back(right / pairs);
  figures.reciprocal.push_back(reciprocal / static_cast<double>(clicked.size()));
  figures.ndcg5.push_back(Ndcg(order, clicked, 5));
  figures.ndcg10.push_back(Ndcg(order, clicked, 10));
  for (const std::uint32_t item : clicked) figures.next.push_back(NdcgAtRank(ExpectedRank(scores, item, {}), 10));
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(1, values.size()));
}

void Print(std::string_view name, const Figures& figures) {
  fmt::print("{:12} within lists: AUC {:.4f} MRR {:.4f} NDCG@5 {:.4f} NDCG@10 {:.4f}; among all: NDCG@10 {:.4f}\n",
             name, Mean(figures.auc), Mean(figures.reciprocal), Mean(figures.ndcg5), Mean(figures.ndcg10),
             Mean(figures.next));
}

/// What each of `later` read before its list: its own history and what the same user clicked in `earlier`.
Figures Ask(const SequenceTransformer& model, std::span<const Showing> earlier, std::span<const Showing> later) {
  std::map<std::string, std::vector<std::uint32_t>> clicks;
  for (const Showing& showing : earlier) {
    auto& own = clicks[showing.user];
    own.insert(own.end(), showing.clicked.begin(), showing.clicked.end());
  }
  const auto scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  Figures figures;
  for (const Showing& showing : later) {
    auto history = showing.history;
    if (const auto own = clicks.find(showing.user); own != clicks.end()) {
      history.insert(history.end(), own->second.begin(), own->second.end());
    }
    if (history.empty()) continue;
    const std::vector<std::int64_t> times(history.size(), showing.time_ms);
    const auto newest = std::min(history.size(), kHistoryMax);
    const Query query{.items = std::span(history).last(newest), .timestamp_ms = std::span(times).last(newest)};
    model.ScoreDense(query, *scratch, scores);
    AddList(scores, showing, figures);
  }
  return figures;
}

/// How often each was clicked of those shown, with a prior of one in twenty: what lists tell without a model.
std::vector<float> ClickRates(std::span<const Showing> earlier, std::size_t item_count) {
  std::vector<float> shown(item_count, 20);
  std::vector<float> clicked(item_count, 1);
  for (const Showing& showing : earlier) {
    for (const std::uint32_t item : showing.shown) ++shown[item];
    for (const std::uint32_t item : showing.clicked) ++clicked[item];
  }
  for (std::size_t item = 0; item < item_count; ++item) clicked[item] /= shown[item];
  return clicked;
}

int Run(const std::string& folder, std::uint64_t seed, std::size_t threads, double operations) {
  Vocabulary items;
  const auto showings = ReadShowings(folder + "/behaviors.tsv.gz", items);
  if (showings.empty()) {
    fmt::print(stderr, "{}/behaviors.tsv.gz holds nothing to read\n", folder);
    return 1;
  }
  const auto earlier = std::span(showings).first(showings.size() * 4 / 5);
  const auto later = std::span(showings).subspan(earlier.size());
  Vocabulary users;
  const TrainingData with = DataOf(earlier, items, users);
  TrainingData without = with;
  without.interactions.impressions.clear();
  without.interactions.impression_offsets.clear();
  fmt::print("{} users, {} items, {} events; {} lists before, {} after\n", with.users.size(), items.size(),
             with.interactions.size(), earlier.size(), later.size());
  Figures rates;
  const auto click_rates = ClickRates(earlier, items.size());
  for (const Showing& showing : later) AddList(click_rates, showing, rates);
  Print("click rates", rates);
  ThreadPool pool(threads, 64);
  for (const TrainingData* data : {static_cast<const TrainingData*>(&without), &with}) {
    const Fold fold = HoldOutNewest(WholeView(*data), seed);
    const auto plan = PlanSequence(fold.view, {.seed = seed, .history_max = kHistoryMax, .operations_max = operations});
    if (!plan) {
      fmt::print(stderr, "{} operations are too few\n", operations);
      return 1;
    }
    const auto fit = FitSequence(fold.view, fold.cases, plan->shape, plan->options, pool, {});
    const SequenceTransformer model(fit->shape, fit->served, fit->events);
    Print(data == &with ? "with lists" : "without", Ask(model, earlier, later));
    fmt::print("{:12} {} epochs, NDCG@10 on validation {:.4f}\n", "", fit->epochs, fit->validation_ndcg);
    if (data != &with) continue;
    const int trial = TrialEpochs(CostOfEpoch(fold.view, plan->shape, plan->options.steps).steps, plan->options);
    const auto kept = FitSequenceUnharmed(fold.view, fold.cases, *plan, pool, {});
    fmt::print("after {} epochs of at most {} each the fit {} lists is kept\n", trial, plan->options.epochs_max,
               kept->steps.impression_weight > 0 ? "with" : "without");
  }
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: attune_shown_lists FOLDER [seed=1] [threads=1] [operations=-1]\n");
    return 2;
  }
  return attune::Run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1,
                     argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1,
                     argc > 4 ? std::strtod(argv[4], nullptr) : attune::kOperationsByRule);
}
