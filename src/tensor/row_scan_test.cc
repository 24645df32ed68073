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

TEST_P(RowScanTest, AgreesWithDoublesOnBothSidesOfTheLimit) {
  const std::size_t limit = RowScan::kExactRowsMax;
  for (const auto& [rows, width] :
       {std::array<std::size_t, 2>{1, 1}, {7, 32}, {limit, 3}, {limit + 1, 3}, {limit + 63, 32}, {limit + 64, 65}}) {
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
    for (const float value : x) length += std::abs(double{value});
    for (std::size_t row = 0; row < rows; ++row) {
      double exact = 0;
      double largest = 0;
      for (std::size_t i = 0; i < width; ++i) {
        exact += double{numbers[row * width + i]} * double{x[i]};
        largest = std::max(largest, std::abs(double{numbers[row * width + i]}));
      }
      const double rounding = rows > limit ? largest * length / 254 : 0;
      ASSERT_NEAR(out[row], exact, rounding + 1e-5) << rows << " " << width << " " << row;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryCpu, RowScanTest, testing::Values("baseline", "avx2", "avx512"));

}  // namespace
}  // namespace attune
