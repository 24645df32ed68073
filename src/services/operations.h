#pragma once

#include <span>

#include "protocol/operation.h"
#include "services/context.h"

namespace attune {

// From operation to handler: every operation of the three services, by its AWS name.
std::span<const BoundOperation<Context>> PersonalizeOperations();
std::span<const BoundOperation<Context>> PersonalizeRuntimeOperations();
std::span<const BoundOperation<Context>> PersonalizeEventsOperations();

}  // namespace attune
