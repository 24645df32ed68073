#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

/// Reads what CreateSolution gave into `out`: kept for the echo, and as the typed members that training uses.
/// InvalidArgument, naming member, value and rule, for everything that does not go together: recipes that cannot be
/// trained, parameters that the recipe does not have or out of range, columns that the group's schemas do not have.
Status ReadSolution(CatalogTransaction& transaction, const personalize::CreateSolutionRequest& request, Solution* out);

/// "rate(7 days)": InvalidArgument unless it says 1 to 30 days.
Status CheckSchedulingExpression(std::string_view expression);

}  // namespace attune
