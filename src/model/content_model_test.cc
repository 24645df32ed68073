#include "model/content_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace attune {
namespace {

/// Users of even number take red items, the others blue ones; item 7 is red and nobody took it.
TrainingData Colours() {
  TrainingData data;
  CategoricalColumn colour{.name = "COLOUR", .categories = {}, .offsets = {0}, .values = {}};
  for (std::uint32_t item = 0; item < 9; ++item) {
    data.items.Add("i" + std::to_string(item));
    colour.values.push_back(colour.categories.Add(item % 2 == 1 ? "red" : "blue"));
    colour.offsets.push_back(item + 1);
  }
  data.item_attributes.categorical.push_back(std::move(colour));
  data.interactions.user_offsets.push_back(0);
  for (std::uint32_t user = 0; user < 40; ++user) {
    data.users.Add("u" + std::to_string(user));
    for (std::uint32_t item = user % 2 == 0 ? 1 : 0; item < 7; item += 2) {
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(item);
      data.interactions.timestamp_ms.push_back(1000 * item);
      data.interactions.event_type.push_back(kNoIndex);
      data.interactions.event_value.push_back(kMissing);
    }
    data.interactions.user_offsets.push_back(static_cast<std::uint32_t>(data.interactions.size()));
  }
  return data;
}

class Content : public testing::Test {
 protected:
  Content()
      : factors_(FitLatentFactors(WholeView(data_), 1, pool_)),
        model_(ContentModel::Fit(WholeView(data_), factors_, {}, pool_)) {}

  TrainingData data_ = Colours();
  ThreadPool pool_{1, 8};
  std::vector<float> factors_;
  ContentModel model_;
};

TEST_F(Content, PutsAnUnseenItemNearThoseOfItsColour) {
  const auto contents = DescribeItems(model_, WholeView(data_), factors_, pool_);
  const std::vector<std::uint32_t> red = {1, 3};

  const auto profile =
      MakeProfile(red, model_.attribute_count(), 0, [&](std::uint32_t item) { return &contents[item]; });

  const auto near =
      model_.Features(profile, model_.Describe({.categorical = {{"COLOUR", {"red"}}}, .numeric = {}, .text = {}}));
  const auto far =
      model_.Features(profile, model_.Describe({.categorical = {{"COLOUR", {"blue"}}}, .numeric = {}, .text = {}}));
  EXPECT_GT(near[1], far[1] + 0.3f);
  EXPECT_NEAR(near[4], 1, 1e-5);
  EXPECT_NEAR(far[4], 0, 1e-5);
}

TEST_F(Content, RemembersSteadilyWhatTheRecentPastHasDrownedOut) {
  const auto contents = DescribeItems(model_, WholeView(data_), factors_, pool_);
  std::vector<std::uint32_t> history(150, 1);
  std::fill(history.end() - 50, history.end(), 0);

  const auto profile =
      MakeProfile(history, model_.attribute_count(), 0, [&](std::uint32_t item) { return &contents[item]; });

  const auto red = model_.Features(profile, contents[1]);
  const auto blue = model_.Features(profile, contents[0]);
  EXPECT_GT(blue[1], red[1]);
  EXPECT_GT(blue[4], red[4]);
  EXPECT_GT(red[5], blue[5]);
  EXPECT_GT(red[6], blue[6]);
}

TEST_F(Content, WeighsAProfileOnceAsItWouldEachItem) {
  const auto contents = DescribeItems(model_, WholeView(data_), factors_, pool_);
  const std::vector<std::uint32_t> history = {0, 1, 3, 2, 5};
  const std::array<double, ContentModel::kColdFeatures> weights = {-3, 2, 0.5, 0.7, -1, 1.5, 4};
  model_.set_cold_weights(weights);

  const auto profile =
      MakeProfile(history, model_.attribute_count(), 0.3f, [&](std::uint32_t item) { return &contents[item]; });
  const ColdTaste taste = model_.Taste(profile);

  for (const ItemContent& item : contents) {
    const auto features = model_.Features(profile, item);
    double expected = 0;
    for (std::size_t f = 0; f < weights.size(); ++f) expected += weights[f] * double{features[f]};
    // Sums of a few dozen floats of size one.
    EXPECT_NEAR(model_.LogPrior(taste, item), expected, 1e-4);
  }
}

TEST_F(Content, BeingTakenRaisesAnItemAndBeingIgnoredDoesNotLowerIt) {
  const double prior = std::log(0.01);

  EXPECT_NEAR(model_.LogProbability(prior, 0, 0), std::log(0.01), 1e-6);
  EXPECT_NEAR(model_.LogProbability(prior, 0, 1'000'000), std::log(0.01), 1e-6);
  EXPECT_NEAR(model_.LogProbability(prior, 1, 1'000'000), std::log(0.01), 1e-6);
  // 5,000 of 100,000 events: nearly its own rate; the prior counts as up to 100 events.
  EXPECT_NEAR(model_.LogProbability(prior, 5000, 100'000), std::log(0.05), 0.1);
  EXPECT_GT(model_.LogProbability(prior, 3, 10), model_.LogProbability(prior, 2, 10));
}

}  // namespace
}  // namespace attune
