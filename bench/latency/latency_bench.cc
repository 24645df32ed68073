// How long does one recommendation take inside the process? See README.md.
//   attune_latency_bench MODEL-DIR [requests = 2000] [explorationWeight = 0.3]
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/random.h"
#include "model/refine_best.h"
#include "serve/recommender.h"
#include "storage/posix_env.h"
#include "tensor/best_values.h"

namespace attune {
namespace {

constexpr std::size_t kListSize = 25;
constexpr std::size_t kWarmUp = 50;
constexpr std::size_t kDigestUsers = 100;
constexpr std::size_t kRecallUsers = 200;

/// What this thread has computed, in nanoseconds: others that use the same core do not count.
std::int64_t ThreadNanoseconds() {
  timespec now{};
  ATTUNE_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// The median and the 99th percentile.
void PrintTimes(const char* name, std::vector<double> micros) {
  std::ranges::sort(micros);
  fmt::print("{:<34} p50 {:9.1f} µs   p99 {:9.1f} µs\n", name, micros[micros.size() / 2],
             micros[micros.size() * 99 / 100]);
}

/// Prints the same of what `request` takes, in microseconds of this thread.
template <class Request>
void Measure(const char* name, std::size_t requests, const Request& request) {
  std::vector<double> micros;
  for (std::size_t i = 0; i < kWarmUp + requests; ++i) {
    const std::int64_t before = ThreadNanoseconds();
    request(i);
    if (i >= kWarmUp) micros.push_back(static_cast<double>(ThreadNanoseconds() - before) * 1e-3);
  }
  PrintTimes(name, std::move(micros));
}

Result<ModelParts> LoadParts(const std::string& folder) {
  PosixEnv env;
  ATTUNE_TRY(const auto manifest, ReadManifest(env, folder));
  return LoadModel(env, folder, manifest);
}

Query QueryOf(const TrainedHistory& history) {
  return {.items = history.items, .timestamp_ms = history.timestamp_ms, .trained_user = history.user};
}

/// Of the best 25 that floats would find, how many the blend finds when members have rounded, and how many after the
/// best were scored again.
void MeasureRecall(const RecommenderModel& model, std::span<const std::shared_ptr<const Member>> members,
                   std::span<const std::string> users) {
  ScoreScratch scratch = model.MakeScratch();
  std::vector<float> scores(model.trained_item_count());
  std::vector<std::uint32_t> all(scores.size());
  std::iota(all.begin(), all.end(), 0U);
  std::array<std::size_t, 2> found{};
  std::vector<double> micros;
  for (const std::string& user : users) {
    const Query query = QueryOf(model.FindHistory(user));
    std::size_t filled = 0;
    for (std::size_t m = 0; m < members.size(); ++m) {
      const std::size_t count = members[m]->feature_names().size();
      members[m]->Score(query, *scratch.members[m], std::span(scratch.features).subspan(filled, count));
      filled += count;
    }
    model.blend().Apply(query, scratch.features, scores);
    const auto rounded = BestValues(scores, kListSize);
    const std::int64_t before = ThreadNanoseconds();
    RefineBest(model.blend(), members, query, scratch, scores);
    micros.push_back(static_cast<double>(ThreadNanoseconds() - before) * 1e-3);
    const auto refined = BestValues(scores, kListSize);
    for (std::size_t m = 0; m < members.size(); ++m) members[m]->Refine(all, *scratch.members[m]);
    model.blend().Apply(query, scratch.features, scores);
    for (const std::uint32_t item : BestValues(scores, kListSize)) {
      found[0] += static_cast<std::size_t>(std::ranges::count(rounded, item));
      found[1] += static_cast<std::size_t>(std::ranges::count(refined, item));
    }
  }
  const auto of = static_cast<double>(users.size() * kListSize);
  fmt::print("{:<34} {:.4f} rounded, {:.4f} refined\n", "of the 25 that floats find",
             static_cast<double>(found[0]) / of, static_cast<double>(found[1]) / of);
  PrintTimes("scoring the best again", micros);
}

int Run(const std::string& folder, std::size_t requests, double weight) {
  auto loaded = LoadParts(folder);
  if (!loaded.ok()) {
    fmt::print(stderr, "{}\n", loaded.status().message());
    return 1;
  }
  const auto members = loaded->members;
  const auto model = RecommenderModel::FromParts({.recipe = "latency"}, *std::move(loaded));
  std::vector<std::string> users;
  Random random(1);
  for (std::size_t i = 0; i < kWarmUp + requests; ++i)
    users.push_back(std::to_string(1 + random.Below(model->user_count())));
  fmt::print("{} items, {} users\n", model->item_count(), model->user_count());

  // The machine's limit: reading one number for each item and adding it up.
  std::vector<float> scores(model->item_count(), 1);
  double sum = 0;
  Measure("a pass over one float an item", requests, [&](std::size_t) {
    for (const float score : scores) sum += static_cast<double>(score);
  });
  ScoreScratch scratch = model->MakeScratch();
  Measure("every member and the blend", requests,
          [&](std::size_t i) { model->ScoreAll(QueryOf(model->FindHistory(users[i])), scratch, scores); });
  for (const auto& member : members) {
    const auto member_scratch = member->MakeScratch();
    std::vector<Feature> features(member->feature_names().size());
    Measure(fmt::format("  {}", member->name()).c_str(), requests,
            [&](std::size_t i) { member->Score(QueryOf(model->FindHistory(users[i])), *member_scratch, features); });
  }
  MeasureRecall(*model, members, std::span(users).first(std::min<std::size_t>(kRecallUsers, users.size())));
  // One program is right by another where both say the same of every item.
  std::uint64_t digest = 0;
  for (std::size_t i = 0; i < std::min(kDigestUsers, requests); ++i) {
    model->ScoreAll(QueryOf(model->FindHistory(users[i])), scratch, scores);
    digest = Hash64({reinterpret_cast<const char*>(scores.data()), scores.size() * sizeof(float)}, digest);
  }
  fmt::print("{:<34} {:016x}\n", "digest of all scores", digest);
  const Deployment deployment({.uid = "c", .artifact_name = "a", .exploration_weight = weight},
                              std::make_shared<Exploration>(model), std::make_shared<LiveGroup>());
  std::size_t served = 0;
  Measure("Recommend, 25 items", requests, [&](std::size_t i) {
    served += Recommend(deployment, {.user_id = users[i], .result_count = kListSize, .seed = i}).items.size();
  });
  // What is left where the user's scores are kept from the last request, and what the recommendation log adds.
  ScoreCache cache(std::uint64_t{1} << 30);
  SlateCache slates;
  std::vector<std::string> few(users.begin(), users.begin() + std::min<std::ptrdiff_t>(50, std::ssize(users)));
  for (const double each : {0.0, weight}) {
    const Deployment kept({.uid = "c", .artifact_name = "a", .exploration_weight = each},
                          std::make_shared<Exploration>(model), std::make_shared<LiveGroup>());
    Measure(fmt::format("scores kept, weight {}", each).c_str(), requests, [&](std::size_t i) {
      (void)Recommend(kept,
                      {.user_id = few[i % few.size()], .result_count = kListSize, .seed = i, .score_cache = &cache});
    });
    const auto with_line = [&](std::size_t i, SlateCache* slate_cache) {
      const auto list = Recommend(kept, {.user_id = few[i % few.size()],
                                         .result_count = kListSize,
                                         .seed = i,
                                         .tells_drawn_from = true,
                                         .score_cache = &cache,
                                         .slate_cache = slate_cache});
      ServedList shown{.deployment = "c", .model = "a", .user_id = few[i % few.size()], .factors = list.factors};
      for (const RecommendedItem& item : list.items) {
        shown.item_ids.push_back(item.item_id);
        shown.scores.push_back(item.log_probability);
        shown.propensities.push_back(static_cast<float>(item.propensity));
      }
      (void)EncodeLogLine(RecordOf(kept, 0, "RID-0", shown, list), list.slate ? list.slate->drawn_from() : "");
    };
    Measure("  and its log line", requests, [&](std::size_t i) { with_line(i, nullptr); });
    if (each == 0) continue;
    Measure("  and what they are drawn from", requests, [&](std::size_t i) {
      (void)Recommend(kept, {.user_id = few[i % few.size()],
                             .result_count = kListSize,
                             .seed = i,
                             .score_cache = &cache,
                             .slate_cache = &slates});
    });
    Measure("    and its log line", requests, [&](std::size_t i) { with_line(i, &slates); });
  }
  if (sum <= 0 || served != (kWarmUp + requests) * std::min(kListSize, model->item_count())) {
    fmt::print(stderr, "a list was short\n");
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: attune_latency_bench MODEL-DIR [requests=2000] [explorationWeight=0.3]\n");
    return 2;
  }
  return attune::Run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2000,
                     argc > 3 ? std::strtod(argv[3], nullptr) : 0.3);
}
