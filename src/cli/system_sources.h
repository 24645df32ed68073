#pragma once

#include "cli/option_table.h"
#include "storage/env.h"

namespace attune {

/// The process's environment, where "" counts as not set (Compose files pass on what is not set so), and the files of
/// `env`, which must outlive it.
OptionSources SystemSources(Env& env);

}  // namespace attune
