#include "model/sequence_index.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace attune {

SequenceIndex SequenceIndex::Build(const TrainingView& view) {
  SequenceIndex index;
  index.item_count = static_cast<std::uint32_t>(view.item_count());
  std::vector<std::int64_t> times;
  index.items.push_back(index.gap());
  times.push_back(0);
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    index.user_begin.push_back(static_cast<std::uint32_t>(index.items.size()));
    const std::size_t kept = std::min(view.Length(user), kUserEventsMax);
    const auto newest = view.Items(user).last(kept);
    const auto newest_times = view.Times(user).last(kept);
    index.items.insert(index.items.end(), newest.begin(), newest.end());
    times.insert(times.end(), newest_times.begin(), newest_times.end());
    index.items.push_back(index.gap());
    times.push_back(0);
  }
  index.user_begin.push_back(static_cast<std::uint32_t>(index.items.size()));

  std::vector<std::vector<std::uint32_t>> lists(index.item_count);
  for (std::uint32_t position = 0; position < index.items.size(); ++position) {
    if (index.items[position] != index.gap()) lists[index.items[position]].push_back(position);
  }
  index.occurrence_offsets.push_back(0);
  for (auto& list : lists) {
    std::sort(list.begin(), list.end(),
              [&](std::uint32_t a, std::uint32_t b) { return times[a] != times[b] ? times[a] > times[b] : a > b; });
    list.resize(std::min(list.size(), kOccurrencesMax));
    index.occurrences.insert(index.occurrences.end(), list.begin(), list.end());
    index.occurrence_offsets.push_back(static_cast<std::uint32_t>(index.occurrences.size()));
  }
  return index;
}

Status SequenceIndex::Save(SnapshotFileWriter& file) const {
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("sequence_items", items));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("user_begin", user_begin));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("occurrence_offsets", occurrence_offsets));
  return file.WriteArray<std::uint32_t>("occurrences", occurrences);
}

Result<SequenceIndex> SequenceIndex::Load(const SnapshotFile& file) {
  SequenceIndex index;
  const auto read = [&](std::string_view name, std::vector<std::uint32_t>& out) -> Status {
    ATTUNE_TRY(const auto values, file.Array<std::uint32_t>(name));
    out.assign(values.begin(), values.end());
    return {};
  };
  ATTUNE_RETURN_IF_ERROR(read("sequence_items", index.items));
  ATTUNE_RETURN_IF_ERROR(read("user_begin", index.user_begin));
  ATTUNE_RETURN_IF_ERROR(read("occurrence_offsets", index.occurrence_offsets));
  ATTUNE_RETURN_IF_ERROR(read("occurrences", index.occurrences));
  if (index.occurrence_offsets.empty() || index.user_begin.empty() || index.items.empty()) {
    return Corrupt("a sequence index without offsets");
  }
  index.item_count = static_cast<std::uint32_t>(index.occurrence_offsets.size() - 1);
  const auto& items = index.items;
  const auto& begins = index.user_begin;
  bool sound = std::ranges::all_of(items, [&](std::uint32_t item) { return item <= index.gap(); }) &&
               items.front() == index.gap() && items.back() == index.gap() && begins.back() == items.size() &&
               std::ranges::all_of(begins,
                                   [&](std::uint32_t begin) {
                                     return begin > 0 && begin <= items.size() && items[begin - 1] == index.gap();
                                   }) &&
               std::ranges::adjacent_find(begins, std::ranges::greater_equal()) == begins.end() &&
               index.occurrence_offsets.front() == 0 && std::ranges::is_sorted(index.occurrence_offsets) &&
               index.occurrence_offsets.back() == index.occurrences.size();
  for (std::uint32_t item = 0; sound && item < index.item_count; ++item) {
    sound = std::ranges::all_of(index.Occurrences(item), [&](std::uint32_t position) {
      return position < items.size() && items[position] == item;
    });
  }
  if (!sound) return Corrupt("a sequence index that points outside itself");
  return index;
}

}  // namespace attune
