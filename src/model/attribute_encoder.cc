#include "model/attribute_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "data/attribute_builder.h"
#include "model/snapshot_text.h"

namespace attune {
namespace {

/// Lower-case runs of letters and digits; bytes above ASCII count as letters.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) {
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

bool SameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string CategoryFeature(std::string_view column, std::string_view category) {
  return std::string(column) + "=" + std::string(category);
}
std::string WordFeature(std::string_view column, std::string_view word) {
  return std::string(column) + "~" + std::string(word);
}
std::string KnotFeature(std::string_view column, std::size_t knot) {
  return std::string(column) + "#" + std::to_string(knot);
}

}  // namespace

AttributeValues RowValues(const Attributes& attributes, std::size_t row) {
  AttributeValues values;
  for (const CategoricalColumn& column : attributes.categorical) {
    std::vector<std::string> categories;
    for (const std::uint32_t category : column.Row(row)) categories.emplace_back(column.categories.id(category));
    if (!categories.empty()) values.categorical.emplace_back(column.name, std::move(categories));
  }
  for (const NumericColumn& column : attributes.numeric) {
    if (!std::isnan(column.values[row])) values.numeric.emplace_back(column.name, column.values[row]);
  }
  for (const TextColumn& column : attributes.text) {
    if (!column.values[row].empty()) values.text.emplace_back(column.name, column.values[row]);
  }
  return values;
}

AttributeEncoder AttributeEncoder::Fit(const Attributes& attributes, std::size_t row_count) {
  AttributeEncoder encoder;
  std::map<std::string, std::size_t> rows_with;
  for (const CategoricalColumn& column : attributes.categorical) {
    std::vector<std::size_t> counts(column.categories.size());
    for (const std::uint32_t category : column.values) ++counts[category];
    for (std::uint32_t category = 0; category < counts.size(); ++category) {
      rows_with[CategoryFeature(column.name, column.categories.id(category))] = counts[category];
    }
  }
  for (const TextColumn& column : attributes.text) {
    for (const std::string& text : column.values) {
      for (const std::string& word : Words(text)) ++rows_with[WordFeature(column.name, word)];
    }
  }
  for (const NumericColumn& column : attributes.numeric) {
    std::vector<float> present;
    for (const float value : column.values) {
      if (std::isfinite(value)) present.push_back(value);
    }
    if (present.size() < kRowsMin) continue;
    std::sort(present.begin(), present.end());
    Knots knots{.column = column.name, .values = {}};
    for (std::size_t k = 0; k < kKnotsMax; ++k) {
      const float value = present[k * (present.size() - 1) / (kKnotsMax - 1)];
      if (knots.values.empty() || value > knots.values.back()) knots.values.push_back(value);
    }
    for (std::size_t k = 0; k < knots.values.size(); ++k) rows_with[KnotFeature(column.name, k)] = row_count;
    encoder.knots_.push_back(std::move(knots));
  }
  std::vector<std::pair<std::string, std::size_t>> ranked;
  for (const auto& entry : rows_with) {
    // What every row has says nothing; what one row has cannot be learned.
    if (entry.second >= kRowsMin) ranked.push_back(entry);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  ranked.resize(std::min(ranked.size(), kFeaturesMax));
  for (const auto& [name, rows] : ranked) encoder.features_.Add(name);
  encoder.FindColumns();
  return encoder;
}

void AttributeEncoder::FindColumns() {
  std::set<std::string> columns;
  for (std::uint32_t feature = 0; feature < features_.size(); ++feature) {
    const std::string_view name = features_.id(feature);
    columns.emplace(name.substr(0, name.find_first_of("=~#")));
  }
  columns_.assign(columns.begin(), columns.end());
}

void AttributeEncoder::AddNumeric(const std::string& column, float value, SparseVector& out) const {
  const auto knots =
      std::find_if(knots_.begin(), knots_.end(), [&](const Knots& candidate) { return candidate.column == column; });
  if (knots == knots_.end() || !std::isfinite(value)) return;
  const auto add = [&](std::size_t knot, float share) {
    if (const auto feature = features_.Find(KnotFeature(column, knot)); feature && share > 0) {
      out.emplace_back(*feature, share);
    }
  };
  const auto& values = knots->values;
  const auto above = static_cast<std::size_t>(std::upper_bound(values.begin(), values.end(), value) - values.begin());
  if (above == 0) return add(0, 1);
  if (above == values.size()) return add(values.size() - 1, 1);
  const float share = (value - values[above - 1]) / (values[above] - values[above - 1]);
  add(above - 1, 1 - share);
  add(above, share);
}

void AttributeEncoder::AddNames(const std::vector<std::string>& names, SparseVector& out) const {
  std::set<std::uint32_t> known;
  for (const std::string& name : names) {
    if (const auto feature = features_.Find(name)) known.insert(*feature);
  }
  const float value = known.empty() ? 0 : 1 / std::sqrt(static_cast<float>(known.size()));
  for (const std::uint32_t feature : known) out.emplace_back(feature, value);
}

SparseVector AttributeEncoder::Encode(const AttributeValues& values) const {
  SparseVector out;
  for (const auto& [column, categories] : values.categorical) {
    std::vector<std::string> names;
    for (const std::string& category : categories) names.push_back(CategoryFeature(column, category));
    AddNames(names, out);
  }
  for (const auto& [column, text] : values.text) {
    std::vector<std::string> names;
    for (const std::string& word : Words(text)) names.push_back(WordFeature(column, word));
    AddNames(names, out);
  }
  for (const auto& [column, value] : values.numeric) AddNumeric(column, value, out);
  std::sort(out.begin(), out.end());
  return out;
}

SparseVector AttributeEncoder::Encode(std::span<const NamedValue> values) const {
  SparseVector out;
  for (const NamedValue& given : values) {
    const auto column = std::ranges::find_if(columns_, [&](const auto& known) { return SameName(known, given.name); });
    if (column == columns_.end()) continue;
    if (std::ranges::any_of(knots_, [&](const Knots& knots) { return knots.column == *column; })) {
      float number = kMissing;
      (void)std::from_chars(given.value.data(), given.value.data() + given.value.size(), number);
      AddNumeric(*column, number, out);
      continue;
    }
    std::vector<std::string> categories;
    SplitValues(given.value, [&](std::string_view part) { categories.push_back(CategoryFeature(*column, part)); });
    AddNames(categories, out);
    std::vector<std::string> words;
    for (const std::string& word : Words(given.value)) words.push_back(WordFeature(*column, word));
    AddNames(words, out);
  }
  std::sort(out.begin(), out.end());
  return out;
}

RowTexts::RowTexts(const Attributes& attributes, std::size_t row) {
  for (const CategoricalColumn& column : attributes.categorical) {
    std::string& text = owned_.emplace_back();
    for (const std::uint32_t category : column.Row(row)) {
      if (!text.empty()) text += '|';
      text += column.categories.id(category);
    }
    if (!text.empty()) values_.push_back({column.name, text});
  }
  for (const NumericColumn& column : attributes.numeric) {
    if (std::isfinite(column.values[row])) {
      values_.push_back({column.name, owned_.emplace_back(fmt::format("{}", column.values[row]))});
    }
  }
  for (const TextColumn& column : attributes.text) {
    if (!column.values[row].empty()) values_.push_back({column.name, column.values[row]});
  }
}

SparseVector AttributeEncoder::EncodeRow(const Attributes& attributes, std::size_t row) const {
  return Encode(RowValues(attributes, row));
}

Status AttributeEncoder::Save(SnapshotFileWriter& file) const {
  std::vector<std::string> names;
  for (std::uint32_t feature = 0; feature < features_.size(); ++feature) names.emplace_back(features_.id(feature));
  ATTUNE_RETURN_IF_ERROR(WriteTexts(file, "encoder_features", names));
  std::vector<std::string> columns;
  std::vector<std::uint64_t> offsets{0};
  std::vector<float> values;
  for (const Knots& knots : knots_) {
    columns.push_back(knots.column);
    values.insert(values.end(), knots.values.begin(), knots.values.end());
    offsets.push_back(values.size());
  }
  ATTUNE_RETURN_IF_ERROR(WriteTexts(file, "encoder_columns", columns));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint64_t>("encoder_knot_offsets", offsets));
  return file.WriteArray<float>("encoder_knots", values);
}

Result<AttributeEncoder> AttributeEncoder::Load(const SnapshotFile& file) {
  AttributeEncoder encoder;
  ATTUNE_TRY(const auto names, ReadTexts(file, "encoder_features"));
  for (const std::string& name : names) encoder.features_.Add(name);
  ATTUNE_TRY(const auto columns, ReadTexts(file, "encoder_columns"));
  std::vector<std::uint64_t> offsets;
  std::vector<float> values;
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "encoder_knot_offsets", offsets));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "encoder_knots", values));
  if (encoder.features_.size() != names.size() || offsets.size() != columns.size() + 1 || offsets.front() != 0 ||
      offsets.back() != values.size() || !std::is_sorted(offsets.begin(), offsets.end())) {
    return Corrupt("an encoder whose parts do not fit together");
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(offsets[i]);
    const auto end = values.begin() + static_cast<std::ptrdiff_t>(offsets[i + 1]);
    if (begin == end) return Corrupt("an encoder with a numeric column without knots");
    encoder.knots_.push_back({columns[i], {begin, end}});
  }
  encoder.FindColumns();
  return encoder;
}

}  // namespace attune
