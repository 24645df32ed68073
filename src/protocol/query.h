#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/uri.h"

namespace attune {

/// The parameters of a Query request (IAM, STS): the form in its body. Immutable.
class QueryForm {
 public:
  static constexpr std::size_t kParametersMax = 4096;

  /// InvalidArgument where an escape is wrong or there are more than kParametersMax parameters.
  static Result<QueryForm> Parse(std::string_view body);

  /// The first of that name.
  std::optional<std::string_view> Find(std::string_view name) const;
  /// The values of name.member.1, name.member.2, …, up to the first gap.
  std::vector<std::string> List(std::string_view name) const;
  /// Structures in a list: for name.member.1.Key, Lists("Tags") gives the parameters Key, Value, … of each.
  std::vector<QueryForm> StructureList(std::string_view name) const;

  std::string_view action() const { return Find("Action").value_or(""); }
  std::string_view version() const { return Find("Version").value_or(""); }
  const std::vector<NameAndValue>& parameters() const { return parameters_; }

 private:
  std::vector<NameAndValue> parameters_;
};

}  // namespace attune
