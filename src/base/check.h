#pragma once

namespace attune {

/// Writes the failed condition and its place to standard error and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace attune

/// For programmer errors only, on in every build: if an input can trigger it, it is a Status, not a check.
#define ATTUNE_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::attune::CheckFailed(#condition, __FILE__, __LINE__))
