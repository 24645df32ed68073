#include "model/linear.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "model/sparse_scores.h"
#include "tensor/matmul.h"

namespace attune {
namespace {

constexpr std::array<std::string_view, 1> kNames = {"linear"};
constexpr std::size_t kRowsPerTask = 64;

struct Scratch final : MemberScratch {
  explicit Scratch(std::size_t item_count) : sums(item_count) {}
  std::vector<float> sums;
  std::vector<std::uint32_t> items;  ///< Those with a sum above 0.
  std::vector<float> values;
};

/// The most frequent items; ties: the earlier.
std::vector<std::uint32_t> ChooseItems(const TrainingView& view) {
  const auto counts = ItemCounts(view);
  std::vector<std::uint32_t> items;
  for (std::uint32_t item = 0; item < counts.size(); ++item) {
    if (counts[item] > 0) items.push_back(item);
  }
  std::stable_sort(items.begin(), items.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
  items.resize(std::min(items.size(), LinearModel::kItemsMax));
  return items;
}

/// How many users have both items, [n, n]; `place` is the row of an item or kNoIndex.
std::vector<float> CountPairs(const TrainingView& view, std::span<const std::uint32_t> place, std::size_t n,
                              const Workers& workers) {
  std::vector<std::vector<std::uint32_t>> histories;
  std::vector<std::vector<std::uint32_t>> users_of(n);
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    std::vector<std::uint32_t> rows;
    for (const std::uint32_t item : view.Items(user)) {
      if (place[item] != kNoIndex) rows.push_back(place[item]);
    }
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    for (const std::uint32_t row : rows) users_of[row].push_back(static_cast<std::uint32_t>(histories.size()));
    histories.push_back(std::move(rows));
  }
  std::vector<float> pairs(n * n);
  workers.ParallelFor((n + kRowsPerTask - 1) / kRowsPerTask, [&](std::size_t task) {
    for (std::size_t row = task * kRowsPerTask; row < std::min(n, (task + 1) * kRowsPerTask); ++row) {
      float* out = pairs.data() + row * n;
      for (const std::uint32_t user : users_of[row]) {
        for (const std::uint32_t other : histories[user]) out[other] += 1;
      }
    }
  });
  return pairs;
}

}  // namespace

std::unique_ptr<LinearModel> LinearModel::Fit(const TrainingView& view, const Workers& workers) {
  const auto chosen = ChooseItems(view);
  const std::size_t n = chosen.size();
  std::vector<std::uint32_t> place(view.item_count(), kNoIndex);
  for (std::uint32_t row = 0; row < n; ++row) place[chosen[row]] = row;
  std::vector<float> matrix = CountPairs(view, place, n, workers);
  double diagonal = 0;
  for (std::size_t row = 0; row < n; ++row) diagonal += matrix[row * n + row];
  const double ridge = std::max(kRidgeMin, kRidgePerUser * diagonal / static_cast<double>(std::max<std::size_t>(1, n)));
  for (std::size_t row = 0; row < n; ++row) matrix[row * n + row] += static_cast<float>(ridge);
  // A Gram matrix plus a positive diagonal is positive definite.
  ATTUNE_CHECK(InvertPositiveDefinite(matrix, n, workers).ok() || workers.cancelled());

  std::vector<float> scale(n);
  for (std::size_t row = 0; row < n; ++row) scale[row] = -1 / matrix[row * n + row];
  std::vector<std::vector<std::pair<std::uint32_t, float>>> rows(n);
  workers.ParallelFor((n + kRowsPerTask - 1) / kRowsPerTask, [&](std::size_t task) {
    for (std::size_t row = task * kRowsPerTask; row < std::min(n, (task + 1) * kRowsPerTask); ++row) {
      auto& kept = rows[row];
      for (std::uint32_t other = 0; other < n; ++other) {
        if (other != row) kept.emplace_back(chosen[other], matrix[row * n + other] * scale[other]);
      }
      const auto heavier = [](const auto& a, const auto& b) {
        const float x = std::abs(a.second);
        const float y = std::abs(b.second);
        return x != y ? x > y : a.first < b.first;
      };
      if (kept.size() > kWeightsMax) {
        std::nth_element(kept.begin(), kept.begin() + kWeightsMax, kept.end(), heavier);
        kept.resize(kWeightsMax);
      }
      std::sort(kept.begin(), kept.end());
      kept.shrink_to_fit();
    }
  });

  auto model = std::unique_ptr<LinearModel>(new LinearModel());
  model->offsets_.push_back(0);
  for (std::uint32_t item = 0; item < view.item_count(); ++item) {
    if (place[item] != kNoIndex) {
      for (const auto& [target, weight] : rows[place[item]]) {
        model->targets_.push_back(target);
        model->weights_.push_back(weight);
      }
    }
    model->offsets_.push_back(static_cast<std::uint32_t>(model->targets_.size()));
  }
  model->FindReached();
  return model;
}

Result<std::unique_ptr<Member>> LinearModel::Load(const SnapshotFile& file) {
  ATTUNE_TRY(const auto offsets, file.Array<std::uint32_t>("offsets"));
  ATTUNE_TRY(const auto targets, file.Array<std::uint32_t>("targets"));
  ATTUNE_TRY(const auto weights, file.Array<float>("weights"));
  const bool sound =
      !offsets.empty() && std::is_sorted(offsets.begin(), offsets.end()) && offsets.back() == targets.size() &&
      targets.size() == weights.size() &&
      std::all_of(targets.begin(), targets.end(), [&](std::uint32_t item) { return item < offsets.size() - 1; });
  if (!sound) return Corrupt("linear weights point outside themselves");
  auto model = std::unique_ptr<LinearModel>(new LinearModel());
  model->offsets_.assign(offsets.begin(), offsets.end());
  model->targets_.assign(targets.begin(), targets.end());
  model->weights_.assign(weights.begin(), weights.end());
  model->FindReached();
  return std::unique_ptr<Member>(std::move(model));
}

void LinearModel::FindReached() {
  std::vector<std::uint8_t> is_reached(offsets_.size() - 1);
  for (const std::uint32_t item : targets_) is_reached[item] = 1;
  for (std::uint32_t item = 0; item < is_reached.size(); ++item) {
    if (is_reached[item] != 0) reached_.push_back(item);
  }
}

std::span<const std::string_view> LinearModel::feature_names() const { return kNames; }

std::unique_ptr<MemberScratch> LinearModel::MakeScratch() const {
  return std::make_unique<Scratch>(offsets_.size() - 1);
}

void LinearModel::Score(const Query& query, MemberScratch& member_scratch, std::span<Feature> features) const {
  auto& scratch = static_cast<Scratch&>(member_scratch);
  auto& sums = scratch.sums;
  for (const std::uint32_t item : reached_) sums[item] = 0;
  const std::size_t read = std::min(query.items.size(), kEventsRead);
  float loudness = 1;
  for (std::size_t age = 1; age <= read; ++age, loudness *= kDecay) {
    const std::uint32_t item = query.items[query.items.size() - age];
    if (item >= sums.size()) continue;
    for (std::uint32_t i = offsets_[item]; i < offsets_[item + 1]; ++i) sums[targets_[i]] += weights_[i] * loudness;
  }
  double total = 0;
  scratch.items.clear();
  for (const std::uint32_t item : reached_) {
    if (sums[item] <= 0) continue;
    total += sums[item];
    scratch.items.push_back(item);
  }
  const float scale = total > 0 ? static_cast<float>(1 / total) : 0;
  scratch.values.clear();
  for (const std::uint32_t item : scratch.items) {
    scratch.values.push_back(std::log(sums[item] * scale + SparseScores::kShareFloor));
  }
  features[0] = {.rest = std::log(SparseScores::kShareFloor), .items = scratch.items, .values = scratch.values};
}

Status LinearModel::Save(SnapshotFileWriter& file) const {
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("offsets", offsets_));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("targets", targets_));
  return file.WriteArray<float>("weights", weights_);
}

}  // namespace attune
