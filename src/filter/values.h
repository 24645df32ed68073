#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "filter/ast.h"

namespace attune {

/// The values that a request gives for a filter's $parameters, by name without '$'.
using FilterValues = std::map<std::string, std::string, std::less<>>;

/// The parts of one value: the strings of a list in quotes ("Drama","Comedy"), the numbers of a bare list (1990,1991),
/// or one bare string; none where there is nothing but blanks. A list inside one pair of quotes is one string.
/// InvalidArgument, naming the parameter, for quotes without end, text beside quotes, and a bare list of strings, of
/// which nobody can tell whether the commas part it.
Result<std::vector<std::string>> ReadFilterValue(std::string_view name, std::string_view text);

/// The filter with every parameter replaced by its values. An EXCLUDE clause of which a parameter has no value falls
/// away. InvalidArgument for an INCLUDE clause with such a parameter, and for values of which the filter has no
/// parameter.
Result<FilterExpression> BindFilterValues(const FilterExpression& filter, const FilterValues& values);

}  // namespace attune
