#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cli/run.h"
#include "tensor/cpu.h"

int main(int argument_count, char** arguments) {
  const char* const level = std::getenv("ATTUNE_CPU");
  if (level != nullptr && *level != '\0') {
    const attune::Status capped = attune::CapCpu(level);
    if (!capped.ok()) {
      fmt::print(stderr, "attune: {}\n", capped.message());
      return 2;
    }
  }
  return attune::Run(std::vector<std::string>(arguments + (argument_count > 0 ? 1 : 0), arguments + argument_count));
}
