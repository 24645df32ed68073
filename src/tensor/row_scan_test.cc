#include "tensor/row_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "tensor/cpu.h"

namespace attune {
namespace {

class RowScanTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_TRUE(CapCpu(GetParam()).ok()); }
  void TearDown() override { ASSERT_TRUE(CapCpu("amx").ok()); }
};

constexpr std::size_t kLimit = RowScan::kExactRowsMax;

TEST_P(RowScanTest, AgreesWithDoublesOnBothSidesOfTheLimit) {
  for (const auto& [rows, width] : {std::array<std::size_t, 2>{1, 1},
                                    {7, 32},
                                    {kLimit, 3},
                                    {kLimit + 1, 3},
                                    {kLimit + 63, 32},
                                    {kLimit + 64, 65}}) {
    Random random(rows + width);
    std::vector<float> numbers(rows * width);
    std::vector<float> x(width);
    for (float& value : numbers) value = static_cast<float>(random.Normal());
    for (float& value : x) value = static_cast<float>(random.Normal());
    if (rows > 2) std::fill_n(numbers.begin() + static_cast<std::ptrdiff_t>(width), width, 0.0f);
    std::vector<float> out(rows, NAN);

    const RowScan scan(numbers, width);
    scan.Multiply(x, out);

    ASSERT_EQ(scan.row_count(), rows);
    double length = 0;
    double largest_x = 0;
    for (const float value : x) {
      length += std::abs(double{value});
      largest_x = std::max(largest_x, std::abs(double{value}));
    }
    for (std::size_t row = 0; row < rows; ++row) {
      double exact = 0;
      double largest = 0;
      double row_length = 0;
      for (std::size_t i = 0; i < width; ++i) {
        exact += double{numbers[row * width + i]} * double{x[i]};
        largest = std::max(largest, std::abs(double{numbers[row * width + i]}));
        row_length += std::abs(double{numbers[row * width + i]});
      }
      const bool is_rounded = rows > kLimit;
      // What is added last is what rounding both costs beyond that.
      const double rounding = largest * length / 254 + largest_x * row_length / 32'766 + largest * largest_x * 1e-4;
      ASSERT_NEAR(out[row], exact, (is_rounded ? rounding : 0) + 1e-5 * std::sqrt(double(width)))
          << rows << " " << width << " " << row;
    }
  }
}

TEST_P(RowScanTest, GivesNothingForNothing) {
  const std::vector<float> numbers((kLimit + 1) * 4, 1);
  std::vector<float> out(kLimit + 1, NAN);

  RowScan(numbers, 4).Multiply(std::vector<float>(4), out);

  for (const float value : out) ASSERT_EQ(value, 0.0f);
}

TEST(RowScan, SaysTheSameBitsOnEveryProcessorWhereItRounds) {
  Random random(1);
  std::vector<float> numbers((kLimit + 37) * 33);
  std::vector<float> x(33);
  for (float& value : numbers) value = static_cast<float>(random.Normal());
  for (float& value : x) value = static_cast<float>(random.Normal());
  const RowScan scan(numbers, x.size());
  std::vector<std::vector<float>> outs;
  for (const char* cpu : {"baseline", "avx2", "avx512", "amx"}) {
    ASSERT_TRUE(CapCpu(cpu).ok());
    outs.emplace_back(scan.row_count());
    scan.Multiply(x, outs.back());
  }

  for (const auto& out : outs) ASSERT_EQ(out, outs.front());
}

TEST(RowScan, SumsTheWidestAndLargestWithoutOverflow) {
  const std::size_t width = RowScan::kWidthMax;
  const RowScan scan(std::vector<float>((kLimit + 1) * width, 2), width);
  const std::vector<float> x(width, -3);
  std::vector<float> out(scan.row_count(), NAN);
  for (const char* cpu : {"baseline", "avx2", "avx512", "amx"}) {
    ASSERT_TRUE(CapCpu(cpu).ok());
    scan.Multiply(x, out);

    for (const float value : out) ASSERT_NEAR(value, -6 * static_cast<double>(width), 1e-2);
  }
}

TEST(RowScan, MultipliesChosenRowsInFloats) {
  for (const std::size_t width : {1, 15, 16, 33, 64}) {
    Random random(width);
    std::vector<float> rows(50 * width);
    std::vector<float> x(width);
    for (float& value : rows) value = static_cast<float>(random.Normal());
    for (float& value : x) value = static_cast<float>(random.Normal());
    std::vector<float> out(50, 7);
    std::vector<std::uint32_t> chosen;
    for (std::uint32_t row = 1; row < 50; row += 1 + static_cast<std::uint32_t>(random.Below(3))) chosen.push_back(row);

    MultiplyRowsAt(rows, x, chosen, out);

    EXPECT_EQ(out[0], 7);
    for (const std::uint32_t row : chosen) {
      double expected = 0;
      for (std::size_t d = 0; d < width; ++d) expected += double{rows[row * width + d]} * double{x[d]};
      EXPECT_NEAR(out[row], expected, 1e-6 * double(width)) << width << " " << row;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryCpu, RowScanTest, testing::Values("baseline", "avx2", "avx512"));

}  // namespace
}  // namespace attune
