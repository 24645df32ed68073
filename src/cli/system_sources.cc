#include "cli/system_sources.h"

#include <cstdlib>

namespace attune {

OptionSources SystemSources(Env& env) {
  return {.environment = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            if (value == nullptr || *value == '\0') return std::nullopt;
            return std::string(value);
          },
          .read_file = [&env](const std::string& path) { return env.ReadFile(path); }};
}

}  // namespace attune
