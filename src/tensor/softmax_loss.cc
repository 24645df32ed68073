#include "tensor/softmax_loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "tensor/activations.h"
#include "tensor/matmul.h"

namespace attune {
namespace {

/// Logits of `rows` rows into `tile` [rows, N].
void TileLogits(const float* x, std::size_t rows, std::size_t width, std::span<const float> transposed,
                std::size_t class_count, std::vector<float>& tile) {
  tile.assign(rows * class_count, 0);
  AddProduct({x, width, 1}, {transposed.data(), class_count, 1}, tile.data(), class_count, rows, class_count, width);
}

}  // namespace

double SoftmaxCrossEntropy(std::span<const float> x, std::span<const float> classes, std::span<const float> transposed,
                           std::span<const std::uint32_t> targets, std::span<float> dx, std::span<float> dclasses) {
  ATTUNE_CHECK(!targets.empty() && x.size() % targets.size() == 0 && classes.size() == transposed.size());
  const std::size_t width = x.size() / targets.size();
  const std::size_t class_count = classes.size() / width;
  std::vector<float> tile;
  double loss = 0;
  for (std::size_t begin = 0; begin < targets.size(); begin += kSoftmaxTileRows) {
    const std::size_t rows = std::min(kSoftmaxTileRows, targets.size() - begin);
    TileLogits(x.data() + begin * width, rows, width, transposed, class_count, tile);
    for (std::size_t row = 0; row < rows; ++row) {
      float* logits = tile.data() + row * class_count;
      const std::uint32_t target = targets[begin + row];
      const float target_logit = logits[target];
      loss += SoftmaxInPlace(std::span(logits, class_count)) - target_logit;
      logits[target] -= 1;
    }
    // What is in the tile now is the gradient by the logits.
    const MatrixView gradient{tile.data(), class_count, 1};
    AddProduct(gradient, {classes.data(), width, 1}, dx.data() + begin * width, width, rows, width, class_count);
    AddProduct(gradient.Transposed(), {x.data() + begin * width, width, 1}, dclasses.data(), width, class_count, width,
               rows);
  }
  return loss;
}

double SoftmaxCrossEntropyLoss(std::span<const float> x, std::span<const float> transposed, std::size_t width,
                               std::span<const std::uint32_t> targets) {
  const std::size_t class_count = transposed.size() / width;
  std::vector<float> tile;
  double loss = 0;
  for (std::size_t begin = 0; begin < targets.size(); begin += kSoftmaxTileRows) {
    const std::size_t rows = std::min(kSoftmaxTileRows, targets.size() - begin);
    TileLogits(x.data() + begin * width, rows, width, transposed, class_count, tile);
    for (std::size_t row = 0; row < rows; ++row) {
      float* logits = tile.data() + row * class_count;
      const float target_logit = logits[targets[begin + row]];
      loss += SoftmaxInPlace(std::span(logits, class_count)) - target_logit;
    }
  }
  return loss;
}

}  // namespace attune
