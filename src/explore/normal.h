#pragma once

namespace attune {

/// The chance that a standard normal exceeds `z`.
double NormalTail(double z);
/// The z that a standard normal exceeds with this chance; relative error below 1e-8. Requires 0 < chance < 1.
/// Source: P. J. Acklam's rational approximation of the normal quantile.
double NormalTailInverse(double chance);

}  // namespace attune
