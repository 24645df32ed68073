#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// Lists of classes, of each of which one was chosen. List i is of row rows[i] of x and holds
/// members[offsets[i] … offsets[i + 1]), the chosen one first, each once.
struct ChoiceLists {
  std::vector<std::uint32_t> rows;
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::uint32_t> members;

  std::size_t size() const { return rows.size(); }
  void Clear();
};

/// The cross-entropy of a softmax over the members of each list alone: member c of a list of row t has the logit
/// x[t] · classes[c], for x [T, D] and classes [N, D] (conditional logit: McFadden, "Conditional Logit Analysis of
/// Qualitative Choice Behavior", 1974). Returns `weight` times the sum over lists of -log probability of the chosen,
/// and adds the gradients of that to dx [T, D] and dclasses [N, D]. Lists are short: plain loops, one thread.
double ListCrossEntropy(const ChoiceLists& lists, std::span<const float> classes, std::size_t width,
                        std::span<const float> x, float weight, std::span<float> dx, std::span<float> dclasses);

}  // namespace attune
