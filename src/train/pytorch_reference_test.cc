// Our forward pass, gradients and training against what PyTorch computed: tests/vectors/transformer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

#include "base/json.h"
#include "tensor/cpu.h"
#include "train/sequence_steps.h"
#include "train/test_world.h"

namespace attune {
namespace {

const EventEncoder kNoEvents;

template <class T>
std::vector<T> Numbers(simdjson::dom::element array) {
  std::vector<T> values;
  for (const simdjson::dom::element value : simdjson::dom::array(array)) {
    if constexpr (std::is_floating_point_v<T>) {
      values.push_back(static_cast<T>(double(value)));
    } else {
      values.push_back(static_cast<T>(std::int64_t(value)));
    }
  }
  return values;
}

/// One recorded file, as our types hold it.
struct Recorded {
  SequenceShape shape;
  SequenceStepOptions options;
  TrainingData data;
  std::vector<float> parameters;  ///< As SequenceState has them.
  // The batch of the tensors.
  std::vector<std::uint32_t> begin{0}, items, targets;
  std::vector<std::int64_t> times;
  JsonDocument document;

  std::vector<double> Tensor(const char* name) const { return Numbers<double>(document.root()["tensors"][name]); }
};

TrainingData ReadData(simdjson::dom::element root) {
  TrainingData data;
  CategoricalColumn categories{.name = "CATEGORY", .categories = {}, .offsets = {0}, .values = {}};
  for (const simdjson::dom::element row : simdjson::dom::array(root["item_categories"])) {
    data.items.Add("item" + std::to_string(data.items.size()));
    for (const simdjson::dom::element category : simdjson::dom::array(row)) {
      categories.values.push_back(categories.categories.Add(std::string(std::string_view(category))));
    }
    categories.offsets.push_back(static_cast<std::uint32_t>(categories.values.size()));
  }
  data.item_attributes.categorical.push_back(std::move(categories));
  for (const simdjson::dom::element user : simdjson::dom::array(root["users"])) {
    const std::uint32_t index = data.users.Add("user" + std::to_string(data.users.size()));
    const auto items = Numbers<std::uint32_t>(user["items"]);
    const auto times = Numbers<std::int64_t>(user["times"]);
    data.interactions.user.insert(data.interactions.user.end(), items.size(), index);
    data.interactions.item.insert(data.interactions.item.end(), items.begin(), items.end());
    data.interactions.timestamp_ms.insert(data.interactions.timestamp_ms.end(), times.begin(), times.end());
  }
  FinishTestData(data);
  return data;
}

Recorded Read(const std::string& name) {
  std::ifstream file(ATTUNE_VECTORS_DIR "/transformer/" + name + ".json");
  std::stringstream text;
  text << file.rdbuf();
  auto document = JsonDocument::Parse(text.str());
  EXPECT_TRUE(document.ok()) << name;
  const auto root = document->root();
  const auto size = [&](const char* key) { return static_cast<std::size_t>(std::int64_t(root["shape"][key])); };
  const auto setting = [&](const char* key) { return static_cast<float>(double(root["training"][key])); };
  Recorded recorded{
      .shape = {.item_count = size("items"),
                .block_count = size("blocks"),
                .block = {.width = size("width"), .hidden = size("hidden"), .length_max = size("length_max")}},
      .options = {.history_max = size("history_max"),
                  .rate = setting("rate"),
                  .warm_up_steps = static_cast<int>(std::int64_t(root["training"]["warm_up_steps"])),
                  .dropout = 0,
                  .average = setting("average")},
      .data = ReadData(root),
      .parameters = Numbers<float>(root["parameters"]),
      .document = *std::move(document)};
  for (const simdjson::dom::element piece : simdjson::dom::array(root["batch"])) {
    const auto append = [](const auto& from, auto& to) { to.insert(to.end(), from.begin(), from.end()); };
    append(Numbers<std::uint32_t>(piece["items"]), recorded.items);
    append(Numbers<std::uint32_t>(piece["targets"]), recorded.targets);
    append(Numbers<std::int64_t>(piece["times"]), recorded.times);
    recorded.begin.push_back(static_cast<std::uint32_t>(recorded.items.size()));
  }
  return recorded;
}

/// Each of `actual` within `relative` of the largest that PyTorch has.
template <class Numbers>
void ExpectClose(const char* what, const Numbers& actual, const std::vector<double>& expected, double relative) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], relative * largest) << what << " " << i;
  }
}

/// How far we may be from PyTorch's float64: tensors as a share of their largest value, losses of themselves.
struct Tolerance {
  double tensors;
  double losses;
};
// PyTorch's own float32 is up to 4e-7 of the largest value away ("float32_error" in the files); sums in another order
// may be a few times as far, and six digits were recorded. Losses are sums of many and were recorded with nine.
constexpr Tolerance kFloats{.tensors = 1e-5, .losses = 1e-6};
// Products of bf16 factors are off by up to 2^-9, independently of each other.
constexpr Tolerance kBf16{.tensors = 6e-3, .losses = 1e-3};

struct Case {
  const char* file;
  const char* cpu;
};

class PyTorchReference : public testing::TestWithParam<Case> {
 protected:
  PyTorchReference() : recorded_(Read(GetParam().file)) { EXPECT_TRUE(CapCpu(GetParam().cpu).ok()); }
  ~PyTorchReference() override { EXPECT_TRUE(CapCpu("amx").ok()); }

  /// Of the loss and what follows from it: alone the softmax is computed with bf16 numbers, where they fill vectors.
  Tolerance AfterSoftmax() const {
    return HasBf16Products() && recorded_.shape.block.width % 16 == 0 ? kBf16 : kFloats;
  }

  const Recorded recorded_;
};

TEST_P(PyTorchReference, ForwardTensorsLossAndGradientsAgree) {
  const SequenceShape& shape = recorded_.shape;
  const SequenceLayout at(shape);
  const std::size_t width = shape.block.width;
  const AttributeEmbeddings attributes(recorded_.data.item_attributes, shape.item_count);
  ASSERT_EQ(recorded_.parameters.size(), at.size + attributes.feature_count() * width);
  const auto served = ServedParameters(shape, attributes, recorded_.parameters);
  const auto embeddings = std::span(served).subspan(at.items, shape.item_count * width);
  SequenceBatch batch;
  batch.Assign(recorded_.begin, recorded_.times);
  SequenceCache cache;

  SequenceForward(shape, served, batch, {.items = recorded_.items}, {}, cache);

  ExpectClose("embedded", cache.blocks[0].x, recorded_.Tensor("embedded"), kFloats.tensors);
  ExpectClose("block 0", cache.blocks[1].x, recorded_.Tensor("block0"), kFloats.tensors);
  ExpectClose("block 1", cache.x, recorded_.Tensor("block1"), kFloats.tensors);
  ExpectClose("states", cache.states, recorded_.Tensor("states"), kFloats.tensors);

  SoftmaxClasses classes;
  classes.Assign(embeddings, width);
  SoftmaxScratch scratch;
  std::vector<float> dstates(cache.states.size());
  std::vector<float> gradients(recorded_.parameters.size());
  const auto ditems = std::span(gradients).subspan(at.items, shape.item_count * width);
  const double loss = SoftmaxCrossEntropy(classes, cache.states, recorded_.targets, dstates, ditems, scratch);
  SequenceBackward(shape, served, batch, {.items = recorded_.items}, cache, dstates, gradients);
  std::vector<std::uint32_t> all_items(shape.item_count);
  std::iota(all_items.begin(), all_items.end(), 0u);
  attributes.AddBackward(ditems, width, all_items, std::span(gradients).subspan(at.size));

  const double expected = double(recorded_.document.root()["tensors"]["loss"].at(0));
  EXPECT_NEAR(loss, expected, AfterSoftmax().losses * expected);
  ExpectClose("gradients", gradients, recorded_.Tensor("gradients"), AfterSoftmax().tensors);
}

TEST_P(PyTorchReference, TenTrainingLossesAgree) {
  const AttributeEmbeddings attributes(recorded_.data.item_attributes, recorded_.shape.item_count);
  ThreadPool pool(1, 8);
  const TrainingView view = WholeView(recorded_.data);
  SequenceSteps steps(view, attributes, kNoEvents, recorded_.shape, recorded_.options, pool);
  SequenceState state{.parameters = recorded_.parameters,
                      .average = recorded_.parameters,
                      .adam = Adam(recorded_.parameters.size()),
                      .step = 0};
  std::vector<double> losses;

  // So few users that an epoch is one step over them all.
  for (int epoch = 1; epoch <= 10; ++epoch) {
    const auto outcome = steps.RunEpoch(
        epoch, [](double) { return 1.0f; }, state);
    EXPECT_EQ(outcome.tokens, recorded_.items.size());
    losses.push_back(outcome.loss);
  }

  const auto expected = recorded_.Tensor("losses");
  ASSERT_EQ(expected.size(), 10u);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(losses[i], expected[i], AfterSoftmax().losses * expected[i]) << "step " << i + 1;
  }
  state.average.resize(recorded_.shape.item_count * recorded_.shape.block.width);
  ExpectClose("item embeddings", state.average, recorded_.Tensor("item_average"), AfterSoftmax().tensors);
}

INSTANTIATE_TEST_SUITE_P(EveryCpu, PyTorchReference,
                         testing::Values(Case{"width12", "baseline"}, Case{"width12", "avx2"},
                                         Case{"width12", "avx512"}, Case{"width16", "baseline"},
                                         Case{"width16", "avx2"}, Case{"width16", "avx512"}),
                         [](const auto& test) { return std::string(test.param.file) + "_" + test.param.cpu; });

}  // namespace
}  // namespace attune
