#include "tensor/tile_products.h"

#include <gtest/gtest.h>

#include <bit>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "tensor/cpu.h"

namespace attune {
namespace {

constexpr std::size_t kSide = TileProducts::kSide;

class TileProductsTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(CapCpu(GetParam()).ok());
    if (!HasBf16Products()) GTEST_SKIP() << "this processor multiplies no bf16 numbers (AVX512-BF16)";
    if (GetParam() == std::string_view("amx") && !HasTileProducts()) {
      GTEST_SKIP() << "this processor has no matrix tiles (AMX): there is nothing to hold beside the twin";
    }
  }
  void TearDown() override { ASSERT_TRUE(CapCpu("amx").ok()); }
};

INSTANTIATE_TEST_SUITE_P(ByVectorsAndTiles, TileProductsTest, testing::Values("avx512", "amx"));

TEST_P(TileProductsTest, AreThoseOfTheTwin) {
  Random random(1);
  for (const std::size_t steps : {1, 2, 5}) {
    const std::size_t a_stride = steps * kSide + 6;
    const std::size_t b_stride = 2 * kSide + 10;
    const std::size_t c_stride = kSide + 3;
    std::vector<std::uint16_t> a(kSide * a_stride);
    std::vector<std::uint16_t> b(steps * kSide / 2 * b_stride);
    // Halves between -8 and 8 are bf16 numbers, and their sums are exact.
    const auto fill = [&](std::vector<std::uint16_t>& numbers) {
      for (auto& number : numbers) {
        const float value = static_cast<float>(random.Below(33)) / 2 - 8;
        number = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
      }
    };
    fill(a);
    fill(b);
    std::vector<float> c(2 * kSide * c_stride, 7);
    std::vector<float> expected = c;
    std::vector<float> shift(kSide);
    for (float& value : shift) value = static_cast<float>(random.Below(9));

    EmulateTileProducts(true);
    {
      const TileProducts twin;
      twin.Assign({a.data(), a_stride}, {b.data(), b_stride}, steps, expected.data(), c_stride);
      twin.Add({a.data(), a_stride}, {b.data(), b_stride}, steps, expected.data(), c_stride);
      twin.Multiply({a.data(), a_stride}, {b.data(), b_stride}, steps, {shift.data(), 0},
                    expected.data() + kSide * c_stride, c_stride);
    }
    EmulateTileProducts(false);
    const TileProducts tiles;
    tiles.Assign({a.data(), a_stride}, {b.data(), b_stride}, steps, c.data(), c_stride);
    tiles.Add({a.data(), a_stride}, {b.data(), b_stride}, steps, c.data(), c_stride);
    tiles.Multiply({a.data(), a_stride}, {b.data(), b_stride}, steps, {shift.data(), 0}, c.data() + kSide * c_stride,
                   c_stride);

    EXPECT_EQ(c, expected) << steps;
  }
}

}  // namespace
}  // namespace attune
