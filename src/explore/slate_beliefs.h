#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/click_calibration.h"
#include "explore/posterior.h"

namespace attune {

/// What is believed of the candidates of one request, for its user, read once: every policy that chooses from it sees
/// the same. Attributes may share an effect; see Posterior. N candidates.
struct SlateBeliefs {
  std::vector<Belief> candidates;  ///< [N]; of those not eligible nothing is read.
  /// Those of the eligible candidates' attributes. What Belief::attributes counts here are places in this list: there
  /// are few of them beside the posterior's thousands.
  std::vector<Posterior::Effect> effects;
  ClickCalibration calibration;

  /// Expected correction of a candidate, the attributes' part included, and its whole deviation.
  struct Total {
    float mean = 0;
    float deviation = 0;
  };
  Total TotalOf(std::size_t candidate) const;
};

/// `items` [N] are the posterior's indexes, `eligible` [N] 1 where a candidate may be explored, `factors` of the user
/// or empty. O(N).
SlateBeliefs ReadBeliefs(const Posterior& posterior, std::span<const std::uint32_t> items,
                         std::span<const std::uint8_t> eligible, std::span<const float> factors);

}  // namespace attune
