#include "model/sequence_transformer.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/random.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

SequenceShape Shape() {
  return {.item_count = 9, .block_count = 2, .block = {.width = 8, .hidden = 6, .length_max = 5}};
}

std::vector<float> RandomParameters() {
  Random random(5);
  std::vector<float> parameters(SequenceLayout(Shape()).size);
  for (float& value : parameters) value = static_cast<float>(0.4 * random.Normal());
  return parameters;
}

std::vector<float> Score(const Member& model, const std::vector<std::uint32_t>& items) {
  std::vector<float> features(model.item_count());
  const auto scratch = model.MakeScratch();
  model.ScoreDense({.items = items}, *scratch, features);
  return features;
}

TEST(SequenceTransformer, GivesProductsOfTheLastStateWithTheItems) {
  const auto parameters = RandomParameters();
  const SequenceTransformer model(Shape(), parameters);
  const std::vector<std::uint32_t> items = {3, 4, 5};
  SequenceBatch batch;
  batch.Assign(std::array<std::uint32_t, 2>{0, 3}, std::vector<std::int64_t>(items.size()));
  SequenceCache cache;
  SequenceForward(Shape(), parameters, batch, items, {}, cache);
  const std::size_t width = Shape().block.width;
  const auto state = std::span(cache.states).last(width);

  const auto scores = Score(model, items);

  for (std::size_t item = 0; item < scores.size(); ++item) {
    double product = 0;
    for (std::size_t d = 0; d < width; ++d) product += double{state[d]} * double{parameters[item * width + d]};
    EXPECT_NEAR(scores[item], product, 1e-5) << item;
  }
}

TEST(SequenceTransformer, SaysTheSameOfAllItemsWhereThereIsNoHistory) {
  const auto scores = Score(SequenceTransformer(Shape(), RandomParameters()), {});
  EXPECT_EQ(scores, std::vector<float>(scores.size(), scores.front()));
}

TEST(SequenceTransformer, ReadsTheNewestEventsThatItKnows) {
  const SequenceTransformer model(Shape(), RandomParameters());

  EXPECT_EQ(Score(model, {7, 7, 1, 2, 3, 4, 5}), Score(model, {1, 2, 3, 4, 5}));
  EXPECT_EQ(Score(model, {1, 2, 77, 3}), Score(model, {1, 2, 3}));
  EXPECT_NE(Score(model, {1, 2, 3}), Score(model, {2, 1, 3}));
}

TEST(SequenceTransformer, SurvivesDisk) {
  const SequenceTransformer model(Shape(), RandomParameters());
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/m").ok());
  auto file = SnapshotFileWriter::Create(env, "/m/member", "test", 1);
  ASSERT_TRUE(model.Save(**file).ok());
  ASSERT_TRUE((*file)->Finish().ok());
  const auto opened = SnapshotFile::Open(env, "/m/member", "test", 1);

  const auto loaded = SequenceTransformer::Load(**opened);

  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(Score(**loaded, {1, 2, 3}), Score(model, {1, 2, 3}));
}

/// The loss Σ states · weights; its gradient by every parameter against differences of the forward pass itself.
TEST(SequenceBackward, AgreesWithFiniteDifferences) {
  const SequenceShape shape = Shape();
  auto parameters = RandomParameters();
  const std::vector<std::uint32_t> items = {3, 4, 3, 8, 0, 3};
  const std::vector<std::int64_t> times = {0, 1000, 50'000, 50'000, 7, 2000};
  SequenceBatch batch;
  batch.Assign(std::array<std::uint32_t, 3>{0, 4, 6}, times);
  Random random(6);
  std::vector<float> weights(items.size() * shape.block.width);
  for (float& value : weights) value = static_cast<float>(random.Normal());
  SequenceCache cache;
  const auto loss = [&] {
    SequenceForward(shape, parameters, batch, items, {}, cache);
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) sum += double{weights[i]} * double{cache.states[i]};
    return sum;
  };
  loss();
  std::vector<float> gradients(parameters.size());

  SequenceBackward(shape, parameters, batch, items, cache, weights, gradients);

  for (std::size_t i = 0; i < parameters.size(); ++i) {
    constexpr float kStep = 4e-3f;
    const float before = parameters[i];
    parameters[i] = before + kStep;
    const double up = loss();
    parameters[i] = before - kStep;
    const double down = loss();
    parameters[i] = before;
    const double difference = (up - down) / (2 * double{kStep});
    // A pass in float: its differences are exact to about 1e-3 of the loss's size, and curved by the step.
    ASSERT_NEAR(gradients[i], difference, 0.02 + 0.02 * std::abs(difference)) << i;
  }
}

}  // namespace
}  // namespace attune
