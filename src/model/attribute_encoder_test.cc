#include "model/attribute_encoder.h"

#include <gtest/gtest.h>

#include <cmath>

namespace attune {
namespace {

Attributes Films() {
  CategoricalColumn genres{.name = "GENRES", .categories = {}, .offsets = {0}, .values = {}};
  const std::vector<std::vector<std::string>> rows = {{"Drama", "War"}, {"Drama"}, {"War"}, {"Rare"}};
  for (const auto& row : rows) {
    for (const auto& genre : row) genres.values.push_back(genres.categories.Add(genre));
    genres.offsets.push_back(static_cast<std::uint32_t>(genres.values.size()));
  }
  return {.categorical = {genres},
          .numeric = {{.name = "YEAR", .values = {1980, 1990, 2000, kMissing}}},
          .text = {{.name = "TITLE", .values = {"The Sea", "the STAR", "Sea-Wolf", ""}}}};
}

float ValueOf(const AttributeEncoder& encoder, const SparseVector& vector, const std::string& name) {
  for (const auto& [feature, value] : vector) {
    if (encoder.feature_name(feature) == name) return value;
  }
  return 0;
}

TEST(AttributeEncoder, SharesAColumnAmongItsValues) {
  const auto encoder = AttributeEncoder::Fit(Films(), 4);

  const auto both = encoder.EncodeRow(Films(), 0);

  EXPECT_NEAR(ValueOf(encoder, both, "GENRES=Drama"), std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(ValueOf(encoder, both, "GENRES=War"), std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(ValueOf(encoder, both, "TITLE~sea"), std::sqrt(0.5), 1e-6);
  EXPECT_EQ(ValueOf(encoder, encoder.EncodeRow(Films(), 1), "GENRES=Drama"), 1);
}

TEST(AttributeEncoder, ReadsTextsAsItReadsRows) {
  const Attributes films = Films();
  const auto encoder = AttributeEncoder::Fit(films, 4);
  for (std::size_t row = 0; row < 4; ++row) {
    const RowTexts texts(films, row);
    EXPECT_EQ(encoder.Encode(texts.values()), encoder.EncodeRow(films, row)) << row;
  }
  const std::vector<NamedValue> lower = {{"genres", "War|Drama"}, {"Year", "1985"}};
  const std::vector<NamedValue> upper = {{"GENRES", "Drama|War"}, {"YEAR", "1985.0"}};
  EXPECT_EQ(encoder.Encode(lower), encoder.Encode(upper));
  EXPECT_FALSE(encoder.Encode(lower).empty());
  const std::vector<NamedValue> strange = {{"YEAR", "soon"}, {"GENRES", "||"}, {"COLOUR", "red"}, {"", "War"}};
  EXPECT_TRUE(encoder.Encode(strange).empty());
}

TEST(AttributeEncoder, ForgetsWhatOneRowAloneHas) {
  const auto encoder = AttributeEncoder::Fit(Films(), 4);

  EXPECT_TRUE(encoder.Encode({.categorical = {{"GENRES", {"Rare", "Unheard of"}}}}).empty());
  EXPECT_TRUE(encoder.Encode({.text = {{"TITLE", "wolf"}}}).empty());
}

TEST(AttributeEncoder, SharesNumbersBetweenKnotsAndHoldsThemAtTheEnds) {
  const auto encoder = AttributeEncoder::Fit(Films(), 4);
  const auto encode = [&](float year) { return encoder.Encode({.numeric = {{"YEAR", year}}}); };

  EXPECT_EQ(encode(1900), encode(1980));
  EXPECT_EQ(encode(2100), encode(2000));
  const auto between = encode(1985);
  ASSERT_EQ(between.size(), 2u);
  EXPECT_NEAR(between[0].second, 0.5, 1e-6);
  EXPECT_NEAR(between[1].second, 0.5, 1e-6);
  EXPECT_TRUE(encode(kMissing).empty());
}

TEST(AttributeEncoder, KeepsTheMostFrequentFeatures) {
  CategoricalColumn tags{.name = "TAG", .categories = {}, .offsets = {0}, .values = {}};
  constexpr std::size_t kTags = AttributeEncoder::kFeaturesMax + 10;
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t tag = 0; tag < kTags; ++tag) {
      if (row == 2 && tag < 10) continue;  // The first ten are rarer.
      tags.values.push_back(tags.categories.Add("t" + std::to_string(tag)));
    }
    tags.offsets.push_back(static_cast<std::uint32_t>(tags.values.size()));
  }
  const auto encoder = AttributeEncoder::Fit({.categorical = {tags}}, 3);

  EXPECT_EQ(encoder.feature_count(), AttributeEncoder::kFeaturesMax);
  EXPECT_TRUE(encoder.Encode({.categorical = {{"TAG", {"t3"}}}}).empty());
  EXPECT_FALSE(encoder.Encode({.categorical = {{"TAG", {"t500"}}}}).empty());
}

}  // namespace
}  // namespace attune
