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

/// Of 3 types and values from 1 to 4.
struct WithEvents {
  TrainingData data = [] {
    TrainingData made;
    made.users.Add("user");
    made.interactions.item = {0, 0, 0, 0};
    made.interactions.event_type = {0, 1, 2, 0};
    made.interactions.event_value = {1, kMissing, 2, 4};
    made.interactions.user_offsets = {0, 4};
    return made;
  }();
  EventEncoder encoder = EventEncoder::Fit(WholeView(data));
  SequenceShape shape = [this] {
    SequenceShape wider = Shape();
    wider.event_rows = encoder.row_count();
    return wider;
  }();
};

std::vector<float> RandomParameters(const SequenceShape& shape = Shape()) {
  Random random(5);
  std::vector<float> parameters(SequenceLayout(shape).size);
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
  SequenceForward(Shape(), parameters, batch, {.items = items}, {}, cache);
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

/// What one user is answered is what training made of the same events.
TEST(SequenceTransformer, ReadsTypesAndValuesAsTrainingDoes) {
  const WithEvents with;
  const auto parameters = RandomParameters(with.shape);
  const SequenceTransformer model(with.shape, parameters, with.encoder);
  const std::vector<std::uint32_t> items = {3, 77, 4, 5};
  const std::vector<std::uint32_t> types = {0, 1, 2, 1};
  const std::vector<float> values = {kMissing, 2, 3, 1};
  const std::vector<std::uint32_t> known = {3, 4, 5};
  const std::vector<EventInput> events = {with.encoder.Encode(0, kMissing), with.encoder.Encode(2, 3),
                                          with.encoder.Encode(1, 1)};
  SequenceBatch batch;
  batch.Assign(std::array<std::uint32_t, 2>{0, 3}, std::vector<std::int64_t>(known.size()));
  SequenceCache cache;
  SequenceForward(with.shape, parameters, batch, {.items = known, .events = events}, {}, cache);
  const std::size_t width = with.shape.block.width;
  const auto state = std::span(cache.states).last(width);
  std::vector<float> scores(model.item_count());
  const auto scratch = model.MakeScratch();

  model.ScoreDense({.items = items, .event_type = types, .event_value = values}, *scratch, scores);

  for (std::size_t item = 0; item < scores.size(); ++item) {
    double product = 0;
    for (std::size_t d = 0; d < width; ++d) product += double{state[d]} * double{parameters[item * width + d]};
    EXPECT_NEAR(scores[item], product, 1e-5) << item;
  }
  EXPECT_NE(scores, Score(model, items));
}

TEST(SequenceTransformer, SurvivesDisk) {
  const WithEvents with;
  const SequenceTransformer model(with.shape, RandomParameters(with.shape), with.encoder);
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/m").ok());
  auto file = SnapshotFileWriter::Create(env, "/m/member", "test", 1);
  ASSERT_TRUE(model.Save(**file).ok());
  ASSERT_TRUE((*file)->Finish().ok());
  const auto opened = SnapshotFile::Open(env, "/m/member", "test", 1);

  const auto loaded = SequenceTransformer::Load(**opened);

  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(Score(**loaded, {1, 2, 3}), Score(model, {1, 2, 3}));
  EXPECT_EQ(dynamic_cast<const SequenceTransformer&>(**loaded).shape().event_rows, with.encoder.row_count());
}

/// The loss Σ states · weights; its gradient by every parameter against differences of the forward pass itself.
TEST(SequenceBackward, AgreesWithFiniteDifferences) {
  const WithEvents with;
  const SequenceShape& shape = with.shape;
  auto parameters = RandomParameters(shape);
  const std::vector<std::uint32_t> items = {3, 4, 3, 8, 0, 3};
  std::vector<EventInput> events;
  for (const float value : {1.0f, 1.5f, 2.0f, kMissing, 3.0f, 9.0f}) {
    events.push_back(with.encoder.Encode(static_cast<std::uint32_t>(events.size()) % 3, value));
  }
  const SequenceInputs inputs{.items = items, .events = events};
  const std::vector<std::int64_t> times = {0, 1000, 50'000, 50'000, 7, 2000};
  SequenceBatch batch;
  batch.Assign(std::array<std::uint32_t, 3>{0, 4, 6}, times);
  Random random(6);
  std::vector<float> weights(items.size() * shape.block.width);
  for (float& value : weights) value = static_cast<float>(random.Normal());
  SequenceCache cache;
  const auto loss = [&] {
    SequenceForward(shape, parameters, batch, inputs, {}, cache);
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) sum += double{weights[i]} * double{cache.states[i]};
    return sum;
  };
  loss();
  std::vector<float> gradients(parameters.size());

  SequenceBackward(shape, parameters, batch, inputs, cache, weights, gradients);

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
