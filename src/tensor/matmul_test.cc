#include "tensor/matmul.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "tensor/reference/matmul.h"

namespace attune {
namespace {

std::vector<float> Normals(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.Normal());
  return values;
}

std::vector<float> PositiveDefinite(std::size_t n, std::uint64_t seed) {
  const auto x = Normals(n * n, seed);
  std::vector<float> matrix(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = i == j ? 0.5 * static_cast<double>(n) : 0;
      for (std::size_t k = 0; k < n; ++k) sum += double{x[i * n + k]} * double{x[j * n + k]};
      matrix[i * n + j] = static_cast<float>(sum);
    }
  }
  return matrix;
}

TEST(SubtractProduct, AgreesWithItsTwinForOddShapes) {
  for (const auto& [rows, columns, inner] : {std::array<std::size_t, 3>{1, 1, 1},
                                             {3, 5, 7},
                                             {6, 32, 4},
                                             {64, 64, 64},
                                             {65, 63, 1},
                                             {7, 129, 96},
                                             {13, 31, 33}}) {
    const auto a = Normals(rows * (inner + 2), 1);
    const auto b = Normals(inner * (columns + 3), 2);
    auto c = Normals(rows * (columns + 1), 3);
    auto expected = c;

    SubtractProduct(a.data(), inner + 2, b.data(), columns + 3, c.data(), columns + 1, rows, columns, inner);
    reference::SubtractProduct(a.data(), inner + 2, b.data(), columns + 3, expected.data(), columns + 1, rows, columns,
                               inner);

    // Rounding of `inner` products of size about 1, accumulated in float.
    for (std::size_t i = 0; i < c.size(); ++i) ASSERT_NEAR(c[i], expected[i], 1e-4) << rows << " " << columns;
  }
}

TEST(AddProduct, AgreesWithItsTwinForOddShapesAndTransposes) {
  for (const auto& [rows, columns, inner] :
       {std::array<std::size_t, 3>{1, 1, 1}, {3, 5, 7}, {6, 32, 4}, {64, 192, 64}, {65, 63, 1}, {13, 200, 33}}) {
    for (const bool a_transposed : {false, true}) {
      for (const bool b_transposed : {false, true}) {
        const auto a = Normals(rows * inner, 1);
        const auto b = Normals(inner * columns, 2);
        const MatrixView a_view = a_transposed ? MatrixView{a.data(), 1, rows} : MatrixView{a.data(), inner, 1};
        const MatrixView b_view = b_transposed ? MatrixView{b.data(), 1, inner} : MatrixView{b.data(), columns, 1};
        auto c = Normals(rows * (columns + 1), 3);
        auto expected = c;

        AddProduct(a_view, b_view, c.data(), columns + 1, rows, columns, inner);
        reference::AddProduct(a_view, b_view, expected.data(), columns + 1, rows, columns, inner);

        // Rounding of `inner` products of size about 1, accumulated in float.
        for (std::size_t i = 0; i < c.size(); ++i) ASSERT_NEAR(c[i], expected[i], 1e-4) << rows << " " << columns;
      }
    }
  }
}

TEST(InvertPositiveDefinite, AgreesWithItsTwinAcrossBlockEdges) {
  ThreadPool pool(2, 16);
  for (const std::size_t n : {1, 2, 17, 95, 96, 97, 200, 300}) {
    auto matrix = PositiveDefinite(n, n);
    const std::vector<double> exact(matrix.begin(), matrix.end());
    const auto expected = reference::Invert(exact, n);

    ASSERT_TRUE(InvertPositiveDefinite(matrix, n, pool).ok());

    // Condition numbers here are below 20; entries are of size 1 / n.
    for (std::size_t i = 0; i < n * n; ++i) ASSERT_NEAR(matrix[i], expected[i], 2e-5 / std::sqrt(double(n))) << n;
  }
}

TEST(InvertPositiveDefinite, GivesTheSameBitsForAnyNumberOfThreads) {
  ThreadPool one(1, 16);
  ThreadPool three(3, 16);
  auto a = PositiveDefinite(250, 7);
  auto b = a;

  ASSERT_TRUE(InvertPositiveDefinite(a, 250, one).ok());
  ASSERT_TRUE(InvertPositiveDefinite(b, 250, three).ok());

  EXPECT_EQ(a, b);
}

TEST(InvertPositiveDefinite, RefusesAMatrixThatIsNot) {
  ThreadPool pool(1, 16);
  std::vector<float> matrix{1, 2, 2, 1};

  EXPECT_EQ(InvertPositiveDefinite(matrix, 2, pool).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace attune
