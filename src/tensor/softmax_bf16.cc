#include "tensor/softmax_bf16.h"

#include "base/check.h"
#include "tensor/bf16_layout.h"
#include "tensor/cpu.h"
#include "tensor/own_target.h"
#include "tensor/tile_products.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cmath>

namespace attune {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kSide = TileProducts::kSide;
constexpr std::size_t kBlock = SoftmaxClasses::kPadding;  ///< Classes that are worked on together.
constexpr std::size_t kTile = kBlock * kSide;             ///< Their numbers for the rows of a group.
static_assert(kSoftmaxBf16Rows % kSide == 0 && kBlock % kSide == 0 && kSide == 2 * kLanes);
constexpr float kLog2OfE = 1.44269504F;

/// 2^x, within 3e-6 of itself: a power of two times a polynomial of the rest, with the least largest error (Remez).
ATTUNE_BF16 inline __m512 PowerOfTwo(__m512 x) {
  const __m512 rest = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  __m512 power = _mm512_set1_ps(0.0135341679F);
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(0.0520114606F));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(0.241442757F));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(0.693003834F));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(1.00000259F));
  return _mm512_scalef_ps(power, x);
}

/// Sums grow by the exponentials of logits [kBlock][kSide], relative to the largest so far: top and sum [kSide].
ATTUNE_BF16 void AddExponentials(const float* logits, const float* bias, float* top, float* sum) {
  for (std::size_t lane = 0; lane < kSide; lane += kLanes) {
    const __m512 before = _mm512_loadu_ps(top + lane);
    __m512 largest = before;
    for (std::size_t j = 0; j < kBlock; ++j) {
      const __m512 logit = _mm512_loadu_ps(logits + j * kSide + lane);
      largest = _mm512_max_ps(largest, _mm512_add_ps(logit, _mm512_set1_ps(bias[j])));
    }
    const __m512 scale = _mm512_set1_ps(kLog2OfE);
    __m512 sums =
        _mm512_mul_ps(_mm512_loadu_ps(sum + lane), PowerOfTwo(_mm512_mul_ps(_mm512_sub_ps(before, largest), scale)));
    for (std::size_t j = 0; j < kBlock; ++j) {
      const __m512 logit = _mm512_loadu_ps(logits + j * kSide + lane);
      const __m512 below = _mm512_sub_ps(_mm512_add_ps(logit, _mm512_set1_ps(bias[j])), largest);
      sums = _mm512_add_ps(sums, PowerOfTwo(_mm512_mul_ps(below, scale)));
    }
    _mm512_storeu_ps(top + lane, largest);
    _mm512_storeu_ps(sum + lane, sums);
  }
}

/// Shares e^(logit + bias - shift) of logits [kBlock][kSide], rounded: as rows of classes, `stride` numbers apart, and
/// as pairs of classes [kBlock / 2][kSide][2].
ATTUNE_BF16 void RoundShares(const float* logits, const float* bias, const float* shift, std::size_t stride,
                             std::uint16_t* shares, std::uint16_t* pairs) {
  const __m512 scale = _mm512_set1_ps(kLog2OfE);
  for (std::size_t lane = 0; lane < kSide; lane += kLanes) {
    const __m512 shifts = _mm512_loadu_ps(shift + lane);
    const auto share_of = [&](std::size_t j) ATTUNE_BF16 {
      const __m512 below = _mm512_sub_ps(_mm512_set1_ps(bias[j]), shifts);
      const __m512 logit = _mm512_add_ps(_mm512_loadu_ps(logits + j * kSide + lane), below);
      return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(PowerOfTwo(_mm512_mul_ps(logit, scale))));
    };
    for (std::size_t j = 0; j < kBlock; j += 2) {
      const __m256i first = share_of(j);
      const __m256i second = share_of(j + 1);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(shares + j * stride + lane), first);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(shares + (j + 1) * stride + lane), second);
      _mm512_storeu_si512(
          pairs + j * kSide + 2 * lane,
          _mm512_or_si512(_mm512_cvtepu16_epi32(first), _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16)));
    }
  }
}

/// A row whose target is a shared class.
struct SharedTarget {
  std::size_t tile = 0;  ///< Block of classes, then group of rows, in the order in which they pass.
  std::uint32_t row = 0;
  std::uint32_t target = 0;
  float logit = 0;  ///< Without bias.
};

/// One call: rows in groups of kSide, padded by rows of zeros that nobody reads.
class Pass {
 public:
  Pass(const SoftmaxClasses& classes, std::span<const float> x, std::span<const std::uint32_t> targets,
       SoftmaxScratch& scratch);

  double Sum(std::span<const float> x, std::span<float> dx, std::span<float> dclasses);
  void AddGradients(std::span<float> dx, std::span<float> dclasses);

 private:
  std::size_t block_count() const { return classes_.padded_count() / kBlock; }
  float* LogitsOf(std::size_t tile) { return scratch_.logits.data() + (holds_ ? tile * kTile : 0); }
  /// The logits of a tile, for its targets less their bias; `next` passes over these.
  void MakeTile(std::size_t tile, std::size_t& next);
  void AddToClasses(std::size_t n, std::span<float> dclasses);

  const SoftmaxClasses& classes_;
  const std::span<const std::uint32_t> targets_;
  SoftmaxScratch& scratch_;
  const TileProducts tiles_;
  const std::size_t width_;
  const std::size_t groups_;
  const std::size_t rows_;  ///< Padded.
  const bool holds_;        ///< Logits are kept from the first pass to the second.
  std::vector<SharedTarget> shared_;
};

Pass::Pass(const SoftmaxClasses& classes, std::span<const float> x, std::span<const std::uint32_t> targets,
           SoftmaxScratch& scratch)
    : classes_(classes),
      targets_(targets),
      scratch_(scratch),
      width_(classes.width()),
      groups_((targets.size() + kSide - 1) / kSide),
      rows_(groups_ * kSide),
      holds_(!HasTileProducts()) {
  ATTUNE_CHECK(rows_ <= kSoftmaxBf16Rows && x.size() == targets.size() * width_);
  scratch.x_rows.resize(rows_ * width_);
  scratch.x_columns.resize(rows_ * width_);
  scratch.x_pairs.resize(rows_ * width_);
  RoundRows(x.data(), width_, targets.size(), rows_, width_, scratch.x_rows.data());
  RoundRowPairs(x.data(), width_, targets.size(), rows_, width_, scratch.x_pairs.data());
  for (std::size_t row = 0; row < rows_; row += kSide) {
    TransposeWords(scratch.x_rows.data() + row * width_, width_ / 2, kSide, width_ / 2,
                   scratch.x_columns.data() + row * width_, kSide);
  }
  for (std::uint32_t row = 0; row < targets.size(); ++row) {
    if (targets[row] >= classes.shared_count()) continue;
    const std::size_t tile = targets[row] / kBlock * groups_ + row / kSide;
    shared_.push_back({.tile = tile, .row = row, .target = targets[row]});
  }
  std::ranges::stable_sort(shared_, {}, &SharedTarget::tile);
  scratch.logits.resize(holds_ ? block_count() * groups_ * kTile : kTile);
}

void Pass::MakeTile(std::size_t tile, std::size_t& next) {
  const std::size_t n = tile / groups_ * kBlock;
  const std::size_t row = tile % groups_ * kSide;
  for (std::size_t j = 0; j < kBlock; j += kSide) {
    tiles_.Assign({classes_.bf16_rows() + (n + j) * width_, width_},
                  {scratch_.x_columns.data() + row * width_, 2 * kSide}, width_ / kSide, LogitsOf(tile) + j * kSide,
                  kSide);
  }
  for (; next < shared_.size() && shared_[next].tile == tile; ++next) {
    SharedTarget& target = shared_[next];
    const std::size_t place = target.target % kBlock * kSide + target.row % kSide;
    target.logit = LogitsOf(tile)[place];
    LogitsOf(tile)[place] -= classes_.bias()[target.target];
  }
}

/// The loss; leaves in `shift` of each row what makes its exponentials shares.
double Pass::Sum(std::span<const float> x, std::span<float> dx, std::span<float> dclasses) {
  scratch_.top.assign(rows_, SoftmaxClasses::kNever);
  scratch_.sum.assign(rows_, 0);
  std::size_t next = 0;
  for (std::size_t tile = 0; tile < block_count() * groups_; ++tile) {
    MakeTile(tile, next);
    const std::size_t row = tile % groups_ * kSide;
    AddExponentials(LogitsOf(tile), classes_.bias() + tile / groups_ * kBlock, scratch_.top.data() + row,
                    scratch_.sum.data() + row);
  }
  scratch_.shift.assign(rows_, -SoftmaxClasses::kNever);
  const auto log_sum = [&](std::size_t row) { return double{scratch_.top[row]} + std::log(double{scratch_.sum[row]}); };
  double loss = 0;
  for (const SharedTarget& target : shared_) {
    const double total = log_sum(target.row);
    loss += total - double{target.logit};
    scratch_.shift[target.row] = static_cast<float>(total);
  }
  const auto at = [&](auto values, std::size_t index) { return values.subspan(index * width_, width_); };
  for (std::size_t row = 0; row < targets_.size(); ++row) {
    const std::uint32_t target = targets_[row];
    if (target < classes_.shared_count()) continue;
    const float logit = OwnLogit(at(x, row), classes_.OwnRow(target));
    const OwnTarget own = AddOwnTarget(log_sum(row), logit);
    AddOwnGradients(own.gradient, at(x, row), classes_.OwnRow(target), at(dx, row), at(dclasses, target));
    loss += own.loss;
    scratch_.shift[row] = static_cast<float>(own.loss + double{logit});
  }
  return loss;
}

void Pass::AddGradients(std::span<float> dx, std::span<float> dclasses) {
  scratch_.dx.assign(rows_ * width_, 0);
  scratch_.shares.resize(kBlock * rows_);
  scratch_.share_pairs.resize(kTile);
  std::size_t next = 0;
  for (std::size_t tile = 0; tile < block_count() * groups_; ++tile) {
    const std::size_t n = tile / groups_ * kBlock;
    const std::size_t row = tile % groups_ * kSide;
    const std::size_t first = next;
    if (!holds_) MakeTile(tile, next);
    while (holds_ && next < shared_.size() && shared_[next].tile == tile) ++next;
    std::uint16_t* pairs = scratch_.share_pairs.data();
    RoundShares(LogitsOf(tile), classes_.bias() + n, scratch_.shift.data() + row, rows_, scratch_.shares.data() + row,
                pairs);
    for (std::size_t i = first; i < next; ++i) {  // The gradient by a target's logit is its share - 1.
      const SharedTarget& target = shared_[i];
      const std::size_t j = target.target % kBlock;
      const double below = double{target.logit} - double{scratch_.shift[target.row]};
      const std::uint16_t gradient = RoundToBf16(static_cast<float>(std::expm1(below)));
      scratch_.shares[j * rows_ + target.row] = gradient;
      pairs[(j / 2 * kSide + target.row % kSide) * 2 + j % 2] = gradient;
    }
    for (std::size_t d = 0; d < width_; d += kSide) {
      tiles_.Add({classes_.bf16_columns() + n * width_ + d * kBlock, kBlock}, {pairs, 2 * kSide}, kBlock / kSide,
                 scratch_.dx.data() + row * width_ + d * kSide, kSide);
    }
    if (row + kSide == rows_) AddToClasses(n, dclasses);
  }
  for (std::size_t row = 0; row < targets_.size(); ++row) {
    const float* of_group = scratch_.dx.data() + row / kSide * kSide * width_ + row % kSide;
    for (std::size_t d = 0; d < width_; ++d) dx[row * width_ + d] += of_group[d * kSide];
  }
}

/// What the shares of block n of classes give to these.
void Pass::AddToClasses(std::size_t n, std::span<float> dclasses) {
  const std::size_t valid = std::min(kBlock, classes_.shared_count() - n);
  float* out = dclasses.data() + n * width_;
  if (valid < kBlock) {
    scratch_.edge.assign(kBlock * width_, 0);
    out = scratch_.edge.data();
  }
  for (std::size_t j = 0; j < kBlock; j += kSide) {
    for (std::size_t d = 0; d < width_; d += kSide) {
      tiles_.Add({scratch_.shares.data() + j * rows_, rows_}, {scratch_.x_pairs.data() + 2 * d, 2 * width_},
                 rows_ / kSide, out + j * width_ + d, width_);
    }
  }
  if (valid == kBlock) return;
  for (std::size_t i = 0; i < valid * width_; ++i) dclasses[n * width_ + i] += scratch_.edge[i];
}

}  // namespace

double SoftmaxCrossEntropyBf16(const SoftmaxClasses& classes, std::span<const float> x,
                               std::span<const std::uint32_t> targets, std::span<float> dx, std::span<float> dclasses,
                               SoftmaxScratch& scratch) {
  Pass pass(classes, x, targets, scratch);
  const double loss = pass.Sum(x, dx, dclasses);
  pass.AddGradients(dx, dclasses);
  return loss;
}

}  // namespace attune

#else

namespace attune {

double SoftmaxCrossEntropyBf16(const SoftmaxClasses&, std::span<const float>, std::span<const std::uint32_t>,
                               std::span<float>, std::span<float>, SoftmaxScratch&) {
  ATTUNE_CHECK(false);
  return 0;
}

}  // namespace attune

#endif
