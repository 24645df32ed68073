#include "tensor/list_loss.h"

#include "base/check.h"
#include "tensor/activations.h"

namespace attune {

void ChoiceLists::Clear() {
  rows.clear();
  offsets.assign(1, 0);
  members.clear();
}

double ListCrossEntropy(const ChoiceLists& lists, std::span<const float> classes, std::size_t width,
                        std::span<const float> x, float weight, std::span<float> dx, std::span<float> dclasses) {
  ATTUNE_CHECK(lists.offsets.size() == lists.size() + 1 && dx.size() == x.size() && dclasses.size() == classes.size());
  double loss = 0;
  std::vector<float> logits;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const auto members = std::span(lists.members).subspan(lists.offsets[i], lists.offsets[i + 1] - lists.offsets[i]);
    const std::size_t at = lists.rows[i] * width;
    logits.assign(members.size(), 0);
    for (std::size_t m = 0; m < members.size(); ++m) {
      float logit = 0;
      for (std::size_t d = 0; d < width; ++d) logit += x[at + d] * classes[members[m] * width + d];
      logits[m] = logit;
    }
    const float chosen = logits[0];
    loss += double{SoftmaxInPlace(logits)} - double{chosen};
    logits[0] -= 1;
    for (std::size_t m = 0; m < members.size(); ++m) {
      const std::size_t own = members[m] * width;
      const float gradient = weight * logits[m];
      for (std::size_t d = 0; d < width; ++d) {
        dx[at + d] += gradient * classes[own + d];
        dclasses[own + d] += gradient * x[at + d];
      }
    }
  }
  return double{weight} * loss;
}

}  // namespace attune
