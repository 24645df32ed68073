#include "model/popularity.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace attune {
namespace {

constexpr std::array<std::string_view, 2> kNames = {"popularity", "recent_popularity"};

void AppendLogShares(const std::vector<double>& weights, std::vector<float>& features) {
  double total = 0;
  for (const double weight : weights) total += weight + Popularity::kPriorEvents;
  for (const double weight : weights) {
    features.push_back(static_cast<float>(std::log((weight + Popularity::kPriorEvents) / total)));
  }
}

}  // namespace

std::unique_ptr<Popularity> Popularity::Fit(const TrainingView& view, std::int64_t half_life_ms) {
  std::vector<std::uint32_t> items;
  std::vector<std::int64_t> times;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    items.insert(items.end(), view.Items(user).begin(), view.Items(user).end());
    times.insert(times.end(), view.Times(user).begin(), view.Times(user).end());
  }
  return Fit(view.item_count(), items, times, half_life_ms);
}

std::unique_ptr<Popularity> Popularity::Fit(std::size_t item_count, std::span<const std::uint32_t> items,
                                            std::span<const std::int64_t> timestamp_ms, std::int64_t half_life_ms) {
  std::vector<double> counts(item_count);
  std::vector<double> recent(item_count);
  std::int64_t newest = 0;
  for (const std::int64_t time : timestamp_ms) newest = std::max(newest, time);
  for (std::size_t i = 0; i < items.size(); ++i) {
    counts[items[i]] += 1;
    if (half_life_ms > 0) {
      recent[items[i]] += std::exp2(-static_cast<double>(newest - timestamp_ms[i]) / static_cast<double>(half_life_ms));
    }
  }
  std::vector<float> features;
  AppendLogShares(counts, features);
  if (half_life_ms > 0) AppendLogShares(recent, features);
  return std::unique_ptr<Popularity>(new Popularity(item_count, std::move(features)));
}

Result<std::unique_ptr<Member>> Popularity::Load(const SnapshotFile& file) {
  ATTUNE_TRY(const auto item_count, file.Array<std::uint64_t>("item_count"));
  ATTUNE_TRY(const auto features, file.Array<float>("features"));
  if (item_count.size() != 1 || item_count[0] == 0 || features.size() % item_count[0] != 0 ||
      features.size() / item_count[0] > kNames.size() || features.empty()) {
    return Corrupt("popularity has features of the wrong length");
  }
  return std::unique_ptr<Member>(
      new Popularity(static_cast<std::size_t>(item_count[0]), {features.begin(), features.end()}));
}

std::span<const std::string_view> Popularity::feature_names() const {
  return std::span(kNames).first(features_.size() / item_count_);
}

void Popularity::Score(const Query&, MemberScratch&, std::span<Feature> features) const {
  for (std::size_t f = 0; f < features.size(); ++f) {
    features[f] = {.dense = std::span(features_).subspan(f * item_count_, item_count_)};
  }
}

Status Popularity::Save(SnapshotFileWriter& file) const {
  const std::uint64_t item_count = item_count_;
  ATTUNE_RETURN_IF_ERROR(file.WriteArray("item_count", std::span(&item_count, 1)));
  return file.WriteArray<float>("features", features_);
}

}  // namespace attune
