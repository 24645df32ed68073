#include "tensor/cpu.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/random.h"
#include "tensor/gated_block.h"
#include "tensor/test_numbers.h"

namespace attune {
namespace {

class CapCpuTest : public testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(CapCpu("amx").ok()); }
};

/// What a block gives, and all its gradients, one after the other.
std::vector<float> RunBlock() {
  const BlockShape shape{.width = 24, .hidden = 20, .length_max = 70};
  Random random(1);
  const auto parameters = NormalNumbers(BlockLayout(shape).size, 0.2, random);
  std::vector<std::int64_t> times;
  for (std::int64_t t = 0; t < 90; ++t) times.push_back(t * t * 1000);
  SequenceBatch batch;
  batch.Assign(std::array<std::uint32_t, 3>{0, 67, 90}, times);
  auto x = NormalNumbers(90 * shape.width, 1, random);
  auto dx = NormalNumbers(90 * shape.width, 1, random);
  std::vector<float> gradients(parameters.size());
  BlockCache cache;
  GatedBlockForward(shape, parameters, batch, {.rate = 0.1f, .seed = 3}, x, cache);
  GatedBlockBackward(shape, parameters, batch, cache, dx, gradients);
  x.insert(x.end(), dx.begin(), dx.end());
  x.insert(x.end(), gradients.begin(), gradients.end());
  return x;
}

TEST_F(CapCpuTest, EveryLevelComputesTheSame) {
  ASSERT_TRUE(CapCpu("baseline").ok());
  EXPECT_FALSE(HasBf16Products());
  const auto expected = RunBlock();
  for (const char* level : {"avx2", "avx512", "amx"}) {
    ASSERT_TRUE(CapCpu(level).ok());
    const auto got = RunBlock();
    // Sums in another order; those of gradients are of size 100.
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 2e-3) << level << " " << i;
  }
}

TEST_F(CapCpuTest, RefusesAnotherName) {
  const Status status = CapCpu("sse9");

  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(), "ATTUNE_CPU is sse9; it may be baseline, avx2, avx512 or amx");
}

}  // namespace
}  // namespace attune
