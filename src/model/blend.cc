#include "model/blend.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "model/snapshot_text.h"

namespace attune {
namespace {

constexpr std::size_t kBlockItems = 4096;

}  // namespace

std::vector<RepeatedItem> RepeatedItems(std::span<const std::uint32_t> history, std::size_t item_count) {
  std::vector<RepeatedItem> repeated;
  std::unordered_map<std::uint32_t, std::size_t> place;
  std::vector<int> times;
  for (std::size_t age = 1; age <= history.size(); ++age) {
    const std::uint32_t item = history[history.size() - age];
    if (item >= item_count) continue;
    const auto [known, is_new] = place.emplace(item, repeated.size());
    if (is_new) {
      repeated.push_back({item, {1, std::log(static_cast<float>(age)), 0}});
      times.push_back(1);
    } else {
      ++times[known->second];
    }
  }
  for (std::size_t i = 0; i < repeated.size(); ++i) repeated[i].values[2] = std::log(static_cast<float>(times[i]));
  return repeated;
}

float Blend::LengthFactor(std::size_t length) const {
  const double ratio = static_cast<double>(std::max<std::size_t>(1, length)) / typical_length;
  return static_cast<float>(std::clamp(std::log(ratio), -3.0, 3.0));
}

void Blend::Apply(const Query& query, std::span<const Feature> features, std::span<float> scores) const {
  ATTUNE_CHECK(features.size() == feature_names.size());
  std::vector<std::pair<float, const Feature*>> dense;
  std::vector<std::pair<float, const Feature*>> sparse;
  float rest = 0;
  for (std::size_t f = 0; f < features.size(); ++f) {
    const float weight = Weight(f, query.items.size());
    if (weight == 0) continue;
    (features[f].is_dense() ? dense : sparse).emplace_back(weight, &features[f]);
    if (!features[f].is_dense()) rest += weight * features[f].rest;
  }
  // All features of one block after the other: its sums stay in the nearest cache.
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlockItems) {
    const auto block = scores.subspan(begin, std::min(kBlockItems, scores.size() - begin));
    std::ranges::fill(block, rest);
    for (const auto& [weight, feature] : dense) {
      const float* values = feature->dense.data() + begin;
      for (std::size_t i = 0; i < block.size(); ++i) block[i] += weight * values[i];
    }
  }
  for (const auto& [weight, feature] : sparse) {
    for (std::size_t i = 0; i < feature->items.size(); ++i) {
      scores[feature->items[i]] += weight * (feature->values[i] - feature->rest);
    }
  }
  for (const RepeatedItem& repeated : RepeatedItems(query.items, scores.size())) {
    scores[repeated.item] += RepeatScore(repeated, query.items.size());
  }
}

float Blend::RepeatScore(const RepeatedItem& repeated, std::size_t length) const {
  const float factor = LengthFactor(length);
  float score = 0;
  for (std::size_t r = 0; r < kRepeatFeatures; ++r) {
    const std::size_t f = feature_names.size() + r;
    score += (weights[f] + by_length[f] * factor) * repeated.values[r];
  }
  return score;
}

Status Blend::Save(SnapshotFileWriter& file) const {
  ATTUNE_RETURN_IF_ERROR(WriteTexts(file, "feature_names", feature_names));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("weights", weights));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("by_length", by_length));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("empty_weights", empty_weights));
  return file.WriteArray("typical_length", std::span(&typical_length, 1));
}

Result<Blend> Blend::Load(const SnapshotFile& file) {
  Blend blend;
  ATTUNE_TRY(blend.feature_names, ReadTexts(file, "feature_names"));
  ATTUNE_TRY(const auto weights, file.Array<float>("weights"));
  ATTUNE_TRY(const auto by_length, file.Array<float>("by_length"));
  ATTUNE_TRY(const auto empty_weights, file.Array<float>("empty_weights"));
  ATTUNE_TRY(const auto typical_length, file.Array<double>("typical_length"));
  const std::size_t feature_count = blend.feature_names.size();
  if (weights.size() != feature_count + kRepeatFeatures || by_length.size() != weights.size() ||
      empty_weights.size() != feature_count || typical_length.size() != 1) {
    return Corrupt("a blend whose weights do not fit its features");
  }
  blend.weights.assign(weights.begin(), weights.end());
  blend.by_length.assign(by_length.begin(), by_length.end());
  blend.empty_weights.assign(empty_weights.begin(), empty_weights.end());
  blend.typical_length = typical_length[0];
  return blend;
}

}  // namespace attune
