#pragma once

#include <cstddef>

namespace attune {

/// Whether AddTileAffine and its gradients may be used for a matrix [inner, columns].
bool TilesFit(std::size_t inner, std::size_t columns);

/// out [T, columns] += in [T, inner] · matrix [inner, columns], both rounded to bf16, sums in floats, by TileProducts.
/// One thread.
void AddTileAffine(const float* in, std::size_t steps, std::size_t inner, const float* matrix, std::size_t columns,
                   float* out);

/// From the gradient by what AddTileAffine adds to: din [T, inner] += dout · matrixᵀ, dmatrix [inner, columns] +=
/// inᵀ · dout, rounded as there.
void AddTileAffineGradients(const float* in, std::size_t steps, std::size_t inner, const float* matrix,
                            std::size_t columns, const float* dout, float* din, float* dmatrix);

}  // namespace attune
