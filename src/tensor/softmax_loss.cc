#include "tensor/softmax_loss.h"

#include <algorithm>

#include "base/check.h"
#include "tensor/activations.h"
#include "tensor/bf16_layout.h"
#include "tensor/cpu.h"
#include "tensor/matmul.h"
#include "tensor/own_target.h"
#include "tensor/softmax_bf16.h"

namespace attune {
namespace {

// What two products read and write of so many classes stays in the nearest caches.
constexpr std::size_t kClassBlock = 96;

double FloatTile(const SoftmaxClasses& classes, std::span<const float> x, std::span<const std::uint32_t> targets,
                 std::span<float> dx, std::span<float> dclasses, SoftmaxScratch& scratch) {
  const std::size_t width = classes.width();
  const std::size_t count = classes.shared_count();
  const std::size_t rows = targets.size();
  const std::size_t padded = classes.padded_count();
  scratch.logits.resize(rows * padded);
  for (std::size_t row = 0; row < rows; ++row) {
    std::copy_n(classes.bias(), padded, scratch.logits.data() + row * padded);
  }
  for (std::size_t n = 0; n < padded; n += SoftmaxClasses::kPadding) {
    AddProduct({x.data(), width, 1}, {classes.columns().data() + n * width, SoftmaxClasses::kPadding, 1},
               scratch.logits.data() + n, padded, rows, SoftmaxClasses::kPadding, width);
  }
  double loss = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::span logits(scratch.logits.data() + row * padded, count);
    const std::uint32_t target = targets[row];
    if (target >= count) {
      const auto at = [&](auto values, std::size_t index) { return values.subspan(index * width, width); };
      const auto target_row = classes.OwnRow(target);
      const OwnTarget own = AddOwnTarget(SoftmaxInPlace(logits), OwnLogit(at(x, row), target_row));
      for (float& share : logits) share *= own.others_share;
      AddOwnGradients(own.gradient, at(x, row), target_row, at(dx, row), at(dclasses, target));
      loss += own.loss;
      continue;
    }
    logits[target] -= classes.bias()[target];
    const float target_logit = logits[target];
    loss += SoftmaxInPlace(logits) - target_logit;
    logits[target] -= 1;
  }
  // What is in the tile now is the gradient by the logits.
  for (std::size_t n = 0; n < count; n += kClassBlock) {
    const std::size_t block = std::min(kClassBlock, count - n);
    const MatrixView gradient{scratch.logits.data() + n, padded, 1};
    AddProduct(gradient, {classes.rows().data() + n * width, width, 1}, dx.data(), width, rows, width, block);
    AddProduct(gradient.Transposed(), {x.data(), width, 1}, dclasses.data() + n * width, width, block, width, rows);
  }
  return loss;
}

}  // namespace

void SoftmaxClasses::Assign(std::span<const float> classes, std::size_t width) {
  Assign(classes, width, std::vector<float>(classes.size() / width));
}

void SoftmaxClasses::Assign(std::span<const float> classes, std::size_t width, std::span<const float> bias) {
  ATTUNE_CHECK(width > 0 && classes.size() % width == 0 && bias.size() * width <= classes.size() && !bias.empty());
  count_ = classes.size() / width;
  shared_ = bias.size();
  width_ = width;
  bf16_ = width % kBf16Width == 0 && HasBf16Products();
  bias_.assign((shared_ + kPadding - 1) / kPadding * kPadding, kNever);
  std::copy(bias.begin(), bias.end(), bias_.begin());
  const auto of_shared = static_cast<std::ptrdiff_t>(shared_ * width);
  rows_.assign(classes.begin() + (bf16_ ? of_shared : 0), classes.end());
  if (bf16_) return FillBf16(classes);
  columns_.assign(padded_count() * width, 0);
  for (std::size_t n = 0; n < shared_; ++n) {
    float* column = columns_.data() + n / kPadding * kPadding * width + n % kPadding;
    for (std::size_t d = 0; d < width; ++d) column[d * kPadding] = classes[n * width + d];
  }
}

void SoftmaxClasses::FillBf16(std::span<const float> classes) {
  bf16_rows_.assign(padded_count() * width_, 0);
  bf16_columns_.assign(padded_count() * width_, 0);
  for (std::size_t n = 0; n < shared_; ++n) {
    std::uint16_t* row = bf16_rows_.data() + n * width_;
    std::uint16_t* column = bf16_columns_.data() + n / kPadding * kPadding * width_ + n % kPadding;
    for (std::size_t d = 0; d < width_; ++d) {
      row[d] = RoundToBf16(classes[n * width_ + d]);
      column[d * kPadding] = row[d];
    }
  }
}

double SoftmaxCrossEntropy(const SoftmaxClasses& classes, std::span<const float> x,
                           std::span<const std::uint32_t> targets, std::span<float> dx, std::span<float> dclasses,
                           SoftmaxScratch& scratch) {
  const std::size_t width = classes.width();
  ATTUNE_CHECK(x.size() == targets.size() * width && dx.size() == x.size() &&
               dclasses.size() == classes.count() * width);
  double loss = 0;
  const std::size_t tile_rows = classes.bf16() && HasTileProducts() ? kSoftmaxBf16Rows : kSoftmaxTileRows;
  const auto compute = classes.bf16() ? SoftmaxCrossEntropyBf16 : FloatTile;
  for (std::size_t begin = 0; begin < targets.size(); begin += tile_rows) {
    const std::size_t rows = std::min(tile_rows, targets.size() - begin);
    const auto tile = [&](auto values) { return values.subspan(begin * width, rows * width); };
    loss += compute(classes, tile(x), targets.subspan(begin, rows), tile(dx), dclasses, scratch);
  }
  return loss;
}

}  // namespace attune
