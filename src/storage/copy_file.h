#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "base/status.h"
#include "storage/env.h"

namespace attune {

inline constexpr std::uint64_t kWholeFile = std::numeric_limits<std::uint64_t>::max();

/// Writes the first `bytes` of `from` (all of it, if it has fewer and kWholeFile was asked for; Corrupt otherwise) to
/// the new file `to`, synced; its name is durable after SyncDirectory. Gives the bytes written. Cancelled once
/// `is_cancelled`. Memory does not depend on the size.
Result<std::uint64_t> CopyFile(Env& env, const std::string& from, const std::string& to,
                               const std::atomic<bool>& is_cancelled, std::uint64_t bytes = kWholeFile,
                               unsigned mode = 0644);

/// Copies a folder with all below it to the new folder `to`, synced. What bears Env::kTemporarySuffix is left out, and
/// what vanishes meanwhile is passed over. Gives the bytes written.
Result<std::uint64_t> CopyTree(Env& env, const std::string& from, const std::string& to,
                               const std::atomic<bool>& is_cancelled);

/// The bytes of all files below a folder; 0 if there is none.
Result<std::uint64_t> TreeBytes(Env& env, const std::string& path);

}  // namespace attune
