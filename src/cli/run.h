#pragma once

#include <span>
#include <string>

namespace attune {

/// The whole program; `arguments` do not begin with its own name. Gives the exit status.
int Run(std::span<const std::string> arguments);

}  // namespace attune
