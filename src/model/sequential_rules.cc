#include "model/sequential_rules.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/sparse_scores.h"

namespace attune {
namespace {

constexpr std::array<std::string_view, 1> kNames = {"rules"};
// How strongly the item's own and its follower's frequency are divided out.
constexpr double kSourcePower = 0.85;
constexpr double kFollowerPower = 0.15;
// Items per task: large enough that handing out costs nothing, small enough to share evenly.
constexpr std::size_t kItemsPerTask = 64;

struct Scratch final : MemberScratch {
  explicit Scratch(std::size_t item_count) : scores(item_count) {}
  SparseScores scores;
};

struct Follower {
  std::uint32_t item;
  float weight;
};

std::vector<Follower> FollowersOf(const SequenceIndex& index, std::uint32_t item, SparseScores& sums) {
  sums.Clear();
  for (const std::uint32_t position : index.Occurrences(item)) {
    for (std::size_t gap = 1; gap <= SequentialRules::kWindow; ++gap) {
      const std::uint32_t next = index.items[position + gap];
      if (next == index.gap()) break;
      sums.Add(next, 1 / static_cast<float>(gap));
    }
  }
  double total = 0;
  for (const std::uint32_t next : sums.touched()) total += sums[next];
  const double source_scale = std::pow(std::max(total, 1.0), -kSourcePower);
  std::vector<Follower> followers;
  followers.reserve(sums.touched().size());
  for (const std::uint32_t next : sums.touched()) {
    const double frequency = std::max<double>(1, static_cast<double>(index.Occurrences(next).size()));
    followers.push_back({next, static_cast<float>(sums[next] * source_scale * std::pow(frequency, -kFollowerPower))});
  }
  std::sort(followers.begin(), followers.end(), [](const Follower& a, const Follower& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.item < b.item;
  });
  if (followers.size() > SequentialRules::kFollowersMax) followers.resize(SequentialRules::kFollowersMax);
  return followers;
}

}  // namespace

std::unique_ptr<SequentialRules> SequentialRules::Fit(const SequenceIndex& index, const Workers& workers) {
  std::vector<std::vector<Follower>> lists(index.item_count);
  const std::size_t task_count = (index.item_count + kItemsPerTask - 1) / kItemsPerTask;
  workers.ParallelFor(task_count, [&](std::size_t task) {
    SparseScores sums(index.item_count);
    const std::size_t end = std::min<std::size_t>(index.item_count, (task + 1) * kItemsPerTask);
    for (std::size_t item = task * kItemsPerTask; item < end; ++item) {
      lists[item] = FollowersOf(index, static_cast<std::uint32_t>(item), sums);
    }
  });
  auto rules = std::unique_ptr<SequentialRules>(new SequentialRules());
  rules->offsets_.push_back(0);
  for (const auto& list : lists) {
    for (const Follower& follower : list) {
      rules->followers_.push_back(follower.item);
      rules->weights_.push_back(follower.weight);
    }
    rules->offsets_.push_back(static_cast<std::uint32_t>(rules->followers_.size()));
  }
  return rules;
}

Result<std::unique_ptr<Member>> SequentialRules::Load(const SnapshotFile& file) {
  ATTUNE_TRY(const auto offsets, file.Array<std::uint32_t>("offsets"));
  ATTUNE_TRY(const auto followers, file.Array<std::uint32_t>("followers"));
  ATTUNE_TRY(const auto weights, file.Array<float>("weights"));
  const bool sound =
      !offsets.empty() && std::is_sorted(offsets.begin(), offsets.end()) && offsets.back() == followers.size() &&
      followers.size() == weights.size() &&
      std::all_of(followers.begin(), followers.end(), [&](std::uint32_t item) { return item < offsets.size() - 1; });
  if (!sound) return Corrupt("rules point outside themselves");
  auto rules = std::unique_ptr<SequentialRules>(new SequentialRules());
  rules->offsets_.assign(offsets.begin(), offsets.end());
  rules->followers_.assign(followers.begin(), followers.end());
  rules->weights_.assign(weights.begin(), weights.end());
  return std::unique_ptr<Member>(std::move(rules));
}

std::span<const std::string_view> SequentialRules::feature_names() const { return kNames; }

std::unique_ptr<MemberScratch> SequentialRules::MakeScratch() const {
  return std::make_unique<Scratch>(offsets_.size() - 1);
}

void SequentialRules::Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const {
  SparseScores& scores = static_cast<Scratch&>(scratch).scores;
  scores.Clear();
  const std::size_t read = std::min(query.items.size(), kEventsRead);
  float loudness = 1;
  for (std::size_t age = 1; age <= read; ++age, loudness *= kDecay) {
    const std::uint32_t item = query.items[query.items.size() - age];
    if (item >= offsets_.size() - 1) continue;
    for (std::uint32_t i = offsets_[item]; i < offsets_[item + 1]; ++i) {
      scores.Add(followers_[i], weights_[i] * loudness);
    }
  }
  features[0] = scores.LogShares();
}

Status SequentialRules::Save(SnapshotFileWriter& file) const {
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("offsets", offsets_));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("followers", followers_));
  return file.WriteArray<float>("weights", weights_);
}

}  // namespace attune
