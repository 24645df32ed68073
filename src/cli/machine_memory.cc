#include "cli/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace attune {

std::uint64_t MachineMemoryBytes() {
  const std::uint64_t machine =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream limit("/sys/fs/cgroup/memory.max");
  std::uint64_t bytes = 0;
  return limit >> bytes ? std::min(bytes, machine) : machine;  // The file says "max" where there is no limit.
}

}  // namespace attune
