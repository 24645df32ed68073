#pragma once

#include "base/status.h"
#include "protocol/error.h"

namespace attune {

/// Our error as a client of personalize, personalize-runtime or personalize-events sees it. Requires !status.ok().
AwsError ToAwsError(const Status& status);

}  // namespace attune
