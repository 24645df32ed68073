#include "tensor/gated_block.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "tensor/cpu.h"
#include "tensor/reference/gated_block.h"
#include "tensor/test_numbers.h"

namespace attune {
namespace {

struct Example {
  BlockShape shape;
  std::vector<float> parameters;
  std::vector<std::int64_t> time_ms;
  std::vector<float> x;
  std::vector<float> dout;  ///< The loss is Σ dout · output.
};

Example MakeExample(std::size_t steps, std::size_t width, std::size_t hidden) {
  Random random(steps * 1000 + width);
  Example example{.shape = {.width = width, .hidden = hidden, .length_max = steps + 2}};
  example.parameters.resize(BlockLayout(example.shape).size);
  for (float& value : example.parameters) value = static_cast<float>(0.3 * random.Normal());
  std::int64_t time = 0;
  for (std::size_t t = 0; t < steps; ++t)
    example.time_ms.push_back(time += static_cast<std::int64_t>(random.Below(90'000)));
  example.x.resize(steps * width);
  example.dout.resize(steps * width);
  for (float& value : example.x) value = static_cast<float>(random.Normal());
  for (float& value : example.dout) value = static_cast<float>(random.Normal());
  return example;
}

SequenceBatch OneSequence(std::span<const std::int64_t> time_ms) {
  SequenceBatch batch;
  batch.Assign(std::array<std::uint32_t, 2>{0, static_cast<std::uint32_t>(time_ms.size())}, time_ms);
  return batch;
}

std::vector<double> Doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

double Loss(const Example& example, std::span<const double> parameters, std::span<const double> x) {
  const auto out = reference::GatedBlockForward(example.shape, parameters, example.time_ms, x);
  double loss = 0;
  for (std::size_t i = 0; i < out.size(); ++i) loss += out[i] * example.dout[i];
  return loss;
}

TEST(GatedBlock, ForwardAgreesWithItsTwin) {
  for (const auto& [steps, width, hidden] :
       {std::array<std::size_t, 3>{1, 4, 3}, {7, 8, 12}, {48, 64, 128}, {49, 16, 8}, {130, 32, 20}}) {
    const Example example = MakeExample(steps, width, hidden);
    auto x = example.x;
    BlockCache cache;

    GatedBlockForward(example.shape, example.parameters, OneSequence(example.time_ms), {}, x, cache);

    const auto expected =
        reference::GatedBlockForward(example.shape, Doubles(example.parameters), example.time_ms, Doubles(example.x));
    // Values are of size 10; a few hundred float roundings.
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], expected[i], 2e-4) << steps << " " << width;
  }
}

TEST(GatedBlock, GradientsAgreeWithFiniteDifferencesOfTheTwin) {
  for (const auto& [steps, width, hidden] : {std::array<std::size_t, 3>{1, 4, 3}, {5, 6, 7}, {53, 4, 2}}) {
    SCOPED_TRACE(steps);
    const Example example = MakeExample(steps, width, hidden);
    auto x = example.x;
    BlockCache cache;
    GatedBlockForward(example.shape, example.parameters, OneSequence(example.time_ms), {}, x, cache);
    auto dx = example.dout;
    std::vector<float> gradients(example.parameters.size());

    GatedBlockBackward(example.shape, example.parameters, OneSequence(example.time_ms), cache, dx, gradients);

    constexpr double kStep = 1e-5;
    const auto check = [&](std::vector<double>& moved, std::size_t i, float analytic, const auto& loss) {
      const double before = moved[i];
      moved[i] = before + kStep;
      const double up = loss();
      moved[i] = before - kStep;
      const double down = loss();
      moved[i] = before;
      const double difference = (up - down) / (2 * kStep);
      // Central differences in double are exact to 1e-7 here; the rest is float rounding in the analytic gradient.
      ASSERT_NEAR(analytic, difference, 2e-3 * (1 + std::abs(difference))) << "parameter " << i;
    };
    auto parameters = Doubles(example.parameters);
    auto input = Doubles(example.x);
    const auto loss = [&] { return Loss(example, parameters, input); };
    const std::size_t stride = steps > 10 ? 3 : 1;
    for (std::size_t i = 0; i < parameters.size(); i += stride) check(parameters, i, gradients[i], loss);
    for (std::size_t i = 0; i < input.size(); i += stride) check(input, i, dx[i], loss);
  }
}

TEST(GatedBlock, LaterStepsDoNotReachBack) {
  const Example example = MakeExample(60, 16, 8);
  auto whole = example.x;
  auto part = std::vector<float>(example.x.begin(), example.x.begin() + 50 * 16);
  BlockCache cache;

  GatedBlockForward(example.shape, example.parameters, OneSequence(example.time_ms), {}, whole, cache);
  GatedBlockForward(example.shape, example.parameters, OneSequence(std::span(example.time_ms).first(50)), {}, part,
                    cache);

  for (std::size_t i = 0; i < part.size(); ++i) ASSERT_NEAR(part[i], whole[i], 1e-5);
}

TEST(GatedBlock, SequencesOfABatchDoNotSeeEachOther) {
  const Example example = MakeExample(57, 8, 6);
  const std::array<std::uint32_t, 5> begin = {0, 20, 20, 21, 57};
  SequenceBatch batch;
  batch.Assign(begin, example.time_ms);
  const auto run = [&](const SequenceBatch& sequences, std::vector<float> x, std::vector<float> dx,
                       std::vector<float>& gradients) {
    BlockCache cache;
    GatedBlockForward(example.shape, example.parameters, sequences, {}, x, cache);
    GatedBlockBackward(example.shape, example.parameters, sequences, cache, dx, gradients);
    x.insert(x.end(), dx.begin(), dx.end());
    return x;
  };
  std::vector<float> gradients(example.parameters.size());
  const auto together = run(batch, example.x, example.dout, gradients);

  std::vector<float> alone_gradients(example.parameters.size());
  for (std::size_t s = 0; s + 1 < begin.size(); ++s) {
    const auto part = [&](const std::vector<float>& values) {
      return std::vector<float>(values.begin() + begin[s] * 8, values.begin() + begin[s + 1] * 8);
    };
    const auto times = std::span(example.time_ms).subspan(begin[s], begin[s + 1] - begin[s]);
    const auto alone = run(OneSequence(times), part(example.x), part(example.dout), alone_gradients);
    for (std::size_t i = 0; i < alone.size() / 2; ++i) {
      ASSERT_NEAR(alone[i], together[begin[s] * 8 + i], 1e-5);
      ASSERT_NEAR(alone[alone.size() / 2 + i], together[57 * 8 + begin[s] * 8 + i], 1e-4);
    }
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) ASSERT_NEAR(gradients[i], alone_gradients[i], 1e-3) << i;
}

TEST(GatedBlock, TheBackwardPassDropsWhatTheForwardPassDropped) {
  const Example example = MakeExample(20, 8, 6);
  const auto batch = OneSequence(example.time_ms);
  const Dropout dropout{.rate = 0.3f, .seed = 5};
  BlockCache cache;
  const auto loss = [&](const std::vector<float>& start) {
    auto x = start;
    GatedBlockForward(example.shape, example.parameters, batch, dropout, x, cache);
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * example.dout[i];
    return sum;
  };
  loss(example.x);
  auto dx = example.dout;
  std::vector<float> gradients(example.parameters.size());
  GatedBlockBackward(example.shape, example.parameters, batch, cache, dx, gradients);

  for (std::size_t i = 0; i < dx.size(); i += 7) {
    constexpr float kStep = 1e-2f;
    auto moved = example.x;
    moved[i] += kStep;
    const double up = loss(moved);
    moved[i] -= 2 * kStep;
    // Steps this wide are needed in float; their error is of the order of the step squared.
    ASSERT_NEAR(dx[i], (up - loss(moved)) / (2 * kStep), 0.02 * (1 + std::abs(dx[i]))) << i;
  }
}

TEST(GatedBlock, DropsTheStatedShareAndTheSameForTheSameSeed) {
  const Example example = MakeExample(100, 16, 32);
  const auto run = [&](std::uint64_t seed, BlockCache& cache) {
    auto x = example.x;
    GatedBlockForward(example.shape, example.parameters, OneSequence(example.time_ms), {.rate = 0.25f, .seed = seed}, x,
                      cache);
    return x;
  };
  BlockCache cache;
  BlockCache other;

  EXPECT_EQ(run(1, cache), run(1, other));
  EXPECT_NE(run(1, cache), run(2, other));

  double dropped = 0;
  for (const float factor : cache.drop_hidden) dropped += factor == 0;
  // 3,200 coins: three standard errors are 0.023.
  EXPECT_NEAR(dropped / 3200, 0.25, 0.023);
}

TEST(TimeBucket, DoublesAndEnds) {
  EXPECT_EQ(TimeBucket(-5), 0);
  EXPECT_EQ(TimeBucket(0), 0);
  EXPECT_EQ(TimeBucket(999), 1);
  EXPECT_EQ(TimeBucket(1000), 2);
  EXPECT_EQ(TimeBucket(60'000), 6);
  EXPECT_EQ(TimeBucket(INT64_MAX), kTimeBuckets - 1);
}

TEST(GatedBlockForwardOfLast, IsTheLastRowOfAll) {
  for (const auto& [length, width, hidden] :
       {std::array<std::size_t, 3>{1, 4, 3}, {7, 24, 20}, {50, 64, 128}, {197, 48, 96}}) {
    const BlockShape shape{.width = width, .hidden = hidden, .length_max = 200};
    Random random(length);
    const auto parameters = NormalNumbers(BlockLayout(shape).size, 0.2, random);
    std::vector<std::int64_t> times;
    for (std::size_t t = 0; t < length; ++t) times.push_back(static_cast<std::int64_t>(t * t) * 1000);
    SequenceBatch batch;
    batch.Assign(std::array<std::uint32_t, 2>{0, static_cast<std::uint32_t>(length)}, times);
    auto x = NormalNumbers(length * width, 1, random);
    BlockCache cache;
    std::vector<float> last(width);

    GatedBlockForwardOfLast(shape, parameters, batch, x, last, cache);
    GatedBlockForward(shape, parameters, batch, {}, x, cache);

    for (std::size_t d = 0; d < width; ++d) {
      ASSERT_NEAR(last[d], x[(length - 1) * width + d], 1e-4) << length << " " << d;
    }
  }
}

TEST(GatedBlock, RoundedProductsComeNearThoseOfFloats) {
  if (!HasBf16Products()) GTEST_SKIP() << "tiles are emulated beside AVX512-BF16, which this processor lacks";
  Random random(1);
  for (const std::uint32_t steps : {1U, 31U, 64U, 97U}) {
    BlockShape shape{.width = 64, .hidden = 96, .length_max = 200};
    const auto parameters = NormalNumbers(BlockLayout(shape).size, 0.1, random);
    const auto x = NormalNumbers(steps * shape.width, 1, random);
    const auto dout = NormalNumbers(steps * shape.width, 1, random);
    SequenceBatch batch;
    // Two sequences, but for a single step.
    std::vector<std::uint32_t> begin{0};
    if (steps > 1) begin.push_back(steps / 3);
    begin.push_back(steps);
    std::vector<std::int64_t> times;
    for (std::uint32_t t = 0; t < steps; ++t) times.push_back(std::int64_t{t} * t * 1000);
    batch.Assign(begin, times);
    const auto run = [&] {
      BlockCache cache;
      auto out = x;
      auto dx = dout;
      std::vector<float> gradients(parameters.size());
      GatedBlockForward(shape, parameters, batch, {.rate = 0.2F, .seed = 7}, out, cache);
      GatedBlockBackward(shape, parameters, batch, cache, dx, gradients);
      return std::array{out, dx, gradients};
    };

    const auto exact = run();
    shape.rounds_products = true;
    EmulateTileProducts(true);
    const auto rounded = run();
    EmulateTileProducts(false);

    EXPECT_NE(exact, rounded) << "nothing was rounded";
    for (std::size_t part = 0; part < exact.size(); ++part) {
      double error = 0;
      double size = 0;
      for (std::size_t i = 0; i < exact[part].size(); ++i) {
        error += std::pow(rounded[part][i] - exact[part][i], 2);
        size += std::pow(exact[part][i], 2);
      }
      // Factors are off by up to 2^-9, in sums and one after the other.
      EXPECT_LT(std::sqrt(error / size), 0.01) << steps << " steps, part " << part;
    }
  }
}

}  // namespace
}  // namespace attune
