#include "model/attribute_affinity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "model/snapshot_text.h"
#include "model/sparse_scores.h"

namespace attune {
namespace {

constexpr std::array<std::string_view, 1> kUserNames = {"user_attributes"};
constexpr std::array<std::string_view, 1> kContextNames = {"context"};
// So much of an interaction every item has, so that no share is zero.
constexpr double kPriorTaken = 0.5;

struct Scratch final : MemberScratch {
  explicit Scratch(std::size_t item_count) : sums(item_count) {}
  SparseScores sums;  ///< Over the rest that every item has; above 0.
  std::vector<float> values;
};

const Attributes& AttributesOf(const TrainingData& data, AttributeSource source) {
  return source == AttributeSource::kUser ? data.user_attributes : data.interactions.context;
}

/// A row of the attributes, and how much of each feature it has.
struct RowShare {
  std::uint32_t row;
  float value;
};

/// Who has each feature: rows are users, or interactions of the view.
std::vector<std::vector<RowShare>> RowsByFeature(const TrainingView& view, AttributeSource source,
                                                 const AttributeEncoder& encoder) {
  std::vector<std::vector<RowShare>> rows(encoder.feature_count());
  const Attributes& attributes = AttributesOf(*view.data, source);
  const auto add = [&](std::uint32_t row) {
    for (const auto& [feature, value] : encoder.EncodeRow(attributes, row)) rows[feature].push_back({row, value});
  };
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    if (source == AttributeSource::kUser) {
      if (view.Length(user) > 0) add(user);
      continue;
    }
    for (std::uint32_t i = view.begin[user]; i < view.end[user]; ++i) add(i);
  }
  return rows;
}

std::vector<float> SharesOf(const TrainingView& view) {
  const auto counts = ItemCounts(view);
  double total = 0;
  for (const std::uint32_t count : counts) total += count + kPriorTaken;
  std::vector<float> shares;
  for (const std::uint32_t count : counts) shares.push_back(static_cast<float>((count + kPriorTaken) / total));
  return shares;
}

}  // namespace

std::string_view AttributeAffinity::NameOf(AttributeSource source) {
  return source == AttributeSource::kUser ? kUserNames[0] : kContextNames[0];
}

std::span<const std::string_view> AttributeAffinity::feature_names() const {
  return source_ == AttributeSource::kUser ? kUserNames : kContextNames;
}

bool AttributeAffinity::Has(const TrainingData& data, AttributeSource source) {
  const Attributes& attributes = AttributesOf(data, source);
  return !attributes.categorical.empty() || !attributes.numeric.empty() || !attributes.text.empty();
}

std::unique_ptr<AttributeAffinity> AttributeAffinity::Fit(const TrainingView& view, AttributeSource source,
                                                          double prior_interactions) {
  ATTUNE_CHECK(Has(*view.data, source));
  const std::size_t rows = source == AttributeSource::kUser ? view.user_count() : view.data->interactions.size();
  std::unique_ptr<AttributeAffinity> made(
      new AttributeAffinity(source, AttributeEncoder::Fit(AttributesOf(*view.data, source), rows)));
  made->prior_interactions_ = prior_interactions;
  made->shares_ = SharesOf(view);
  made->offsets_.push_back(0);
  SparseScores sums(view.item_count());
  for (const auto& holders : RowsByFeature(view, source, made->encoder_)) {
    sums.Clear();
    for (const RowShare& holder : holders) {
      if (source == AttributeSource::kContext) {
        sums.Add(view.data->interactions.item[holder.row], holder.value);
      } else {
        for (const std::uint32_t item : view.Items(holder.row)) sums.Add(item, holder.value);
      }
    }
    double total = 0;
    std::vector<std::pair<std::uint32_t, float>> taken;
    for (const std::uint32_t item : sums.touched()) {
      total += sums[item];
      taken.emplace_back(item, sums[item]);
    }
    std::ranges::sort(taken, [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    taken.resize(std::min(taken.size(), kItemsPerFeatureMax));
    std::ranges::sort(taken);
    for (const auto& [item, count] : taken) {
      made->items_.push_back(item);
      made->counts_.push_back(count);
    }
    made->totals_.push_back(static_cast<float>(total));
    made->offsets_.push_back(made->items_.size());
  }
  made->FindLifts();
  return made;
}

std::span<const NamedValue> AttributeAffinity::ValuesOf(const Query& query) const {
  return source_ == AttributeSource::kUser ? query.user_attributes : query.context;
}

double AttributeAffinity::LogShare(std::uint32_t feature, float count, std::uint32_t item) const {
  return std::log((double{count} + prior_interactions_ * double{shares_[item]}) /
                  (double{totals_[feature]} + prior_interactions_));
}

void AttributeAffinity::FindLifts() {
  for (std::uint32_t feature = 0; feature < totals_.size(); ++feature) {
    const double never = std::log(prior_interactions_ / (double{totals_[feature]} + prior_interactions_));
    never_.push_back(static_cast<float>(never));
    for (std::uint64_t i = offsets_[feature]; i < offsets_[feature + 1]; ++i) {
      const double lift = LogShare(feature, counts_[i], items_[i]) - std::log(double{shares_[items_[i]]});
      lifts_.push_back(static_cast<float>(lift - never));
    }
  }
}

std::unique_ptr<MemberScratch> AttributeAffinity::MakeScratch() const {
  return std::make_unique<Scratch>(shares_.size());
}

void AttributeAffinity::Score(const Query& query, MemberScratch& member_scratch, std::span<Feature> features) const {
  auto& scratch = static_cast<Scratch&>(member_scratch);
  scratch.sums.Clear();
  float rest = 0;
  for (const auto& [feature, value] : encoder_.Encode(ValuesOf(query))) {
    rest += value * never_[feature];
    for (std::uint64_t i = offsets_[feature]; i < offsets_[feature + 1]; ++i) {
      if (const float lift = value * lifts_[i]; lift > 0) scratch.sums.Add(items_[i], lift);
    }
  }
  scratch.values.clear();
  for (const std::uint32_t item : scratch.sums.touched()) scratch.values.push_back(rest + scratch.sums[item]);
  features[0] = {.rest = rest, .items = scratch.sums.touched(), .values = scratch.values};
}

double AttributeAffinity::LogLikelihood(std::span<const NamedValue> values, std::uint32_t item) const {
  double sum = 0;
  for (const auto& [feature, value] : encoder_.Encode(values)) {
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(offsets_[feature]);
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(offsets_[feature + 1]);
    const auto found = std::lower_bound(begin, end, item);
    const bool is_taken = found != end && *found == item;
    const float count = is_taken ? counts_[static_cast<std::size_t>(found - items_.begin())] : 0;
    sum += double{value} * LogShare(feature, count, item);
  }
  return sum;
}

Status AttributeAffinity::Save(SnapshotFileWriter& file) const {
  ATTUNE_RETURN_IF_ERROR(encoder_.Save(file));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray("prior_interactions", std::span(&prior_interactions_, 1)));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("shares", shares_));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("totals", totals_));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint64_t>("offsets", offsets_));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("items", items_));
  return file.WriteArray<float>("counts", counts_);
}

Result<std::unique_ptr<Member>> AttributeAffinity::Load(AttributeSource source, const SnapshotFile& file) {
  ATTUNE_TRY(auto encoder, AttributeEncoder::Load(file));
  std::unique_ptr<AttributeAffinity> made(new AttributeAffinity(source, std::move(encoder)));
  std::vector<double> prior;
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "prior_interactions", prior));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "shares", made->shares_));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "totals", made->totals_));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "offsets", made->offsets_));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "items", made->items_));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "counts", made->counts_));
  const std::size_t features = made->encoder_.feature_count();
  const auto is_positive = [](auto value) { return value > 0; };
  const bool sound = prior.size() == 1 && prior[0] > 0 && made->totals_.size() == features &&
                     made->offsets_.size() == features + 1 && made->offsets_.front() == 0 &&
                     made->offsets_.back() == made->items_.size() && std::ranges::is_sorted(made->offsets_) &&
                     made->counts_.size() == made->items_.size() && std::ranges::all_of(made->shares_, is_positive) &&
                     std::ranges::all_of(made->counts_, is_positive) &&
                     std::ranges::all_of(made->items_, [&](std::uint32_t item) { return item < made->shares_.size(); });
  if (!sound) return Corrupt("attribute affinities whose arrays do not fit together");
  made->prior_interactions_ = prior[0];
  made->FindLifts();
  return std::unique_ptr<Member>(std::move(made));
}

}  // namespace attune
