#pragma once

#include <cstdint>

namespace attune {

/// Bytes of memory that this process may take: the machine's, or what its control group allows (cgroup v2, memory.max),
/// whichever is less.
std::uint64_t MachineMemoryBytes();

}  // namespace attune
