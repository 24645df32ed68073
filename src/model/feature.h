#pragma once

#include <cstdint>
#include <span>

namespace attune {

/// What a member says of every item [N] for one query. Most members have something to say of few items: then the
/// feature is sparse, and costs what those few cost, however large the catalogue. Views into memory of the member or
/// its scratch.
struct Feature {
  std::span<const float> dense;          ///< [N]; empty for a sparse feature.
  float rest = 0;                        ///< Sparse: of every item that `items` leaves out.
  std::span<const std::uint32_t> items;  ///< Sparse: each once, in any order.
  std::span<const float> values;         ///< Of `items`.

  bool is_dense() const { return !dense.empty(); }
};

/// Writes a feature out as [N].
void Expand(const Feature& feature, std::span<float> values);
/// Of one item; O(items) where it is sparse.
float ValueAt(const Feature& feature, std::uint32_t item);
/// Over all N items. Requires N > 0.
double Mean(const Feature& feature, std::size_t item_count);

}  // namespace attune
