#include "model/event_encoder.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "model/snapshot_text.h"

namespace attune {
namespace {

// Quantiles are those of every n-th value, so many at least.
constexpr std::size_t kSampleMin = 1'000'000;

/// All types but the most frequent, by frequency, kNoIndex among them where events have none.
std::vector<std::uint32_t> TypesWithRows(const TrainingView& view) {
  std::map<std::uint32_t, std::size_t> counts;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    for (const std::uint32_t type : view.EventTypes(user)) ++counts[type];
  }
  std::vector<std::uint32_t> types;
  for (const auto& [type, count] : counts) types.push_back(type);
  std::ranges::stable_sort(types, std::greater<>(), [&](std::uint32_t type) { return counts[type]; });
  if (!types.empty()) types.erase(types.begin());
  if (types.size() > EventEncoder::kTypesMax) types.resize(EventEncoder::kTypesMax);
  return types;
}

/// The values of a view, ascending; one of every `stride`.
std::vector<float> SortedValues(const TrainingView& view, std::size_t stride) {
  std::vector<float> values;
  std::size_t met = 0;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    for (const float value : view.EventValues(user)) {
      if (std::isfinite(value) && met++ % stride == 0) values.push_back(value);
    }
  }
  std::ranges::sort(values);
  return values;
}

std::vector<float> Knots(const std::vector<float>& sorted) {
  std::vector<float> distinct;
  std::ranges::unique_copy(sorted, std::back_inserter(distinct));
  if (distinct.size() <= EventEncoder::kKnotsMax) return distinct;
  std::vector<float> knots;
  for (std::size_t k = 0; k < EventEncoder::kKnotsMax; ++k) {
    knots.push_back(sorted[(2 * k + 1) * sorted.size() / (2 * EventEncoder::kKnotsMax)]);
  }
  knots.erase(std::unique(knots.begin(), knots.end()), knots.end());
  return knots;
}

}  // namespace

EventEncoder EventEncoder::Fit(const TrainingView& view) {
  EventEncoder encoder;
  encoder.types_ = TypesWithRows(view);
  std::size_t present = 0;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    present += static_cast<std::size_t>(
        std::ranges::count_if(view.EventValues(user), [](float value) { return std::isfinite(value); }));
  }
  encoder.knots_ = Knots(SortedValues(view, present / kSampleMin + 1));
  if (present == view.size() && present > 0)
    encoder.empty_knot_ = static_cast<std::uint32_t>(encoder.knots_.size() / 2);
  return encoder;
}

std::size_t EventEncoder::row_count() const {
  return types_.size() + knots_.size() - (empty_knot_ == kNoIndex ? 0 : 1);
}

EventInput EventEncoder::Encode(std::uint32_t type, float value) const {
  EventInput input;
  if (const auto found = std::ranges::find(types_, type); found != types_.end()) {
    input.rows[0] = static_cast<std::uint32_t>(found - types_.begin());
    input.weights[0] = 1;
  }
  if (std::isnan(value) || knots_.empty()) return input;
  const auto above = static_cast<std::size_t>(std::ranges::upper_bound(knots_, value) - knots_.begin());
  if (above == 0 || above == knots_.size()) {
    AddKnot(above == 0 ? 0 : above - 1, 1, 1, input);
    return input;
  }
  const double below = knots_[above - 1];
  const auto share = static_cast<float>((value - below) / (knots_[above] - below));
  AddKnot(above - 1, 1 - share, 1, input);
  AddKnot(above, share, 2, input);
  return input;
}

void EventEncoder::AddKnot(std::size_t knot, float weight, std::size_t place, EventInput& input) const {
  if (knot == empty_knot_ || weight == 0) return;
  const std::size_t before = knot > empty_knot_ ? 1 : 0;  // kNoIndex is greater than any.
  input.rows[place] = static_cast<std::uint32_t>(types_.size() + knot - before);
  input.weights[place] = weight;
}

Status EventEncoder::Save(SnapshotFileWriter& file) const {
  if (row_count() == 0) return {};
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("event_types", types_));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("event_value_knots", knots_));
  return file.WriteArray<std::uint32_t>("event_value_empty_knot", std::span(&empty_knot_, 1));
}

Result<EventEncoder> EventEncoder::Load(const SnapshotFile& file) {
  EventEncoder encoder;
  if (!file.HasSection("event_types")) return encoder;
  std::vector<std::uint32_t> empty;
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "event_types", encoder.types_));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "event_value_knots", encoder.knots_));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "event_value_empty_knot", empty));
  auto types = encoder.types_;
  std::ranges::sort(types);
  const auto falls = [](float a, float b) { return !(a < b); };
  if (types.size() > kTypesMax || std::ranges::adjacent_find(types) != types.end() ||
      encoder.knots_.size() > kKnotsMax || std::ranges::adjacent_find(encoder.knots_, falls) != encoder.knots_.end() ||
      !std::ranges::all_of(encoder.knots_, [](float knot) { return std::isfinite(knot); }) || empty.size() != 1 ||
      (empty[0] != kNoIndex && empty[0] >= encoder.knots_.size())) {
    return Corrupt("a sequence transformer with event types or values that cannot be");
  }
  encoder.empty_knot_ = empty[0];
  return encoder;
}

}  // namespace attune
