#include "model/member.h"

#include <vector>

#include "base/check.h"

namespace attune {

void Member::ScoreDense(const Query& query, MemberScratch& scratch, std::span<float> features) const {
  std::vector<Feature> found(feature_names().size());
  ATTUNE_CHECK(features.size() == found.size() * item_count());
  Score(query, scratch, found);
  for (std::size_t f = 0; f < found.size(); ++f) {
    Expand(found[f], features.subspan(f * item_count(), item_count()));
  }
}

}  // namespace attune
